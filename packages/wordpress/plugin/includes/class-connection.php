<?php
/**
 * The site's connection to Kinescope.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

namespace Live_Chat_For_Kinescope_Streams;

defined( 'ABSPATH' ) || exit;

use Live_Chat_For_Kinescope_Streams\Token_Server\KeyRing;
use Live_Chat_For_Kinescope_Streams\Token_Server\Keys;
use Live_Chat_For_Kinescope_Streams\Token_Server\KinescopeApi;
use Live_Chat_For_Kinescope_Streams\Token_Server\OperatorProblem;
use Live_Chat_For_Kinescope_Streams\Token_Server\SystemClock;

/**
 * Connects the site, or the whole network, to Kinescope, with the keys and the API token.
 */
final class Connection {

	private const API_TOKEN = 'api_token';

	/** The lifetime of a token. Seconds. */
	public const TTL = 3600;

	/** Returns the keys. @throws OperatorProblem If there is no secret to seal them with. */
	public static function keys(): Keys {
		$store = new Option_Store();
		return new Keys(
			$store,
			Sealing::seal(),
			new SystemClock(),
			is_multisite() ? network_home_url() : Token_Route::home(),
			array(
				'ttl'    => self::TTL,
				'renews' => self::has_api_token() ? 1 : 0,
			)
		);
	}

	/** Whether the site has keys. */
	public static function is_connected(): bool {
		return null !== ( new Option_Store() )->read( 'ring' );
	}

	/** Whether the site has an API token. Without one, a person registers keys by hand. */
	public static function has_api_token(): bool {
		return null !== ( new Option_Store() )->read( self::API_TOKEN );
	}

	/** Returns the capability that a user needs to connect the site. */
	public static function capability(): string {
		return is_multisite() ? 'manage_network_options' : 'manage_options';
	}

	/** Returns Kinescope's API with the stored token. @throws OperatorProblem If there is none. */
	public static function api(): KinescopeApi {
		$sealed = ( new Option_Store() )->read( self::API_TOKEN );
		if ( null === $sealed ) {
			throw new OperatorProblem( 'not-connected', 'The site has no API token.', 'Connect the site first.' );
		}
		return self::api_by( Sealing::seal()->open( $sealed, self::API_TOKEN ) );
	}

	/**
	 * Makes and registers the first key, and stores the API token.
	 *
	 * @param string $token The API token.
	 */
	public static function connect( string $token ): void {
		$api = self::api_by( $token );
		$api->keys(); // A wrong token fails here, before anything changes.
		Sealing::prepare();
		self::keys()->connect( $api );
		$store = new Option_Store();
		$store->swap( self::API_TOKEN, $store->read( self::API_TOKEN ), Sealing::seal()->close( $token, self::API_TOKEN ) );
		delete_site_option( Upkeep::PROBLEM );
		Upkeep::schedule();
	}

	/** Deletes the keys at Kinescope and here, and the API token. Returns whether Kinescope has no key of the site now. */
	public static function disconnect(): bool {
		$api = null;
		try {
			$api = self::has_api_token() ? self::api() : null;
		} catch ( OperatorProblem $problem ) {
			$api = null; // The secret that seals the token is lost. Only Kinescope's dashboard can delete the key.
		}
		$is_gone = false;
		if ( self::is_connected() ) {
			try {
				$is_gone = self::keys()->disconnect( $api );
			} catch ( OperatorProblem $problem ) {
				if ( ! in_array( $problem->problem, array( 'api-token-refused', 'api-forbidden' ), true ) ) {
					throw $problem;
				}
				self::keys()->disconnect( null ); // This token can never delete the key.
			}
		}
		$store = new Option_Store();
		$store->swap( self::API_TOKEN, $store->read( self::API_TOKEN ), null );
		delete_site_option( Upkeep::PROBLEM );
		Upkeep::unschedule();
		return $is_gone;
	}

	/**
	 * Returns the commands that delete keys of the site at Kinescope. Its article documents no other way.
	 *
	 * @param string[]|null $kids The ids of the keys. Null means all.
	 */
	public static function deletion( ?array $kids = null ): string {
		$url  = self::api_url() . '/v1/jwk';
		$ids  = array();
		$text = ( new Option_Store() )->read( 'ring' );
		try {
			foreach ( null === $text ? array() : KeyRing::parse( $text )->keys as $key ) {
				if ( null === $key['removedAt'] && ( null === $kids || in_array( $key['kid'], $kids, true ) ) ) {
					$ids[] = $key['remoteId'];
				}
			}
		} catch ( OperatorProblem $problem ) {
			$ids = array();
		}
		// Without the id, Kinescope's list shows it.
		$is_known = array() !== $ids && ! in_array( null, $ids, true );
		$requests = $is_known ? array() : array( "curl $url" );
		foreach ( $is_known ? $ids : array( 'ID' ) as $id ) {
			$requests[] = "curl --request DELETE $url/" . rawurlencode( $id );
		}
		return implode( ' --header "Authorization: Bearer API_TOKEN"; ', $requests ) . ' --header "Authorization: Bearer API_TOKEN"';
	}

	/** Returns the address of Kinescope's API. */
	public static function api_url(): string {
		return defined( 'LIVE_CHAT_FOR_KINESCOPE_STREAMS_API' ) ? rtrim( (string) \LIVE_CHAT_FOR_KINESCOPE_STREAMS_API, '/' ) : KinescopeApi::URL;
	}

	/**
	 * Returns Kinescope's API with a token.
	 *
	 * @param string $token The token.
	 */
	private static function api_by( string $token ): KinescopeApi {
		return new KinescopeApi( new Wp_Transport(), new SystemClock(), $token, self::api_url() );
	}
}
