<?php
/**
 * Reading of authors' and administrators' texts.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

use PHPUnit\Framework\TestCase;
use Live_Chat_For_Kinescope_Streams\Chat;
use Live_Chat_For_Kinescope_Streams\Event_Id;
use Live_Chat_For_Kinescope_Streams\Server_Address;
use Live_Chat_For_Kinescope_Streams\Shortcode;

/** Ids, addresses, settings. */
final class Chat_Test extends TestCase {

	public function ids(): array {
		return array(
			array( 'abc', 'abc' ),
			array( 'abc123', " \u{200B}\u{201D}abc123\u{201D}\u{A0}" ),
			array( '42', 42 ),
			array( 'ID', 'https://kinescope.io/chat/ID' ),
			array( 'ID', 'http://kinescope.io/ID?x=1#kinescope-chat' ),
			array( 'ID', ' „https://KINESCOPE.io/chat/ID/“ ' ),
			array( 'ID', '<a href="https://kinescope.io/chat/ID">https://kinescope.io/chat/ID</a>' ),
			array( 'ID', 'https://kinescope.io/chat/ID&quot;' ),
			array( 'ID', '“ID”/' ),
			array( 'ID', "https://kinescope.io/chat/ID\nhttps://kinescope.io/chat/ID2" ),
			array( '', '' ),
			array( '', null ),
			array( '', array( 'x' ) ),
			array( '', true ),
			array( '', '"><img src=x>' ),
			array( 'ab', "a\0b" ),
			array( '', str_repeat( 'x', 129 ) ),
			array( '', "\xff\xfe" ),
		);
	}

	/** @dataProvider ids */
	public function test_an_id_is_read_of_what_was_pasted( string $expected, $given ): void {
		$this->assertSame( $expected, Event_Id::read( $given ) );
	}

	/** The token server compares the id in the identity token with the id that the element reads. */
	public function test_an_id_is_read_as_by_the_element(): void {
		$cases = json_decode( file_get_contents( __DIR__ . '/../../php/test/cases.json' ), true );
		foreach ( $cases['pastedIds'] as $given ) {
			$this->assertSame( $cases['events'][0], Event_Id::read( $given ), $given );
		}
	}

	public function test_only_kinescopes_own_chats_are_addresses_of_chats(): void {
		foreach ( array( 'https://kinescope.io.evil.example/chat/ID', 'https://evil.example/chat/ID', 'https://x@kinescope.io/chat/ID', '//kinescope.io/chat/ID', 'javascript://kinescope.io/chat/ID', 'https://kinescope.io/ID', 'https://kinescope.io/chat/', 'https://kinescope.io/chat/ID/more', 'https://kinescope.io:444/chat/ID' ) as $address ) {
			$this->assertNull( Event_Id::of_address( $address, true ), $address );
		}
	}

	public function servers(): array {
		return array(
			array( 'https://chat.example.com', ' https://Chat.example.com/ ' ),
			array( 'https://chat.example.com:8443/chat', 'https://chat.example.com:8443/chat/' ),
			array( 'http://localhost:8787', 'http://localhost:8787' ),
			array( 'http://127.0.0.1', 'http://127.0.0.1' ),
			array( 'http://[::1]:8080', 'http://[::1]:8080' ),
			array( null, 'http://chat.example.com' ),
			array( null, 'http://127.evil.example' ),
			array( null, 'http://localhost.evil.example' ),
			array( null, 'https://user@chat.example.com' ),
			array( null, 'https://chat.example.com?x' ),
			array( null, 'https://chat.example.com/#x' ),
			array( null, "https://chat.example.com\n.evil" ),
			array( null, 'javascript:alert(1)' ),
			array( null, 'chat.example.com' ),
			array( null, '' ),
			array( null, array() ),
		);
	}

	/** @dataProvider servers */
	public function test_a_server_is_https_or_this_machine( ?string $expected, $given ): void {
		$this->assertSame( $expected, Server_Address::read( $given ) );
	}

