<?php
/**
 * The plugin's rooms without a WordPress around them: the few functions that they call, as plain as they can be.
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

/** Somebody. */
class WP_User { // phpcs:ignore
	public $ID            = 7;
	public $display_name  = 'Жанна &quot;Ж&quot; &amp; Co';
	public $user_nicename = 'zhanna';

	public function exists() {
		return $this->ID > 0;
	}
}

foreach ( array( 'event-id', 'server-address', 'chat', 'html-token', 'html-tokenizer', 'author-markup', 'settings', 'statement', 'shortcode', 'tag', 'page-view', 'template-blocks' ) as $name ) {
	require_once __DIR__ . "/../plugin/includes/class-$name.php";
}
