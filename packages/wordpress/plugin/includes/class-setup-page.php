<?php
/**
 * The page where an administrator sets up the chat.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

namespace Live_Chat_For_Kinescope_Streams;

defined( 'ABSPATH' ) || exit;

use Live_Chat_For_Kinescope_Streams\Token_Server\OperatorProblem;

/**
 * Shows three steps: connect, choose streams, see the chat. Each step explains what went wrong and what to do.
 */
final class Setup_Page {

	public const SLUG = 'live-chat-for-kinescope-streams';

	/** The form field with the name of the action. */
	private const ACTION = 'live_chat_for_kinescope_streams_do';

	/** Notices of this request: a kind and a text. @var array<int, array{string, string}> */
	private static array $notices = array();

	/** The findings of this request's checks. @var array<int, array{level: string, code: string, text: string}>|null */
	private static ?array $found = null;

	/** The body of the request that registers a key by hand. @var array<string, string>|null */
	private static ?array $by_hand = null;

	/** Whether this request's action failed for lack of a secret. @var bool */
	private static bool $needs_seal = false;

	/** Registers the notice on other administration pages. */
	public static function hook(): void {
		add_action( 'admin_notices', array( self::class, 'warn' ) );
		add_action( 'network_admin_notices', array( self::class, 'warn' ) );
	}

	/** Returns the page's address. */
	public static function address(): string {
		return admin_url( 'options-general.php?page=' . self::SLUG );
	}

	/** Shows a notice on the dashboard and the list of plugins if the chat isn't set up or has a problem. */
	public static function warn(): void {
		$screen = get_current_screen();
		if ( null === $screen || ! in_array( $screen->id, array( 'dashboard', 'plugins', 'dashboard-network', 'plugins-network' ), true ) || ! current_user_can( 'manage_options' ) || ! Settings::is_own_signer() ) {
			return;
		}
		$code = Findings::key_problem();
		$code = '' === $code ? Findings::warning() : $code;
		if ( 'not-connected' === $code ) {
			self::notice( 'info', __( 'The live chat isn’t set up yet.', 'live-chat-for-kinescope-streams' ), self::address() );
		} elseif ( '' !== $code ) {
			self::notice( 'warning', Problem_Text::by_code( $code ), self::address() );
		}
	}

	/** Performs the action of a form. */
	public static function act(): void {
		if ( ! isset( $_POST[ self::ACTION ] ) || ! current_user_can( 'manage_options' ) ) {
			return;
		}
		check_admin_referer( self::ACTION );
		nocache_headers();
		$action = sanitize_key( $_POST[ self::ACTION ] );
		if ( in_array( $action, array( 'connect', 'disconnect', 'new_key', 'by_hand', 'registered', 'moved', 'revoke' ), true ) && ! current_user_can( Connection::capability() ) ) {
			return;
		}
		try {
			self::perform( $action );
		} catch ( OperatorProblem $problem ) {
			self::$notices[]  = array( 'error', Problem_Text::of( $problem ) );
			self::$needs_seal = in_array( $problem->problem, array( 'no-seal', 'seal-too-weak' ), true );
		}
	}

	/** Shows the page. */
	public static function show(): void {
		echo '<p class="lcks-lead">' . esc_html__( 'Your visitors write in the chat of your stream under their own names. This plugin is not made by Kinescope.', 'live-chat-for-kinescope-streams' ) . '</p>';
		foreach ( self::$notices as $notice ) {
			self::notice( $notice[0], $notice[1] );
		}
		if ( self::$needs_seal ) {
			self::show_seal();
		}
		$is_connected = Connection::is_connected();
		$problem      = $is_connected ? Findings::key_problem() : '';
		$has_streams  = array() !== Streams::ids();
		$can_sign     = null !== Findings::key();
		echo '<ol class="lcks-steps">';
		self::step( $is_connected && '' === $problem, __( 'Connect', 'live-chat-for-kinescope-streams' ) );
		self::show_connect( $is_connected, $problem );
		echo '</li>';
		self::step( $can_sign && $has_streams, __( 'Choose your streams', 'live-chat-for-kinescope-streams' ) );
		self::show_streams( $can_sign );
		echo '</li>';
		self::step( false, __( 'See it work', 'live-chat-for-kinescope-streams' ) );
		self::show_result( $can_sign && $has_streams );
		echo '</li></ol>';
		self::show_more( $is_connected );
	}

