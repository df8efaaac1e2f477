<?php
/**
 * The visitor's identity.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

namespace Live_Chat_For_Kinescope_Streams;

defined( 'ABSPATH' ) || exit;

use Live_Chat_For_Kinescope_Streams\Token_Server\Claims;
use Live_Chat_For_Kinescope_Streams\Token_Server\OperatorProblem;

/**
 * Returns the visitor's id and name for the chat.
 */
final class Visitor {

	private const KEY = 'user_id_key';

	/**
	 * Returns the visitor of this request, or null if no visitor is signed in.
	 *
	 * @return array{id: string, name: string}|null
	 */
	public static function current(): ?array {
		$user = wp_get_current_user();
		return $user->exists() ? self::of( $user ) : null;
	}

	/**
	 * Returns a user's pseudonym and name.
	 *
	 * @param \WP_User $user A user.
	 * @return array{id: string, name: string}
	 */
	public static function of( \WP_User $user ): array {
		$visitor = array(
			'id'   => Claims::pseudonym( (string) $user->ID, self::key() ),
			'name' => self::name( $user ),
		);
		/**
		 * Changes the id and the name that a user has in chats. An email address in the name is always cut off.
		 *
		 * @param array{id: string, name: string} $visitor The id and the name.
		 * @param \WP_User                        $user    The user.
		 */
		$changed = apply_filters( 'live_chat_for_kinescope_streams_user', $visitor, $user );
		return is_array( $changed ) && is_string( $changed['id'] ?? null ) && is_string( $changed['name'] ?? null ) ? $changed : $visitor;
	}

	/**
	 * Whether the visitor may enter a chat: on a network, only members of the site.
	 *
	 * @param string $event The stream's id.
	 */
	public static function may_enter( string $event ): bool {
		$user = wp_get_current_user();
		$may  = ! is_multisite() || is_super_admin( $user->ID ) || is_user_member_of_blog( $user->ID );
		/**
		 * Decides whether a user may enter a chat.
		 *
		 * @param bool     $may   Whether the user may.
		 * @param \WP_User $user  The user.
		 * @param string   $event The stream's id.
		 */
		return (bool) apply_filters( 'live_chat_for_kinescope_streams_may_enter', $may, $user, $event );
	}

	/**
	 * Returns the name for the public chat. The display name may be an email address, where members sign in with one.
	 *
	 * @param \WP_User $user A user.
	 */
	private static function name( \WP_User $user ): string {
		$shown = trim( wp_specialchars_decode( (string) $user->display_name, ENT_QUOTES ) ); // WordPress stores it as HTML.
		$own   = array( $shown, (string) $user->first_name, (string) $user->nickname );
		foreach ( $own as $name ) {
			$name = trim( $name );
			if ( '' !== $name && 1 !== preg_match( '/[@\x{ff20}\x{fe6b}]/u', $name ) ) {
				return $name;
			}
		}
		$local = preg_split( '/[@\x{ff20}\x{fe6b}]/u', $shown );
		return is_array( $local ) && '' !== trim( $local[0] ) ? trim( $local[0] ) : (string) $user->user_nicename;
	}

	/**
	 * Returns the key of pseudonyms. It doesn't change with signing keys and secrets, because bans apply to pseudonyms. It
	 * is random, so pseudonyms don't depend on the site's address or on a secret with another purpose.
	 *
	 * @throws OperatorProblem If the database fails. Without the key, another visitor could compute the pseudonym.
	 */
	private static function key(): string {
		$store = new Option_Store();
		$key   = $store->read( self::KEY );
		if ( null === $key ) {
			$store->swap( self::KEY, null, bin2hex( random_bytes( 32 ) ) );
			$key = $store->read( self::KEY );
		}
		if ( null === $key ) {
			throw new OperatorProblem( 'no-pseudonym-key', 'The database doesn’t store the key of pseudonyms.', 'Check the database.' );
		}
		return $key;
	}
}
