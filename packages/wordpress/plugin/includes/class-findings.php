<?php
/**
 * The checks of the plugin.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

namespace Live_Chat_For_Kinescope_Streams;

defined( 'ABSPATH' ) || exit;

use Live_Chat_For_Kinescope_Streams\Token_Server\Doctor;
use Live_Chat_For_Kinescope_Streams\Token_Server\KeyRing;
use Live_Chat_For_Kinescope_Streams\Token_Server\OperatorProblem;
use Live_Chat_For_Kinescope_Streams\Token_Server\SystemClock;

/**
 * Runs the checks of the settings page, of Site Health and of the command line.
 */
final class Findings {

	/** A key that ends sooner gets a warning. Days. */
	private const WARN_DAYS = 30;

	/**
	 * Runs the checks that need no request.
	 *
	 * @return array<int, array{level: string, code: string, text: string}>
	 */
	public static function local(): array {
		$found = array();
		$code  = self::key_problem();
		if ( '' !== $code ) {
			$found[] = self::finding( null === self::key() ? 'fail' : 'warn', $code, Problem_Text::by_code( $code ) );
		} elseif ( '' !== self::warning() ) {
			$found[] = self::finding( 'warn', self::warning(), Problem_Text::by_code( self::warning() ) );
		}
		if ( array() === Streams::ids() ) {
			$found[] = self::finding( 'fail', 'event-not-allowed', __( 'No stream is chosen. Choose one in step 2.', 'live-chat-for-kinescope-streams' ) );
		}
		if ( 'salts' === Sealing::kind() ) {
			$found[] = self::finding( 'warn', 'seal-by-salts', __( 'The key is protected by the salts in wp-config.php. If a security plugin changes them, you need a new key. Add the line below to wp-config.php instead.', 'live-chat-for-kinescope-streams' ) );
		}
		if ( ! self::has_opcache() ) {
			$found[] = self::finding( 'warn', 'opcache-off', __( 'PHP’s OPcache is off. Each visitor costs the server about thirty times as much. Ask your hosting provider to turn it on.', 'live-chat-for-kinescope-streams' ) );
		}
		return $found;
	}

	/**
	 * Runs all checks, with requests to Kinescope and to the site itself.
	 *
	 * @return array<int, array{level: string, code: string, text: string}>
	 */
	public static function all(): array {
		$found   = self::local();
		$found[] = Token_Route::test()
			? self::finding( 'ok', 'endpoint-reached', __( 'The site’s own address for tokens answers.', 'live-chat-for-kinescope-streams' ) )
			: self::finding( 'fail', 'endpoint-not-found', __( 'The site’s own address for tokens doesn’t answer. Save the permalink settings once, and exclude the address from security plugins.', 'live-chat-for-kinescope-streams' ) );
		if ( ! Connection::is_connected() || ! Connection::has_api_token() ) {
			return $found;
		}
		try {
			$events = array_map(
				static function ( array $stream ): string {
					return '' === $stream['id'] ? $stream['public_id'] : $stream['id'];
				},
				Streams::chosen()
			);
			foreach ( Doctor::check( Connection::keys(), Connection::api(), new SystemClock(), $events ) as $finding ) {
				$finding['text'] = self::translated( $finding );
				$found[]         = $finding;
			}
		} catch ( OperatorProblem $problem ) {
			$found[] = self::finding( 'fail', $problem->problem, Problem_Text::of( $problem ) );
		}
		return $found;
	}

	/**
	 * Returns a code for why the site can't sign, or '' if there is no problem. `copy-of-a-site` comes first: a copy can't
	 * make a new key until its administrator decides whether the site has moved.
	 */
	public static function key_problem(): string {
		if ( ! Connection::is_connected() ) {
			return 'not-connected';
		}
		try {
			$keys = Connection::keys();
			if ( $keys->isCopy() ) { // Names a damaged ring.
				return 'copy-of-a-site';
			}
			$keys->signer();
			return '';
		} catch ( OperatorProblem $problem ) {
			return $problem->problem;
		} catch ( Token_Server\Refusal $refusal ) {
			return 'key-unavailable' === $refusal->problem && $keys->isSealChanged() ? 'seal-changed' : $refusal->problem;
		}
	}

