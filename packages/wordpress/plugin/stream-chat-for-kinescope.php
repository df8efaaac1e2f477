<?php
/**
 * Plugin Name:       Stream Chat for Kinescope
 * Description:       Puts the chat of a Kinescope live stream into posts, pages and templates, with your visitors already signed in. Unofficial.
 * Version:           0.1.0
 * Requires at least: 6.1
 * Requires PHP:      7.4
 * Author:            The kinescope-chat authors
 * License:           MIT
 * License URI:       https://opensource.org/license/mit
 * Text Domain:       stream-chat-for-kinescope
 * Domain Path:       /languages
 *
 * @package Stream_Chat_For_Kinescope
 */

namespace Stream_Chat_For_Kinescope;

defined( 'ABSPATH' ) || exit;

const VERSION = '0.1.0';
const FILE    = __FILE__;

require_once __DIR__ . '/includes/class-event-id.php';
require_once __DIR__ . '/includes/class-server-address.php';
require_once __DIR__ . '/includes/class-chat.php';
require_once __DIR__ . '/includes/class-html-token.php';
require_once __DIR__ . '/includes/class-html-tokenizer.php';
require_once __DIR__ . '/includes/class-author-markup.php';
require_once __DIR__ . '/includes/class-settings.php';
require_once __DIR__ . '/includes/class-statement.php';
require_once __DIR__ . '/includes/class-page-view.php';
require_once __DIR__ . '/includes/class-script.php';
require_once __DIR__ . '/includes/class-tag.php';
require_once __DIR__ . '/includes/class-content.php';
require_once __DIR__ . '/includes/class-template-blocks.php';
require_once __DIR__ . '/includes/class-shortcode.php';
require_once __DIR__ . '/includes/class-address-line.php';
require_once __DIR__ . '/includes/class-block.php';
require_once __DIR__ . '/includes/class-connection-test.php';
require_once __DIR__ . '/includes/class-settings-form.php';
require_once __DIR__ . '/includes/class-settings-page.php';
require_once __DIR__ . '/includes/class-privacy.php';

Page_View::hook();
Script::hook();
Content::hook();
Template_Blocks::hook();
Shortcode::hook();
Address_Line::hook();
Block::hook();
Settings_Page::hook();
Privacy::hook();

add_action(
	'init',
	static function (): void {
		// The directory brings its own translations; these are for a plugin that came as a file.
		load_plugin_textdomain( 'stream-chat-for-kinescope', false, dirname( plugin_basename( FILE ) ) . '/languages' );
	}
);
