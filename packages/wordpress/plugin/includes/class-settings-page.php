<?php
/**
 * The page of the settings.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

namespace Live_Chat_For_Kinescope_Streams;

defined( 'ABSPATH' ) || exit;

/**
 * The page where an administrator sets up a token server: the address, the secret, and a test of both.
 */
final class Settings_Page {

	private const CAPABILITY = 'manage_options';

	private const MAKE = 'stream_chat_for_kinescope_make_secret';
	private const TEST = 'stream_chat_for_kinescope_test';

	/**
	 * The secret that this request made. The page shows it once.
	 *
	 * @var string
	 */
	private static string $made = '';

	/**
	 * Whether the requested secret exists already, because the form was sent again.
	 *
	 * @var bool
	 */
	private static bool $made_before = false;

	/**
	 * The result of this request's test.
	 *
	 * @var array{ok: bool, code: string, text: string}|null
	 */
	private static ?array $found = null;

	/**
	 * The stream of the test.
	 *
	 * @var string
	 */
	private static string $event = '';

	/** Adds the page to the menu. */
	public static function hook(): void {
		add_action( 'admin_init', array( Settings_Form::class, 'register' ) );
		add_action( 'admin_menu', array( self::class, 'add' ) );
		add_filter( 'plugin_action_links_' . plugin_basename( FILE ), array( self::class, 'link' ) );
		// Leads to the settings of the network's main site.
		add_filter( 'network_admin_plugin_action_links_' . plugin_basename( FILE ), array( self::class, 'link' ) );
	}

	/** Adds the menu entry. */
	public static function add(): void {
		$title = __( 'Live Chat for Kinescope Streams', 'live-chat-for-kinescope-streams' );
		$page  = add_options_page( $title, __( 'Live Chat', 'live-chat-for-kinescope-streams' ), self::CAPABILITY, Settings_Form::PAGE, array( self::class, 'show' ) );
		if ( false !== $page ) {
			add_action( 'load-' . $page, array( self::class, 'act' ) );
			add_action( 'load-' . $page, array( Setup_Page::class, 'act' ) );
			add_action( 'load-' . $page, array( Setup_Page::class, 'style' ) );
		}
	}

	/**
	 * Adds the link in the list of plugins.
	 *
	 * @param mixed $links The existing links.
	 * @return mixed
	 */
	public static function link( $links ) {
		if ( is_array( $links ) && current_user_can( self::CAPABILITY ) ) {
			$url = admin_url( 'options-general.php?page=' . Settings_Form::PAGE );
			array_unshift( $links, sprintf( '<a href="%s">%s</a>', esc_url( $url ), esc_html__( 'Settings', 'live-chat-for-kinescope-streams' ) ) );
		}
		return $links;
	}

	/** Performs a button's action. The response is the page, without a redirect that would need to carry a new secret. */
	public static function act(): void {
		if ( ! current_user_can( self::CAPABILITY ) || ! isset( $_SERVER['REQUEST_METHOD'] ) || 'POST' !== $_SERVER['REQUEST_METHOD'] ) {
			return;
		}
		if ( isset( $_POST[ self::MAKE ] ) ) {
			check_admin_referer( self::MAKE );
			nocache_headers();
			// A reload of this response sends the form again, and must not replace the secret that was just copied.
			$known = is_string( $_POST[ self::MAKE ] ) ? sanitize_key( $_POST[ self::MAKE ] ) : '';
			if ( ! Settings::is_secret_in_config() && hash_equals( self::fingerprint(), $known ) ) {
				self::$made = Settings::make_secret();
			} else {
				self::$made_before = true;
			}
		} elseif ( isset( $_POST[ self::TEST ] ) ) {
			check_admin_referer( self::TEST );
			$given       = is_string( $_POST[ self::TEST ] ) ? sanitize_text_field( wp_unslash( $_POST[ self::TEST ] ) ) : '';
			self::$event = Event_Id::read( $given );
			self::$found = Connection_Test::run( self::$event );
		}
	}

	/** Shows the page. */
	public static function show(): void {
		if ( ! current_user_can( self::CAPABILITY ) ) {
			return;
		}
		echo '<div class="wrap lcks"><h1>' . esc_html( get_admin_page_title() ) . '</h1>';
		if ( ! self::is_server_tab() ) {
			Setup_Page::show();
			echo '</div>';
			return;
		}
		echo '<p>' . esc_html__( 'Your visitors’ browsers get their tokens from a token server that you run. Without an address, this site signs visitors in.', 'live-chat-for-kinescope-streams' ) . '</p>';
		echo '<p><a href="' . esc_url( Setup_Page::address() . '&tab=site' ) . '">' . esc_html__( 'Let this site sign visitors in', 'live-chat-for-kinescope-streams' ) . '</a></p>';
		self::show_made();
		echo '<h2>' . esc_html__( '1. The token server', 'live-chat-for-kinescope-streams' ) . '</h2><form action="options.php" method="post">';
		settings_fields( Settings_Form::PAGE );
		do_settings_sections( Settings_Form::PAGE );
		submit_button();
		echo '</form>';
		self::show_secret();
		self::show_test();
		self::show_use();
		echo '</div>';
	}

	/** Whether the page is the one for a token server: by the address, else by the current settings. */
	private static function is_server_tab(): bool {
		$tab = isset( $_GET['tab'] ) ? sanitize_key( $_GET['tab'] ) : ''; // phpcs:ignore WordPress.Security.NonceVerification -- it only chooses a view.
		return 'server' === $tab || ( 'site' !== $tab && ! Settings::is_own_signer() );
	}

