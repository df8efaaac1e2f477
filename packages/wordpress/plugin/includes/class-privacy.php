<?php
/**
 * What the site's privacy policy may say.
 *
 * @package Stream_Chat_For_Kinescope
 */

namespace Stream_Chat_For_Kinescope;

defined( 'ABSPATH' ) || exit;

/**
 * Offers a text for the site's privacy policy.
 */
final class Privacy {

	/** Offers it. */
	public static function hook(): void {
		add_action( 'admin_init', array( self::class, 'offer' ) );
	}

	/** The text. */
	public static function offer(): void {
		$paragraphs = array(
			'<p class="privacy-policy-tutorial">' . esc_html__( 'Name the operator of your token server, where it is not you, and link Kinescope’s own privacy policy.', 'stream-chat-for-kinescope' ) . '</p>',
			'<p>' . esc_html__( 'Pages with a stream chat load a script from our token server and the chat itself from Kinescope (kinescope.io), in a frame. As with everything that a page loads, both see the visitor’s network address, browser and the address of the page.', 'stream-chat-for-kinescope' ) . '</p>',
			'<p>' . esc_html__( 'Where a visitor is signed in here, the page tells our token server their display name and a pseudonym made for this purpose, signed, for a limited time; neither their user number nor their e-mail address. The token server passes both on to Kinescope in a token, so that their messages bear their name. What they write in the chat is kept by Kinescope.', 'stream-chat-for-kinescope' ) . '</p>',
			'<p>' . esc_html__( 'Nothing of this is stored on this site.', 'stream-chat-for-kinescope' ) . '</p>',
		);
		wp_add_privacy_policy_content( __( 'Stream Chat for Kinescope', 'stream-chat-for-kinescope' ), implode( '', $paragraphs ) );
	}
}
