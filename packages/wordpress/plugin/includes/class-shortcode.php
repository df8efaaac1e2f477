<?php
/**
 * The shortcode.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

namespace Live_Chat_For_Kinescope_Streams;

defined( 'ABSPATH' ) || exit;

/**
 * Reads `[kinescope_chat event="ID" height="500" language="ru" label="Chat" help]`. The id, or a link to the chat,
 * needs no attribute name.
 */
final class Shortcode {

	public const NAME = 'kinescope_chat';

	private const OPENING_QUOTES = '"\'“”„«‘’″';

	/** Registers the shortcode. */
	public static function hook(): void {
		add_shortcode( self::NAME, array( self::class, 'show' ) );
	}

	/**
	 * Returns the tag for the shortcode, without an identity token.
	 *
	 * @param mixed $given   The attributes that WordPress parsed.
	 * @param mixed $content The text between `[kinescope_chat]` and `[/kinescope_chat]`.
	 */
	public static function show( $given, $content = '' ): string {
		$content = is_string( $content ) ? $content : '';
		if ( Page_View::is_comment() ) {
			return $content;
		}
		$chat = Chat::read( self::read( is_array( $given ) ? $given : array() ) );
		return ( null === $chat ? '' : Tag::unsigned( $chat ) ) . $content;
	}

	/**
	 * Returns the shortcode's attributes, by the names of the tag's attributes.
	 *
	 * @param array<int|string, mixed> $given The attributes that WordPress parsed.
	 * @return array<string, string>
	 */
	private static function read( array $given ): array {
		$read = array();
		$rest = array();
		foreach ( self::join_quoted( $given ) as $name => $value ) {
			$value = self::bare( $value );
			if ( is_int( $name ) ) {
				$rest[] = $value;
			} else {
				$read[ 'event' === $name || 'event_id' === $name || 'eventid' === $name ? 'event-id' : $name ] = $value;
			}
		}
		foreach ( $rest as $word ) {
			$switch = strtolower( $word );
			if ( 'help' === $switch || 'preview' === $switch ) {
				$read[ $switch ] = '';
			} elseif ( '' === Event_Id::read( $read['event-id'] ?? '' ) ) {
				$read['event-id'] = $word;
			}
		}
		// An editor may turn the address into a link: `<a href="https://kinescope.io/chat/ID">…</a>`.
		if ( '' === Event_Id::read( $read['event-id'] ?? '' ) && isset( $read['href'] ) ) {
			$read['event-id'] = $read['href'];
		}
		return $read;
	}

	/**
	 * Joins values that WordPress split at white space, because they are between quotes of another language.
	 *
	 * @param array<int|string, mixed> $given The attributes that WordPress parsed.
	 * @return array<int|string, string>
	 */
	private static function join_quoted( array $given ): array {
		$joined = array();
		$open   = null;
		foreach ( $given as $name => $value ) {
			$value = is_scalar( $value ) ? html_entity_decode( (string) $value, ENT_QUOTES | ENT_HTML5, 'UTF-8' ) : '';
			if ( null !== $open && is_int( $name ) ) {
				$joined[ $open ] .= ' ' . $value;
			} elseif ( is_int( $name ) && false !== strpos( $value, '=' ) && preg_match( '/^(event|event[-_]id|label|language|height|help)=(.*)$/isuD', $value, $found ) ) {
				$name            = strtolower( $found[1] );
				$value           = $found[2];
				$joined[ $name ] = $value;
			} else {
				$joined[ $name ] = $value;
			}
			$name = null !== $open && is_int( $name ) ? $open : $name;
			$open = is_string( $name ) && self::is_half_quoted( $joined[ $name ] ) ? $name : null;
		}
		return $joined;
	}

	/**
	 * Whether a value begins with a quote and doesn't end with another one.
	 *
	 * @param string $value A value.
	 */
	private static function is_half_quoted( string $value ): bool {
		$first = mb_substr( $value, 0, 1, 'UTF-8' );
		$last  = mb_substr( $value, -1, null, 'UTF-8' );
		return '' !== $first && false !== strpos( self::OPENING_QUOTES, $first )
			&& ( 1 === mb_strlen( $value, 'UTF-8' ) || false === strpos( self::OPENING_QUOTES . '»', $last ) );
	}

	/**
	 * Returns a value without the quotes that WordPress didn't recognize.
	 *
	 * @param string $value A value.
	 */
	private static function bare( string $value ): string {
		$bare = preg_replace( '/^[\s"\'“”„«»‘’″′`]+|[\s"\'“”„«»‘’″′`]+$/u', '', $value );
		return is_string( $bare ) ? $bare : '';
	}
}
