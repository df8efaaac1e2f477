<?php
/**
 * Blocks outside an author's text.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

namespace Live_Chat_For_Kinescope_Streams;

defined( 'ABSPATH' ) || exit;

/**
 * Shows the blocks that stand in a block theme's templates. A template is an administrator's, but a synced pattern in it
 * may be an author's: that is read as a whole, like a text. What else is around is everybody's (posts, comments, titles),
 * so only tags count that bear the mark of this very page view, which nobody can have known before.
 */
final class Template_Blocks {

	/** The attribute that bears the mark. No tag that is shown has it. */
	public const MARK = 'data-stream-chat-mark';

	/**
	 * The mark.
	 *
	 * @var string
	 */
	private static string $mark = '';

	/** The block that shows a synced pattern. */
	private const PATTERN = 'core/block';

	/**
	 * How many patterns are open, one in another.
	 *
	 * @var int
	 */
	private static int $depth = 0;

	/** Watches blocks come and go. */
	public static function hook(): void {
		add_filter( 'render_block_data', array( self::class, 'enter' ), PHP_INT_MAX );
		add_filter( 'render_block', array( self::class, 'leave' ), PHP_INT_MAX, 2 );
	}

	/** The mark of this page view. */
	public static function mark(): string {
		if ( '' === self::$mark ) {
			self::$mark = bin2hex( random_bytes( 16 ) );
		}
		return self::$mark;
	}

	/**
	 * A block begins.
	 *
	 * @param mixed $block The block.
	 * @return mixed The same.
	 */
	public static function enter( $block ) {
		self::$depth += self::is_pattern( $block ) ? 1 : 0;
		return $block;
	}

	/**
	 * A block is made: outside patterns it is shown as it is now.
	 *
	 * @param mixed $html  Its HTML.
	 * @param mixed $block The block.
	 * @return mixed The same kind as the HTML.
	 */
	public static function leave( $html, $block = null ) {
		self::$depth = max( 0, self::$depth - ( self::is_pattern( $block ) ? 1 : 0 ) );
		if ( self::$depth > 0 || '' === self::$mark || Settings::is_own_signer() || ! is_string( $html ) || doing_filter( 'the_content' ) ) {
			return $html;
		}
		return Author_Markup::rewrite( $html, array( Tag::class, 'open' ), array( self::MARK => self::$mark ) );
	}

	/**
	 * Whether a block is a synced pattern.
	 *
	 * @param mixed $block A block.
	 */
	private static function is_pattern( $block ): bool {
		return is_array( $block ) && self::PATTERN === ( $block['blockName'] ?? null );
	}
}
