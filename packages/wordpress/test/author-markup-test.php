<?php
/**
 * The chats in an author's text.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

use PHPUnit\Framework\TestCase;
use Live_Chat_For_Kinescope_Streams\Author_Markup;
use Live_Chat_For_Kinescope_Streams\Chat;

/** The chats that are found, and their replacements. */
final class Author_Markup_Test extends TestCase {

	private const P = '<a slot="placeholder" href="https://kinescope.io/chat/ID">Open the chat</a>';

	private function rewrite( string $html ): string {
		return Author_Markup::rewrite(
			$html,
			static function ( Chat $chat ): string {
				return "<OURS {$chat->event}>";
			}
		);
	}

	public function ways(): array {
		$p = self::P;
		return array(
			array( '<kinescope-chat event-id="ID"></kinescope-chat>', "<OURS ID>$p</kinescope-chat>" ),
			array( '<KINESCOPE-CHAT EVENT-ID=ID TOKEN-URL=x>Wait…</KINESCOPE-CHAT>', '<OURS ID>Wait…</kinescope-chat>' ),
			array( 'a<kinescope-chat event-id=ID /><p>after</p>', "a<OURS ID>$p</kinescope-chat><p>after</p>" ),
			array( '<kinescope-chat event-id="ID" event-id="other" token-url=\'x\'', '<kinescope-chat event-id="ID" event-id="other" token-url=\'x\'' ),
			array( '<kinescope-chat token-url="x"></kinescope-chat>', '<kinescope-chat></kinescope-chat>' ),
			array( '<div class="a" data-kinescope-chat="ID" data-token-url="x"></div>', "<div class=\"a\"><OURS ID>$p</kinescope-chat></div>" ),
			array( '<div data-kinescope-chat="ID"><p>Soon</p> more</div>', '<div><OURS ID><div slot="placeholder"><p>Soon</p> more</div></kinescope-chat></div>' ),
			array( '<div data-kinescope-chat="" data-token-url="x">a</div>', '<div>a</div>' ),
			array( '<a class="b" href="https://kinescope.io/chat/ID#kinescope-chat">Open</a>', '<OURS ID><a slot="placeholder" href="https://kinescope.io/chat/ID">Open</a></kinescope-chat>' ),
			array( '<a href="&#104;ttps://kinescope.io/chat/ID/?a=b&#35;kinescope-chat">Open</a>', '<OURS ID><a slot="placeholder" href="https://kinescope.io/chat/ID">Open</a></kinescope-chat>' ),
			array( '<a href="https://kinescope.io/chat/ID#kinescope-chat">Open', "<OURS ID>$p</kinescope-chat>Open" ),
			array( '<kinescope-chat event-id="ID"><a href="https://kinescope.io/chat/ID#kinescope-chat">Open</a></kinescope-chat>', '<OURS ID><a href="https://kinescope.io/chat/ID#kinescope-chat">Open</a></kinescope-chat>' ),
			array( '<svg viewBox="0 0 1 1"><title>Icon</title><style>.a{}</style><path d="M0"/></svg><style>b{}</style><kinescope-chat event-id="ID">x</kinescope-chat>', '<svg viewBox="0 0 1 1"><title>Icon</title><style>.a{}</style><path d="M0"/></svg><style>b{}</style><OURS ID>x</kinescope-chat>' ),
			array( '<select><option>1<option selected>2</select><textarea>a</textarea><kinescope-chat event-id="ID">x</kinescope-chat>', '<select><option>1<option selected>2</select><textarea>a</textarea><OURS ID>x</kinescope-chat>' ),
			array( '<noscript><img src="x"></noscript><kinescope-chat event-id="ID">x</kinescope-chat>', '<noscript><img src="x"></noscript><OURS ID>x</kinescope-chat>' ),
		);
	}

	/** @dataProvider ways */
	public function test_every_way_of_writing_is_written_anew( string $given, string $expected ): void {
		$this->assertSame( $expected, $this->rewrite( $given ) );
	}

	public function no_chats(): array {
		$tag = '<kinescope-chat event-id="ID">';
		return array_map(
			static function ( string $html ): array {
				return array( $html );
			},
			array(
				'', 'text', '<p>kinescope-chat</p>', '<kinescope-chatter event-id="ID">', "<kinescope\0-chat event-id=ID>", "<!-- $tag -->", "<!--> <!-- $tag", "<img alt='$tag'>",
				"<img src='https://evil.example/?$tag'>", "<script>$tag</script>", "<style>$tag</style>", "<textarea>$tag</textarea>", "<title>$tag</title>", "<xmp>$tag</xmp>", "<iframe>$tag</iframe>",
				"<noscript>$tag</noscript>", "<plaintext>$tag", "<template>$tag</template>", "<svg><style>$tag</style></svg>", "<svg><![CDATA[ > $tag ]]></svg>", "<math><mi>x</mi><style></style>$tag",
				"<script><!-- <script> </script> $tag --> </script>", "<noscript><img alt='</noscript>$tag'>", "<select><style></select><img src='</style>$tag'>", "<? $tag", "<!DOCTYPE $tag",
				"</kinescope-chat event-id='ID'>", "<a href='https://kinescope.io/chat/ID'>x</a>", "<a href='https://evil.example/chat/ID#kinescope-chat'>x</a>",
				"<span data-kinescope-chat='ID'></span>", "<svg><foreignObject><div></svg></div></foreignObject><style><img src='</style>$tag'>", "<g><svg></g><style><img src='</style>$tag'>",
			)
		);
	}

