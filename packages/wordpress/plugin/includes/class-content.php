<?php
/**
 * What authors write, where it is shown.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

namespace Live_Chat_For_Kinescope_Streams;

defined( 'ABSPATH' ) || exit;

/**
 * The one place where a text of authors becomes part of a page. Every way of writing a chat leaves a tag in the text,
 * and here, after all others have had their hands on the text, each tag is read and written anew. A shortcode or a
 * block that somebody hid in an attribute, a comment or a textarea is no tag by then, and gets no statement.
 */
final class Content {

	/** Puts itself behind all others. */
	public static function hook(): void {
		add_filter( 'the_content', array( self::class, 'show' ), PHP_INT_MAX );
		foreach ( array( 'widget_text', 'widget_text_content', 'widget_custom_html_content', 'widget_block_content' ) as $filter ) {
			add_filter( $filter, array( self::class, 'show' ), PHP_INT_MAX );
		}
		add_filter( 'wp_kses_allowed_html', array( self::class, 'allow' ), 10, 2 );
	}

	/**
	 * A text with its chats as they are shown.
	 *
	 * @param mixed $html A text of authors.
	 * @return mixed The same kind.
	 */
	public static function show( $html ) {
		// An excerpt of it has no room for a chat.
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
		// The script opens links inside this box only: in a comment they stay links.
		return false === strpos( $html, '#kinescope-chat' ) ? $html : '<div class="' . Script::SCOPE . '" style="display:contents">' . $html . '</div>';
	}

	/**
	 * Lets authors of every role keep the tag. WordPress asks this for a post's own text only, not for comments.
	 *
	 * @param mixed $allowed What it lets them keep.
	 * @param mixed $context What the text is for.
	 * @return mixed
	 */
	public static function allow( $allowed, $context ) {
		if ( 'post' === $context && is_array( $allowed ) ) {
			$allowed['kinescope-chat'] = array_fill_keys( array_merge( Chat::SETTINGS, array( 'lang', 'dir' ) ), true );
		}
		return $allowed;
	}
}
