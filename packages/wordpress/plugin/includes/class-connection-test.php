<?php
/**
 * The test of the connection to the token server.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

namespace Live_Chat_For_Kinescope_Streams;

defined( 'ABSPATH' ) || exit;

/**
 * Requests a token from the token server as a visitor's page does, and explains the response.
 */
final class Connection_Test {

	/** The time limit for the response. Seconds. */
	private const TIMEOUT = 10;

	/** The lifetime of the identity token that the test sends. Seconds. */
	private const LIFE = 120;

	/** How much the two clocks may differ. Seconds. */
	private const CLOCKS = 30;

	/** The id of a stream that no server has, for a test without a stream. */
	private const NO_EVENT = 'connection-test';

	/**
	 * Runs the test.
	 *
	 * @param string $event The id of a stream; empty if the administrator gave none.
	 * @return array{ok: bool, code: string, text: string} The code is one of the token server's, or of this class.
	 */
	public static function run( string $event ): array {
		$server = Settings::server();
		if ( '' === $server ) {
			return self::result( 'no-address', __( 'Save the address of the token server first.', 'live-chat-for-kinescope-streams' ) );
		}
		$asked          = '' === $event ? self::NO_EVENT : $event;
		$identity_token = Identity_Token::make( wp_get_current_user(), $asked, self::LIFE );
		if ( null === $identity_token ) {
			return self::result( 'no-secret', __( 'Make a secret first, and give it to the token server.', 'live-chat-for-kinescope-streams' ) );
		}
		$answer = wp_remote_post(
			$server . '/token',
			array(
				'timeout'             => self::TIMEOUT,
				'redirection'         => 0,
				'limit_response_size' => 64 * KB_IN_BYTES,
				'headers'             => array(
					'Content-Type'  => 'application/json',
					'Accept'        => 'application/json',
					'Origin'        => self::origin(),
					'Authorization' => 'Bearer ' . $identity_token,
				),
				'body'                => wp_json_encode( array( 'event_id' => $asked ) ),
			)
		);
		return is_wp_error( $answer ) ? self::unreachable( $answer ) : self::read( $answer, $event );
	}

	/** The origin of this site's pages, as browsers send it (RFC 6454). */
	public static function origin(): string {
		$parts  = wp_parse_url( home_url() );
		$scheme = strtolower( (string) ( $parts['scheme'] ?? 'https' ) );
		$port   = (int) ( $parts['port'] ?? 0 );
		$usual  = array(
			'https' => 443,
			'http'  => 80,
		);
		return $scheme . '://' . strtolower( (string) ( $parts['host'] ?? '' ) ) . ( 0 === $port || ( $usual[ $scheme ] ?? 0 ) === $port ? '' : ":$port" );
	}

	/**
	 * Explains a response.
	 *
	 * @param array<string, mixed> $answer The response.
	 * @param string               $event  The requested stream; empty if none was given.
	 * @return array{ok: bool, code: string, text: string}
	 */
	private static function read( array $answer, string $event ): array {
		$status = (int) wp_remote_retrieve_response_code( $answer );
		$body   = json_decode( wp_remote_retrieve_body( $answer ), true, 8 );
		$body   = is_array( $body ) ? $body : array();
		if ( 200 === $status && is_string( $body['token'] ?? null ) ) {
			return self::result( 'ok', __( 'It works: the token server accepted this site’s identity token and issued a token for the stream.', 'live-chat-for-kinescope-streams' ), true );
		}
		$code = is_string( $body['code'] ?? null ) ? $body['code'] : '';
		$text = self::words( $code, $event, self::clock_difference( $answer ) );
		if ( null !== $text ) {
			return self::result( $code, $text, 'event-not-allowed' === $code && '' === $event );
		}
		if ( $status >= 300 && $status < 400 ) {
			$text = __( 'The address redirects. If the redirect leads to the token server, enter that address.', 'live-chat-for-kinescope-streams' );
		} else {
			/* translators: %d: HTTP status */
			$text = __( 'Unexpected response (status %d). The address may belong to a web page, or a proxy may block the request. Open the address with /healthz at its end in your browser. The token server answers there.', 'live-chat-for-kinescope-streams' );
		}
		return self::result( 'wrong-address', sprintf( $text, $status ) );
	}

