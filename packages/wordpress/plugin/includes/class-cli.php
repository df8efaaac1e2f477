<?php
/**
 * Commands for WP-CLI.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

namespace Live_Chat_For_Kinescope_Streams;

defined( 'ABSPATH' ) || exit;

use Live_Chat_For_Kinescope_Streams\Token_Server\KeyRing;
use Live_Chat_For_Kinescope_Streams\Token_Server\KinescopeApi;
use Live_Chat_For_Kinescope_Streams\Token_Server\OperatorProblem;

/**
 * Signs visitors in to the chats of Kinescope streams.
 */
final class Cli {

	/**
	 * Checks the key, the clock, the address and the streams.
	 */
	public function doctor(): void {
		$failed = 0;
		foreach ( Findings::all() as $finding ) {
			\WP_CLI::line( sprintf( '%-4s  %s: %s', $finding['level'], $finding['code'], $finding['text'] ) );
			$failed += 'fail' === $finding['level'] ? 1 : 0;
		}
		if ( $failed > 0 ) {
			\WP_CLI::halt( 1 );
		}
	}

	/**
	 * Works with the keys.
	 *
	 * ## OPTIONS
	 *
	 * <action>
	 * : list, rotate, revoke or reconcile.
	 *
	 * [<kid>]
	 * : The id of the key to revoke.
	 *
	 * [--yes]
	 * : Revokes without a question.
	 *
	 * @param string[]              $words   The arguments of the command.
	 * @param array<string, string> $options The options of the command.
	 */
	public function keys( array $words, array $options = array() ): void {
		if ( isset( $words[1] ) && 'revoke' !== $words[0] ) {
			\WP_CLI::error( __( 'Only revoke takes the id of a key.', 'live-chat-for-kinescope-streams' ) );
		}
		$this->run(
			static function () use ( $words, $options ): void {
				$keys = Connection::keys();
				switch ( $words[0] ?? '' ) {
					case 'list':
						break;
					case 'rotate':
						$keys->rotate( Connection::api() );
						break;
					case 'reconcile':
						$keys->reconcile( Connection::api(), true );
						break;
					case 'revoke':
						\WP_CLI::confirm( __( 'All tokens of this key become invalid at once. Visitors must reload their pages. Continue?', 'live-chat-for-kinescope-streams' ), $options );
						$deletion = Connection::deletion( array( $words[1] ?? '' ) );
						if ( ! $keys->revoke( Connection::api(), $words[1] ?? '' ) ) {
							\WP_CLI::warning( Problem_Text::key_not_listed( $deletion ) );
						}
						break;
					default:
						\WP_CLI::error( __( 'Use one of: list, rotate, revoke, reconcile.', 'live-chat-for-kinescope-streams' ) );
				}
				$ring = $keys->ring();
				foreach ( null === $ring ? array() : $ring->keys as $key ) {
					\WP_CLI::line( sprintf( '%s  %-9s  %s', $key['kid'], KeyRing::state( $key, time() ), gmdate( 'Y-m-d', $key['expiresAt'] ) ) );
				}
			}
		);
	}

	/**
	 * Works with the streams of the account.
	 *
	 * ## OPTIONS
	 *
	 * <action>
	 * : list, or enable to require a token for the chat of a stream.
	 *
	 * [<id>]
	 * : The id of the stream, as the list shows it.
	 *
	 * @param string[] $words The arguments of the command.
	 */
	public function events( array $words ): void {
		$this->run(
			static function () use ( $words ): void {
				$api = Connection::api();
				if ( 'enable' === ( $words[0] ?? '' ) ) {
					$api->requireJwt( $api->uuidOf( $words[1] ?? '' ) );
					\WP_CLI::success( __( 'The chat of this stream requires a token now.', 'live-chat-for-kinescope-streams' ) );
					return;
				}
				foreach ( $api->events() as $event ) {
					\WP_CLI::line( sprintf( '%s  %s  %s  %s', $event['id'], $event['publicId'] ?? '-', true === $event['jwtRequired'] ? 'token' : 'open', KinescopeApi::shown( $event['name'] ) ) );
				}
			}
		);
	}

	/**
	 * Runs a command, and prints the problem if it fails.
	 *
	 * @param callable(): void $work The command.
	 */
	private function run( callable $work ): void {
		try {
			$work();
		} catch ( OperatorProblem $problem ) {
			\WP_CLI::error( $problem->problem . ': ' . Problem_Text::of( $problem ) );
		}
	}
}
