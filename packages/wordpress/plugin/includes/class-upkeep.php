<?php
/**
 * The maintenance of the keys.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

namespace Live_Chat_For_Kinescope_Streams;

defined( 'ABSPATH' ) || exit;

use Live_Chat_For_Kinescope_Streams\Token_Server\OperatorProblem;

/**
 * Rotates keys and removes old ones: daily with WP-Cron, and after a token response where WP-Cron doesn't run.
 */
final class Upkeep {

	private const EVENT = 'live_chat_for_kinescope_streams_upkeep';

	/** The option with the code of the last failure. A network has one, as it has one API token. */
	public const PROBLEM = 'live_chat_for_kinescope_streams_problem';

	/** Registers the maintenance for WP-Cron. */
	public static function hook(): void {
		add_action( self::EVENT, array( self::class, 'run' ) );
	}

	/** Schedules a daily run. */
	public static function schedule(): void {
		if ( ! wp_next_scheduled( self::EVENT ) ) {
			wp_schedule_event( time() + wp_rand( HOUR_IN_SECONDS, DAY_IN_SECONDS ), 'daily', self::EVENT );
		}
	}

	/** Schedules the daily run again when the plugin is activated. */
	public static function resume(): void {
		if ( Connection::has_api_token() ) {
			self::schedule();
		}
	}

	/** Cancels the daily run. */
	public static function unschedule(): void {
		wp_clear_scheduled_hook( self::EVENT );
	}

	/** Compares the keys with Kinescope's list, and rotates and removes keys if due. */
	public static function run(): void {
		try {
			if ( Connection::is_connected() && Connection::has_api_token() && ! Connection::keys()->isCopy() ) {
				Connection::keys()->reconcile( Connection::api() );
			}
			delete_site_option( self::PROBLEM );
		} catch ( OperatorProblem $problem ) {
			update_site_option( self::PROBLEM, $problem->problem );
		}
	}

	/** Maintains the keys, if due, after the visitor has the response. */
	public static function after_response(): void {
		try {
			if ( Connection::has_api_token() && Connection::keys()->isDue() ) {
				self::run();
			}
		} catch ( OperatorProblem $problem ) {
			return; // The settings page shows what is wrong with the keys.
		}
	}
}