	/** Loads the page's style. */
	public static function style(): void {
		wp_enqueue_style( self::SLUG, plugins_url( 'admin/setup.css', FILE ), array(), VERSION );
	}

	/**
	 * Performs one action.
	 *
	 * @param string $action The action's name.
	 */
	private static function perform( string $action ): void {
		// phpcs:disable WordPress.Security.NonceVerification -- act() has checked it.
		switch ( $action ) {
			case 'connect':
				$token = isset( $_POST['api_token'] ) && is_string( $_POST['api_token'] ) ? strtolower( sanitize_text_field( wp_unslash( $_POST['api_token'] ) ) ) : '';
				Connection::connect( $token );
				Token_Route::test();
				self::$notices[] = array( 'success', __( 'The site is connected. Now choose your streams.', 'live-chat-for-kinescope-streams' ) );
				break;
			case 'disconnect':
				$deletion = Connection::deletion();
				if ( 'copy-of-a-site' === Findings::key_problem() ) {
					Connection::disconnect();
					self::$notices[] = array( 'success', __( 'The copy is disconnected. You can connect it with an API token now.', 'live-chat-for-kinescope-streams' ) );
				} elseif ( Connection::disconnect() ) {
					self::$notices[] = array( 'success', __( 'The site is disconnected. Kinescope no longer has its key.', 'live-chat-for-kinescope-streams' ) );
				} else {
					/* translators: %s: a command */
					self::$notices[] = array( 'warning', sprintf( __( 'The site is disconnected. If Kinescope still has its key, delete it there with your API token: %s', 'live-chat-for-kinescope-streams' ), $deletion ) );
				}
				break;
			case 'new_key':
				Connection::keys()->rotate( Connection::api() );
				self::$notices[] = array( 'success', __( 'A new key is registered. It is used within ten minutes.', 'live-chat-for-kinescope-streams' ) );
				break;
			case 'revoke':
				$keys     = Connection::keys();
				$kids     = $keys->live(); // A copy of the database has all keys.
				$deletion = Connection::deletion( $kids );

				self::$notices[] = $keys->revoke( Connection::api(), ...$kids )
					? array( 'success', __( 'The old key is invalid, and a new one signs. Visitors who are in a chat may have to reload the page.', 'live-chat-for-kinescope-streams' ) )
					: array( 'warning', Problem_Text::key_not_listed( $deletion ) );
				break;
			case 'by_hand':
				Sealing::prepare();
				self::$by_hand = Connection::keys()->addByHand();
				break;
			case 'registered':
				Connection::keys()->confirmByHand();
				Token_Route::test();
				self::$notices[] = array( 'success', __( 'The site is connected. Now choose your streams.', 'live-chat-for-kinescope-streams' ) );
				break;
			case 'moved':
				Connection::keys()->moveHere();
				self::$notices[] = array( 'success', __( 'This site manages the key from now on.', 'live-chat-for-kinescope-streams' ) );
				break;
			case 'streams':
				$ids = isset( $_POST['streams'] ) && is_array( $_POST['streams'] ) ? array_map( 'sanitize_text_field', wp_unslash( $_POST['streams'] ) ) : array();
				self::keep_streams( $ids, ! empty( $_POST['require'] ) );
				break;
			case 'stream_ids':
				$text = isset( $_POST['stream_ids'] ) && is_string( $_POST['stream_ids'] ) ? sanitize_textarea_field( wp_unslash( $_POST['stream_ids'] ) ) : '';
				self::keep_ids( $text );
				break;
			case 'check':
				self::$found = Findings::all();
				break;
			case 'page':
				self::make_page();
				break;
		}
		// phpcs:enable
	}

