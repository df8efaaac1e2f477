<?php
/**
 * The identity token.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

namespace Live_Chat_For_Kinescope_Streams;

defined( 'ABSPATH' ) || exit;

/**
 * Makes the visitor's identity token for the token server (a JWT, RFC 7519, with HS256).
 */
final class Identity_Token {

	/** The value of the token server's CHAT_IDENTITY_AUDIENCE. */
	public const AUDIENCE = 'kinescope-chat';

	/**
	 * Returns the identity token for one stream, or null without a signed-in visitor, a stream or a secret.
	 *
	 * @param \WP_User $user    The visitor. The token has a pseudonym, and no user number or email address.
	 * @param string   $event   The stream's id.
	 * @param int      $seconds The lifetime.
	 */
	public static function make( \WP_User $user, string $event, int $seconds ): ?string {
		$secret = Settings::secret();
		if ( ! $user->exists() || '' === $secret || '' === $event ) {
			return null;
		}
		$now = time();
		try {
			$visitor = Visitor::of( $user );
		} catch ( Token_Server\OperatorProblem $problem ) {
			return null;
		}
		$claims = array(
			'aud'      => self::AUDIENCE,
			'sub'      => $visitor['id'],
			'name'     => $visitor['name'],
			'event_id' => $event,
			'iat'      => $now,
			'exp'      => $now + max( 1, min( Settings::MAX_HOURS * HOUR_IN_SECONDS, $seconds ) ),
		);
		$head   = wp_json_encode(
			array(
				'alg' => 'HS256',
				'typ' => 'JWT',
			)
		);
		$body   = wp_json_encode( $claims, JSON_UNESCAPED_SLASHES );
		if ( false === $head || false === $body ) {
			return null;
		}
		$signed = self::base64url( $head ) . '.' . self::base64url( $body );
		return $signed . '.' . self::base64url( hash_hmac( 'sha256', $signed, $secret, true ) );
	}

	/**
	 * Encodes bytes for a JWT (RFC 4648, section 5, without padding).
	 *
	 * @param string $bytes Any bytes.
	 */
	private static function base64url( string $bytes ): string {
		return rtrim( strtr( base64_encode( $bytes ), '+/', '-_' ), '=' ); // phpcs:ignore WordPress.PHP.DiscouragedPHPFunctions.obfuscation_base64_encode
	}
}
