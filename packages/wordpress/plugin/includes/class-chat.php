<?php
/**
 * A chat with an author's settings.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

namespace Live_Chat_For_Kinescope_Streams;

defined( 'ABSPATH' ) || exit;

/**
 * A stream, and the settings that an author may choose. The tag contains no other attribute from an author, so an
 * author can't set a token endpoint, a chat page or an identity token.
 */
final class Chat {

	/** The settings that `read()` accepts, by the names of the tag's attributes. */
	public const SETTINGS = array( 'event-id', 'language', 'label', 'loading', 'refresh', 'help', 'preview', 'height', 'class', 'id', 'style' );

	/**
	 * The stream's id; never empty.
	 *
	 * @var string
	 */
	public string $event;

	/**
	 * The attributes of the tag by name. True is a boolean attribute that is on.
	 *
	 * @var array<string, string|true>
	 */
	public array $attributes;

	/**
	 * Only `read()` creates an object.
	 *
	 * @param string                     $event      The stream's id.
	 * @param array<string, string|true> $attributes The validated attributes.
	 */
	private function __construct( string $event, array $attributes ) {
		$this->event      = $event;
		$this->attributes = $attributes;
	}

	/**
	 * Reads an author's settings. Returns null if they name no stream.
	 *
	 * @param array<int|string, mixed> $given By name in lower case: null is a missing setting, '' a boolean that is on.
	 */
	public static function read( array $given ): ?self {
		$event = Event_Id::read( $given['event-id'] ?? null );
		if ( '' === $event ) {
			return null;
		}
		$text = static function ( string $name ) use ( $given ): string {
			$value = $given[ $name ] ?? '';
			return is_string( $value ) || is_int( $value ) ? trim( substr( (string) $value, 0, 2048 ) ) : '';
		};
		$all  = array();

		// Checks the form of a language tag (RFC 5646, section 2.1).
		$language = str_replace( '_', '-', $text( 'language' ) );
		if ( strlen( $language ) <= 35 && 1 === preg_match( '/^[a-z]{2,8}(-[a-z0-9]{1,8})*$/iD', $language ) ) {
			$all['language'] = $language;
		}
		$label = mb_substr( sanitize_text_field( $text( 'label' ) ), 0, 200, 'UTF-8' );
		if ( '' !== $label ) {
			$all['label'] = $label;
		}
		foreach ( array(
			'loading' => 'lazy',
			'refresh' => 'hold',
		) as $name => $word ) {
			if ( strtolower( $text( $name ) ) === $word ) {
				$all[ $name ] = $word; // The other value of each is the default.
			}
		}
		foreach ( array( 'help', 'preview' ) as $name ) {
			if ( isset( $given[ $name ] ) && self::is_on( $given[ $name ] ) ) {
				$all[ $name ] = true;
			}
		}
		$class = implode( ' ', array_filter( array_map( 'sanitize_html_class', explode( ' ', $text( 'class' ), 20 ) ) ) );
		if ( '' !== $class ) {
			$all['class'] = $class;
		}
		$id = $text( 'id' );
		if ( '' !== $id && strlen( $id ) <= 100 && sanitize_html_class( $id ) === $id ) {
			$all['id'] = $id;
		}
		$style = self::style( $text( 'style' ), $text( 'height' ) );
		if ( '' !== $style ) {
			$all['style'] = $style;
		}
		return new self( $event, $all );
	}

	/** Returns the same chat as a static preview, which sends no request. */
	public function still(): self {
		return new self( $this->event, array( 'preview' => true ) + $this->attributes );
	}

	/**
	 * Whether a boolean setting is on: present, and not a word for off, which fields of editors write.
	 *
	 * @param mixed $value The setting's value.
	 */
	private static function is_on( $value ): bool {
		if ( is_string( $value ) ) {
			return ! in_array( strtolower( trim( $value, " \t\n\"'”“„«»″" ) ), array( 'false', '0', 'no', 'off' ), true );
		}
		return (bool) $value;
	}

	/**
	 * Returns the declarations that WordPress allows authors to write, and the chat's height.
	 *
	 * @param string $style  A style attribute.
	 * @param string $height A height: `500`, `500px`, `100%`, `70vh`.
	 */
	private static function style( string $style, string $height ): string {
		$kept = array();
		foreach ( array_slice( explode( ';', $style ), 0, 50 ) as $declaration ) {
			$parts = array_map( 'trim', explode( ':', $declaration, 2 ) );
			if ( 2 === count( $parts ) && '--kinescope-chat-height' === strtolower( $parts[0] ) ) {
				$height = '' === $height ? $parts[1] : $height; // WordPress's filter removes custom properties.
			} else {
				$kept[] = $declaration;
			}
		}
		$length = self::length( $height );
		$all    = array( safecss_filter_attr( implode( ';', $kept ) ), null === $length ? '' : "--kinescope-chat-height:$length" );
		return implode( ';', array_filter( $all, 'strlen' ) );
	}

	/**
	 * Returns a CSS length of a plausible size, or null.
	 *
	 * @param string $given Digits, or digits with a unit.
	 */
	private static function length( string $given ): ?string {
		if ( 1 !== preg_match( '/^(\d{1,4}(?:\.\d{1,2})?)\s*(px|%|r?em|[ds]?vh)?$/iD', $given, $found ) || (float) $found[1] <= 0 ) {
			return null;
		}
		return $found[1] . strtolower( $found[2] ?? 'px' );
	}
}
