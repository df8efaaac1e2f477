<?php

namespace KinescopeChat\TokenServer;

/** An error response to a token request (RFC 9457), with a code of the wire contract. */
final class Refusal extends \RuntimeException
{
    /** The status, title and detail of each code. */
    private const CODES = [
        'sign-in-required' => [401, 'Sign in first', 'The site does not know the visitor.'],
        'access-denied' => [403, 'Access denied', 'The visitor is known, but may not enter this chat.'],
        'event-not-allowed' => [403, 'Stream not allowed', 'This stream is not in the list of the site.'],
        'origin-not-allowed' => [403, 'Origin not allowed', 'The page belongs to another site.'],
        'bad-request' => [400, 'Bad request', 'Expected POST with the JSON object {"event_id": "…"}.'],
        'identity-expired' => [401, 'Identity expired', 'The identity token has expired. Reload the page.'],
        'rate-limited' => [429, 'Too many requests', 'Wait as long as Retry-After says.'],
        'identity-unavailable' => [503, 'Identity unavailable', 'The site could not identify the visitor.'],
        'server-error' => [500, 'Server error', 'Something went wrong. Try again later.'],
        'key-unavailable' => [503, 'No signing key', 'The site has no usable signing key.'],
        'key-not-registered' => [503, 'Key not registered', 'Kinescope does not list the signing key of the site.'],
        'key-expired' => [503, 'Key expired', 'The public key has passed its expires_at at Kinescope.'],
        'event-not-found' => [404, 'Stream not found', 'Kinescope knows no such stream.'],
    ];

    /** @var string */
    public $problem;

    /** @var int */
    public $status;

    /** @var string */
    public $title;

    /** @var string */
    public $detail;

    /** @var array<string, string> */
    public $headers;

    /** @param array<string, string> $headers */
    public function __construct(
        string $problem,
        ?string $detail = null,
        ?int $status = null,
        array $headers = [],
        ?\Throwable $previous = null
    ) {
        [$usual, $this->title, $text] = self::CODES[$problem];
        parent::__construct($problem, 0, $previous);
        $this->problem = $problem;
        $this->status = $status ?? $usual;
        $this->detail = $detail ?? $text;
        // A 401 response names an authentication scheme (RFC 9110, section 15.5.2).
        $this->headers = $headers + ($this->status === 401 ? ['WWW-Authenticate' => 'Bearer'] : []);
    }
}
