<?php
/**
 * The plugin under its former name.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

namespace Live_Chat_For_Kinescope_Streams;

defined( 'ABSPATH' ) || exit;

/**
 * Deactivates the plugin's former version, which has the same block and shortcode.
 */
final class Former_Plugin {

	private const FILE = 'stream-chat-for-kinescope/stream-chat-for-kinescope.php';

	/** Registers the check for the former version. */
	public static function hook(): void {
		add_action( 'admin_init', array( self::class, 'switch_off' ) );
	}

	/** Deactivates the former version. This plugin uses the same settings. */
	public static function switch_off(): void {
		if ( is_plugin_active( self::FILE ) && current_user_can( 'activate_plugins' ) ) {
			deactivate_plugins( self::FILE, true );
		}
	}
}
