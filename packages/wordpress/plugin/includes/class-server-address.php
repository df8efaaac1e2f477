<?php
/**
 * The token server's address.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

namespace Live_Chat_For_Kinescope_Streams;

defined( 'ABSPATH' ) || exit;

/**
 * Reads the address that an administrator gave. The address receives identity tokens, so it must use https or be on
 * this machine.
 */
final class Server_Address {

	/**
	 * Returns the address without a slash at its end, or null if the text isn't a valid address.
	 *
	 * @param mixed $given The administrator's text.
	 */
	public static function read( $given ): ?string {
		$text  = is_string( $given ) ? trim( $given ) : '';
		$parts = wp_parse_url( $text );
		if ( ! is_array( $parts ) || ! isset( $parts['scheme'], $parts['host'] ) || strlen( $text ) > 500 ) {
			return null;
		}
		$odd = array_diff( array_keys( $parts ), array( 'scheme', 'host', 'port', 'path' ) );
		if ( $odd || esc_url_raw( $text, array( 'https', 'http' ) ) !== $text ) {
			return null;
		}
		$scheme = strtolower( $parts['scheme'] );
		$host   = strtolower( $parts['host'] );
		if ( 'https' !== $scheme && ! ( 'http' === $scheme && self::is_loopback( $host ) ) ) {
			return null;
		}
		$port = isset( $parts['port'] ) ? ':' . $parts['port'] : '';
		return rtrim( $scheme . '://' . $host . $port . ( $parts['path'] ?? '' ), '/' );
	}

	/**
	 * Whether the host is this machine (RFC 6761, section 6.3; RFC 1122, section 3.2.1.3).
	 *
	 * @param string $host A host in lower case.
	 */
	private static function is_loopback( string $host ): bool {
		return 'localhost' === $host || '[::1]' === $host
			|| ( 0 === strpos( $host, '127.' ) && false !== filter_var( $host, FILTER_VALIDATE_IP, FILTER_FLAG_IPV4 ) );
	}
}