	/** Shows the new secret, as lines for the token server. */
	private static function show_made(): void {
		if ( self::$made_before ) {
			self::notice( 'warning', __( 'No new secret was created, because the page was reloaded. A secret is shown only once. If you lost it, create another.', 'live-chat-for-kinescope-streams' ) );
		}
		if ( '' === self::$made ) {
			return;
		}
		$lines = array(
			'CHAT_IDENTITY=jwt',
			'CHAT_IDENTITY_SECRET=' . self::$made,
			'CHAT_ALLOWED_ORIGINS=' . Connection_Test::origin(),
			'CHAT_EVENTS=' . __( '<ids of your streams, separated by commas>', 'live-chat-for-kinescope-streams' ),
		);
		printf(
			'<div class="notice notice-success" id="%s-made"><p><strong>%s</strong> %s</p><pre style="overflow:auto"><code dir="ltr">%s</code></pre></div>',
			esc_attr( Settings_Form::PAGE ),
			esc_html__( 'The secret is made and saved.', 'live-chat-for-kinescope-streams' ),
			esc_html__( 'It is shown only now. Add these lines to the token server’s settings and restart it:', 'live-chat-for-kinescope-streams' ),
			esc_html( implode( "\n", $lines ) )
		);
	}

	/** Shows the button that makes a secret. */
	private static function show_secret(): void {
		echo '<h2>' . esc_html__( '2. The secret', 'live-chat-for-kinescope-streams' ) . '</h2>';
		if ( Settings::is_secret_in_config() ) {
			/* translators: %s: name of a file */
			echo '<p>' . esc_html( sprintf( __( 'It is set in %s.', 'live-chat-for-kinescope-streams' ), 'wp-config.php' ) ) . '</p>';
			return;
		}
		$has = '' !== Settings::secret();
		echo '<p>' . esc_html__( 'This site signs identity tokens with it, and the token server verifies them. Keep it secret.', 'live-chat-for-kinescope-streams' ) . '</p>';
		if ( $has ) {
			echo '<p>' . esc_html__( 'A secret is set. With a new one, the chat stops working until the token server has it too. Visitors get new pseudonyms.', 'live-chat-for-kinescope-streams' ) . '</p>';
		}
		self::form( self::MAKE, self::fingerprint(), $has ? __( 'Make a new secret', 'live-chat-for-kinescope-streams' ) : __( 'Make a secret', 'live-chat-for-kinescope-streams' ) );
	}

	/** Shows the button that tests the connection, and the result. */
	private static function show_test(): void {
		echo '<h2 id="' . esc_attr( Settings_Form::PAGE ) . '-test">' . esc_html__( '3. Test the connection', 'live-chat-for-kinescope-streams' ) . '</h2>';
		echo '<p>' . esc_html__( 'Requests a token from the token server under your name, as a visitor’s page does.', 'live-chat-for-kinescope-streams' ) . '</p>';
		if ( null !== self::$found ) {
			self::notice( self::$found['ok'] ? 'success' : 'error', self::$found['text'], self::$found['code'] );
		}
		self::form( self::TEST, null, __( 'Test the connection', 'live-chat-for-kinescope-streams' ) );
	}

	/** Explains how to add a chat to a page. */
	private static function show_use(): void {
		echo '<h2>' . esc_html__( 'In a post or page', 'live-chat-for-kinescope-streams' ) . '</h2><p>';
		esc_html_e( 'Add the block “Stream chat”. Or write one of these on its own line:', 'live-chat-for-kinescope-streams' );
		echo '</p><pre><code dir="ltr">[kinescope_chat event="0csUJYzAHfe3PcyMEVScmQ"]' . "\n" . 'https://kinescope.io/chat/0csUJYzAHfe3PcyMEVScmQ</code></pre>';
	}

	/**
	 * Shows a form with one button.
	 *
	 * @param string      $action The action of the form.
	 * @param string|null $value  The value to send; null for a text field with a stream.
	 * @param string      $label  The button's label.
	 */
	private static function form( string $action, ?string $value, string $label ): void {
		echo '<form method="post" action="' . esc_url( admin_url( 'options-general.php?tab=server&page=' . Settings_Form::PAGE ) ) . '">';
		wp_nonce_field( $action );
		if ( null === $value ) {
			printf(
				'<p><label for="%1$s">%2$s</label> <input type="text" id="%1$s" name="%1$s" value="%3$s" class="regular-text code"></p>',
				esc_attr( $action ),
				esc_html__( 'Stream (its id or link)', 'live-chat-for-kinescope-streams' ),
				esc_attr( self::$event )
			);
		} else {
			printf( '<input type="hidden" name="%s" value="%s">', esc_attr( $action ), esc_attr( $value ) );
		}
		submit_button( $label, 'secondary', $action . '_submit', false );
		echo '</form>';
	}

	/**
	 * Shows a notice.
	 *
	 * @param string $kind One of `success`, `warning`, `error`.
	 * @param string $text The text.
	 * @param string $code The code of the result.
	 */
	private static function notice( string $kind, string $text, string $code = '' ): void {
		printf( '<div class="notice notice-%s inline" role="status" data-code="%s"><p>%s</p></div>', esc_attr( $kind ), esc_attr( $code ), esc_html( $text ) );
	}

	/** Returns a hash that identifies the secret without revealing it. */
	private static function fingerprint(): string {
		return substr( hash_hmac( 'sha256', 'fingerprint', wp_salt() . Settings::secret() ), 0, 16 );
	}
}
