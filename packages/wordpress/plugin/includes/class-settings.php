<?php
/**
 * What the site has set.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

namespace Live_Chat_For_Kinescope_Streams;

defined( 'ABSPATH' ) || exit;

/**
 * The only reader and writer of the plugin's options. They are loaded when a chat needs them, not with every page.
 */
final class Settings {

	public const OPTION = 'stream_chat_for_kinescope';
	public const SECRET = 'stream_chat_for_kinescope_secret';

	/** HS256 needs a key at least as long as its hash (RFC 7518, section 3.2). Bytes. */
	public const MIN_SECRET = 32;

	/** Different characters that it has at least. */
	private const MIN_DIFFERENT = 6;

	/** How long a statement lives, at most: the token server takes no more (CHAT_IDENTITY_MAX_AGE). Hours. */
	public const MAX_HOURS = 24;

	private const HOURS = 6;

	/** The token server's address, without a slash at its end; empty where none is set. */
	public static function server(): string {
		$stored = self::stored();
		return Server_Address::read( $stored['server'] ?? '' ) ?? '';
	}

	/** Whether this site signs tokens itself, and needs no token server. */
	public static function is_own_signer(): bool {
		return '' === self::server();
	}

	/** The life of a statement. Hours. */
	public static function hours(): int {
		$hours = self::stored()['hours'] ?? self::HOURS;
		return is_numeric( $hours ) ? max( 1, min( self::MAX_HOURS, (int) $hours ) ) : self::HOURS;
	}

	/** The secret that the token server has too; empty where there is none, or one that is too weak to sign with. */
	public static function secret(): string {
		$secret = self::is_secret_in_config() ? \STREAM_CHAT_FOR_KINESCOPE_SECRET : get_option( self::SECRET, '' );
		return is_string( $secret ) && self::is_strong( $secret ) ? $secret : '';
	}

	/** Whether wp-config.php has the secret, which then stands in no database. */
	public static function is_secret_in_config(): bool {
		return defined( 'STREAM_CHAT_FOR_KINESCOPE_SECRET' );
	}

	/**
	 * Whether the token server would take a secret: not too short, not of a few characters, not one thing over and over.
	 *
	 * @param string $secret A secret.
	 */
	public static function is_strong( string $secret ): bool {
		return strlen( $secret ) >= self::MIN_SECRET
			&& strlen( count_chars( $secret, 3 ) ) >= self::MIN_DIFFERENT
			// What repeats is found again before its own end in the text written twice.
			&& strpos( $secret . $secret, $secret, 1 ) === strlen( $secret );
	}

	/** Makes a new secret and keeps it. */
	public static function make_secret(): string {
		$secret = bin2hex( random_bytes( 32 ) );
		self::keep_secret( $secret );
		return $secret;
	}

	/**
	 * Keeps a secret that the token server has already.
	 *
	 * @param string $secret A strong one.
	 */
	public static function keep_secret( string $secret ): void {
		update_option( self::SECRET, $secret, false );
	}

	/** Makes sure that the options are there and are not loaded with every page. */
	public static function prepare(): void {
		add_option( self::OPTION, array(), '', false );
		add_option( self::SECRET, '', '', false );
	}

	/**
	 * The option as it is stored: of a kind that can be trusted in no way.
	 *
	 * @return array<string, mixed>
	 */
	private static function stored(): array {
		$stored = get_option( self::OPTION, array() );
		return is_array( $stored ) ? $stored : array();
	}
}
