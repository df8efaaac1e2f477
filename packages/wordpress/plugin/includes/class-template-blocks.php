<?php
/**
 * Blocks outside an author's text.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

namespace Live_Chat_For_Kinescope_Streams;

defined( 'ABSPATH' ) || exit;

/**
 * Shows the blocks in a block theme's templates. Administrators write templates, but authors may write a synced pattern
 * in a template, so a pattern is read as a whole, like a text. Other parts may be from any user (posts, comments,
 * titles). So a tag must have the random mark of this page view, which no user can know in advance.
 */
final class Template_Blocks {

	/** The attribute with the mark. The tags that visitors get don't have it. */
	public const MARK = 'data-stream-chat-mark';

	/**
	 * The mark of this page view; empty before it is needed.
	 *
	 * @var string
	 */
	private static string $mark = '';

	/** The block that shows a synced pattern. */
	private const PATTERN = 'core/block';

	/**
	 * The number of open patterns, one inside another.
	 *
	 * @var int
	 */
	private static int $depth = 0;

	/** Registers the filters before and after each block. */
	public static function hook(): void {
		add_filter( 'render_block_data', array( self::class, 'enter' ), PHP_INT_MAX );
		add_filter( 'render_block', array( self::class, 'leave' ), PHP_INT_MAX, 2 );
	}

	/** Returns the mark of this page view. */
	public static function mark(): string {
		if ( '' === self::$mark ) {
			self::$mark = bin2hex( random_bytes( 16 ) );
		}
		return self::$mark;
	}

	/**
	 * Counts a pattern that begins.
	 *
	 * @param mixed $block The block.
	 * @return mixed The same block.
	 */
	public static function enter( $block ) {
		self::$depth += self::is_pattern( $block ) ? 1 : 0;
		return $block;
	}

	/**
	 * Rewrites the chats of a finished block, unless the block is inside a pattern.
	 *
	 * @param mixed $html  The block's HTML.
	 * @param mixed $block The block.
	 * @return mixed The same type as the HTML.
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
