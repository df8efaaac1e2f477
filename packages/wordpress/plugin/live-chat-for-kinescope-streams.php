<?php
/**
 * Plugin Name:       Live Chat for Kinescope Streams
 * Description:       Puts the chat of a Kinescope live stream into posts, pages and templates, with your visitors already signed in. Unofficial.
 * Version:           0.1.0
 * Requires at least: 6.1
 * Requires PHP:      7.4
 * Author:            The kinescope-chat authors
 * License:           MIT
 * License URI:       https://opensource.org/license/mit
 * Text Domain:       live-chat-for-kinescope-streams
 * Domain Path:       /languages
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

namespace Live_Chat_For_Kinescope_Streams;

defined( 'ABSPATH' ) || exit;

const VERSION = '0.1.0';
const FILE    = __FILE__;

spl_autoload_register(
	static function ( string $name ): void {
		if ( 0 !== strpos( $name, __NAMESPACE__ . '\\' ) ) {
			return;
		}
		$name = substr( $name, strlen( __NAMESPACE__ ) + 1 );
		$path = 0 === strpos( $name, 'Token_Server\\' )
			? '/lib/' . substr( $name, 13 ) . '.php'
			: '/includes/class-' . strtolower( str_replace( '_', '-', $name ) ) . '.php';
		if ( is_file( __DIR__ . $path ) ) {
			require_once __DIR__ . $path;
		}
	}
);

Token_Route::hook();
Page_View::hook();
Script::hook();
Content::hook();
Template_Blocks::hook();
Shortcode::hook();
Address_Line::hook();
Block::hook();
Upkeep::hook();
if ( is_admin() ) {
	Settings_Page::hook();
	Setup_Page::hook();
	Privacy::hook();
	Former_Plugin::hook();
}
Site_Health::hook();
if ( defined( 'WP_CLI' ) && \WP_CLI ) {
	\WP_CLI::add_command( 'kinescope-chat', Cli::class );
}

register_activation_hook( __FILE__, array( Upkeep::class, 'resume' ) );
register_deactivation_hook( __FILE__, array( Upkeep::class, 'unschedule' ) );

add_action(
	'init',
	static function (): void {
		// The WordPress.org directory provides its own translations. These are for a plugin installed from a file.
		load_plugin_textdomain( 'live-chat-for-kinescope-streams', false, dirname( plugin_basename( FILE ) ) . '/languages' );
	}
);