	/**
	 * Stores the selected streams, and requires sign-in for them.
	 *
	 * @param string[] $ids      The API ids of the streams.
	 * @param bool     $required Whether the chats are only for signed-in visitors.
	 */
	private static function keep_streams( array $ids, bool $required ): void {
		$api    = Connection::api();
		$chosen = array();
		$open   = array();
		foreach ( $api->events() as $event ) {
			if ( ! in_array( $event['id'], $ids, true ) ) {
				continue;
			}
			$stream   = array(
				'id'        => $event['id'],
				'public_id' => $event['publicId'] ?? '',
				'name'      => Token_Server\KinescopeApi::shown( $event['name'] ),
			);
			$chosen[] = $stream;
			if ( true !== $event['jwtRequired'] ) {
				$open[] = $stream;
			}
		}
		Streams::keep( $chosen );
		foreach ( $required ? $open : array() as $stream ) {
			try {
				$moved = $api->requireJwt( $stream['id'] );
			} catch ( OperatorProblem $problem ) {
				self::$notices[] = array( 'error', $stream['name'] . ': ' . Problem_Text::of( $problem ) );
				continue;
			}
			if ( array() !== $moved ) {
				/* translators: 1: name of a stream, 2: names of fields */
				self::$notices[] = array( 'warning', sprintf( __( 'Kinescope also changed other settings of “%1$s”: %2$s. Check them there.', 'live-chat-for-kinescope-streams' ), $stream['name'], Token_Server\KinescopeApi::shown( implode( ', ', $moved ) ) ) );
			}
		}
		self::$notices[] = array( 'success', __( 'Your choice is saved.', 'live-chat-for-kinescope-streams' ) );
	}

	/**
	 * Stores the streams that an administrator typed.
	 *
	 * @param string $text Ids or links, one on each line.
	 */
	private static function keep_ids( string $text ): void {
		$chosen = array();
		foreach ( (array) preg_split( '/[\s,;]+/', $text ) as $word ) {
			$id = Event_Id::read( $word );
			if ( '' !== $id ) {
				$chosen[] = array(
					'id'        => '',
					'public_id' => $id,
					'name'      => '',
				);
			}
		}
		Streams::keep( $chosen );
		self::$notices[] = array( 'success', __( 'Your choice is saved.', 'live-chat-for-kinescope-streams' ) );
	}

	/** Makes a draft with the first stream's chat, and opens it in the editor. */
	private static function make_page(): void {
		$streams = Streams::chosen();
		if ( array() === $streams || ! current_user_can( 'edit_pages' ) ) {
			return;
		}
		$block = sprintf( '<!-- wp:%s %s /-->', Block::NAME, wp_json_encode( array( 'event' => Streams::page_id( $streams[0] ) ) ) );
		$page  = wp_insert_post(
			wp_slash(
				array(
					'post_type'    => 'page',
					'post_status'  => 'draft',
					'post_title'   => '' === $streams[0]['name'] ? __( 'Live stream', 'live-chat-for-kinescope-streams' ) : $streams[0]['name'],
					'post_content' => $block,
				)
			)
		);
		$link  = is_int( $page ) && $page > 0 ? get_edit_post_link( $page, 'raw' ) : null;
		if ( null !== $link && wp_safe_redirect( $link ) ) {
			exit;
		}
	}

	/**
	 * Shows the heading of a step.
	 *
	 * @param bool   $is_done Whether the step is done.
	 * @param string $title   The step's title.
	 */
	private static function step( bool $is_done, string $title ): void {
		printf( '<li class="lcks-step %s"><h2>%s ', esc_attr( $is_done ? 'is-done' : '' ), esc_html( $title ) );
		if ( $is_done ) {
			echo '<span class="lcks-done">' . esc_html__( 'Done', 'live-chat-for-kinescope-streams' ) . '</span>';
		}
		echo '</h2>';
	}

