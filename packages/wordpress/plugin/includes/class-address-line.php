<?php
/**
 * A chat's address on a line of its own.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

namespace Live_Chat_For_Kinescope_Streams;

defined( 'ABSPATH' ) || exit;

/**
 * Turns `https://kinescope.io/chat/ID`, alone on its line in an author's text, into the chat.
 */
final class Address_Line {

	/** Registers it with WordPress's embeds, which know an address by a pattern. */
	public static function hook(): void {
		add_action(
			'init',
			static function (): void {
				wp_embed_register_handler( 'live-chat-for-kinescope-streams', '#^' . preg_quote( Event_Id::chat_origin(), '#' ) . '/chat/[^/?\#\s]+/?(?:[?\#]\S*)?$#i', array( self::class, 'show' ) );
			}
		);
	}

	/**
	 * The tag that the address stands for, without a statement; false leaves the address as it is.
	 *
	 * @param mixed $found   What the pattern found.
	 * @param mixed $attr    Sizes; not used.
	 * @param mixed $address The address.
	 * @return string|false
	 */
	public static function show( $found, $attr = null, $address = '' ) {
		$id   = is_string( $address ) && ! Page_View::is_comment() ? Event_Id::of_address( $address, true ) : null;
		$chat = null === $id ? null : Chat::read( array( 'event-id' => rawurldecode( $id ) ) );
		return null === $chat ? false : Tag::unsigned( $chat );
	}
}
