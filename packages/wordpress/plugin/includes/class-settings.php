<?php
/**
 * The settings for a token server.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

namespace Live_Chat_For_Kinescope_Streams;

defined( 'ABSPATH' ) || exit;

/**
 * Reads and writes the options for a token server. WordPress loads them when a chat needs them, not with every page.
 */
final class Settings {

	public const OPTION = 'stream_chat_for_kinescope';
	public const SECRET = 'stream_chat_for_kinescope_secret';

	/** HS256 needs a key at least as long as its hash (RFC 7518, section 3.2). Bytes. */
	public const MIN_SECRET = 32;

	/** The minimum number of different characters in the secret. */
	private const MIN_DIFFERENT = 6;

	/** The longest lifetime of an identity token that the token server accepts (CHAT_IDENTITY_MAX_AGE). Hours. */
	public const MAX_HOURS = 24;

	private const HOURS = 6;

	/** Returns the token server's address, without a slash at its end, or '' if none is set. */
	public static function server(): string {
		$stored = self::stored();
		return Server_Address::read( $stored['server'] ?? '' ) ?? '';
	}

	/** Whether this site signs tokens itself, without a token server. */
	public static function is_own_signer(): bool {
		return '' === self::server();
	}

	/** Returns the lifetime of an identity token. Hours. */
	public static function hours(): int {
		$hours = self::stored()['hours'] ?? self::HOURS;
		return is_numeric( $hours ) ? max( 1, min( self::MAX_HOURS, (int) $hours ) ) : self::HOURS;
	}

	/** Returns the secret that the token server has too, or '' if there is none or it is too weak. */
	public static function secret(): string {
		$secret = self::is_secret_in_config() ? \STREAM_CHAT_FOR_KINESCOPE_SECRET : get_option( self::SECRET, '' );
		return is_string( $secret ) && self::is_strong( $secret ) ? $secret : '';
	}

	/** Whether wp-config.php has the secret. The plugin then doesn't read the secret in the database. */
	public static function is_secret_in_config(): bool {
		return defined( 'STREAM_CHAT_FOR_KINESCOPE_SECRET' );
	}

	/**
	 * Whether the token server accepts a secret: long enough, with enough different characters, and no repeated pattern.
	 *
	 * @param string $secret A secret.
	 */
	public static function is_strong( string $secret ): bool {
		return strlen( $secret ) >= self::MIN_SECRET
			&& strlen( count_chars( $secret, 3 ) ) >= self::MIN_DIFFERENT
			// In the doubled text, a repeated pattern is found again before the second half.
			&& strpos( $secret . $secret, $secret, 1 ) === strlen( $secret );
	}

	/** Makes a new secret and stores it. */
	public static function make_secret(): string {
		$secret = bin2hex( random_bytes( 32 ) );
		self::keep_secret( $secret );
		return $secret;
	}

	/**
	 * Stores a secret.
	 *
	 * @param string $secret A strong secret.
	 */
	public static function keep_secret( string $secret ): void {
		update_option( self::SECRET, $secret, false );
	}

	/** Makes sure that the options exist and are not loaded with every page. */
	public static function prepare(): void {
		add_option( self::OPTION, array(), '', false );
		add_option( self::SECRET, '', '', false );
	}

	/**
	 * Returns the stored option. Its values are untrusted.
	 *
	 * @return array<string, mixed>
	 */
	private static function stored(): array {
		$stored = get_option( self::OPTION, array() );
		return is_array( $stored ) ? $stored : array();
	}
}
