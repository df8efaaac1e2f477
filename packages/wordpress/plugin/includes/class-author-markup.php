<?php
/**
 * The chats that stand in an author's text.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

namespace Live_Chat_For_Kinescope_Streams;

defined( 'ABSPATH' ) || exit;

/**
 * Finds the tag, the div and the marked link in a text of HTML, and puts in their place what a function makes of them.
 * Of what the author wrote into the tag nothing is kept but what `Chat` reads from it.
 */
final class Author_Markup {

	/** Chats in one text; who writes more than this writes no page. */
	private const MAX_CHATS = 100;

	/** Of a div with a chat: what stays on the div. The rest is the chat's. */
	private const KEPT_ON_DIV = array( 'class', 'id', 'style', 'lang', 'dir' );

	private const END = '</kinescope-chat>';

	/** A hyphen or a letter as a numeric character reference (HTML Standard, section 13.5). */
	private const SPELLED = '/&#(?:0*+(?:45|6[5-9]|[78]\d|9[07-9]|1[01]\d|12[0-2])(?!\d)|x0*+(?:2d|[46][1-9a-f]|[57][\da])(?![\da-f]))/i';

	/**
	 * Makes the start tag of a chat.
	 *
	 * @var callable(Chat): string
	 */
	private $write;

	/**
	 * The text.
	 *
	 * @var string
	 */
	private string $html;

	/**
	 * What to put where, by the first byte that goes: one past the last, and what comes.
	 *
	 * @var array<int, array{int, string}>
	 */
	private array $edits = array();

	/**
	 * The attribute that alone makes a tag count; empty where all do.
	 *
	 * @var array<string, string>
	 */
	private array $mark = array();

	/**
	 * The elements that are open, by their names: the innermost last. Null where it is no chat of ours.
	 *
	 * @var array<string, array<int, array<string, mixed>|null>>
	 */
	private array $open = array(
		'kinescope-chat' => array(),
		'div'            => array(),
		'a'              => array(),
		'template'       => array(),
	);

	/**
	 * Chats that are open, of any way of writing.
	 *
	 * @var int
	 */
	private int $inside = 0;

	/**
	 * Only `rewrite()` makes one.
	 *
	 * @param string                 $html  The text.
	 * @param callable(Chat): string $write Makes the start tag of a chat.
	 */
	private function __construct( string $html, callable $write ) {
		$this->html  = $html;
		$this->write = $write;
	}

	/**
	 * Whether there may be a chat in a text: a quick look, which errs to the safe side. WordPress writes apostrophes and
	 * `&` as character references, so only those of letters and of the hyphen count: they may spell the name.
	 *
	 * @param string $html Any text.
	 */
	public static function may_have_chats( string $html ): bool {
		return false !== strpos( $html, '<' ) && ( false !== stripos( $html, 'kinescope-chat' ) || 1 === preg_match( self::SPELLED, $html ) );
	}

	/**
	 * The text with each chat in it written anew.
	 *
	 * @param string                 $html  Any text.
	 * @param callable(Chat): string $write Makes the start tag of a chat.
	 * @param array<string, string>  $mark  Where given: the attribute that alone makes a tag count, and its value.
	 */
	public static function rewrite( string $html, callable $write, array $mark = array() ): string {
		if ( ! self::may_have_chats( $html ) ) {
			return $html;
		}
		$markup       = new self( $html, $write );
		$markup->mark = $mark;
		$tokens       = new Html_Tokenizer( $html );
		$chats        = 0;
		$token        = $tokens->next();
		while ( null !== $token && $chats < self::MAX_CHATS ) {
			$chats += $token->is_end ? $markup->end( $token ) : $markup->start( $token );
			$token  = $tokens->next();
		}
		return $markup->apply();
	}

	/**
	 * Looks at a start tag. Returns the number of chats that it is.
	 *
	 * @param Html_Token $token The tag.
	 */
	private function start( Html_Token $token ): int {
		if ( ! isset( $this->open[ $token->name ] ) ) {
			return 0;
		}
		$place = null;
		if ( ! $this->open['template'] && ! array_diff_assoc( $this->mark, $token->attributes ) ) {
			if ( 'kinescope-chat' === $token->name ) {
				$place = $this->place( $token, self::chat_of_tag( $token ), '' );
			} elseif ( 'div' === $token->name && array_key_exists( 'data-kinescope-chat', $token->attributes ) ) {
				$place = $this->place( $token, self::chat_of_div( $token ), self::div( $token ) );
			} elseif ( 'a' === $token->name && 0 === $this->inside ) {
				$place = $this->place( $token, self::chat_of_link( $token ), '' );
			}
		}
		if ( 'a' === $token->name ) {
			$this->open['a'] = array(); // A link ends where another begins (HTML Standard, section 13.2.6.4.7).
		}
		if ( null !== $place ) {
			// Alone at first: what follows it in the page is its content only where its end is found.
			$this->edits[ $token->start ] = array( $token->end, $place['outer'] . $place['tag'] . $place['link'] . self::END );
			++$this->inside;
		}
		$this->open[ $token->name ][] = $place;
		return null === $place ? 0 : 1;
	}

