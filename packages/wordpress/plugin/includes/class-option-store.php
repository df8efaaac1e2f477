<?php
/**
 * Values that several processes share.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

namespace Live_Chat_For_Kinescope_Streams;

defined( 'ABSPATH' ) || exit;

use Live_Chat_For_Kinescope_Streams\Token_Server\Store;

/**
 * Rows of the options table of the network's main site, read and written past every cache, and never autoloaded.
 * `update_option()` can't compare and swap.
 */
final class Option_Store implements Store {

	private const PREFIX = 'live_chat_for_kinescope_streams_';

	/** What the plugin keeps here. */
	public const NAMES = array( 'ring', 'claim', 'api_token', 'user_id_key', 'script_claim' );

	/**
	 * The value; null if there is none.
	 *
	 * @param string $name Its name.
	 */
	public function read( string $name ): ?string {
		$db    = $GLOBALS['wpdb'];
		$table = self::table();
		// phpcs:ignore WordPress.DB -- a cached key ring would be an old one.
		$value = $db->get_var( $db->prepare( "SELECT option_value FROM $table WHERE option_name = %s", self::PREFIX . $name ) );
		return is_string( $value ) ? $value : null;
	}

	/**
	 * Replaces a value only if it still is the old one.
	 *
	 * @param string      $name Its name.
	 * @param string|null $old  Null if there is none.
	 * @param string|null $new  Null removes it.
	 */
	public function swap( string $name, ?string $old, ?string $new ): bool {
		$db     = $GLOBALS['wpdb'];
		$table  = self::table();
		$option = self::PREFIX . $name;
		$same   = md5( (string) $old );
		// phpcs:disable WordPress.DB -- the table's name comes from WordPress, and the cache is told below.
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
		return 1 === $changed;
	}

	/** The table, which has one row a name. */
	private static function table(): string {
		return $GLOBALS['wpdb']->get_blog_prefix( is_multisite() ? get_main_site_id() : null ) . 'options';
	}
}
