<?php
/**
 * What is being made, and for whom.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

namespace Live_Chat_For_Kinescope_Streams;

defined( 'ABSPATH' ) || exit;

/**
 * Tells a public page that is shown to a visitor from everything else that WordPress makes of a post, and keeps what is
 * made for one visitor from every cache.
 */
final class Page_View {

	/**
	 * Whether the page's template has been chosen, and with it that this is a page at all.
	 *
	 * @var bool
	 */
	private static bool $has_template = false;

	/**
	 * Whether caches have been told in time.
	 *
	 * @var bool
	 */
	private static bool $is_private = false;

	/** Puts itself where pages begin. */
	public static function hook(): void {
		add_action( 'template_redirect', array( self::class, 'look_ahead' ), 0 );
		add_filter( 'template_include', array( self::class, 'begin' ), PHP_INT_MAX );
	}

	/**
	 * Whether a page of HTML is being made for the visitor who asked for it: not a feed, a REST answer, an excerpt, a
	 * page's description in its head, a mail, a scheduled task, a page in another's frame, or an AMP page.
	 */
	public static function is_page(): bool {
		return self::$has_template
			&& ! is_admin() && ! wp_doing_ajax() && ! wp_doing_cron() && ! self::is_constant_on( 'REST_REQUEST' ) && ! self::is_constant_on( 'WP_CLI' )
			&& ! is_feed() && ! is_embed() && ! is_robots() && ! is_trackback() && ! self::is_amp()
			&& ! self::is_comment() && ! doing_filter( 'get_the_excerpt' ) && ! doing_action( 'wp_head' )
			&& ! doing_action( 'save_post' ) && ! doing_action( 'transition_post_status' ) && ! doing_filter( 'wp_mail' ) && ! did_action( 'shutdown' );
	}

	/** Whether a comment is being made: some themes run shortcodes, embeds and blocks in comments, and a commenter opens no chat. */
	public static function is_comment(): bool {
		return doing_filter( 'comment_text' ) || doing_filter( 'get_comment_text' ) || doing_filter( 'comment_excerpt' );
	}

	/** Whether the page shows what isn't public: then a chat is a still picture. */
	public static function is_still(): bool {
		$still = is_preview() || is_customize_preview() || ( doing_filter( 'the_content' ) && ! self::is_public( get_post() ) );
		/**
		 * Lets a page builder say that the page is its canvas.
		 *
		 * @param bool $still Whether chats are still pictures.
		 */
		return (bool) apply_filters( 'stream_chat_for_kinescope_is_still', $still );
	}

	/** Whether what is written now reaches nobody but the visitor: false where it is too late to tell the caches. */
	public static function keep_private(): bool {
		if ( ! self::$is_private && ! headers_sent() ) {
			nocache_headers();
			header( 'Cache-Control: private, no-store, no-cache, must-revalidate, max-age=0' );
			header( 'CDN-Cache-Control: no-store' ); // RFC 9213.
			header( 'X-Accel-Expires: 0' ); // What nginx obeys before all others.
			self::$is_private = true;
		}
		if ( self::$is_private && ! defined( 'DONOTCACHEPAGE' ) ) {
			define( 'DONOTCACHEPAGE', true ); // phpcs:ignore WordPress.NamingConventions.PrefixAllGlobals.NonPrefixedConstantFound -- what page caches look for.
			do_action( 'litespeed_control_set_nocache', 'live-chat-for-kinescope-streams' ); // phpcs:ignore WordPress.NamingConventions.PrefixAllGlobals.NonPrefixedHooknameFound -- LiteSpeed's.
		}
		return self::$is_private && self::is_constant_on( 'DONOTCACHEPAGE' );
	}

	/** Tells caches of a page with a chat before its first byte: in the middle of a page it is too late. */
	public static function look_ahead(): void {
		if ( is_feed() || ! is_user_logged_in() || Settings::is_own_signer() || '' === Settings::secret() ) {
			return;
		}
		$texts = wp_list_pluck( (array) ( $GLOBALS['wp_query']->posts ?? array() ), 'post_content' );
		foreach ( array( 'widget_block', 'widget_text', 'widget_custom_html' ) as $option ) {
			$texts[] = (string) wp_json_encode( get_option( $option, array() ) );
		}
		foreach ( $texts as $text ) {
			if ( is_string( $text ) && self::may_show_chats( $text, 3 ) ) {
				self::keep_private();
				return;
			}
		}
	}

	/**
	 * Remembers that a page is being made.
	 *
	 * @param mixed $template The template's file.
	 * @return mixed The same.
	 */
	public static function begin( $template ) {
		self::$has_template = true;
		return $template;
	}

	/**
	 * Whether a text, or a synced pattern in it, has a chat or its address in it.
	 *
	 * @param string $text  A post's text.
	 * @param int    $depth How many patterns deep to look.
	 */
	private static function may_show_chats( string $text, int $depth ): bool {
		if ( false !== stripos( $text, 'kinescope' ) ) {
			return true;
		}
		if ( 0 === $depth || false === strpos( $text, 'wp:block ' ) ) {
			return false;
		}
		$blocks = parse_blocks( $text );
		while ( $blocks ) {
			$block  = array_pop( $blocks );
			$blocks = array_merge( $blocks, $block['innerBlocks'] );
			$ref    = 'core/block' === $block['blockName'] ? get_post( (int) ( $block['attrs']['ref'] ?? 0 ) ) : null;
			if ( $ref instanceof \WP_Post && self::may_show_chats( $ref->post_content, $depth - 1 ) ) {
				return true;
			}
		}
		return false;
	}

	/**
	 * Whether everybody may see a post, or this visitor a private one: a draft is somebody's who has not been checked yet.
	 *
	 * @param mixed $post What is being shown.
	 */
	private static function is_public( $post ): bool {
		return ! $post instanceof \WP_Post || is_post_publicly_viewable( $post )
			|| ( 'private' === get_post_status( $post ) && current_user_can( 'read_post', $post->ID ) );
	}

	/** Whether an AMP page is being made, where no script of ours runs (the official plugin, AMP for WP). */
	private static function is_amp(): bool {
		foreach ( array( 'amp_is_request', 'is_amp_endpoint', 'ampforwp_is_amp_endpoint' ) as $asks ) {
			if ( function_exists( $asks ) && $asks() ) {
				return true;
			}
		}
		return false;
	}

	/**
	 * Whether a constant is there and true.
	 *
	 * @param string $name Its name.
	 */
	private static function is_constant_on( string $name ): bool {
		return defined( $name ) && constant( $name );
	}
}
