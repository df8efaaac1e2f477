<?php
/**
 * Requests to Kinescope.
 *
 * @package Live_Chat_For_Kinescope_Streams
 */

namespace Live_Chat_For_Kinescope_Streams;

defined( 'ABSPATH' ) || exit;

use Live_Chat_For_Kinescope_Streams\Token_Server\Transport;

/**
 * Sends requests with WordPress's HTTP API, which uses the site's proxy.
 */
final class Wp_Transport implements Transport {

	/**
	 * Sends one request, without redirects.
	 *
	 * @param string                $method  GET, POST, PUT or DELETE.
	 * @param string                $url     The address.
	 * @param array<string, string> $headers Header fields.
	 * @param string|null           $body    The body.
	 * @return array{status: int, headers: array<string, string>, body: string}
	 * @throws \RuntimeException If no response arrives.
	 */
	public function send( string $method, string $url, array $headers, ?string $body ): array {
		$answer = wp_remote_request(
			$url,
			array(
				'method'              => $method,
				'headers'             => $headers,
				'body'                => $body,
				'timeout'             => self::TIMEOUT,
				'redirection'         => 0,
				'limit_response_size' => self::MAX_BYTES + 1,
			)
		);
		if ( is_wp_error( $answer ) ) {
			throw new \RuntimeException( $answer->get_error_message() ); // phpcs:ignore WordPress.Security.EscapeOutput -- a page escapes it.
		}
		$found = array();
		foreach ( wp_remote_retrieve_headers( $answer ) as $name => $value ) {
			$found[ strtolower( $name ) ] = is_array( $value ) ? implode( ', ', $value ) : (string) $value;
		}
		return array(
			'status'  => (int) wp_remote_retrieve_response_code( $answer ),
			'headers' => $found,
			'body'    => wp_remote_retrieve_body( $answer ),
		);
	}
}