	public function test_nothing_but_an_authors_settings_is_read(): void {
		$chat = Chat::read(
			array(
				'event-id'    => 'ID',
				'token-url'   => 'https://evil.example',
				'identity'    => 'x',
				'token'       => 'x',
				'chat-origin' => 'https://evil.example',
				'signin-url'  => 'https://evil.example',
				'credentials' => 'omit',
				'onclick'     => 'x',
				'debug'       => '',
				'language'    => 'ru',
				'label'       => ' "><b>Chat</b> ',
				'loading'     => 'LAZY',
				'refresh'     => 'never',
				'help'        => 'false',
				'preview'     => '',
				'height'      => '500',
				'style'       => 'color:red;--kinescope-chat-height:1px',
			)
		);
		$this->assertSame( 'ID', $chat->event );
		$this->assertSame( array( 'language', 'label', 'loading', 'preview', 'style' ), array_keys( $chat->attributes ) );
		$this->assertSame( 'color:red;--kinescope-chat-height:500px', $chat->attributes['style'] );
	}

	public function test_a_setting_of_no_kind_that_it_can_be_is_no_setting(): void {
		foreach ( array( array(), array( 'a' ), 1.5, new stdClass(), "\xff", str_repeat( 'x', 100000 ), false ) as $odd ) {
			$given = array_fill_keys( array_diff( Chat::SETTINGS, array( 'event-id', 'help', 'preview', 'style', 'label', 'class', 'id' ) ), $odd );
			$this->assertSame( array(), Chat::read( array( 'event-id' => 'ID' ) + $given )->attributes );
		}
	}

	public function shortcodes(): array {
		return array(
			'plain'           => array( array( 'event' => 'ID', 'height' => '500', 0 => 'help' ), 'help style="--kinescope-chat-height:500px"' ),
			'the id alone'    => array( array( 'ID' ), '' ),
			'curly quotes'    => array( array( 'event' => '”ID”', 'label' => '”My', 0 => 'own', 1 => 'chat”', 2 => 'help' ), 'label="My own chat" help' ),
			'entities'        => array( array( 'event' => '&#8221;ID&#8243;', 'help' => '&#8221;true&#8221;' ), 'help' ),
			'guillemets'      => array( array( 'event' => '«ID»', 'label' => '«Мой', 0 => 'чат»' ), 'label="Мой чат"' ),
			'help off'        => array( array( 'event' => 'ID', 'help' => 'false' ), '' ),
			'percent'         => array( array( 'event' => 'ID', 'height' => '100%' ), 'style="--kinescope-chat-height:100%"' ),
			'auto-linked'     => array( array( 'event' => '<a href=', 0 => 'https://kinescope.io/chat/ID">https://kinescope.io/chat/ID</a>"' ), '' ),
			'a link in it'    => array( array( 0 => '<a', 'href' => 'https://kinescope.io/chat/ID', 1 => '>x</a>' ), '' ),
			'hostile'         => array( array( 'event' => 'ID', 'label' => '" onmouseover="x', 'token-url' => 'https://evil.example' ), 'label="onmouseover=&quot;x"' ),
			'brackets'        => array( array( 'event' => 'ID', 'label' => '[gallery]' ), 'label="&#91;gallery&#93;"' ),
		);
	}

	/** @dataProvider shortcodes */
	public function test_the_shortcode_forgives( array $given, string $attributes ): void {
		$start = '<kinescope-chat event-id="ID"' . ( '' === $attributes ? '' : " $attributes" ) . '>';
		$this->assertSame( $start, substr( Shortcode::show( $given ), 0, strlen( $start ) ) );
	}

	public function test_a_shortcode_without_a_stream_is_nothing(): void {
		foreach ( array( '', array(), array( 'event' => '' ), array( 'help' ) ) as $given ) {
			$this->assertSame( '', Shortcode::show( $given ) );
		}
	}
}
