<?php
/**
 * The chats in an author's text.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

namespace Live_Chat_For_Kinescope_Streams;

defined( 'ABSPATH' ) || exit;

/**
 * Finds the chats in an author's HTML (tag, div and marked link), and replaces each with a tag that a function makes.
 * Only the attributes that `Chat` reads become part of the new tag.
 */
final class Author_Markup {

	/** The maximum number of chats in one text. */
	private const MAX_CHATS = 100;

	/** The attributes that stay on the div around a chat. The chat gets the others. */
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
	 * The replacements, by the offset of their first byte: the offset after their last byte, and the new text.
	 *
	 * @var array<int, array{int, string}>
	 */
	private array $edits = array();

	/**
	 * The attribute and value that a tag must have; empty if every tag counts.
	 *
	 * @var array<string, string>
	 */
	private array $mark = array();

	/**
	 * The open elements by name, the innermost last. Null is an element that isn't a chat.
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
	 * The number of open chats, in any notation.
	 *
	 * @var int
	 */
	private int $inside = 0;

	/**
	 * Only `rewrite()` creates an object.
	 *
	 * @param string                 $html  The text.
	 * @param callable(Chat): string $write Makes the start tag of a chat.
	 */
	private function __construct( string $html, callable $write ) {
		$this->html  = $html;
		$this->write = $write;
	}

	/**
	 * Whether a text may contain a chat: a quick check with false positives. Only character references of letters and the
	 * hyphen count, because they may spell the name. Most texts contain references of apostrophes and `&`.
	 *
	 * @param string $html Any text.
	 */
	public static function may_have_chats( string $html ): bool {
		return false !== strpos( $html, '<' ) && ( false !== stripos( $html, 'kinescope-chat' ) || 1 === preg_match( self::SPELLED, $html ) );
	}

	/**
	 * Returns the text with each chat rewritten.
	 *
	 * @param string                 $html  Any text.
	 * @param callable(Chat): string $write Makes the start tag of a chat.
	 * @param array<string, string>  $mark  If given, the attribute and value that a tag must have.
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
	 * Reads a start tag. Returns the number of chats that begin: 0 or 1.
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
			// The chat is empty at first. It gets content only if its end tag is found.
			$this->edits[ $token->start ] = array( $token->end, $place['outer'] . $place['tag'] . $place['link'] . self::END );
			++$this->inside;
		}
		$this->open[ $token->name ][] = $place;
		return null === $place ? 0 : 1;
	}

	/**
	 * Reads an end tag, which may end a chat's content. Returns 0, because no chat begins.
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
	 * Returns the parts that replace a start tag, or null if the tag isn't a chat.
	 *
	 * @param Html_Token $token The author's tag.
	 * @param Chat|null  $chat  The tag's chat; null if the tag names no stream.
	 * @param string     $outer The HTML before the chat.
	 * @return array<string, mixed>|null
	 */
	private function place( Html_Token $token, ?Chat $chat, string $outer ): ?array {
		if ( null === $chat ) {
			// Without a stream the tag isn't a chat, and none of its attributes may stay.
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

	/** Returns the text with all replacements. */
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
	 * Reads the chat of a `<kinescope-chat>` tag.
	 *
	 * @param Html_Token $token The start tag.
	 */
	private static function chat_of_tag( Html_Token $token ): ?Chat {
		$given = array();
		foreach ( Chat::SETTINGS as $name ) {
			$given[ $name ] = $token->attribute( $name );
		}
		return Chat::read( $given );
	}

	/**
	 * Reads the chat of a `<div data-kinescope-chat>`. The class, id and style stay on the div.
	 *
	 * @param Html_Token $token The start tag.
	 */
	private static function chat_of_div( Html_Token $token ): ?Chat {
		$given = array( 'event-id' => $token->attribute( 'data-kinescope-chat' ) );
		foreach ( array_diff( Chat::SETTINGS, array( 'event-id' ), self::KEPT_ON_DIV ) as $name ) {
			$given[ $name ] = $token->attribute( 'data-' . $name );
		}
		return Chat::read( $given );
	}

	/**
	 * Reads the chat of a link with the mark `#kinescope-chat`.
	 *
	 * @param Html_Token $token The start tag.
	 */
	private static function chat_of_link( Html_Token $token ): ?Chat {
		// Browsers remove these characters from an address (URL Standard, section 4.4).
		$href = trim( str_replace( array( "\t", "\n", "\r" ), '', $token->attribute( 'href' ) ?? '' ) );
		if ( '#kinescope-chat' !== substr( $href, -15 ) || 1 === preg_match( '#^http:[/\\\\]*kinescope\.io#i', $href ) ) {
			return null;
		}
		$id = Event_Id::of_address( $href, true );
		return null === $id ? null : Chat::read( array( 'event-id' => rawurldecode( $id ) ) );
	}

	/**
	 * Rewrites the div around a chat, without the attribute that would open another chat in the div.
	 *
	 * @param Html_Token $token The start tag.
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
