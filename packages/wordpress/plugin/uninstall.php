<?php
/**
 * Removes the plugin's data, on every site of a network.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

namespace Live_Chat_For_Kinescope_Streams;

defined( 'WP_UNINSTALL_PLUGIN' ) || exit;

/**
 * Removes the options of the current site.
 */
function remove_options(): void {
	delete_option( 'stream_chat_for_kinescope' );
	delete_option( 'stream_chat_for_kinescope_secret' );
	delete_transient( 'stream_chat_for_kinescope_script' );
	foreach ( array( 'list', 'address', 'problem', 'ring', 'claim', 'api_token', 'user_id_key', 'script_claim' ) as $name ) {
		delete_option( 'live_chat_for_kinescope_streams_' . $name );
	}
}

// Delete the keys at Kinescope first. If that fails, the account's owner deletes them there.
require_once __DIR__ . '/live-chat-for-kinescope-streams.php';
try {
	Connection::disconnect();
} catch ( Token_Server\OperatorProblem $live_chat_for_kinescope_streams_problem ) {
	unset( $live_chat_for_kinescope_streams_problem );
}

if ( is_multisite() ) {
	$stream_chat_for_kinescope_page = 0;
	do {
		$stream_chat_for_kinescope_sites = get_sites(
			array(
				'fields'  => 'ids',
				'number'  => 100,
				'offset'  => 100 * $stream_chat_for_kinescope_page,
				'orderby' => 'id',
			)
		);
		foreach ( $stream_chat_for_kinescope_sites as $stream_chat_for_kinescope_site ) {
			switch_to_blog( $stream_chat_for_kinescope_site );
			remove_options();
			restore_current_blog();
		}
		++$stream_chat_for_kinescope_page;
	} while ( $stream_chat_for_kinescope_sites );
} else {
	remove_options();
}

$live_chat_for_kinescope_streams_file = get_site_option( 'live_chat_for_kinescope_streams_seal_file', '' );
if ( is_string( $live_chat_for_kinescope_streams_file ) && basename( $live_chat_for_kinescope_streams_file ) === Sealing::file_name() ) {
	wp_delete_file( $live_chat_for_kinescope_streams_file );
}
delete_site_option( 'live_chat_for_kinescope_streams_seal_file' );
delete_site_option( 'live_chat_for_kinescope_streams_problem' );
