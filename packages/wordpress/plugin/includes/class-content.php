<?php
/**
 * Chats in authors' texts.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

namespace Live_Chat_For_Kinescope_Streams;

defined( 'ABSPATH' ) || exit;

/**
 * Rewrites the chats in authors' texts, after all other filters. Every notation of a chat leaves a tag in the text, and
 * this class reads and rewrites each tag. A shortcode or a block inside an attribute, a comment or a textarea is not a
 * tag there, so it gets no identity token.
 */
final class Content {

	/** Registers the filters, to run after all others. */
	public static function hook(): void {
		add_filter( 'the_content', array( self::class, 'show' ), PHP_INT_MAX );
		foreach ( array( 'widget_text', 'widget_text_content', 'widget_custom_html_content', 'widget_block_content' ) as $filter ) {
			add_filter( $filter, array( self::class, 'show' ), PHP_INT_MAX );
		}
		add_filter( 'wp_kses_allowed_html', array( self::class, 'allow' ), 10, 2 );
	}

	/**
	 * Returns a text with its chats as visitors see them.
	 *
	 * @param mixed $html An author's text.
	 * @return mixed The same type.
	 */
	public static function show( $html ) {
		// An excerpt shows no chat.
		if ( ! is_string( $html ) || doing_filter( 'get_the_excerpt' ) ) {
			return $html;
		}
		if ( ! Settings::is_own_signer() ) {
			return Author_Markup::rewrite( $html, array( Tag::class, 'open' ) );
		}
		if ( false === stripos( $html, 'kinescope-chat' ) ) {
			return $html;
		}
		if ( Page_View::is_page() ) {
			Script::enqueue();
		}
		// The script opens links only inside this element, so links in comments stay links.
		return false === strpos( $html, '#kinescope-chat' ) ? $html : '<div class="' . Script::SCOPE . '" style="display:contents">' . $html . '</div>';
	}

	/**
	 * Allows the tag in posts for authors of every role. Comments have another context.
	 *
	 * @param mixed $allowed The allowed elements and attributes.
	 * @param mixed $context The context of the text.
	 * @return mixed
	 */
	public static function allow( $allowed, $context ) {
		if ( 'post' === $context && is_array( $allowed ) ) {
			$allowed['kinescope-chat'] = array_fill_keys( array_merge( Chat::SETTINGS, array( 'lang', 'dir' ) ), true );
		}
		return $allowed;
	}
}
