<?php
/**
 * Who the visitor is, signed.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

namespace Live_Chat_For_Kinescope_Streams;

defined( 'ABSPATH' ) || exit;

/**
 * Makes the signed statement of who is reading the page, for the token server (a JWT, RFC 7519, with HS256).
 */
final class Statement {

	/** The token server's CHAT_IDENTITY_AUDIENCE. */
	public const AUDIENCE = 'kinescope-chat';

	/**
	 * The statement for one stream; null where there is nobody to make one of, or nothing to sign with.
	 *
	 * @param \WP_User $user    Whom it names: by a pseudonym, so that neither their number nor their address leaves the site.
	 * @param string   $event   The stream's id.
	 * @param int      $seconds Its life.
	 */
	public static function make( \WP_User $user, string $event, int $seconds ): ?string {
		$secret = Settings::secret();
		if ( ! $user->exists() || '' === $secret || '' === $event ) {
			return null;
		}
		$now     = time();
		$visitor = Visitor::of( $user );
		$claims  = array(
			'aud'      => self::AUDIENCE,
			'sub'      => $visitor['id'],
			'name'     => $visitor['name'],
			'event_id' => $event,
			'iat'      => $now,
			'exp'      => $now + max( 1, min( Settings::MAX_HOURS * HOUR_IN_SECONDS, $seconds ) ),
		);
		$head    = wp_json_encode(
			array(
				'alg' => 'HS256',
				'typ' => 'JWT',
			)
		);
		$body    = wp_json_encode( $claims, JSON_UNESCAPED_SLASHES );
		if ( false === $head || false === $body ) {
			return null;
		}
		$signed = self::base64url( $head ) . '.' . self::base64url( $body );
		return $signed . '.' . self::base64url( hash_hmac( 'sha256', $signed, $secret, true ) );
	}

	/**
	 * Bytes as they stand in a JWT (RFC 4648, section 5, without padding).
	 *
	 * @param string $bytes Any.
	 */
	private static function base64url( string $bytes ): string {
		return rtrim( strtr( base64_encode( $bytes ), '+/', '-_' ), '=' ); // phpcs:ignore WordPress.PHP.DiscouragedPHPFunctions.obfuscation_base64_encode
	}
}
