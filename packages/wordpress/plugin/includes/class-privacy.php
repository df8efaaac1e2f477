<?php
/**
 * The text for the site's privacy policy.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

namespace Live_Chat_For_Kinescope_Streams;

defined( 'ABSPATH' ) || exit;

/**
 * Offers a text for the site's privacy policy.
 */
final class Privacy {

	/** Registers the text. */
	public static function hook(): void {
		add_action( 'admin_init', array( self::class, 'offer' ) );
	}

	/** Adds the text to WordPress's policy guide. */
	public static function offer(): void {
		$paragraphs = Settings::is_own_signer() ? self::of_this_site() : self::of_a_token_server();
		wp_add_privacy_policy_content( __( 'Live Chat for Kinescope Streams', 'live-chat-for-kinescope-streams' ), implode( '', $paragraphs ) );
	}

	/**
	 * Returns the text for a site that signs visitors in itself.
	 *
	 * @return string[]
	 */
	private static function of_this_site(): array {
		return array(
			'<p class="privacy-policy-tutorial">' . esc_html__( 'Link Kinescope’s own privacy policy.', 'live-chat-for-kinescope-streams' ) . '</p>',
			'<p>' . esc_html__( 'Pages with a stream chat load the chat from Kinescope (kinescope.io) in a frame. Kinescope sees the visitor’s network address, the browser and the address of the page.', 'live-chat-for-kinescope-streams' ) . '</p>',
			'<p>' . esc_html__( 'If a visitor is signed in, this site gives Kinescope their name and a pseudonym, so that their messages bear their name. It gives neither their user number nor their email address. Kinescope keeps what they write.', 'live-chat-for-kinescope-streams' ) . '</p>',
		);
	}

	/**
	 * Returns the text for a site with a token server.
	 *
	 * @return string[]
	 */
	private static function of_a_token_server(): array {
		return array(
			'<p class="privacy-policy-tutorial">' . esc_html__( 'Name the operator of your token server if it isn’t you, and link Kinescope’s own privacy policy.', 'live-chat-for-kinescope-streams' ) . '</p>',
			'<p>' . esc_html__( 'Pages with a stream chat load a script from our token server and the chat itself from Kinescope (kinescope.io), in a frame. Both see the visitor’s network address, the browser and the address of the page.', 'live-chat-for-kinescope-streams' ) . '</p>',
			'<p>' . esc_html__( 'If a visitor is signed in, the page gives our token server their name and a pseudonym, signed, for a limited time. It gives neither their user number nor their email address. The token server passes both on to Kinescope, so that their messages bear their name. Kinescope keeps what they write.', 'live-chat-for-kinescope-streams' ) . '</p>',
		);
	}
}
