<?php
/**
 * The block.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

namespace Live_Chat_For_Kinescope_Streams;

defined( 'ABSPATH' ) || exit;

/**
 * The block of the editor. A post stores the block's settings, and the plugin writes the tag when the post is shown.
 */
final class Block {

	public const NAME = 'stream-chat-for-kinescope/chat';

	private const HANDLE = 'live-chat-for-kinescope-streams-block';

	/** Registers the block at `init`. */
	public static function hook(): void {
		add_action( 'init', array( self::class, 'register' ) );
	}

	/** Registers the block and its editor script. */
	public static function register(): void {
		$folder       = plugin_dir_path( FILE ) . 'blocks/chat';
		$address      = plugins_url( 'blocks/chat', FILE );
		$dependencies = array( 'wp-blocks', 'wp-element', 'wp-block-editor', 'wp-components', 'wp-i18n' );
		wp_register_script( self::HANDLE, "$address/editor.js", $dependencies, VERSION, true );
		wp_register_style( self::HANDLE, "$address/editor.css", array(), VERSION );
		wp_set_script_translations( self::HANDLE, 'live-chat-for-kinescope-streams', plugin_dir_path( FILE ) . 'languages' );
		register_block_type( $folder, array( 'render_callback' => array( self::class, 'show' ) ) );
	}

	/**
	 * Returns the block as HTML, without an identity token.
	 *
	 * @param mixed $saved The saved settings; untrusted.
	 */
	public static function show( $saved ): string {
		$saved = is_array( $saved ) ? $saved : array();
		$given = array( 'event-id' => $saved['event'] ?? null );
		foreach ( array( 'language', 'label', 'loading', 'refresh', 'height', 'help' ) as $name ) {
			$given[ $name ] = $saved[ $name ] ?? null;
		}
		$chat = Chat::read( $given );
		if ( null === $chat || Page_View::is_comment() ) {
			return '';
		}
		$tag = Tag::unsigned( $chat, self::is_in_template() ? Template_Blocks::mark() : '' );
		return '<div ' . get_block_wrapper_attributes() . '>' . $tag . '</div>';
	}

	/** Whether the block is part of a template, and not of a text that is shown as a whole. */
	private static function is_in_template(): bool {
		return Page_View::is_page() && ! doing_filter( 'the_content' ) && ! doing_filter( 'widget_block_content' );
	}
}