	/**
	 * Looks at an end tag: whether a chat's own content ends here. No chat begins.
	 *
	 * @param Html_Token $token The tag.
	 */
	private function end( Html_Token $token ): int {
		$place = empty( $this->open[ $token->name ] ) ? null : array_pop( $this->open[ $token->name ] );
		if ( null === $place ) {
			return 0;
		}
		--$this->inside;
		$content = substr( $this->html, $place['end'], $token->start - $place['end'] );
		$filled  = '' !== trim( str_replace( array( '&nbsp;', "\u{A0}", '<br>', '<br />', '<p>', '</p>' ), '', $content ) );
		$start   = $place['outer'] . $place['tag'];
		$edit    = null;
		if ( 'kinescope-chat' === $token->name ) {
			$edit = array( $filled ? $start : $start . $place['link'], self::END );
		} elseif ( 'div' === $token->name && $filled ) {
			$edit = array( $start . '<div slot="placeholder">', '</div>' . self::END . '</div>' );
		} elseif ( 'a' === $token->name ) {
			$edit = array( $start . $place['open_link'], '</a>' . self::END );
		}
		if ( null !== $edit ) {
			$this->edits[ $place['start'] ] = array( $place['end'], $edit[0] );
			$this->edits[ $token->start ]   = array( $token->end, $edit[1] );
		}
		return 0;
	}

	/**
	 * What comes in the place of a start tag; null where the author's stays.
	 *
	 * @param Html_Token $token The author's tag.
	 * @param Chat|null  $chat  What it asks for.
	 * @param string     $outer What comes before the chat.
	 * @return array<string, mixed>|null
	 */
	private function place( Html_Token $token, ?Chat $chat, string $outer ): ?array {
		if ( null === $chat ) {
			// Without a stream it is no chat, and nothing of what it says may stay either.
			if ( 'a' !== $token->name ) {
				$this->edits[ $token->start ] = array( $token->end, '' === $outer ? '<kinescope-chat>' : $outer );
			}
			return null;
		}
		return array(
			'start'     => $token->start,
			'end'       => $token->end,
			'outer'     => $outer,
			'tag'       => ( $this->write )( $chat ),
			'link'      => Tag::link( $chat ),
			'open_link' => Tag::open_link( $chat ),
		);
	}

	/** The text with what was found. */
	private function apply(): string {
		ksort( $this->edits );
		$parts = array();
		$at    = 0;
		foreach ( $this->edits as $start => list( $end, $text ) ) {
			$parts[] = substr( $this->html, $at, $start - $at ) . $text;
			$at      = $end;
		}
		return implode( '', $parts ) . substr( $this->html, $at );
	}

	/**
	 * What `<kinescope-chat>` asks for.
	 *
	 * @param Html_Token $token Its start tag.
	 */
	private static function chat_of_tag( Html_Token $token ): ?Chat {
		$given = array();
		foreach ( Chat::SETTINGS as $name ) {
			$given[ $name ] = $token->attribute( $name );
		}
		return Chat::read( $given );
	}

	/**
	 * What `<div data-kinescope-chat>` asks for: class, id and style stay the div's.
	 *
	 * @param Html_Token $token Its start tag.
	 */
	private static function chat_of_div( Html_Token $token ): ?Chat {
		$given = array( 'event-id' => $token->attribute( 'data-kinescope-chat' ) );
		foreach ( array_diff( Chat::SETTINGS, array( 'event-id' ), self::KEPT_ON_DIV ) as $name ) {
			$given[ $name ] = $token->attribute( 'data-' . $name );
		}
		return Chat::read( $given );
	}

	/**
	 * What a link to a chat asks for, that has the mark that it is to be opened in its place.
	 *
	 * @param Html_Token $token Its start tag.
	 */
	private static function chat_of_link( Html_Token $token ): ?Chat {
		// What browsers take away from an address (URL Standard, section 4.4).
		$href = trim( str_replace( array( "\t", "\n", "\r" ), '', $token->attribute( 'href' ) ?? '' ) );
		if ( '#kinescope-chat' !== substr( $href, -15 ) || 0 === stripos( $href, 'http://kinescope.io' ) ) {
			return null;
		}
		$id = Event_Id::of_address( $href, true );
		return null === $id ? null : Chat::read( array( 'event-id' => rawurldecode( $id ) ) );
	}

	/**
	 * The div around a chat, written anew: without the mark that would open another chat in it.
	 *
	 * @param Html_Token $token Its start tag.
	 */
	private static function div( Html_Token $token ): string {
		$html = '<div';
		foreach ( self::KEPT_ON_DIV as $name ) {
			$value = $token->attribute( $name );
			if ( null !== $value ) {
				$html .= sprintf( ' %s="%s"', $name, esc_attr( 'style' === $name ? safecss_filter_attr( $value ) : $value ) );
			}
		}
		return $html . '>';
	}
}