	/**
	 * Returns the text for a code of the token server, or null for an unknown code.
	 *
	 * @param string $code    The code.
	 * @param string $event   The requested stream; empty if none was given.
	 * @param int    $seconds The difference between the two clocks. Seconds.
	 */
	private static function words( string $code, string $event, int $seconds ): ?string {
		switch ( $code ) {
			case 'sign-in-required':
				if ( abs( $seconds ) > self::CLOCKS ) {
					/* translators: %d: seconds */
					return sprintf( __( 'The clocks of this site and of the token server are %d seconds apart, so the identity token isn’t valid there. Set both clocks by a time server.', 'live-chat-for-kinescope-streams' ), abs( $seconds ) );
				}
				/* translators: 1: name and value of a setting, 2 and 3: names of settings, 4: a value */
				return sprintf( __( 'The token server rejected the identity token. Set %1$s there. %2$s must be the secret of this site, and %3$s must be %4$s.', 'live-chat-for-kinescope-streams' ), 'CHAT_IDENTITY=jwt', 'CHAT_IDENTITY_SECRET', 'CHAT_IDENTITY_AUDIENCE', Identity_Token::AUDIENCE );
			case 'identity-expired':
				/* translators: %d: seconds */
				return sprintf( __( 'The identity token had expired on arrival: the clocks of this site and of the token server are %d seconds apart. Set both clocks by a time server.', 'live-chat-for-kinescope-streams' ), abs( $seconds ) );
			case 'origin-not-allowed':
				/* translators: 1: an origin, 2: name of a setting */
				return sprintf( __( 'The token server rejects requests from pages of this site. Add %1$s to %2$s there.', 'live-chat-for-kinescope-streams' ), self::origin(), 'CHAT_ALLOWED_ORIGINS' );
			case 'event-not-allowed':
				return '' === $event
					? __( 'The token server accepts requests from this site. Enter the id of a stream to test the secret too.', 'live-chat-for-kinescope-streams' )
					/* translators: 1: a stream's id, 2: name of a setting */
					: sprintf( __( 'The token server doesn’t serve this stream. Add %1$s to %2$s there.', 'live-chat-for-kinescope-streams' ), $event, 'CHAT_EVENTS' );
			case 'event-not-found':
				return __( 'Kinescope has no stream with this id. Copy the id again.', 'live-chat-for-kinescope-streams' );
			case 'access-denied':
				return __( 'The token server identified you and denied access. Check its own rules.', 'live-chat-for-kinescope-streams' );
			case 'identity-unavailable':
				/* translators: %s: name and value of a setting */
				return sprintf( __( 'The token server uses another identity source, which doesn’t answer. For this plugin, run it with %s.', 'live-chat-for-kinescope-streams' ), 'CHAT_IDENTITY=jwt' );
			case 'rate-limited':
			case 'overloaded':
				return __( 'The token server is overloaded. Try again in a minute.', 'live-chat-for-kinescope-streams' );
			case 'key-unavailable':
			case 'key-not-registered':
			case 'key-expired':
				/* translators: 1: a code, 2: a command */
				return sprintf( __( 'The token server has no key that Kinescope accepts (%1$s). On the server, run: %2$s', 'live-chat-for-kinescope-streams' ), $code, 'kinescope-chat-server doctor' );
			case 'bad-request':
			case 'server-error':
				/* translators: %s: a code */
				return sprintf( __( 'The token server failed (%s). Read its log.', 'live-chat-for-kinescope-streams' ), $code );
		}
		return null;
	}

	/**
	 * Explains why there is no response.
	 *
	 * @param \WP_Error $error The error from WordPress.
	 * @return array{ok: bool, code: string, text: string}
	 */
	private static function unreachable( \WP_Error $error ): array {
		/* translators: %s: an error message */
		$text = __( 'This site can’t reach the token server: %s. Check the address and the firewall, and that the token server runs.', 'live-chat-for-kinescope-streams' );
		return self::result( 'unreachable', sprintf( $text, rtrim( $error->get_error_message(), '.' ) ) );
	}

	/**
	 * Returns how far the token server's clock is ahead of this site's. Seconds.
	 *
	 * @param array<string, mixed> $answer The response.
	 */
	private static function clock_difference( array $answer ): int {
		$date = wp_remote_retrieve_header( $answer, 'date' );
		$time = is_string( $date ) ? strtotime( $date ) : false;
		return false === $time ? 0 : $time - time();
	}

	/**
	 * Makes a result.
	 *
	 * @param string $code The code.
	 * @param string $text The explanation.
	 * @param bool   $ok   Whether the test passed.
	 * @return array{ok: bool, code: string, text: string}
	 */
	private static function result( string $code, string $text, bool $ok = false ): array {
		return array(
			'ok'   => $ok,
			'code' => $code,
			'text' => $text,
		);
	}
}
