<?php
/**
 * Finds the tags in a text of HTML.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

namespace Live_Chat_For_Kinescope_Streams;

defined( 'ABSPATH' ) || exit;

/**
 * Finds the tags of a text as a browser's tokenizer does (HTML Standard, section 13.2.5).
 *
 * The plugin supports WordPress 6.1, which has no HTML API. Tests compare this tokenizer with WordPress's and with a
 * browser's.
 *
 * In a few places, the tree around a text decides whether the text is a tag, and the tree isn't known before the page
 * is complete. The tokenizer stops where two readings are possible, so the rest of the text gets no identity token.
 */
final class Html_Tokenizer {

	/** Bytes between attributes. Browsers turn a carriage return into a line feed first (13.2.3.5). */
	private const SPACE = " \t\n\f\r";

	/** Elements whose content is text (13.2.6.4.7): the only tag in it is their own end tag. */
	private const TEXT_ONLY = array( 'script', 'style', 'textarea', 'title', 'xmp', 'iframe', 'noembed', 'noframes' );

	/** Elements with other rules: inside them, a text-only element or a CDATA section may have another meaning. */
	private const OTHER_RULES = array( 'svg', 'math', 'select' );

	/** The elements of plain drawings and option lists, which never return to HTML's rules. */
	private const PLAIN = array(
		'svg'    => array(
			'svg', 'g', 'defs', 'symbol', 'use', 'path', 'rect', 'circle', 'ellipse', 'line', 'polyline', 'polygon', 'text', 'tspan',
			'textpath', 'stop', 'lineargradient', 'radialgradient', 'clippath', 'mask', 'pattern', 'marker', 'filter', 'fegaussianblur',
			'feoffset', 'feblend', 'feflood', 'fecolormatrix', 'fecomposite', 'femerge', 'femergenode', 'animate', 'animatetransform',
			'set', 'image', 'title', 'desc', 'style',
		),
		'select' => array( 'select', 'option', 'optgroup', 'hr' ),
	);

	/** Elements of a plain drawing that contain text and no tags. */
	private const DRAWN_TEXT = array( 'title', 'desc', 'style' );

	/**
	 * The HTML.
	 *
	 * @var string
	 */
	private string $html;

	/**
	 * The byte offset to continue at.
	 *
	 * @var int
	 */
	private int $at = 0;

	/**
	 * Whether an earlier element makes later text-only elements and CDATA sections ambiguous.
	 *
	 * @var bool
	 */
	private bool $in_doubt = false;

	/**
	 * Starts at the beginning of a text.
	 *
	 * @param string $html Any text.
	 */
	public function __construct( string $html ) {
		$this->html = $html;
	}

	/** Returns the next tag, or null after the last tag and where the tokenizer stops. */
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
				return null !== $token && $this->skip_content( $token ) ? $token : $this->stop();
			}
			if ( '!' === $sign || '?' === $sign || $is_end ) {
				$end = $this->end_of_comment( $open, $sign );
				if ( null === $end ) {
					return $this->stop();
				}
				$this->at = $end;
			} else {
				$this->at = $open + 1; // This `<` is text.
			}
		}
	}

	/** Ends the reading. */
	private function stop(): ?Html_Token {
		$this->at = strlen( $this->html );
		return null;
	}

	/**
	 * Returns the offset after a comment of any kind, or null if it has no end or may be a CDATA section.
	 *
	 * @param int    $open The offset of its `<`.
	 * @param string $sign The character after the `<`.
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
	 * Returns the offset after the next occurrence, or null.
	 *
	 * @param string $what The text to find.
	 * @param int    $from The offset to begin at.
	 */
	private function one_past( string $what, int $from ): ?int {
		$found = $from > strlen( $this->html ) ? false : strpos( $this->html, $what, $from );
		return false === $found ? null : $found + strlen( $what );
	}

	/**
	 * Reads the tag that begins here. Returns null if the text ends inside the tag.
	 *
	 * @param int  $open   The offset of its `<`.
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
			// Only here, an equals sign is the first character of a name (13.2.5.32).
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
						// The slash belongs to the value: `<a href=x/>` isn't self-closing (13.2.5.37).
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
	 * Skips a tag, and its content if that is text and not markup. Returns false if the end of the content is unknown.
	 *
	 * @param Html_Token $token The tag.
	 */
	private function skip_content( Html_Token $token ): bool {
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
	 * Returns the offset of a text-only element's end tag, or null if it has none or a script hides it.
	 *
	 * @param Html_Token $token The start tag.
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
		// After `<!-- <script>` in a script, the script's end tag is text (13.2.5.27).
		return 'script' === $token->name && false !== strpos( $text, '<!--' ) && false !== stripos( $text, '<script' ) ? null : $at;
	}

	/**
	 * Returns the offset of a noscript's end tag. Its content is text where scripts run, and markup elsewhere. Null if the
	 * two end in different places.
	 *
	 * @param Html_Token $token The start tag.
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
	 * Returns the offset after the end tag of a plain drawing or option list, or null if it contains anything else.
	 *
	 * @param Html_Token $token The start tag.
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
					array_pop( $open ); // The previous option ends here.
				}
				if ( ! $tag->self_closing ) {
					$open[] = $tag->name;
				}
				continue;
			}
			if ( 'select' === $token->name && 'option' === $innermost && 'option' !== $tag->name ) {
				array_pop( $open );
			}
			// An end tag of no element in here may end an element around it.
			if ( array_pop( $open ) !== $tag->name ) {
				return null;
			}
		}
		return $inside->at;
	}

	/**
	 * Returns the next tag if it has one of these names, else null.
	 *
	 * @param string[] $names Names in lower case.
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
	 * @param string $byte One byte, or an empty text.
	 */
	private static function is_letter( string $byte ): bool {
		return '' !== $byte && false !== strpos( 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ', $byte );
	}

	/**
	 * Returns a name as browsers read it, independent of the locale: ASCII in lower case, and U+FFFD for NUL.
	 *
	 * @param string $bytes The name in the source.
	 */
	private static function name( string $bytes ): string {
		return str_replace( "\0", "\xEF\xBF\xBD", strtr( $bytes, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz' ) );
	}
}