	/** @dataProvider no_chats */
	public function test_what_is_no_tag_or_may_be_none_is_left_alone( string $html ): void {
		$this->assertStringNotContainsString( '<OURS', $this->rewrite( $html ) );
	}

	/** WordPress writes apostrophes and `&` as character references in nearly every text. */
	public function test_a_long_post_without_a_chat_costs_little(): void {
		$paragraph = '<p>It&#8217;s <a href="https://example.com/?a=1&#038;b=2">a link</a> &#8211; and <img src="x.png" alt="&quot;"> text. </p>';
		$html      = str_repeat( $paragraph, 600 );
		$this->assertGreaterThan( 59000, strlen( $html ) );
		$this->assertFalse( Author_Markup::may_have_chats( $html ) );
		$best = INF;
		for ( $run = 0; $run < 20; $run++ ) {
			$start = hrtime( true );
			Author_Markup::rewrite( $html, 'strval' );
			$best = min( $best, ( hrtime( true ) - $start ) / 1e6 );
		}
		// The target is 0.3 ms, with a margin for a busy machine. The tokenizer alone takes 7 to 11 ms.
		$this->assertLessThan( 1, $best );
	}

	public function test_an_address_in_character_references_is_found(): void {
		foreach ( array( '"&#104;ttps://kinescope.io/chat/ID&#35;kinescope-chat"', "'https://kinescope.io/chat/ID#kinescope&#45;chat'", 'https://kinescope.io/chat/ID#&#107;inescope-chat', '"https&colon;//kinescope.io/chat/ID&num;kinescope&#x2d;chat"' ) as $address ) {
			$this->assertTrue( Author_Markup::may_have_chats( "<p>x&#8217;s</p><a class=a\nHREF = $address>x</a>" ), $address );
		}
	}

	public function test_only_tags_with_a_mark_count_where_one_is_asked_for(): void {
		$html = '<kinescope-chat event-id="A" data-m="1">a</kinescope-chat><kinescope-chat event-id="B" data-m="2">b</kinescope-chat><div data-kinescope-chat="C"></div>';
		$this->assertSame(
			'<OURS A>a</kinescope-chat><kinescope-chat event-id="B" data-m="2">b</kinescope-chat><div data-kinescope-chat="C"></div>',
			Author_Markup::rewrite(
				$html,
				static function ( Chat $chat ): string {
					return "<OURS {$chat->event}>";
				},
				array( 'data-m' => '1' )
			)
		);
	}

	public function floods(): array {
		$tag = '<kinescope-chat event-id="ID">';
		$all = array();
		foreach ( array( '<', '<div data-kinescope-chat=ID>', $tag, '<svg>', '<svg></svg>', '<svg><!-- -->', '<select><option>', '<noscript></noscript>', '<style></style>', '<!--', '<!-- --', '<!---->', "<a href='", 'a=b ', '</div>', '<div>', '&#', "\0", '[kinescope_chat ID]', '<template>', "<noscript><!--</noscript>", '<textarea></', '<title></titl', '"', "'", '<a href=https://kinescope.io/chat/ID#kinescope-chat>' ) as $piece ) {
			$all[ $piece ] = array( $tag . '<div data-kinescope-chat="ID" ' . str_repeat( $piece, intdiv( 1000000, strlen( $piece ) ) ), $piece );
		}
		return $all;
	}

	/** @dataProvider floods */
	public function test_a_megabyte_of_anything_is_read_to_its_end( string $html, string $piece ): void {
		foreach ( array( $html, '<kinescope-chat event-id=ID></kinescope-chat>' . str_repeat( $piece, intdiv( 1000000, strlen( $piece ) ) ) ) as $text ) {
			$this->assertNotSame( '', $this->rewrite( $text ) );
		}
	}

	public function test_a_thousand_attributes_are_attributes(): void {
		$many = '';
		for ( $i = 0; $i < 1000; $i++ ) {
			$many .= " data-a$i=\"$i\"";
		}
		$this->assertSame( '<div><OURS ID>' . self::P . '</kinescope-chat></div>', $this->rewrite( "<div$many data-kinescope-chat='ID'$many></div>" ) );
	}
}
