<?php
/**
 * Values that several processes share.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

namespace Live_Chat_For_Kinescope_Streams;

defined( 'ABSPATH' ) || exit;

use Live_Chat_For_Kinescope_Streams\Token_Server\KinescopeApi;
use Live_Chat_For_Kinescope_Streams\Token_Server\OperatorProblem;
use Live_Chat_For_Kinescope_Streams\Token_Server\Store;

/**
 * Stores values as rows of the options table of the network's main site, without caches, and never autoloaded.
 * `update_option()` can't compare and swap.
 */
final class Option_Store implements Store {

	private const PREFIX = 'live_chat_for_kinescope_streams_';

	/** The names of the stored values. */
	public const NAMES = array( 'ring', 'claim', 'api_token', 'user_id_key', 'script_claim' );

	/**
	 * Reads a value. Returns null if there is none.
	 *
	 * @param string $name The value's name.
	 */
	public function read( string $name ): ?string {
		$db    = $GLOBALS['wpdb'];
		$table = self::table();
		// phpcs:ignore WordPress.DB -- a cached key ring may be outdated.
		$value = $db->get_var( $db->prepare( "SELECT option_value FROM $table WHERE option_name = %s", self::PREFIX . $name ) );
		return is_string( $value ) ? $value : null;
	}

	/**
	 * Replaces a value only if it still is the old one.
	 *
	 * @param string      $name The value's name.
	 * @param string|null $old  Null if there is none.
	 * @param string|null $new  Null removes the value.
	 * @throws OperatorProblem If the database fails: no other process has changed the value then.
	 */
	public function swap( string $name, ?string $old, ?string $new ): bool {
		$db     = $GLOBALS['wpdb'];
		$table  = self::table();
		$option = self::PREFIX . $name;
		$same   = md5( (string) $old );
		// phpcs:disable WordPress.DB -- the table's name comes from WordPress, and the cache is cleared below.
		if ( null === $old && null === $new ) {
			return null === $this->read( $name );
		} elseif ( null === $old ) {
			$sql = $db->prepare( "INSERT IGNORE INTO $table (option_name, option_value, autoload) VALUES (%s, %s, 'no')", $option, $new );
		} elseif ( null === $new ) {
			$sql = $db->prepare( "DELETE FROM $table WHERE option_name = %s AND MD5(option_value) = %s", $option, $same );
		} else {
			$sql = $db->prepare( "UPDATE $table SET option_value = %s WHERE option_name = %s AND MD5(option_value) = %s", $new, $option, $same );
		}
		$changed = $db->query( $sql );
		// phpcs:enable
		wp_cache_delete( $option, 'options' );
		wp_cache_delete( 'notoptions', 'options' );
		if ( false === $changed ) {
			throw new OperatorProblem( 'database-failed', 'The database reports: ' . KinescopeApi::shown( (string) $db->last_error ), 'Try again. If it fails again, ask your hosting provider to check the database.' ); // phpcs:ignore WordPress.Security.EscapeOutput -- Problem_Text's callers escape it.
		}
		return 1 === $changed;
	}

	/** Returns the table's name. The table has one row for each option. */
	private static function table(): string {
		return $GLOBALS['wpdb']->get_blog_prefix( is_multisite() ? get_main_site_id() : null ) . 'options';
	}
}
