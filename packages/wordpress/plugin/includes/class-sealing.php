<?php
/**
 * The secret that seals the keys.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

namespace Live_Chat_For_Kinescope_Streams;

defined( 'ABSPATH' ) || exit;

use Live_Chat_For_Kinescope_Streams\Token_Server\OperatorProblem;
use Live_Chat_For_Kinescope_Streams\Token_Server\Seal;

/**
 * Finds the sealing secret: a constant in wp-config.php, else a file outside the web root, else the salts. A leak of the
 * database alone then reveals no key.
 */
final class Sealing {

	public const CONSTANT = 'LIVE_CHAT_FOR_KINESCOPE_STREAMS_SEAL';

	/** The option with the path of the file. The path isn't secret. */
	public const FILE_OPTION = 'live_chat_for_kinescope_streams_seal_file';

	private const SALTS = array( 'AUTH_KEY', 'SECURE_AUTH_KEY', 'LOGGED_IN_KEY', 'AUTH_SALT', 'SECURE_AUTH_SALT', 'LOGGED_IN_SALT' );

	/** The placeholder for a salt in wp-config-sample.php. */
	private const PLACEHOLDER = 'put your unique phrase here';

	/**
	 * The secret that this request wrote. PHP reads the constant from the next request on.
	 *
	 * @var array{string, string}|null
	 */
	private static ?array $written = null;

	/** Returns the seal. @throws OperatorProblem If there is no secret to seal with. */
	public static function seal(): Seal {
		return new Seal( self::secret()[1] );
	}

	/** Returns the place of the secret: `constant`, `file`, `salts` or `none`. */
	public static function kind(): string {
		try {
			return self::secret()[0];
		} catch ( OperatorProblem $problem ) {
			return 'none';
		}
	}

	/** Makes a secret in wp-config.php, else in a file, unless one of them has a secret. */
	public static function prepare(): void {
		if ( ! in_array( self::kind(), array( 'constant', 'file' ), true ) ) {
			$secret = bin2hex( random_bytes( 32 ) );
			if ( ! self::write_constant( $secret ) ) {
				self::write_file( $secret );
			}
		}
		self::secret();
	}

	/** Returns the line that an administrator adds to wp-config.php by hand. */
	public static function line(): string {
		return sprintf( "define( '%s', '%s' );", self::CONSTANT, bin2hex( random_bytes( 32 ) ) );
	}

	/**
	 * Returns the place and the secret.
	 *
	 * @return array{string, string}
	 * @throws OperatorProblem If there is none.
	 */
	private static function secret(): array {
		if ( defined( self::CONSTANT ) ) {
			return array( 'constant', (string) constant( self::CONSTANT ) );
		}
		if ( null !== self::$written ) {
			return self::$written;
		}
		$file = get_site_option( self::FILE_OPTION, '' );
		if ( is_string( $file ) && '' !== $file && is_readable( $file ) ) {
			$secret = include $file;
			if ( is_string( $secret ) ) {
				return array( 'file', $secret );
			}
		}
		return array( 'salts', self::salts() );
	}

	/**
	 * Returns the salts of wp-config.php. WordPress stores missing salts in the database, beside the key.
	 *
	 * @throws OperatorProblem If a salt is missing, too short, a placeholder or not unique.
	 */
	private static function salts(): string {
		$salts = array();
		foreach ( self::SALTS as $name ) {
			$salt = defined( $name ) ? (string) constant( $name ) : '';
			if ( strlen( $salt ) < 32 || self::PLACEHOLDER === $salt ) {
				throw new OperatorProblem( 'no-seal', 'The site has no secret to seal the key with.', 'Add the line that is shown below to wp-config.php.' );
			}
			$salts[] = $salt;
		}
		if ( count( array_unique( $salts ) ) < count( $salts ) ) {
			throw new OperatorProblem( 'no-seal', 'The salts of the site are all the same.', 'Add the line that is shown below to wp-config.php.' );
		}
		return implode( '', $salts );
	}

