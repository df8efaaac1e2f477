<?php
/**
 * The stream's id in a pasted text.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

namespace Live_Chat_For_Kinescope_Streams;

defined( 'ABSPATH' ) || exit;

/**
 * Reads a stream's id, and writes its address.
 */
final class Event_Id {

	/** The longest id that the token server accepts. Characters. */
	private const MAX_LENGTH = 128;

	/** Characters that pasting may add around an id: white space, invisible characters, quotes of any language. */
	private const AROUND = '[\s\p{Z}\p{Cc}\p{Cf}\p{Pi}\p{Pf}"\'`´‚„′″'
		. '\x{2329}\x{232a}\x{27e8}-\x{27eb}\x{2800}\x{2e42}\x{3008}-\x{300f}'
		. '\x{301d}-\x{301f}\x{fe41}-\x{fe44}\x{ff02}\x{ff07}\x{ff62}\x{ff63}'
		. Token_Server\UserName::IGNORABLE . ']+';

	/** Invisible characters and line breaks. Pasting can add them inside an id too. */
	private const INSIDE = '/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\x{2800}' . Token_Server\UserName::IGNORABLE . ']/u';

	/** A token that a link may contain. A page must not show it. */
	private const SECRET = '/[?&#](?:token|identity)=.*/s';

	/**
	 * Reads the id from a text: an id, or a link to the stream or its chat. Returns an empty text if there is none.
	 *
	 * @param mixed $given The author's text.
	 */
	public static function read( $given ): string {
		if ( ! is_string( $given ) && ! is_int( $given ) ) {
			return '';
		}
		$text = html_entity_decode( substr( (string) $given, 0, 2048 ), ENT_QUOTES | ENT_HTML5, 'UTF-8' );
		$text = self::trim( $text );
		$word = (string) preg_replace( self::INSIDE, '', $text );
		// Browsers show addresses without the scheme.
		$id = self::of_address( false === strpos( $word, '://' ) ? 'https://' . ltrim( $word, '/' ) : $word );
		if ( null === $id ) {
			$id = self::of_address_within( $text );
		}
		$id = (string) preg_replace( array( self::INSIDE, self::SECRET ), '', self::trim( null === $id ? $word : rawurldecode( $id ) ) );
		// In `<kinescope-chat event-id=ID/>`, the slash is part of the value.
		$id     = self::trim( rtrim( self::trim( $id ), '/' ) );
		$length = mb_strlen( $id, 'UTF-8' );
		$usable = $length > 0 && $length <= self::MAX_LENGTH;
		// An id contains no white space, bracket or quote. A text with one of them is pasted markup.
		return $usable && strlen( $id ) === strcspn( $id, ' <>"' ) ? $id : '';
	}

	/**
	 * Returns the address of a stream's chat.
	 *
	 * @param string $id The stream's id.
	 */
	public static function address( string $id ): string {
		return self::chat_origin() . '/chat/' . rawurlencode( $id );
	}

	/** Returns the origin of chats: Kinescope, or the staging origin in wp-config.php. */
	public static function chat_origin(): string {
		$named = defined( 'STREAM_CHAT_FOR_KINESCOPE_CHAT_ORIGIN' ) ? (string) \STREAM_CHAT_FOR_KINESCOPE_CHAT_ORIGIN : '';
		return '' === $named ? 'https://kinescope.io' : $named;
	}

	/**
	 * Returns the id in a link to a stream or to its chat, or null for another text.
	 *
	 * @param string $url           A link.
	 * @param bool   $only_the_chat Whether to reject a link to the stream itself.
	 */
	public static function of_address( string $url, bool $only_the_chat = false ): ?string {
		// Browsers read a backslash before the query as a slash (URL standard).
		$path  = strcspn( $url, '?#' );
		$parts = wp_parse_url( strtr( substr( $url, 0, $path ), '\\', '/' ) . substr( $url, $path ) );
		if ( ! is_array( $parts ) || ! isset( $parts['scheme'], $parts['host'], $parts['path'] ) ) {
			return null;
		}
		if ( isset( $parts['user'] ) || isset( $parts['pass'] ) ) {
			return null;
		}
		$port   = isset( $parts['port'] ) ? ':' . $parts['port'] : '';
		$origin = strtolower( $parts['scheme'] . '://' . $parts['host'] ) . $port;
		if ( ! in_array( $origin, array( 'https://kinescope.io', 'http://kinescope.io', self::chat_origin() ), true ) ) {
			return null;
		}
		$steps = array_values( array_filter( explode( '/', $parts['path'] ), 'strlen' ) );
		if ( 2 === count( $steps ) && 'chat' === $steps[0] ) {
			return $steps[1];
		}
		return ! $only_the_chat && 1 === count( $steps ) && 'chat' !== $steps[0] ? $steps[0] : null;
	}

	/**
	 * Returns the id in a link with other text around it. WordPress and visual editors turn addresses into links.
	 *
	 * @param string $text The author's text.
	 */
	private static function of_address_within( string $text ): ?string {
		$start = strpos( $text, 'https://kinescope.io/' );
		if ( false === $start ) {
			return null;
		}
		return self::of_address( substr( $text, $start, strcspn( $text, " \t\r\n\f\"'<>[]", $start ) ) );
	}

	/**
	 * Removes the characters that pasting adds around a text.
	 *
	 * @param string $text Any text.
	 */
	private static function trim( string $text ): string {
		$trimmed = preg_replace( '/^' . self::AROUND . '|' . self::AROUND . '$/u', '', $text );
		return is_string( $trimmed ) ? $trimmed : ''; // Null if the text isn't UTF-8.
	}
}
