<?php
/**
 * The element's script.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

namespace Live_Chat_For_Kinescope_Streams;

defined( 'ABSPATH' ) || exit;

/**
 * Loads the token server's script on pages that have a chat, once.
 */
final class Script {

	public const HANDLE    = 'live-chat-for-kinescope-streams';
	public const TRANSIENT = 'stream_chat_for_kinescope_script';

	/** The class of the boxes in which the script opens links. */
	public const SCOPE = 'live-chat-for-kinescope-streams-text';

	/** The script's lasting name is asked for again after this time: a token server that was renewed has another. Seconds. */
	private const KEEP = MINUTE_IN_SECONDS;

	/** The wait for that name. Seconds. */
	private const TIMEOUT = 1;

	/** Writes the script's tag itself. */
	public static function hook(): void {
		add_filter( 'script_loader_tag', array( self::class, 'tag' ), 10, 2 );
	}

	/** Asks for the script on this page: the plugin's own, or the one of the token server. */
	public static function enqueue(): void {
		if ( wp_script_is( self::HANDLE ) ) {
			return;
		}
		$server = Settings::server();
		$source = '' === $server ? plugins_url( 'js/kinescope-chat.js', FILE ) : $server . '/kinescope-chat.js';
		wp_enqueue_script( self::HANDLE, $source, array(), '' === $server ? VERSION : null, true ); // phpcs:ignore WordPress.WP.EnqueuedResourceParameters.MissingVersion -- the server's caching is its own.
	}

	/**
	 * The script's tag: a module, with what holds for the whole page.
	 *
	 * @param mixed $tag    As WordPress writes it.
	 * @param mixed $handle Which script it is.
	 * @return mixed
	 */
	public static function tag( $tag, $handle ) {
		if ( self::HANDLE !== $handle ) {
			return $tag;
		}
		$server = Settings::server();
		if ( '' === $server ) {
			return wp_get_script_tag( self::own() );
		}
		$attributes = array(
			'type'           => 'module',
			'id'             => self::HANDLE . '-js',
			'src'            => $server . '/kinescope-chat.js',
			'data-token-url' => $server . '/token',
			// Links became chats on the server, where it is known who wrote them; in a comment they stay links.
			'data-upgrade'   => ':not(*)',
		);
		if ( 'https://kinescope.io' !== Event_Id::chat_origin() ) {
			$attributes['data-chat-origin'] = Event_Id::chat_origin();
		}
		// A page that a cache keeps outlives the release whose hash it names, and its chat would be dead. The page of
		// a visitor who is signed in is kept by nobody.
		$lasting = is_user_logged_in() && Page_View::keep_private() ? self::lasting( $server ) : null;
		if ( null !== $lasting ) {
			$attributes['src']         = $server . '/' . $lasting['file'];
			$attributes['integrity']   = $lasting['integrity'];
			$attributes['crossorigin'] = 'anonymous';
		}
		return wp_get_script_tag( $attributes );
	}

	/**
	 * The attributes of the plugin's own script.
	 *
	 * @return array<string, string|bool>
	 */
	private static function own(): array {
		$attributes = array(
			'id'             => self::HANDLE . '-js',
			'async'          => true,
			'src'            => add_query_arg( 'ver', VERSION, plugins_url( 'js/kinescope-chat.js', FILE ) ),
			'data-token-url' => Token_Route::address(),
			'data-upgrade'   => '.' . self::SCOPE,
		);
		if ( 'https://kinescope.io' !== Event_Id::chat_origin() ) {
			$attributes['data-chat-origin'] = Event_Id::chat_origin();
		}
		return $attributes;
	}

	/**
	 * The lasting name of the server's script and its hash (Subresource Integrity); null where the server doesn't say.
	 * One process asks again after a minute. The others go on with what is known, so a server that hangs holds one.
	 *
	 * @param string $server The server's address.
	 * @return array{file: string, integrity: string}|null
	 */
	private static function lasting( string $server ): ?array {
		/**
		 * Lets a site do without the hash.
		 *
		 * @param bool $wanted Whether the script's hash is asked for.
		 */
		if ( ! apply_filters( 'stream_chat_for_kinescope_integrity', true ) ) {
			return null;
		}
		$kept  = get_transient( self::TRANSIENT );
		$known = is_array( $kept ) && ( $kept['server'] ?? null ) === $server && is_array( $kept['script'] ?? null ) ? $kept['script'] : null;
		$asked = is_array( $kept ) && ( $kept['server'] ?? null ) === $server && is_int( $kept['asked'] ?? null ) ? $kept['asked'] : 0;
		if ( $asked > time() - self::KEEP || ! self::claim() ) {
			return $known;
		}
		$answer = self::ask( $server );
		$script = null === $answer ? $known : $answer;
		set_transient(
			self::TRANSIENT,
			array(
				'server' => $server,
				'asked'  => time(),
				'script' => $script,
			),
			DAY_IN_SECONDS
		);
		return $script;
	}

	/** Whether this process may ask: one may, until the time is over that an answer can take. */
	private static function claim(): bool {
		$store = new Option_Store();
		$old   = $store->read( 'script_claim' );
		return ( null === $old || (int) $old < time() ) && $store->swap( 'script_claim', $old, (string) ( time() + 10 * self::TIMEOUT ) . '.' . wp_rand() );
	}

	/**
	 * Asks the server for that name.
	 *
	 * @param string $server The server's address.
	 * @return array{file: string, integrity: string}|null
	 */
	private static function ask( string $server ): ?array {
		$answer = wp_remote_get(
			$server . '/kinescope-chat.json',
			array(
				'timeout'             => self::TIMEOUT,
				'redirection'         => 0,
				'limit_response_size' => 16 * KB_IN_BYTES,
			)
		);
		if ( is_wp_error( $answer ) || 200 !== wp_remote_retrieve_response_code( $answer ) ) {
			return null;
		}
		$list      = json_decode( wp_remote_retrieve_body( $answer ), true, 8 );
		$script    = is_array( $list ) ? ( $list['kinescope-chat.js'] ?? null ) : null;
		$file      = is_array( $script ) ? ( $script['file'] ?? null ) : null;
		$integrity = is_array( $script ) ? ( $script['integrity'] ?? null ) : null;
		if ( ! is_string( $file ) || ! is_string( $integrity ) || 1 !== preg_match( '/^kinescope-chat[\w.-]{0,100}\.js$/D', $file )
			|| 1 !== preg_match( '/^sha(256|384|512)-[A-Za-z0-9+\/]{43,88}={0,2}$/D', $integrity ) ) {
			return null;
		}
		return array(
			'file'      => $file,
			'integrity' => $integrity,
		);
	}
}
