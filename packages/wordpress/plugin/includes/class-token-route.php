<?php
/**
 * The token endpoint.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

namespace Live_Chat_For_Kinescope_Streams;

defined( 'ABSPATH' ) || exit;

use Live_Chat_For_Kinescope_Streams\Token_Server\Endpoint;
use Live_Chat_For_Kinescope_Streams\Token_Server\OperatorProblem;
use Live_Chat_For_Kinescope_Streams\Token_Server\Origin;
use Live_Chat_For_Kinescope_Streams\Token_Server\Response;
use Live_Chat_For_Kinescope_Streams\Token_Server\SystemClock;

/**
 * Answers `/kinescope-chat/token`, and `/index.php?kinescope-chat-token` on sites without URL rewriting. The endpoint
 * isn't a REST route, because a REST route answers a stale nonce with 403, and a preflight of any origin with 200.
 */
final class Token_Route {

	private const PATH  = '/kinescope-chat/token';
	private const QUERY = 'kinescope-chat-token';

	/** The option that stores which of the two addresses works: `path` or `query`. */
	public const OPTION = 'live_chat_for_kinescope_streams_address';

	/** The time limit for the site's own response. Seconds. */
	private const TIMEOUT = 5;

	/**
	 * Answers before WordPress registers its blocks at `init`, which costs as much as the rest. WordPress knows the visitor
	 * before `init`, and plugins that sign visitors in during `init` do so before priority 9.
	 */
	public static function hook(): void {
		if ( self::is_asked() ) {
			add_action( 'init', array( self::class, 'answer' ), 9 );
		}
	}

	/** Returns the endpoint's address for pages. It contains no host, because a site may have two host names. */
	public static function address(): string {
		$path = 'query' === get_option( self::OPTION, 'path' ) ? '/index.php?' . self::QUERY : self::PATH;
		return self::base() . $path;
	}

	/** Tries both addresses, and stores the one that works. Returns whether one works. */
	public static function test(): bool {
		foreach ( array( 'path', 'query' ) as $kind ) {
			if ( self::answers( $kind ) ) {
				update_option( self::OPTION, $kind, true );
				return true;
			}
		}
		return false;
	}

	/** Answers the request and ends it. */
	public static function answer(): void {
		if ( ! defined( 'DONOTCACHEPAGE' ) ) {
			define( 'DONOTCACHEPAGE', true ); // phpcs:ignore WordPress.NamingConventions.PrefixAllGlobals.NonPrefixedConstantFound -- page caches read this name.
		}
		Response::send(
			static function (): array {
				return self::respond();
			}
		);
		// This function would end the buffer that discards what other plugins print from here on.
		remove_action( 'shutdown', 'wp_ob_end_flush_all', 1 );
		Upkeep::after_response();
		exit;
	}

	/**
	 * Makes the response.
	 *
	 * @return array{status: int, headers: array<string, string>, body: string}
	 */
	private static function respond(): array {
		try {
			$keys = Connection::keys();
		} catch ( OperatorProblem $problem ) {
			$keys = null;
		}
		$endpoint = new Endpoint(
			$keys,
			new SystemClock(),
			array(
				'events'     => Streams::ids(),
				'identify'   => static function (): ?array {
					return Visitor::current();
				},
				'mayEnter'   => static function ( array $visitor, string $event ): bool {
					return Visitor::may_enter( $event );
				},
				'ownOrigins' => array_values( array_unique( array_filter( array( Origin::of( self::home() ), self::own_origin() ) ) ) ),
				'ttl'        => Connection::TTL,
			)
		);
		return $endpoint->answer(
			isset( $_SERVER['REQUEST_METHOD'] ) ? strtoupper( sanitize_key( $_SERVER['REQUEST_METHOD'] ) ) : '',
			self::headers(),
			static function ( int $bytes ): string {
				$stream = fopen( 'php://input', 'rb' ); // phpcs:ignore WordPress.WP.AlternativeFunctions -- no file.
				return false === $stream ? '' : (string) stream_get_contents( $stream, $bytes );
			}
		);
	}

	/** Whether this request is for the endpoint. */
	private static function is_asked(): bool {
		if ( isset( $_GET[ self::QUERY ] ) ) { // phpcs:ignore WordPress.Security.NonceVerification -- cached pages have no nonce.
			return true;
		}
		$path = isset( $_SERVER['REQUEST_URI'] ) ? explode( '?', sanitize_url( wp_unslash( $_SERVER['REQUEST_URI'] ) ) )[0] : '';
		return self::base() . self::PATH === rtrim( $path, '/' );
	}

	/** Returns the path of the site, without a slash at its end. */
	private static function base(): string {
		return rtrim( (string) wp_parse_url( self::home(), PHP_URL_PATH ), '/' );
	}

	/** Returns the site's address. Plugins for several languages add a language to `home_url()`, but not to this option. */
	public static function home(): string {
		return rtrim( (string) get_option( 'home' ), '/' );
	}

	/**
	 * Returns the header fields that the endpoint reads, by names in lower case.
	 *
	 * @return array<string, string>
	 */
	private static function headers(): array {
		$headers = array();
		foreach ( array( 'HTTP_ORIGIN', 'HTTP_SEC_FETCH_SITE', 'HTTP_CONTENT_ENCODING', 'CONTENT_TYPE', 'CONTENT_LENGTH', 'HTTP_ACCESS_CONTROL_REQUEST_HEADERS' ) as $name ) {
			if ( isset( $_SERVER[ $name ] ) && is_string( $_SERVER[ $name ] ) ) {
				$headers[ str_replace( array( 'http_', '_' ), array( '', '-' ), strtolower( $name ) ) ] = wp_unslash( $_SERVER[ $name ] ); // phpcs:ignore WordPress.Security.ValidatedSanitizedInput -- compared, never shown.
			}
		}
		return $headers;
	}

	/** Returns the origin of this request's host. A page on another host can't set the Host of its request. */
	private static function own_origin(): ?string {
		$host = isset( $_SERVER['HTTP_HOST'] ) ? sanitize_text_field( wp_unslash( $_SERVER['HTTP_HOST'] ) ) : '';
		return '' === $host ? null : Origin::of( ( is_ssl() ? 'https://' : 'http://' ) . $host );
	}

	/**
	 * Whether an address reaches the endpoint, which rejects a request without an origin with its own code.
	 *
	 * @param string $kind Either `path` or `query`.
	 */
	private static function answers( string $kind ): bool {
		$path   = 'query' === $kind ? '/index.php?' . self::QUERY : self::PATH;
		$answer = wp_remote_post(
			self::home() . $path,
			array(
				'timeout'             => self::TIMEOUT,
				'redirection'         => 0,
				'limit_response_size' => 16 * KB_IN_BYTES,
				'sslverify'           => (bool) apply_filters( 'https_local_ssl_verify', false ), // phpcs:ignore WordPress.NamingConventions.PrefixAllGlobals.NonPrefixedHooknameFound -- WordPress's.
				'headers'             => array( 'Content-Type' => 'application/json' ),
				'body'                => '{}',
			)
		);
		$body   = is_wp_error( $answer ) ? null : json_decode( wp_remote_retrieve_body( $answer ), true, 4 );
		return is_array( $body ) && 'origin-not-allowed' === ( $body['code'] ?? '' );
	}
}
