<?php
/**
 * Removes what the plugin keeps, on every site of a network.
 *
 * @package Stream_Chat_For_Kinescope
 */

namespace Stream_Chat_For_Kinescope;

defined( 'WP_UNINSTALL_PLUGIN' ) || exit;

/**
 * Removes it on the site that is current.
 */
function remove_options(): void {
	delete_option( 'stream_chat_for_kinescope' );
	delete_option( 'stream_chat_for_kinescope_secret' );
	delete_transient( 'stream_chat_for_kinescope_script' );
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
