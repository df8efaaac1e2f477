<?php
/**
 * A tag in a text of HTML.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

namespace Live_Chat_For_Kinescope_Streams;

defined( 'ABSPATH' ) || exit;

/**
 * A start tag or an end tag, and where it stands.
 */
final class Html_Token {

	/**
	 * In lower case.
	 *
	 * @var string
	 */
	public string $name;

	/**
	 * Whether it is `</name>`.
	 *
	 * @var bool
	 */
	public bool $is_end;

	/**
	 * Of its `<`, in bytes.
	 *
	 * @var int
	 */
	public int $start;

	/**
	 * One past its `>`, in bytes.
	 *
	 * @var int
	 */
	public int $end;

	/**
	 * Whether it is written `<name/>`.
	 *
	 * @var bool
	 */
	public bool $self_closing = false;

	/**
	 * The first of each name counts; names in lower case, values with their character references; true has no value.
	 *
	 * @var array<int|string, string|true>
	 */
	public array $attributes = array();

	/**
	 * Only the tokenizer makes tokens.
	 *
	 * @param string $name   In lower case.
	 * @param bool   $is_end Whether it is an end tag.
	 * @param int    $start  Of its `<`, in bytes.
	 */
	public function __construct( string $name, bool $is_end, int $start ) {
		$this->name   = $name;
		$this->is_end = $is_end;
		$this->start  = $start;
		$this->end    = $start;
	}

	/**
	 * An attribute's text with its character references read; null where it isn't there, '' where it has no value.
	 *
	 * @param string $name In lower case.
	 */
	public function attribute( string $name ): ?string {
		$value = $this->attributes[ $name ] ?? null;
		return is_string( $value ) ? html_entity_decode( $value, ENT_QUOTES | ENT_HTML5, 'UTF-8' ) : ( true === $value ? '' : null );
	}
}
