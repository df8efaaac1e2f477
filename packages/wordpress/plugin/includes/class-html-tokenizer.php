<?php
/**
 * Finds the tags in a text of HTML.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

namespace Live_Chat_For_Kinescope_Streams;

defined( 'ABSPATH' ) || exit;

/**
 * The tags of a text, as a browser's tokenizer finds them (HTML Standard, section 13.2.5), in one pass over its bytes.
 *
 * WordPress has an HTML API since 6.2, which became complete over six releases; we run on 6.1. The tests hold this one
 * against WordPress's and against a browser's.
 *
 * What a tokenizer takes for a tag depends in a few places on the tree around it, which nobody knows before the page is
 * whole. Where two readings are possible the tokenizer stops: what is not read gets no statement.
 */
final class Html_Tokenizer {

	/** Bytes between attributes; a carriage return is a line feed by then (13.2.3.5). */
	private const SPACE = " \t\n\f\r";

	/** Elements whose content is text (13.2.6.4.7): nothing in it is a tag but their own end. */
	private const TEXT_ONLY = array( 'script', 'style', 'textarea', 'title', 'xmp', 'iframe', 'noembed', 'noframes' );

	/** Inside these other rules hold: a text-only element or a CDATA section is one, or isn't one. */
	private const OTHER_RULES = array( 'svg', 'math', 'select' );

	/** What those hold in a plain case, which leads back to HTML's rules nowhere: drawings and lists of options. */
	private const PLAIN = array(
		'svg'    => array(
			'svg', 'g', 'defs', 'symbol', 'use', 'path', 'rect', 'circle', 'ellipse', 'line', 'polyline', 'polygon', 'text', 'tspan',
			'textpath', 'stop', 'lineargradient', 'radialgradient', 'clippath', 'mask', 'pattern', 'marker', 'filter', 'fegaussianblur',
			'feoffset', 'feblend', 'feflood', 'fecolormatrix', 'fecomposite', 'femerge', 'femergenode', 'animate', 'animatetransform',
			'set', 'image', 'title', 'desc', 'style',
		),
		'select' => array( 'select', 'option', 'optgroup', 'hr' ),
	);

	/** Elements of a drawing with text in them, and no tag. */
	private const DRAWN_TEXT = array( 'title', 'desc', 'style' );

	/**
	 * The HTML.
	 *
	 * @var string
	 */
	private string $html;

	/**
	 * Where to go on, in bytes.
	 *
	 * @var int
	 */
	private int $at = 0;

	/**
	 * Whether an element was opened that makes later text-only elements and CDATA sections doubtful.
	 *
	 * @var bool
	 */
	private bool $in_doubt = false;

	/**
	 * A tokenizer at the beginning of a text.
	 *
	 * @param string $html Any text.
	 */
	public function __construct( string $html ) {
		$this->html = $html;
	}

	/** The next tag; null after the last, and where the tokenizer stops. */
	public function next(): ?Html_Token {
		while ( true ) {
			$open = strpos( $this->html, '<', $this->at );
			if ( false === $open ) {
				return $this->stop();
			}
			$sign   = $this->html[ $open + 1 ] ?? '';
			$is_end = '/' === $sign;
			if ( self::is_letter( $is_end ? ( $this->html[ $open + 2 ] ?? '' ) : $sign ) ) {
				$token = $this->read_tag( $open, $is_end );
				return null !== $token && $this->pass_content( $token ) ? $token : $this->stop();
			}
			if ( '!' === $sign || '?' === $sign || $is_end ) {
				$end = $this->end_of_comment( $open, $sign );
				if ( null === $end ) {
					return $this->stop();
				}
				$this->at = $end;
			} else {
				$this->at = $open + 1; // A `<` that is text.
			}
		}
	}

	/** Reads nothing further. */
	private function stop(): ?Html_Token {
		$this->at = strlen( $this->html );
		return null;
	}

