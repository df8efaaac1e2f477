<?php
/**
 * The element's script.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

namespace Live_Chat_For_Kinescope_Streams;

defined( 'ABSPATH' ) || exit;

/**
 * Loads the element's script once on pages with a chat: the plugin's own, or the token server's.
 */
final class Script {

	public const HANDLE    = 'live-chat-for-kinescope-streams';
	public const TRANSIENT = 'stream_chat_for_kinescope_script';

	/** The class of the elements in which the script opens links. */
	public const SCOPE = 'live-chat-for-kinescope-streams-text';

	/** How long the script's versioned name is used. An update of the token server changes it. Seconds. */
	private const KEEP = MINUTE_IN_SECONDS;

	/** The time limit for the request of that name. Seconds. */
	private const TIMEOUT = 1;

	/** Registers the filter that writes the script's tag. */
	public static function hook(): void {
		add_filter( 'script_loader_tag', array( self::class, 'tag' ), 10, 2 );
	}

	/** Adds the script to this page: the plugin's own, or the token server's. */
	public static function enqueue(): void {
		if ( wp_script_is( self::HANDLE ) ) {
			return;
		}
		$server = Settings::server();
		$source = '' === $server ? plugins_url( 'js/kinescope-chat.js', FILE ) : $server . '/kinescope-chat.js';
		wp_enqueue_script( self::HANDLE, $source, array(), '' === $server ? VERSION : null, true ); // phpcs:ignore WordPress.WP.EnqueuedResourceParameters.MissingVersion -- the token server controls its caching.
	}

	/**
	 * Writes the script's tag, with the settings for the whole page.
	 *
	 * @param mixed $tag    The tag that WordPress wrote.
	 * @param mixed $handle The script's handle.
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
			'id'             => self::HANDLE . '-js',
			'async'          => true,
			'src'            => $server . '/kinescope-chat.js',
			'data-token-url' => $server . '/token',
			// This site has already replaced authors' links with chats. Links in comments stay links.
			'data-upgrade'   => ':not(*)',
		);
		if ( 'https://kinescope.io' !== Event_Id::chat_origin() ) {
			$attributes['data-chat-origin'] = Event_Id::chat_origin();
		}
		// A cached page may outlive the release whose hash it contains, and its chat would not load. So only a page that
		// no cache stores gets the hash: the page of a signed-in visitor.
		$lasting = is_user_logged_in() && Page_View::keep_private() ? self::lasting( $server ) : null;
		if ( null !== $lasting ) {
			$attributes['src']         = $server . '/' . $lasting['file'];
			$attributes['integrity']   = $lasting['integrity'];
			$attributes['crossorigin'] = 'anonymous';
		}
		return wp_get_script_tag( $attributes );
	}

	/**
	 * Returns the attributes of the plugin's own script.
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
	 * Returns the versioned name of the server's script and its hash (Subresource Integrity), or null if they are unknown.
	 * One process requests them again after a minute. The others use the known values, so a slow server delays only one.
	 *
	 * @param string $server The server's address.
	 * @return array{file: string, integrity: string}|null
	 */
	private static function lasting( string $server ): ?array {
		/**
		 * Lets a site turn the hash off.
		 *
		 * @param bool $wanted Whether to request the script's hash.
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

	/** Whether this process may send the request. Only one process may, within ten times the time limit. */
	private static function claim(): bool {
		$store = new Option_Store();
		$old   = $store->read( 'script_claim' );
		try {
			return ( null === $old || (int) $old < time() ) && $store->swap( 'script_claim', $old, (string) ( time() + 10 * self::TIMEOUT ) . '.' . wp_rand() );
		} catch ( Token_Server\OperatorProblem $problem ) {
			return false; // The page works without the hash.
		}
	}

	/**
	 * Requests that name and the hash from the server.
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
