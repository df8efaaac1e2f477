<?php
/**
 * The identity token.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

use PHPUnit\Framework\TestCase;
use Live_Chat_For_Kinescope_Streams\Option_Store;
use Live_Chat_For_Kinescope_Streams\Settings;
use Live_Chat_For_Kinescope_Streams\Identity_Token;
use Live_Chat_For_Kinescope_Streams\Token_Server\OperatorProblem;

/** Identity tokens and the settings that they need. */
final class Identity_Token_Test extends TestCase {

	protected function setUp(): void {
		$GLOBALS['options'] = array( Settings::SECRET => bin2hex( random_bytes( 32 ) ) );
	}

	/** Verifies the signature of an identity token, and returns its claims. */
	private function claims( string $identity_token ): array {
		list( $head, $body, $signature ) = explode( '.', $identity_token );
		$expected                        = hash_hmac( 'sha256', "$head.$body", $GLOBALS['options'][ Settings::SECRET ], true );
		$this->assertSame( $expected, base64_decode( strtr( $signature, '-_', '+/' ) ) );
		$this->assertSame( array( 'alg' => 'HS256', 'typ' => 'JWT' ), json_decode( base64_decode( strtr( $head, '-_', '+/' ) ), true ) );
		return json_decode( base64_decode( strtr( $body, '-_', '+/' ) ), true );
	}

	public function test_it_names_the_visitor_by_a_pseudonym_for_one_stream_and_a_time(): void {
		$claims = $this->claims( Identity_Token::make( new WP_User(), 'ID', 3600 ) );
		$this->assertSame( array( 'aud', 'sub', 'name', 'event_id', 'iat', 'exp' ), array_keys( $claims ) );
		$this->assertSame( 'kinescope-chat', $claims['aud'] );
		$this->assertSame( 'ID', $claims['event_id'] );
		$this->assertSame( 'Жанна "Ж" & Co', $claims['name'] );
		$this->assertMatchesRegularExpression( '/^[0-9a-f]{32}$/D', $claims['sub'] );
		$this->assertSame( 3600, $claims['exp'] - $claims['iat'] );
		$other     = new WP_User();
		$other->ID = 8;
		$this->assertNotSame( $claims['sub'], $this->claims( Identity_Token::make( $other, 'ID', 3600 ) )['sub'] );
	}

	public function names(): array {
		return array(
			array( 'Ann', 'Ann', '', '' ),
			array( 'Ann', 'ann@example.com', 'Ann', 'nick' ),
			array( 'nick', 'ann@example.com', '', 'nick' ),
			array( 'ann.petrova', 'ann.petrova@example.com', '', 'ann.petrova@example.com' ),
			array( 'ann', "ann\u{FF20}example.com", '', '' ),
			array( 'Ann', 'Ann (ann@example.com)', 'Ann', '' ),
			array( 'zhanna', '@example.com', '', '' ),
		);
	}

	/** @dataProvider names */
	public function test_no_name_has_an_address_in_it( string $expected, string $shown, string $first, string $nick ): void {
		$user               = new WP_User();
		$user->display_name = $shown;
		$user->first_name   = $first;
		$user->nickname     = $nick;
		$this->assertSame( $expected, $this->claims( Identity_Token::make( $user, 'ID', 60 ) )['name'] );
	}

	public function test_a_filter_may_name_the_visitor(): void {
		$GLOBALS['filters'] = array(
			'live_chat_for_kinescope_streams_user' => static function ( array $visitor ): array {
				return array( 'id' => 'own', 'name' => 'Own' ) + $visitor;
			},
		);
		$claims             = $this->claims( Identity_Token::make( new WP_User(), 'ID', 60 ) );
		$GLOBALS['filters'] = array();
		$this->assertSame( array( 'own', 'Own' ), array( $claims['sub'], $claims['name'] ) );
	}

	public function test_the_pseudonym_outlives_the_secret(): void {
		$before                                 = $this->claims( Identity_Token::make( new WP_User(), 'ID', 60 ) )['sub'];
		$GLOBALS['options'][ Settings::SECRET ] = bin2hex( random_bytes( 32 ) );
		$this->assertSame( $before, $this->claims( Identity_Token::make( new WP_User(), 'ID', 60 ) )['sub'] );
	}

	public function test_an_error_of_the_database_is_not_another_process(): void {
		$store = new Option_Store();
		$store->swap( 'claim', null, 'a' );
		$this->assertFalse( $store->swap( 'claim', 'b', 'c' ) );
		$GLOBALS['wpdb']->fault = "The table 'wp_options' is full";
		foreach ( array( array( null, 'x' ), array( 'a', 'x' ), array( 'a', null ) ) as list( $old, $new ) ) {
			try {
				$store->swap( 'claim', $old, $new );
				$this->fail( 'No problem is named.' );
			} catch ( OperatorProblem $problem ) {
				$this->assertSame( 'database-failed', $problem->problem );
				$this->assertStringContainsString( $GLOBALS['wpdb']->fault, $problem->getMessage() );
			}
		}
		$GLOBALS['wpdb']->fault = '';
		$this->assertTrue( $store->swap( 'claim', 'a', null ) );
	}

	public function test_it_lives_a_day_at_most(): void {
		foreach ( array( PHP_INT_MAX => 86400, 86401 => 86400, 60 => 60, 0 => 1, -5 => 1 ) as $asked => $life ) {
			$claims = $this->claims( Identity_Token::make( new WP_User(), 'ID', $asked ) );
			$this->assertSame( $life, $claims['exp'] - $claims['iat'] );
		}
	}

	public function test_there_is_none_of_nobody_for_nothing_or_with_a_weak_secret(): void {
		$nobody     = new WP_User();
		$nobody->ID = 0;
		$this->assertNull( Identity_Token::make( $nobody, 'ID', 60 ) );
		$this->assertNull( Identity_Token::make( new WP_User(), '', 60 ) );
		foreach ( array( '', 'short', str_repeat( 'a', 64 ), str_repeat( 'abcdefgh', 8 ), str_repeat( 'ab12', 7 ) . 'aabb', array( 'x' ), null, 5 ) as $weak ) {
			$GLOBALS['options'][ Settings::SECRET ] = $weak;
			$this->assertNull( Identity_Token::make( new WP_User(), 'ID', 60 ) );
		}
	}

	public function test_a_name_that_is_no_text_ends_in_no_identity_token_and_no_fatal_error(): void {
		$odd               = new WP_User();
		$odd->display_name = "\xff";
		$this->assertNull( @Identity_Token::make( $odd, 'ID', 60 ) ); // phpcs:ignore
	}

	public function test_options_of_any_kind_are_read_as_settings(): void {
		foreach ( array( false, null, 'x', 5, array( 'server' => array(), 'hours' => array() ), array( 'server' => 'http://evil.example', 'hours' => 'x' ) ) as $stored ) {
			$GLOBALS['options'][ Settings::OPTION ] = $stored;
			$this->assertSame( '', Settings::server() );
			$this->assertSame( 6, Settings::hours() );
		}
		$GLOBALS['options'][ Settings::OPTION ] = array( 'server' => 'https://chat.example.com/', 'hours' => '99' );
		$this->assertSame( 'https://chat.example.com', Settings::server() );
		$this->assertSame( 24, Settings::hours() );
	}
}
