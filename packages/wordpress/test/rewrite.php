<?php
/**
 * Reads a JSON list of HTML texts from standard input, and prints them with an identity token in each chat. Tests
 * compare the result with a browser's.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

require __DIR__ . '/bootstrap.php';

use Live_Chat_For_Kinescope_Streams\Author_Markup;
use Live_Chat_For_Kinescope_Streams\Chat;

$write = static function ( Chat $chat ): string {
	return sprintf( '<kinescope-chat event-id="%s" token-url="https://own.example/token" identity="IDENTITY_TOKEN">', esc_attr( $chat->event ) );
};
$texts = json_decode( stream_get_contents( STDIN ), true );
echo json_encode(
	array_map(
		static function ( string $text ) use ( $write ): string {
			return Author_Markup::rewrite( $text, $write );
		},
		$texts
	),
	JSON_INVALID_UTF8_SUBSTITUTE
);