	/**
	 * Shows step 1.
	 *
	 * @param bool   $is_connected Whether the site has a key.
	 * @param string $problem      The code of the key's problem.
	 */
	private static function show_connect( bool $is_connected, string $problem ): void {
		if ( ! current_user_can( Connection::capability() ) ) {
			echo '<p>' . esc_html__( 'The administrator of the network connects all of its sites.', 'live-chat-for-kinescope-streams' ) . '</p>';
			return;
		}
		if ( 'copy-of-a-site' === $problem ) {
			echo '<p>' . esc_html( Problem_Text::by_code( $problem ) ) . '</p>';
			self::form( 'moved', __( 'The site has moved here', 'live-chat-for-kinescope-streams' ), 'primary' );
			self::form( 'disconnect', __( 'Connect this copy separately', 'live-chat-for-kinescope-streams' ) );
			return;
		}
		if ( $is_connected && '' === $problem ) {
			$key  = Findings::key();
			$date = wp_date( (string) get_option( 'date_format' ), $key['ends'] ?? 0 );
			$text = Connection::has_api_token()
				/* translators: %s: a date */
				? __( 'The site is connected to Kinescope. Its key is valid until %s. The site replaces it in time.', 'live-chat-for-kinescope-streams' )
				/* translators: %s: a date */
				: __( 'The site is connected to Kinescope. Its key is valid until %s. Register a new key before then.', 'live-chat-for-kinescope-streams' );
			echo '<p>' . esc_html( sprintf( $text, $date ) ) . '</p>';
			$warning = Findings::warning();
			if ( '' !== $warning ) {
				self::notice( 'warning', Problem_Text::by_code( $warning ) );
			} elseif ( Connection::has_api_token() ) {
				return;
			}
		}
		if ( $is_connected && '' !== $problem && null === self::$by_hand && 'key-not-registered' !== $problem ) {
			self::notice( 'error', Problem_Text::by_code( $problem ) );
		}
		echo '<p>' . esc_html__( 'In Kinescope, open Settings → API tokens, create a token and copy it. Paste it here. The site then makes a key and registers it at Kinescope.', 'live-chat-for-kinescope-streams' ) . '</p>';
		self::open_form( 'connect' );
		printf(
			'<p><label for="lcks-token">%s</label><input type="password" id="lcks-token" name="api_token" class="regular-text code" autocomplete="off" spellcheck="false" required placeholder="00000000-0000-0000-0000-000000000000"></p>',
			esc_html__( 'API token', 'live-chat-for-kinescope-streams' )
		);
		submit_button( __( 'Connect', 'live-chat-for-kinescope-streams' ), 'primary', 'lcks-connect', false );
		echo '</form>';
		self::show_by_hand();
	}

	/** Shows how to connect without an API token. */
	private static function show_by_hand(): void {
		printf( '<details%s>', esc_attr( null === self::$by_hand ? '' : ' open' ) );
		echo '<summary>' . esc_html__( 'Without giving the site an API token', 'live-chat-for-kinescope-streams' ) . '</summary>';
		if ( null === self::$by_hand ) {
			echo '<p>' . esc_html__( 'The site makes a key. You or a colleague registers it at Kinescope by hand, once a year.', 'live-chat-for-kinescope-streams' ) . '</p>';
			self::form( 'by_hand', __( 'Make a key', 'live-chat-for-kinescope-streams' ) );
		} else {
			echo '<p>' . esc_html__( 'Send this request to Kinescope with your API token. Then press the button.', 'live-chat-for-kinescope-streams' ) . '</p>';
			$lines = 'POST ' . Connection::api_url() . "/v1/jwk\nAuthorization: Bearer …\nContent-Type: application/json\n\n" . wp_json_encode( self::$by_hand, JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES );
			echo '<pre class="lcks-code" dir="ltr"><code>' . esc_html( $lines ) . '</code></pre>';
			self::form( 'registered', __( 'The key is registered', 'live-chat-for-kinescope-streams' ), 'primary' );
		}
		echo '</details>';
	}

