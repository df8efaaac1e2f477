<?php
/**
 * A tag in a text of HTML.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

namespace Live_Chat_For_Kinescope_Streams;

defined( 'ABSPATH' ) || exit;

/**
 * A start tag or an end tag, and its position.
 */
final class Html_Token {

	/**
	 * The name in lower case.
	 *
	 * @var string
	 */
	public string $name;

	/**
	 * Whether this is an end tag (`</name>`).
	 *
	 * @var bool
	 */
	public bool $is_end;

	/**
	 * The byte offset of its `<`.
	 *
	 * @var int
	 */
	public int $start;

	/**
	 * The byte offset after its `>`.
	 *
	 * @var int
	 */
	public int $end;

	/**
	 * Whether the tag is self-closing (`<name/>`).
	 *
	 * @var bool
	 */
	public bool $self_closing = false;

	/**
	 * The attributes by name in lower case, the first of each name. Values keep their character references. True means no
	 * value.
	 *
	 * @var array<int|string, string|true>
	 */
	public array $attributes = array();

	/**
	 * Only the tokenizer creates tokens.
	 *
	 * @param string $name   The name in lower case.
	 * @param bool   $is_end Whether it is an end tag.
	 * @param int    $start  The byte offset of its `<`.
	 */
	public function __construct( string $name, bool $is_end, int $start ) {
		$this->name   = $name;
		$this->is_end = $is_end;
		$this->start  = $start;
		$this->end    = $start;
	}

	/**
	 * Returns an attribute's value with decoded character references: null if it is missing, '' if it has no value.
	 *
	 * @param string $name The attribute's name in lower case.
	 */
	public function attribute( string $name ): ?string {
		$value = $this->attributes[ $name ] ?? null;
		return is_string( $value ) ? html_entity_decode( $value, ENT_QUOTES | ENT_HTML5, 'UTF-8' ) : ( true === $value ? '' : null );
	}
}