	/**
	 * One past a comment of any kind; null where it has no end, or where it may be a CDATA section.
	 *
	 * @param int    $open Of its `<`.
	 * @param string $sign What follows.
	 */
	private function end_of_comment( int $open, string $sign ): ?int {
		if ( '!' === $sign && 0 === substr_compare( $this->html, '[CDATA[', $open + 2, 7 ) && $this->in_doubt ) {
			return null;
		}
		if ( '!' !== $sign || '--' !== substr( $this->html, $open + 2, 2 ) ) {
			return $this->one_past( '>', $open + 2 ); // A bogus comment, a doctype, or `</>`.
		}
		foreach ( array( '>', '->' ) as $abrupt ) {
			if ( substr( $this->html, $open + 4, strlen( $abrupt ) ) === $abrupt ) {
				return $open + 4 + strlen( $abrupt );
			}
		}
		$at = $open + 4;
		do {
			$at = strpos( $this->html, '--', $at );
			if ( false === $at ) {
				return null;
			}
			$size = strspn( $this->html, '-', $at );
			$at  += $size;
			$sign = $this->html[ $at ] ?? '';
		} while ( '>' !== $sign && '!>' !== substr( $this->html, $at, 2 ) );
		return $at + ( '>' === $sign ? 1 : 2 );
	}

	/**
	 * One past the next occurrence, or null.
	 *
	 * @param string $what What to look for.
	 * @param int    $from Where to begin.
	 */
	private function one_past( string $what, int $from ): ?int {
		$found = $from > strlen( $this->html ) ? false : strpos( $this->html, $what, $from );
		return false === $found ? null : $found + strlen( $what );
	}

	/**
	 * The tag that begins here; null where the text ends before it does.
	 *
	 * @param int  $open   Of its `<`.
	 * @param bool $is_end Whether it is an end tag.
	 */
	private function read_tag( int $open, bool $is_end ): ?Html_Token {
		$html   = $this->html;
		$length = strlen( $html );
		$at     = $open + ( $is_end ? 2 : 1 );
		$size   = strcspn( $html, self::SPACE . '/>', $at );
		$token  = new Html_Token( self::name( substr( $html, $at, $size ) ), $is_end, $open );
		$at    += $size;
		while ( true ) {
			$at += strspn( $html, self::SPACE . '/', $at );
			if ( $at >= $length ) {
				return null;
			}
			if ( '>' === $html[ $at ] ) {
				$token->self_closing = '/' === $html[ $at - 1 ];
				$token->end          = $at + 1;
				return $token;
			}
			// An equals sign is the first letter of a name here, and nowhere else (13.2.5.32).
			$size = 1 + strcspn( $html, self::SPACE . '/>=', $at + 1 );
			$name = self::name( substr( $html, $at, $size ) );
			$at  += $size;
			$next = $at + strspn( $html, self::SPACE, $at );
			if ( $next < $length && '=' === $html[ $next ] ) {
				$at    = $next + 1;
				$at   += strspn( $html, self::SPACE, $at );
				$quote = $html[ $at ] ?? '';
				if ( '"' === $quote || "'" === $quote ) {
					$close = strpos( $html, $quote, $at + 1 );
					if ( false === $close ) {
						return null;
					}
					$value = substr( $html, $at + 1, $close - $at - 1 );
					$at    = $close + 1;
				} else {
					$size  = strcspn( $html, self::SPACE . '>', $at );
					$value = substr( $html, $at, $size );
					$at   += $size;
					if ( '>' === ( $html[ $at ] ?? '' ) && '/' === substr( $value, -1 ) ) {
						// The slash belongs to the value: `<a href=x/>` is open (13.2.5.37).
						$token->attributes += array( $name => $value );
						$token->end         = $at + 1;
						return $token;
					}
				}
			} else {
				$value = true;
			}
			$token->attributes += array( $name => $value );
		}
	}

	/**
	 * Goes on behind a tag, and behind what is its text and not markup. False where that can't be told.
	 *
	 * @param Html_Token $token The tag.
	 */
	private function pass_content( Html_Token $token ): bool {
		$this->at = $token->end;
		if ( $token->is_end ) {
			return true;
		}
		if ( in_array( $token->name, self::OTHER_RULES, true ) ) {
			$end            = $this->in_doubt ? null : $this->end_of_plain( $token );
			$this->in_doubt = null === $end;
			$this->at       = $end ?? $token->end;
			return true;
		}
		if ( in_array( $token->name, self::TEXT_ONLY, true ) ) {
			$end = $this->in_doubt ? null : $this->end_of_text( $token );
			if ( null === $end ) {
				return false;
			}
			$this->at = $end;
			return true;
		}
		if ( 'noscript' === $token->name ) {
			$end = $this->in_doubt ? null : $this->end_of_noscript( $token );
			if ( null === $end ) {
				return false;
			}
			$this->at = $end;
			return true;
		}
		return 'plaintext' !== $token->name;
	}

