<?php
/**
 * Problems in the site's language.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

namespace Live_Chat_For_Kinescope_Streams;

defined( 'ABSPATH' ) || exit;

use Live_Chat_For_Kinescope_Streams\Token_Server\OperatorProblem;

/**
 * Explains what is wrong and what to do.
 */
final class Problem_Text {

	/**
	 * Returns the text for a problem in the site's language.
	 *
	 * @param OperatorProblem $problem The problem.
	 */
	public static function of( OperatorProblem $problem ): string {
		$text = self::by_code( $problem->problem );
		if ( '' === $text ) {
			return $problem->getMessage() . ' ' . $problem->remediation;
		}
		return 'database-failed' === $problem->problem ? $text . ' ' . $problem->getMessage() : $text;
	}

	/**
	 * Returns the text for a revoked key that Kinescope didn't have.
	 *
	 * @param string $deletion The command that deletes the key.
	 */
	public static function key_not_listed( string $deletion ): string {
		/* translators: %s: a command */
		return sprintf( __( 'A new key signs. Kinescope didn’t list the old one. If the old key is in another workspace, delete it there with an API token of that workspace: %s', 'live-chat-for-kinescope-streams' ), $deletion );
	}

	/**
	 * Returns the text for a code in the site's language, or '' if the code is unknown.
	 *
	 * @param string $code A code of the wire contract or of the command line.
	 */
	public static function by_code( string $code ): string {
		switch ( $code ) {
			case 'api-token-refused':
				return __( 'Kinescope doesn’t accept this API token. Copy it again from app.kinescope.io, Settings → API tokens.', 'live-chat-for-kinescope-streams' );
			case 'api-forbidden':
				return __( 'This API token lacks the permission. Use a token of the workspace that owns the stream.', 'live-chat-for-kinescope-streams' );
			case 'api-unreachable':
				return __( 'This server can’t reach Kinescope. Ask your hosting provider to allow outgoing requests to api.kinescope.io.', 'live-chat-for-kinescope-streams' );
			case 'api-unavailable':
				return __( 'Kinescope has a problem. Try again in a minute.', 'live-chat-for-kinescope-streams' );
			case 'api-rate-limited':
				return __( 'Kinescope received too many requests. Try again in a few minutes.', 'live-chat-for-kinescope-streams' );
			case 'api-bad-answer':
				return __( 'Something else answered instead of Kinescope. Ask your hosting provider about a proxy.', 'live-chat-for-kinescope-streams' );
			case 'api-id-malformed':
			case 'not-found':
			case 'event-not-found':
				return __( 'Kinescope has no such stream. Reload the page and choose a stream from the list.', 'live-chat-for-kinescope-streams' );
			case 'jwt-not-enabled':
				return __( 'Kinescope didn’t change the stream. Anyone may still enter its chat. Try again, or write to Kinescope’s support.', 'live-chat-for-kinescope-streams' );
			case 'event-finished':
				return __( 'A finished stream can’t be changed. Choose another stream.', 'live-chat-for-kinescope-streams' );
			case 'key-limit-reached':
				return __( 'Your Kinescope account has reached its limit of keys. Ask Kinescope’s support to remove unused keys.', 'live-chat-for-kinescope-streams' );
			case 'key-not-registered':
				return __( 'Kinescope doesn’t list the signing key. Make a new key.', 'live-chat-for-kinescope-streams' );
			case 'key-not-deleted':
				return __( 'Kinescope still lists a deleted key, so its tokens may be valid. Try again in a minute. If the key stays, write to Kinescope’s support.', 'live-chat-for-kinescope-streams' );
			case 'key-ends-soon':
				return __( 'The signing key expires soon. Make a new key.', 'live-chat-for-kinescope-streams' );
			case 'key-expired':
				return __( 'The signing key has expired. Make a new key.', 'live-chat-for-kinescope-streams' );
			case 'key-unavailable':
				return __( 'The site has no key that signs. Enter the API token again to make a new key.', 'live-chat-for-kinescope-streams' );
			case 'seal-changed':
				return __( 'The signing key can’t be opened: the secrets in wp-config.php have changed. Enter the API token again to make a new key.', 'live-chat-for-kinescope-streams' );
			case 'key-ring-unreadable':
				return __( 'The stored keys are damaged. Disconnect the site and connect it again.', 'live-chat-for-kinescope-streams' );
			case 'no-seal':
			case 'seal-too-weak':
				return __( 'The site has no secret to protect the key with. Add the line below to wp-config.php.', 'live-chat-for-kinescope-streams' );
			case 'other-workspace':
				return __( 'The workspace of this API token doesn’t have the site’s key. Use a token of the workspace that has your streams. If the key was deleted there, disconnect the site and connect it again.', 'live-chat-for-kinescope-streams' );
			case 'no-openssl':
				return __( 'PHP has no extension “openssl”. Ask your hosting provider to turn it on.', 'live-chat-for-kinescope-streams' );
			case 'copy-of-a-site':
				return __( 'This site is a copy of another one, which manages the key. From here, nothing is changed at Kinescope.', 'live-chat-for-kinescope-streams' );
			case 'clock-wrong':
				return __( 'The clock of this server is wrong. Ask your hosting provider to correct it.', 'live-chat-for-kinescope-streams' );
			case 'busy':
				return __( 'Another process is changing the keys. Try again in two minutes.', 'live-chat-for-kinescope-streams' );
			case 'database-failed':
				return __( 'The site’s database didn’t store the change. Try again. If it fails again, ask your hosting provider to check the database.', 'live-chat-for-kinescope-streams' );
			case 'rotation-under-way':
				return __( 'A rotation is in progress. Wait ten minutes.', 'live-chat-for-kinescope-streams' );
			case 'not-connected':
				return __( 'The site isn’t connected to Kinescope. Enter an API token.', 'live-chat-for-kinescope-streams' );
		}
		return '';
	}
}
