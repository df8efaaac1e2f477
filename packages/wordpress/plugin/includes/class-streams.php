<?php
/**
 * The streams of the site.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

namespace Live_Chat_For_Kinescope_Streams;

defined( 'ABSPATH' ) || exit;

/**
 * The streams whose chats the site signs visitors in to.
 */
final class Streams {

	public const OPTION = 'live_chat_for_kinescope_streams_list';

	/** The maximum number of streams. */
	private const MAX = 500;

	/**
	 * Returns the chosen streams: their API id (empty if added by hand), the id in links, and the name.
	 *
	 * @return array<int, array{id: string, public_id: string, name: string}>
	 */
	public static function chosen(): array {
		$stored = get_option( self::OPTION, array() );
		$read   = array();
		foreach ( is_array( $stored ) ? $stored : array() as $row ) {
			if ( is_array( $row ) && is_string( $row['id'] ?? null ) && is_string( $row['public_id'] ?? null ) ) {
				$read[] = array(
					'id'        => $row['id'],
					'public_id' => $row['public_id'],
					'name'      => is_string( $row['name'] ?? null ) ? $row['name'] : '',
				);
			}
		}
		return $read;
	}

	/**
	 * Returns all ids by which a page may request a token for these streams.
	 *
	 * @return string[]
	 */
	public static function ids(): array {
		$chosen = self::chosen();
		return array_values( array_unique( array_filter( array_merge( array_column( $chosen, 'public_id' ), array_column( $chosen, 'id' ) ), 'strlen' ) ) );
	}

	/**
	 * Stores the choice.
	 *
	 * @param array<int, array{id: string, public_id: string, name: string}> $chosen The streams.
	 */
	public static function keep( array $chosen ): void {
		update_option( self::OPTION, array_slice( array_values( $chosen ), 0, self::MAX ), false );
	}

	/**
	 * Returns the id that a page should use for a stream.
	 *
	 * @param array{id: string, public_id: string, name: string} $stream A chosen stream.
	 */
	public static function page_id( array $stream ): string {
		return '' === $stream['public_id'] ? $stream['id'] : $stream['public_id'];
	}
}
