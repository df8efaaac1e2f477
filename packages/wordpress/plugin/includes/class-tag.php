<?php
/**
 * The tag of a chat.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

namespace Live_Chat_For_Kinescope_Streams;

defined( 'ABSPATH' ) || exit;

/**
 * Writes the `<kinescope-chat>` tags of posts and templates. No author's markup becomes part of a tag.
 */
final class Tag {

	/** The maximum number of identity tokens in one page. */
	private const MAX_IDENTITY_TOKENS = 50;

	/**
	 * The number of identity tokens in this page.
	 *
	 * @var int
	 */
	private static int $identity_tokens = 0;

	/**
	 * Returns the whole element without an identity token. The token is added when the page is shown.
	 *
	 * @param Chat   $chat The chat.
	 * @param string $mark A mark, by which `Template_Blocks` finds the tag again.
	 */
	public static function unsigned( Chat $chat, string $mark = '' ): string {
		if ( Settings::is_own_signer() ) {
			return self::open( $chat ) . self::link( $chat ) . '</kinescope-chat>';
		}
		$marked = '' === $mark ? array() : array( Template_Blocks::MARK => $mark );
		return self::write( $chat->attributes, $chat->event, $marked ) . self::link( $chat ) . '</kinescope-chat>';
	}

	/**
	 * Returns the start tag that is shown. With a token server, a signed-in visitor's public page gets an identity token.
	 *
	 * @param Chat $chat The chat.
	 */
	public static function open( Chat $chat ): string {
		if ( ! Page_View::is_page() ) {
			return self::write( $chat->attributes, $chat->event, array() );
		}
		Script::enqueue();
		if ( Page_View::is_still() ) {
			return self::write( $chat->still()->attributes, $chat->event, array() );
		}
		$server = Settings::server();
		if ( '' === $server ) {
			// Nothing here depends on the visitor, so a page cache may store the page for all visitors.
			$ours = array(
				'token-url'  => Token_Route::address(),
				'signin-url' => wp_login_url( self::here() ),
			);
			return self::write( $chat->attributes, $chat->event, $ours );
		}
		$ours = array( 'token-url' => $server . '/token' );
		if ( ! is_user_logged_in() ) {
			$ours['signin-url'] = wp_login_url( self::here() );
		} elseif ( ! isset( $chat->attributes['preview'] ) && self::$identity_tokens < self::MAX_IDENTITY_TOKENS && Page_View::keep_private() ) {
			$identity_token = Identity_Token::make( wp_get_current_user(), $chat->event, Settings::hours() * HOUR_IN_SECONDS );
			if ( null !== $identity_token ) {
				++self::$identity_tokens;
				$ours['identity'] = $identity_token;
			}
		}
		return self::write( $chat->attributes, $chat->event, $ours );
	}

	/**
	 * Returns the link that is shown until the chat loads, and where no script runs.
	 *
	 * @param Chat $chat The chat.
	 */
	public static function link( Chat $chat ): string {
		return self::open_link( $chat ) . esc_html__( 'Open the chat', 'live-chat-for-kinescope-streams' ) . '</a>';
	}

	/**
	 * Returns the start tag of that link.
	 *
	 * @param Chat $chat The chat.
	 */
	public static function open_link( Chat $chat ): string {
		return sprintf( '<a slot="placeholder" href="%s">', esc_url( Event_Id::address( $chat->event ) ) );
	}

	/**
	 * Writes the start tag.
	 *
	 * @param array<string, string|true> $chosen The author's attributes.
	 * @param string                     $event  The stream's id.
	 * @param array<string, string>      $ours   The plugin's attributes.
	 */
	private static function write( array $chosen, string $event, array $ours ): string {
		$html = sprintf( '<kinescope-chat event-id="%s"', self::escape( $event ) );
		foreach ( $ours + $chosen as $name => $value ) {
			$html .= true === $value ? " $name" : sprintf( ' %s="%s"', $name, self::escape( $value ) );
		}
		return $html . '>';
	}

	/**
	 * Escapes an attribute's value, and brackets in it, so that WordPress finds no shortcode in the value.
	 *
	 * @param string $value Any text.
	 */
	private static function escape( string $value ): string {
		return str_replace( array( '[', ']' ), array( '&#91;', '&#93;' ), esc_attr( $value ) );
	}

	/**
	 * Returns the page's address, to which a visitor returns after sign-in, with only the parameters that choose the page.
	 * Others may identify a visitor, and a page cache may store this page for all visitors.
	 */
	private static function here(): string {
		$link = is_singular() ? get_permalink( get_queried_object_id() ) : false;
		if ( is_string( $link ) ) {
			return $link;
		}
		$parts = explode( '?', isset( $_SERVER['REQUEST_URI'] ) ? sanitize_url( wp_unslash( $_SERVER['REQUEST_URI'] ) ) : '/', 2 );
		wp_parse_str( $parts[1] ?? '', $given );
		$kept = array_intersect_key( $given, array_flip( $GLOBALS['wp']->public_query_vars ) );
		return Token_Server\Origin::of( Token_Route::home() ) . $parts[0] . ( array() === $kept ? '' : '?' . http_build_query( $kept ) );
	}
}