	/**
	 * Writes the constant into wp-config.php, if that is allowed. Returns whether the constant is written.
	 *
	 * @param string $secret The secret.
	 */
	private static function write_constant( string $secret ): bool {
		$path = ABSPATH . 'wp-config.php';
		if ( ! file_exists( $path ) ) {
			$path = dirname( ABSPATH ) . '/wp-config.php';
		}
		$files = self::files();
		if ( null === $files || ! wp_is_file_mod_allowed( 'live_chat_for_kinescope_streams' ) || is_link( $path ) || ! wp_is_writable( $path ) ) {
			return false;
		}
		$text = $files->get_contents( $path );
		if ( is_string( $text ) && 1 === preg_match( sprintf( "/^define\( '%s', '([^']+)' \)/m", self::CONSTANT ), $text, $found ) ) {
			self::$written = array( 'constant', $found[1] ); // Another request has written it.
			return true;
		}
		// PHP allows nothing before these declarations.
		if ( ! is_string( $text ) || 1 !== preg_match( '/^<\?php\b/', $text ) || 1 === preg_match( '/\b(?:declare\s*\(|namespace\s)/i', $text ) ) {
			return false;
		}
		$line = sprintf( "define( '%s', '%s' ); // Live Chat for Kinescope Streams: seals the signing key.", self::CONSTANT, $secret );
		$new  = "<?php\n$line\n" . ltrim( substr( $text, 5 ), "\r\n" );
		$mode = fileperms( $path ) & 0777;
		if ( ! $files->put_contents( "$path.kinescope-chat.php", $new, $mode ) ) {
			return false;
		}
		// One rename, so that no process reads a partial file. WordPress's own `move()` deletes the old file first.
		$done = $files->size( "$path.kinescope-chat.php" ) === strlen( $new ) && rename( "$path.kinescope-chat.php", $path ); // phpcs:ignore WordPress.WP.AlternativeFunctions
		if ( ! $done ) {
			$files->delete( "$path.kinescope-chat.php" );
			return false;
		}
		wp_opcache_invalidate( $path, true );
		self::$written = array( 'constant', $secret );
		return true;
	}

	/**
	 * Writes the secret to a file above the web root, if possible.
	 *
	 * @param string $secret The secret.
	 */
	private static function write_file( string $secret ): void {
		$files  = self::files();
		$root   = isset( $_SERVER['DOCUMENT_ROOT'] ) ? realpath( sanitize_text_field( wp_unslash( $_SERVER['DOCUMENT_ROOT'] ) ) ) : false;
		$home   = realpath( ABSPATH );
		$base   = false !== $root && false !== $home && 0 === strpos( $home . '/', $root . '/' ) ? $root : $home;
		$folder = false === $base ? '' : dirname( $base ) . '/.live-chat-for-kinescope-streams';
		if ( null === $files || '' === $folder || dirname( $base ) === $base || ! wp_is_writable( dirname( $base ) ) ) {
			return;
		}
		$path = $folder . '/' . self::file_name();
		$text = "<?php\nreturn '$secret';\n";
		// Another request, or another site in the same folder, may have made the file.
		if ( is_readable( $path ) || ( ( $files->is_dir( $folder ) || $files->mkdir( $folder, 0700 ) ) && $files->put_contents( $path, $text, 0600 ) ) ) {
			update_site_option( self::FILE_OPTION, $path );
			wp_opcache_invalidate( $path, true );
		}
	}

	/** Returns the name of this site's file. A copy of the site on the same server reads the original's file. */
	public static function file_name(): string {
		return 'seal-' . substr( md5( (string) realpath( ABSPATH ) ), 0, 12 ) . '.php';
	}

	/** Returns WordPress's access to files, or null if it needs a password. */
	private static function files(): ?\WP_Filesystem_Base {
		require_once ABSPATH . 'wp-admin/includes/file.php';
		if ( 'direct' !== get_filesystem_method() || ! WP_Filesystem() ) {
			return null;
		}
		return $GLOBALS['wp_filesystem'];
	}
}
