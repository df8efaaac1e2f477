<?php
/**
 * The kind of the current page view.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

namespace Live_Chat_For_Kinescope_Streams;

defined( 'ABSPATH' ) || exit;

/**
 * Tells a page for a visitor from the other output that WordPress makes of a post, and keeps a page for one visitor out
 * of every cache.
 */
final class Page_View {

	/**
	 * Whether WordPress has chosen a template, which it does only for pages.
	 *
	 * @var bool
	 */
	private static bool $has_template = false;

	/**
	 * Whether the headers that prevent caching were sent in time.
	 *
	 * @var bool
	 */
	private static bool $is_private = false;

	/** Registers the hooks at the beginning of a page. */
	public static function hook(): void {
		add_action( 'template_redirect', array( self::class, 'look_ahead' ), 0 );
		add_filter( 'template_include', array( self::class, 'begin' ), PHP_INT_MAX );
	}

	/**
	 * Whether WordPress is making an HTML page for a visitor. Feeds, REST responses, excerpts, descriptions in a page's
	 * head, mails, scheduled tasks, embedded pages and AMP pages don't count.
	 */
	public static function is_page(): bool {
		return self::$has_template
			&& ! is_admin() && ! wp_doing_ajax() && ! wp_doing_cron() && ! self::is_constant_on( 'REST_REQUEST' ) && ! self::is_constant_on( 'WP_CLI' )
			&& ! is_feed() && ! is_embed() && ! is_robots() && ! is_trackback() && ! self::is_amp()
			&& ! self::is_comment() && ! doing_filter( 'get_the_excerpt' ) && ! doing_action( 'wp_head' )
			&& ! doing_action( 'save_post' ) && ! doing_action( 'transition_post_status' ) && ! doing_filter( 'wp_mail' ) && ! did_action( 'shutdown' );
	}

	/**
	 * Whether WordPress is making a comment. Some themes run shortcodes, embeds and blocks in comments, but a commenter
	 * may not add a chat.
	 */
	public static function is_comment(): bool {
		return doing_filter( 'comment_text' ) || doing_filter( 'get_comment_text' ) || doing_filter( 'comment_excerpt' );
	}

	/** Whether the page shows a text that isn't public. A chat is then a static preview. */
	public static function is_still(): bool {
		$still = is_preview() || is_customize_preview() || ( doing_filter( 'the_content' ) && ! self::is_public( get_post() ) );
		/**
		 * Lets a page builder mark the page as its canvas.
		 *
		 * @param bool $still Whether chats are static previews.
		 */
		return (bool) apply_filters( 'stream_chat_for_kinescope_is_still', $still );
	}

	/** Keeps the page out of all caches. Returns false if the headers are sent, or if another plugin allows caching. */
	public static function keep_private(): bool {
		if ( ! self::$is_private && ! headers_sent() ) {
			nocache_headers();
			header( 'Cache-Control: private, no-store, no-cache, must-revalidate, max-age=0' );
			header( 'CDN-Cache-Control: no-store' ); // RFC 9213.
			header( 'X-Accel-Expires: 0' ); // The nginx server gives this header precedence.
			self::$is_private = true;
		}
		if ( self::$is_private && ! defined( 'DONOTCACHEPAGE' ) ) {
			define( 'DONOTCACHEPAGE', true ); // phpcs:ignore WordPress.NamingConventions.PrefixAllGlobals.NonPrefixedConstantFound -- page caches read this name.
			do_action( 'litespeed_control_set_nocache', 'live-chat-for-kinescope-streams' ); // phpcs:ignore WordPress.NamingConventions.PrefixAllGlobals.NonPrefixedHooknameFound -- LiteSpeed's.
		}
		return self::$is_private && self::is_constant_on( 'DONOTCACHEPAGE' );
	}

	/** Prevents caching of a page that may have a chat before its first byte is sent. Later is too late. */
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
	 * Records that WordPress is making a page.
	 *
	 * @param mixed $template The template's file.
	 * @return mixed The same file.
	 */
	public static function begin( $template ) {
		self::$has_template = true;
		return $template;
	}

	/**
	 * Whether a text, or a synced pattern in it, may contain a chat or its address.
	 *
	 * @param string $text  A post's text.
	 * @param int    $depth How many levels of patterns to read.
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
	 * Whether a post is public, or private and this visitor may read it. Drafts don't count, because they may not be
	 * reviewed yet.
	 *
	 * @param mixed $post The post that is shown.
	 */
	private static function is_public( $post ): bool {
		return ! $post instanceof \WP_Post || is_post_publicly_viewable( $post )
			|| ( 'private' === get_post_status( $post ) && current_user_can( 'read_post', $post->ID ) );
	}

	/** Whether this is an AMP page (the official plugin, AMP for WP), where the plugin's script can't run. */
	private static function is_amp(): bool {
		foreach ( array( 'amp_is_request', 'is_amp_endpoint', 'ampforwp_is_amp_endpoint' ) as $asks ) {
			if ( function_exists( $asks ) && $asks() ) {
				return true;
			}
		}
		return false;
	}

	/**
	 * Whether a constant is defined and true.
	 *
	 * @param string $name The constant's name.
	 */
	private static function is_constant_on( string $name ): bool {
		return defined( $name ) && constant( $name );
	}
}
