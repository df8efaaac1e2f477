<?php
/**
 * WordPress's Site Health.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

namespace Live_Chat_For_Kinescope_Streams;

defined( 'ABSPATH' ) || exit;

/**
 * Adds the plugin's checks to Tools → Site Health. The results contain no secret.
 */
final class Site_Health {

	/** Registers the filter that adds the checks. */
	public static function hook(): void {
		add_filter( 'site_status_tests', array( self::class, 'add' ) );
	}

	/**
	 * Adds the tests.
	 *
	 * @param mixed $tests The existing tests.
	 * @return mixed
	 */
	public static function add( $tests ) {
		if ( is_array( $tests ) && Settings::is_own_signer() && Connection::is_connected() ) {
			$tests['direct']['live_chat_for_kinescope_streams'] = array(
				'label' => __( 'Live chat', 'live-chat-for-kinescope-streams' ),
				'test'  => array( self::class, 'test' ),
			);
		}
		return $tests;
	}

	/**
	 * Returns the result of the checks.
	 *
	 * @return array<string, mixed>
	 */
	public static function test(): array {
		$found  = Findings::local();
		$levels = array_column( $found, 'level' );
		$status = in_array( 'fail', $levels, true ) ? 'critical' : ( in_array( 'warn', $levels, true ) ? 'recommended' : 'good' );
		$label  = 'good' === $status ? __( 'The live chat can sign visitors in', 'live-chat-for-kinescope-streams' ) : __( 'The live chat needs attention', 'live-chat-for-kinescope-streams' );
		$texts  = array();
		foreach ( $found as $finding ) {
			$texts[] = '<p>' . esc_html( $finding['text'] ) . '</p>';
		}
		return array(
			'label'       => $label,
			'status'      => $status,
			'badge'       => array(
				'label' => __( 'Live chat', 'live-chat-for-kinescope-streams' ),
				'color' => 'blue',
			),
			'description' => implode( '', $texts ),
			'actions'     => sprintf( '<p><a href="%s">%s</a></p>', esc_url( Setup_Page::address() ), esc_html__( 'Open the settings of the live chat', 'live-chat-for-kinescope-streams' ) ),
			'test'        => 'live_chat_for_kinescope_streams',
		);
	}
}