	/**
	 * Shows step 2.
	 *
	 * @param bool $can_sign Whether the site has a key that works.
	 */
	private static function show_streams( bool $can_sign ): void {
		if ( ! $can_sign ) {
			echo '<p>' . esc_html__( 'After step 1, your streams appear here.', 'live-chat-for-kinescope-streams' ) . '</p>';
			return;
		}
		if ( ! Connection::has_api_token() ) {
			self::open_form( 'stream_ids' );
			printf(
				'<p><label for="lcks-ids">%s</label><textarea id="lcks-ids" name="stream_ids" rows="4" class="large-text code" placeholder="https://kinescope.io/…">%s</textarea></p>',
				esc_html__( 'Links or ids of your streams, one a line', 'live-chat-for-kinescope-streams' ),
				esc_textarea( implode( "\n", Streams::ids() ) )
			);
			submit_button( __( 'Save the choice', 'live-chat-for-kinescope-streams' ), 'primary', 'lcks-save', false );
			echo '</form>';
			return;
		}
		try {
			$events = Connection::api()->events();
		} catch ( OperatorProblem $problem ) {
			self::notice( 'error', Problem_Text::of( $problem ) );
			return;
		}
		if ( array() === $events ) {
			echo '<p>' . esc_html__( 'There are no streams yet. Create one in Kinescope, then reload this page.', 'live-chat-for-kinescope-streams' ) . '</p>';
			return;
		}
		$ids    = Streams::ids();
		$chosen = array();
		$others = array();
		foreach ( $events as $event ) {
			$event['checked'] = in_array( $event['id'], $ids, true ) || in_array( $event['publicId'], $ids, true );
			if ( $event['checked'] ) {
				$chosen[] = $event;
			} else {
				$others[] = $event;
			}
		}
		self::open_form( 'streams' );
		echo '<div class="lcks-list" role="group" aria-label="' . esc_attr__( 'Streams', 'live-chat-for-kinescope-streams' ) . '">';
		// All chosen streams, because saving the form drops the others.
		foreach ( array_merge( $chosen, array_slice( $others, 0, 100 ) ) as $event ) {
			printf(
				'<label class="lcks-stream"><input type="checkbox" name="streams[]" value="%s" %s> <span class="lcks-name">%s</span> <span class="lcks-state">%s</span></label>',
				esc_attr( $event['id'] ),
				esc_attr( $event['checked'] ? 'checked' : '' ),
				esc_html( '' === $event['name'] ? $event['id'] : Token_Server\KinescopeApi::shown( $event['name'] ) ),
				esc_html( self::state( $event ) )
			);
		}
		echo '</div><p><label><input type="checkbox" name="require" value="1" checked> ' . esc_html__( 'Only visitors who are signed in here may write (recommended)', 'live-chat-for-kinescope-streams' ) . '</label><br><span class="description">' . esc_html__( 'Without it, anyone with the link to the chat can take part under any name.', 'live-chat-for-kinescope-streams' ) . '</span></p>';
		submit_button( __( 'Save the choice', 'live-chat-for-kinescope-streams' ), 'primary', 'lcks-save', false );
		echo '</form>';
	}

	/**
	 * Returns the state of a stream as a text.
	 *
	 * @param array{status: string|null, jwtRequired: bool|null} $event The stream.
	 */
	private static function state( array $event ): string {
		$states = array();
		if ( 'finished' === $event['status'] ) {
			$states[] = __( 'finished', 'live-chat-for-kinescope-streams' );
		}
		if ( true === $event['jwtRequired'] ) {
			$states[] = __( 'sign-in required', 'live-chat-for-kinescope-streams' );
		}
		return implode( ', ', $states );
	}

	/**
	 * Shows step 3.
	 *
	 * @param bool $is_ready Whether the chat can be shown.
	 */
	private static function show_result( bool $is_ready ): void {
		$streams = Streams::chosen();
		if ( ! $is_ready || array() === $streams ) {
			echo '<p>' . esc_html__( 'After step 2, the chat appears here, with you signed in.', 'live-chat-for-kinescope-streams' ) . '</p>';
			return;
		}
		$event = Streams::page_id( $streams[0] );
		echo '<p>' . esc_html__( 'This is the chat as you see it. Other visitors see it under their own names.', 'live-chat-for-kinescope-streams' ) . '</p>';
		Script::enqueue();
		printf(
			'<kinescope-chat event-id="%s" token-url="%s" language="%s"></kinescope-chat>',
			esc_attr( $event ),
			esc_attr( Token_Route::address() ),
			esc_attr( str_replace( '_', '-', get_user_locale() ) )
		);
		self::form( 'page', __( 'Create a page with this chat', 'live-chat-for-kinescope-streams' ), 'primary' );
		echo '<p>' . esc_html__( 'Or add the block “Stream chat” to a page. You can also write this on its own line:', 'live-chat-for-kinescope-streams' ) . '</p>';
		echo '<pre class="lcks-code" dir="ltr"><code>' . esc_html( sprintf( '[%s event="%s"]', Shortcode::NAME, $event ) ) . '</code></pre>';
	}

