<?php
/**
 * Loads the plugin's classes without WordPress, with simple replacements for the functions that they call.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

define( 'ABSPATH', __DIR__ . '/' );
define( 'HOUR_IN_SECONDS', 3600 );
define( 'MINUTE_IN_SECONDS', 60 );
define( 'KB_IN_BYTES', 1024 );

/** Options, in memory. */
$GLOBALS['options'] = array();

function get_option( $name, $fallback = false ) {
	return $GLOBALS['options'][ $name ] ?? $fallback;
}
function esc_attr( $text ) {
	return htmlspecialchars( (string) $text, ENT_QUOTES, 'UTF-8', false );
}
function esc_url( $url ) {
	return esc_attr( $url );
}
function esc_url_raw( $url, $protocols = array() ) {
	return 1 === preg_match( '#^(' . implode( '|', $protocols ) . ')://[\w.:\[\]/%~-]+$#iD', $url ) ? $url : '';
}
function esc_html__( $text ) {
	return $text;
}
function wp_parse_url( $url ) {
	return parse_url( $url );
}
function sanitize_text_field( $text ) {
	return trim( preg_replace( '/\s+/', ' ', strip_tags( $text ) ) );
}
function sanitize_html_class( $text ) {
	return preg_replace( '/[^A-Za-z0-9_-]/', '', $text );
}
function safecss_filter_attr( $css ) {
	return trim( $css );
}
function doing_filter() {
	return false;
}
function home_url() {
	return 'https://www.example.com';
}
function wp_json_encode( $value, $flags = 0 ) {
	return json_encode( $value, $flags );
}
function wp_specialchars_decode( $text ) {
	return html_entity_decode( $text, ENT_QUOTES, 'UTF-8' );
}

/** A user. */
class WP_User { // phpcs:ignore
	public $ID            = 7;
	public $display_name  = 'Жанна &quot;Ж&quot; &amp; Co';
	public $user_nicename = 'zhanna';
	public $first_name    = '';
	public $nickname      = '';

	public function exists() {
		return $this->ID > 0;
	}
}

/** Applies the filter that a test has set. */
function apply_filters( $name, $value ) {
	return isset( $GLOBALS['filters'][ $name ] ) ? $GLOBALS['filters'][ $name ]( ...array_slice( func_get_args(), 1 ) ) : $value;
}
function is_multisite() {
	return false;
}
function wp_cache_delete() {
	return true;
}

/** The options table, as far as `Option_Store` uses it. */
class Fake_Database { // phpcs:ignore
	public $rows       = array();
	public $last_error = '';

	/** The error of every change, as of a full disk. */
	public $fault = '';

	public function get_blog_prefix() {
		return 'wp_';
	}
	public function prepare( $sql, ...$values ) {
		return array( strtok( $sql, ' ' ), $values );
	}
	public function get_var( $query ) {
		return $this->rows[ $query[1][0] ] ?? null;
	}
	public function query( $query ) {
		$this->last_error = $this->fault;
		if ( '' !== $this->fault ) {
			return false;
		}
		list( $verb, $values ) = $query;
		if ( 'INSERT' === $verb ) {
			if ( isset( $this->rows[ $values[0] ] ) ) {
				return 0;
			}
			$this->rows[ $values[0] ] = $values[1];
			return 1;
		}
		$name = 'UPDATE' === $verb ? $values[1] : $values[0];
		if ( md5( $this->rows[ $name ] ?? '' ) !== end( $values ) ) {
			return 0;
		}
		if ( 'UPDATE' === $verb ) {
			$this->rows[ $name ] = $values[0];
		} else {
			unset( $this->rows[ $name ] );
		}
		return 1;
	}
}
$GLOBALS['wpdb'] = new Fake_Database();

spl_autoload_register(
	static function ( $name ) {
		$prefix = 'Live_Chat_For_Kinescope_Streams\\Token_Server\\';
		if ( 0 === strpos( $name, $prefix ) ) {
			require_once __DIR__ . '/../dist/live-chat-for-kinescope-streams/lib/' . substr( $name, strlen( $prefix ) ) . '.php';
		}
	}
);

foreach ( array( 'event-id', 'server-address', 'chat', 'html-token', 'html-tokenizer', 'author-markup', 'settings', 'option-store', 'visitor', 'identity-token', 'shortcode', 'tag', 'page-view', 'template-blocks' ) as $name ) {
	require_once __DIR__ . "/../plugin/includes/class-$name.php";
}
