<?php
/**
 * A chat's address on its own line.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

namespace Live_Chat_For_Kinescope_Streams;

defined( 'ABSPATH' ) || exit;

/**
 * Replaces `https://kinescope.io/chat/ID`, alone on a line of an author's text, with the chat.
 */
final class Address_Line {

	/** Registers the pattern of these addresses with WordPress's embeds. */
	public static function hook(): void {
		add_action(
			'init',
			static function (): void {
				wp_embed_register_handler( 'live-chat-for-kinescope-streams', '#^' . preg_quote( Event_Id::chat_origin(), '#' ) . '/chat/[^/?\#\s]+/?(?:[?\#]\S*)?$#i', array( self::class, 'show' ) );
			}
		);
	}

	/**
	 * Returns the tag for an address, without an identity token, or false to keep the address.
	 *
	 * @param mixed $found   The matches of the pattern.
	 * @param mixed $attr    The sizes of the embed; not used.
	 * @param mixed $address The address.
	 * @return string|false
	 */
	public static function show( $found, $attr = null, $address = '' ) {
		$id   = is_string( $address ) && ! Page_View::is_comment() ? Event_Id::of_address( $address, true ) : null;
		$chat = null === $id ? null : Chat::read( array( 'event-id' => rawurldecode( $id ) ) );
		return null === $chat ? false : Tag::unsigned( $chat );
	}
}
