<?php
/**
 * The form of the settings.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

namespace Live_Chat_For_Kinescope_Streams;

defined( 'ABSPATH' ) || exit;

/**
 * Shows the fields of the settings, and validates the values that the form sends.
 */
final class Settings_Form {

	/** The group of settings, and the page that shows them. */
	public const PAGE = 'live-chat-for-kinescope-streams';

	/** Registers the fields. */
	public static function register(): void {
		Settings::prepare();
		register_setting(
			self::PAGE,
			Settings::OPTION,
			array(
				'type'              => 'array',
				'sanitize_callback' => array( self::class, 'read' ),
				'show_in_rest'      => false,
			)
		);
		if ( ! Settings::is_secret_in_config() ) {
			register_setting(
				self::PAGE,
				Settings::SECRET,
				array(
					'type'              => 'string',
					'sanitize_callback' => array( self::class, 'read_secret' ),
					'show_in_rest'      => false,
				)
			);
		}
		add_settings_section( 'main', '', '__return_null', self::PAGE );
		self::field( 'server', __( 'Token server', 'live-chat-for-kinescope-streams' ) );
		self::field( 'hours', __( 'Lifetime of the identity token', 'live-chat-for-kinescope-streams' ) );
		self::field( 'secret', __( 'Secret of the token server', 'live-chat-for-kinescope-streams' ) );
	}

	/**
	 * Validates the values that the form sent.
	 *
	 * @param mixed $given The sent value; untrusted.
	 * @return array<string, string|int>
	 */
	public static function read( $given ): array {
		$given  = is_array( $given ) ? $given : array();
		$asked  = is_string( $given['server'] ?? null ) ? trim( $given['server'] ) : '';
		$server = '' === $asked ? '' : Server_Address::read( $asked );
		if ( null === $server ) {
			add_settings_error( Settings::OPTION, 'server', __( 'The token server’s address was not saved. It must begin with https:// or be on this machine, and end with its path.', 'live-chat-for-kinescope-streams' ) );
			$server = Settings::server();
		}
		delete_transient( Script::TRANSIENT );
		$hours = is_numeric( $given['hours'] ?? null ) ? (int) $given['hours'] : Settings::hours();
		return array(
			'server' => $server,
			'hours'  => max( 1, min( Settings::MAX_HOURS, $hours ) ),
		);
	}

	/**
	 * Validates the secret. An empty field keeps the current secret, because the form never shows the secret.
	 *
	 * @param mixed $given The sent value; untrusted.
	 */
	public static function read_secret( $given ): string {
		$given = is_string( $given ) ? trim( $given ) : '';
		if ( '' === $given || Settings::is_strong( $given ) ) {
			return '' === $given ? Settings::secret() : $given;
		}
		/* translators: %d: a number */
		$text = __( 'The secret was not saved. It must have %d characters or more, and no repeated pattern.', 'live-chat-for-kinescope-streams' );
		add_settings_error( Settings::SECRET, 'secret', sprintf( $text, Settings::MIN_SECRET ) );
		return Settings::secret();
	}

	/** The field for the server's address. */
	public static function show_server(): void {
		printf(
			'<input type="url" id="%1$s-server" name="%2$s[server]" value="%3$s" class="regular-text code" placeholder="https://chat.example.com" aria-describedby="%1$s-server-help"><p class="description" id="%1$s-server-help">%4$s</p>',
			esc_attr( self::PAGE ),
			esc_attr( Settings::OPTION ),
			esc_attr( Settings::server() ),
			esc_html__( 'The address of kinescope-chat-server. Your visitors’ browsers get the chat’s script and their tokens there.', 'live-chat-for-kinescope-streams' )
		);
	}

	/** The field for the lifetime of an identity token. */
	public static function show_hours(): void {
		printf(
			'<input type="number" id="%1$s-hours" name="%2$s[hours]" value="%3$d" min="1" max="%4$d" step="1" class="small-text" aria-describedby="%1$s-hours-help"> %5$s<p class="description" id="%1$s-hours-help">%6$s</p>',
			esc_attr( self::PAGE ),
			esc_attr( Settings::OPTION ),
			(int) Settings::hours(),
			(int) Settings::MAX_HOURS,
			esc_html__( 'hours', 'live-chat-for-kinescope-streams' ),
			esc_html__( 'Choose as long as visitors keep a page open. After that, the chat asks them to reload the page. A visitor whom you sign out or ban here stays in the chat until then.', 'live-chat-for-kinescope-streams' )
		);
	}

	/** The field for a secret that the token server already has. */
	public static function show_secret(): void {
		if ( Settings::is_secret_in_config() ) {
			/* translators: %s: name of a file */
			echo esc_html( sprintf( __( 'It is set in %s.', 'live-chat-for-kinescope-streams' ), 'wp-config.php' ) );
			if ( '' === Settings::secret() ) {
				/* translators: %d: a number */
				echo ' <strong>' . esc_html( sprintf( __( 'It is too weak. Use %d characters or more.', 'live-chat-for-kinescope-streams' ), Settings::MIN_SECRET ) ) . '</strong>';
			}
			return;
		}
		printf(
			'<input type="password" id="%1$s-secret" name="%2$s" value="" autocomplete="new-password" spellcheck="false" class="regular-text code" placeholder="%3$s" aria-describedby="%1$s-secret-help"><p class="description" id="%1$s-secret-help">%4$s</p>',
			esc_attr( self::PAGE ),
			esc_attr( Settings::SECRET ),
			esc_attr( '' === Settings::secret() ? '' : __( 'A secret is set. Leave empty to keep it', 'live-chat-for-kinescope-streams' ) ),
			esc_html__( 'Only if the token server already has a secret for another site. Otherwise, create one below.', 'live-chat-for-kinescope-streams' )
		);
	}

	/**
	 * Registers a field.
	 *
	 * @param string $name  The name of its method, without `show_`.
	 * @param string $label The label.
	 */
	private static function field( string $name, string $label ): void {
		$for = 'secret' === $name && Settings::is_secret_in_config() ? array() : array( 'label_for' => self::PAGE . '-' . $name );
		add_settings_field( $name, $label, array( self::class, 'show_' . $name ), self::PAGE, 'main', $for );
	}
}