	/**
	 * Shows the checks, and actions that are rarely needed.
	 *
	 * @param bool $is_connected Whether the site has a key.
	 */
	private static function show_more( bool $is_connected ): void {
		if ( $is_connected ) {
			echo '<h2>' . esc_html__( 'Check', 'live-chat-for-kinescope-streams' ) . '</h2>';
			if ( null !== self::$found ) {
				echo '<ul class="lcks-found">';
				foreach ( self::$found as $finding ) {
					printf(
						'<li class="is-%s" data-code="%s"><span class="lcks-level">%s</span> %s</li>',
						esc_attr( $finding['level'] ),
						esc_attr( $finding['code'] ),
						esc_html( self::level( $finding['level'] ) ),
						esc_html( $finding['text'] )
					);
				}
				echo '</ul>';
			}
			self::form( 'check', __( 'Check everything', 'live-chat-for-kinescope-streams' ) );
		}
		if ( $is_connected && current_user_can( Connection::capability() ) ) {
			echo '<details><summary>' . esc_html__( 'Key', 'live-chat-for-kinescope-streams' ) . '</summary><p>' . esc_html( self::sealing() ) . '</p>';
			if ( 'salts' === Sealing::kind() || 'none' === Sealing::kind() ) {
				self::show_seal();
			}
			if ( Connection::has_api_token() ) {
				echo '<p>' . esc_html__( 'If your site or its database may have been copied, make the key invalid.', 'live-chat-for-kinescope-streams' ) . '</p>';
				self::form( 'new_key', __( 'Make a new key', 'live-chat-for-kinescope-streams' ) );
				self::form( 'revoke', __( 'Make the key invalid now', 'live-chat-for-kinescope-streams' ) );
			}
			self::form( 'disconnect', __( 'Disconnect the site', 'live-chat-for-kinescope-streams' ) );
			echo '</details>';
		}
		echo '<p><a href="' . esc_url( self::address() . '&tab=server' ) . '">' . esc_html__( 'I run a token server of my own', 'live-chat-for-kinescope-streams' ) . '</a></p>';
	}

	/** Shows the line for wp-config.php. */
	private static function show_seal(): void {
		echo '<pre class="lcks-code" dir="ltr"><code>' . esc_html( Sealing::line() ) . '</code></pre>';
	}

	/** Explains where the secret that seals the key is stored. */
	private static function sealing(): string {
		switch ( Sealing::kind() ) {
			case 'constant':
				return __( 'The key is in the database, sealed with a secret in wp-config.php. A copy of the database alone is of no use.', 'live-chat-for-kinescope-streams' );
			case 'file':
				return __( 'The key is in the database, sealed with a secret in a file outside the website. A copy of the database alone is of no use.', 'live-chat-for-kinescope-streams' );
			case 'salts':
				return __( 'The key is in the database, sealed with the salts in wp-config.php. If they change, you need a new key. Better: add this line to wp-config.php, then make a new key.', 'live-chat-for-kinescope-streams' );
		}
		return Problem_Text::by_code( 'no-seal' );
	}

	/**
	 * Returns the label of a level.
	 *
	 * @param string $level One of `ok`, `warn`, `fail`.
	 */
	private static function level( string $level ): string {
		$words = array(
			'ok'   => __( 'OK', 'live-chat-for-kinescope-streams' ),
			'warn' => __( 'Note', 'live-chat-for-kinescope-streams' ),
			'fail' => __( 'Problem', 'live-chat-for-kinescope-streams' ),
		);
		return $words[ $level ] ?? $level;
	}

	/**
	 * Shows the start of a form.
	 *
	 * @param string $action The action of the form.
	 */
	private static function open_form( string $action ): void {
		printf( '<form method="post" action="%s" class="lcks-form">', esc_url( self::address() ) );
		wp_nonce_field( self::ACTION, '_wpnonce', true, true );
		printf( '<input type="hidden" name="%s" value="%s">', esc_attr( self::ACTION ), esc_attr( $action ) );
	}

	/**
	 * Shows a form with one button.
	 *
	 * @param string $action The action of the form.
	 * @param string $label  The button's label.
	 * @param string $kind   Either `primary` or `secondary`.
	 */
	private static function form( string $action, string $label, string $kind = 'secondary' ): void {
		self::open_form( $action );
		submit_button( $label, $kind, 'lcks-' . str_replace( '_', '-', $action ), false );
		echo '</form>';
	}

	/**
	 * Shows a notice.
	 *
	 * @param string $kind One of `success`, `info`, `warning`, `error`.
	 * @param string $text The text.
	 * @param string $link The address of a link; empty for none.
	 */
	private static function notice( string $kind, string $text, string $link = '' ): void {
		printf( '<div class="notice notice-%s %s" role="status"><p>%s ', esc_attr( $kind ), esc_attr( '' === $link ? 'inline' : '' ), esc_html( $text ) );
		if ( '' !== $link ) {
			echo '<a href="' . esc_url( $link ) . '">' . esc_html__( 'Open the settings of the live chat', 'live-chat-for-kinescope-streams' ) . '</a>';
		}
		echo '</p></div>';
	}
}