	/**
	 * Where the end tag of a text-only element begins; null where it has none, or where a script hides it.
	 *
	 * @param Html_Token $token Its start tag.
	 */
	private function end_of_text( Html_Token $token ): ?int {
		$size = strlen( $token->name );
		$at   = $token->end;
		do {
			$at = strpos( $this->html, '</', $at );
			if ( false === $at ) {
				return null;
			}
			$at    += 2;
			$behind = $this->html[ $at + $size ] ?? '';
			$is_end = '' !== $behind && false !== strpos( self::SPACE . '/>', $behind )
				&& 0 === substr_compare( $this->html, $token->name, $at, $size, true );
		} while ( ! $is_end );
		$at  -= 2;
		$text = substr( $this->html, $token->end, $at - $token->end );
		// `<!-- <script>` in a script makes its end tag a text (13.2.5.27).
		return 'script' === $token->name && false !== strpos( $text, '<!--' ) && false !== stripos( $text, '<script' ) ? null : $at;
	}

	/**
	 * Where the end tag of a noscript begins: its content is text where scripts run, and markup where they don't. Null
	 * where the two would end it in different places.
	 *
	 * @param Html_Token $token Its start tag.
	 */
	private function end_of_noscript( Html_Token $token ): ?int {
		$end = $this->end_of_text( $token );
		if ( null === $end ) {
			return null;
		}
		$inside     = new self( $this->html );
		$inside->at = $token->end;
		do {
			$tag = $inside->next();
		} while ( null !== $tag && $tag->start < $end && 'noscript' !== $tag->name );
		return null !== $tag && $tag->start === $end && ! $inside->in_doubt ? $end : null;
	}

	/**
	 * One past the end tag of a drawing or a list of options that is nothing else; null where there is more in it.
	 *
	 * @param Html_Token $token Its start tag.
	 */
	private function end_of_plain( Html_Token $token ): ?int {
		if ( $token->self_closing ) {
			return 'select' === $token->name ? null : $token->end;
		}
		$inside     = new self( $this->html );
		$inside->at = $token->end;
		$open       = array( $token->name );
		while ( $open ) {
			$tag = $inside->next_plain_tag( self::PLAIN[ $token->name ] ?? array() );
			if ( null === $tag ) {
				return null;
			}
			$innermost = end( $open );
			if ( ! $tag->is_end ) {
				if ( in_array( $innermost, self::DRAWN_TEXT, true ) || 'select' === $tag->name ) {
					return null;
				}
				if ( 'option' === $innermost && 'option' === $tag->name ) {
					array_pop( $open ); // The one before ends here.
				}
				if ( ! $tag->self_closing ) {
					$open[] = $tag->name;
				}
				continue;
			}
			if ( 'select' === $token->name && 'option' === $innermost && 'option' !== $tag->name ) {
				array_pop( $open );
			}
			// An end tag that ends nothing in here may end what is around it.
			if ( array_pop( $open ) !== $tag->name ) {
				return null;
			}
		}
		return $inside->at;
	}

	/**
	 * The next tag, where it is one of these.
	 *
	 * @param string[] $names In lower case.
	 */
	private function next_plain_tag( array $names ): ?Html_Token {
		$open = strpos( $this->html, '<', $this->at );
		while ( false !== $open && '<!--' === substr( $this->html, $open, 4 ) ) {
			$end  = $this->end_of_comment( $open, '!' );
			$open = null === $end ? false : strpos( $this->html, '<', $end );
		}
		if ( false === $open ) {
			return null;
		}
		$is_end = '/' === ( $this->html[ $open + 1 ] ?? '' );
		if ( ! self::is_letter( $this->html[ $open + ( $is_end ? 2 : 1 ) ] ?? '' ) ) {
			return null;
		}
		$tag = $this->read_tag( $open, $is_end );
		if ( null === $tag || ! in_array( $tag->name, $names, true ) ) {
			return null;
		}
		$this->at = $tag->end;
		return $tag;
	}

	/**
	 * Whether a byte begins a tag's name.
	 *
	 * @param string $byte One byte, or none.
	 */
	private static function is_letter( string $byte ): bool {
		return '' !== $byte && false !== strpos( 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ', $byte );
	}

	/**
	 * A name as browsers read it: ASCII in lower case, whatever the locale; NUL becomes U+FFFD.
	 *
	 * @param string $bytes As it is written.
	 */
	private static function name( string $bytes ): string {
		return str_replace( "\0", "\xEF\xBF\xBD", strtr( $bytes, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz' ) );
	}
}