	/**
	 * Returns a code for what will stop a working site from signing: its API token is no longer good, or its key ends and
	 * nothing has replaced it. Returns '' if there is nothing to do.
	 */
	public static function warning(): string {
		$code = get_site_option( Upkeep::PROBLEM, '' );
		if ( in_array( $code, array( 'api-token-refused', 'api-forbidden', 'seal-changed', 'clock-wrong', 'key-limit-reached' ), true ) ) {
			return $code;
		}
		$key = self::key();
		return null !== $key && $key['ends'] < time() + self::WARN_DAYS * DAY_IN_SECONDS ? 'key-ends-soon' : '';
	}

	/**
	 * Returns the signing key: its id and the end of its use. Null if the site can't sign.
	 *
	 * @return array{kid: string, ends: int}|null
	 */
	public static function key(): ?array {
		try {
			$signer = Connection::keys()->signer();
			return array(
				'kid'  => $signer[0],
				'ends' => $signer[2],
			);
		} catch ( \RuntimeException $error ) {
			return null;
		}
	}

	/** Whether PHP caches compiled files. */
	private static function has_opcache(): bool {
		$on = ini_get( 'opcache.enable' );
		return function_exists( 'opcache_get_status' ) && ( '1' === $on || 'On' === $on );
	}

	/**
	 * Returns the text for a finding of the doctor, in the site's language.
	 *
	 * @param array{level: string, code: string, text: string} $finding A finding.
	 */
	private static function translated( array $finding ): string {
		switch ( $finding['code'] ) {
			case 'key-usable':
				$key  = self::key();
				$days = null === $key ? 0 : intdiv( $key['ends'] - time(), DAY_IN_SECONDS );
				/* translators: %d: days */
				return $days < self::WARN_DAYS ? sprintf( __( 'The signing key expires in %d days. Make a new key.', 'live-chat-for-kinescope-streams' ), $days ) : __( 'The site can sign visitors in.', 'live-chat-for-kinescope-streams' );
			case 'key-registered':
				return __( 'Kinescope knows the key of this site.', 'live-chat-for-kinescope-streams' );
			case 'key-not-registered':
				return __( 'Kinescope doesn’t list the signing key. Under “Key”, press “Make the key invalid now”: a new key then signs at once.', 'live-chat-for-kinescope-streams' );
			case 'clock-right':
				return __( 'The clock of this server is right.', 'live-chat-for-kinescope-streams' );
			case 'event-found':
				return __( 'Kinescope has the stream.', 'live-chat-for-kinescope-streams' ) . ' ' . self::name_in( $finding['text'] );
			case 'jwt-not-enabled':
				return __( 'Anyone may enter this chat under any name. Choose the stream again in step 2 and require sign-in.', 'live-chat-for-kinescope-streams' ) . ' ' . self::name_in( $finding['text'] );
		}
		$text = Problem_Text::by_code( $finding['code'] );
		return '' === $text ? $finding['text'] : $text;
	}

	/**
	 * Returns the stream's name in a text of the doctor, with its quotes.
	 *
	 * @param string $text The text.
	 */
	private static function name_in( string $text ): string {
		return 1 === preg_match( '/“.*”/us', $text, $found ) ? $found[0] : '';
	}

	/**
	 * Makes a finding.
	 *
	 * @param string $level One of `ok`, `warn`, `fail`.
	 * @param string $code  A code.
	 * @param string $text  A text.
	 * @return array{level: string, code: string, text: string}
	 */
	private static function finding( string $level, string $code, string $text ): array {
		return array(
			'level' => $level,
			'code'  => $code,
			'text'  => $text,
		);
	}
}
