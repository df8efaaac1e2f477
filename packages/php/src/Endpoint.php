<?php

namespace KinescopeChat\TokenServer;

/** The token endpoint: turns a request into a response. docs/endpoint.md has the contract. */
final class Endpoint
{
    private const METHODS = 'POST, OPTIONS';

    private const MAX_BODY = 4096;

    private const MAX_EVENT_ID = 128;

    /** Placeholders that template languages leave instead of an id, as in the element (event-id.ts). */
    private const PLACEHOLDER = '/^(?:undefined|null|nan|none|nil|true|false|array|__\w+__)$|^[!-)+,:-@[-^`{-~]|^\.(?!\.\/)|[{}<>]'
        . '|%[357][bcd]|^(?!https?:).*[@|()]/iD';
    private const INVISIBLE = '/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\x{2800}' . UserName::IGNORABLE . ']/u';

    private const EXPOSED = 'Date, Retry-After, X-Request-ID';

    /** @var Keys|null */
    private $keys;

    /** @var Clock */
    private $clock;

    /** @var array<string, mixed> */
    private $options;

    /**
     * @param Keys|null $keys null if the site has no secret to open them with
     * @param array{
     *   events: string[],
     *   identify: callable(string, ?string): (array{id: string, name: string}|null),
     *   mayEnter?: callable(array, string): bool,
     *   origins?: string[],
     *   ownOrigins?: string[],
     *   ttl?: int,
     *   log?: callable(array<string, string|int|null>): void,
     *   random?: callable(): float
     * } $options `identify` gets the stream's id and the identity token, and returns the visitor
     */
    public function __construct(?Keys $keys, Clock $clock, array $options)
    {
        $this->keys = $keys;
        $this->clock = $clock;
        $this->options = $options + [
            'mayEnter' => null,
            'origins' => [],
            'ownOrigins' => [],
            'ttl' => Keys::TTL,
            'log' => null,
            'random' => static function (): float {
                return random_int(0, 999999) / 1000000;
            },
        ];
    }

    /**
     * @param array<string, string> $headers names in lower case
     * @param callable(int): string $readBody reads at most that many bytes of the body
     * @return array{status: int, headers: array<string, string>, body: string}
     */
    public function answer(string $method, array $headers, callable $readBody): array
    {
        $id = self::uuid();
        $origin = $headers['origin'] ?? null;
        $policy = new Origin($this->options['origins'], $this->options['ownOrigins']);
        $common = [
            'Cache-Control' => 'no-store',
            'Vary' => 'Origin',
            'X-Content-Type-Options' => 'nosniff',
            'Referrer-Policy' => 'no-referrer',
            'X-Request-ID' => $id,
        ];
        if ($method === 'GET' || $method === 'HEAD') {
            // A response to GET contains no secret. A page of an unlisted origin may read why it gets no token.
            $common += ['Access-Control-Allow-Origin' => '*', 'Access-Control-Expose-Headers' => self::EXPOSED];
        } elseif ($policy->isListed($origin)) {
            $common += [
                'Access-Control-Allow-Origin' => (string) $origin,
                'Access-Control-Allow-Credentials' => 'true',
                'Access-Control-Expose-Headers' => self::EXPOSED,
            ];
        }
        try {
            $this->checkOrigin($policy, $method, $origin, $headers['sec-fetch-site'] ?? null);
            if ($method === 'OPTIONS') {
                $cors = $policy->isListed($origin)
                    ? Origin::preflight($headers['access-control-request-headers'] ?? '')
                    : [];
                return ['status' => 204, 'headers' => $common + ['Allow' => self::METHODS] + $cors, 'body' => ''];
            }
            if ($method !== 'POST') {
                throw new Refusal('bad-request', null, 405, ['Allow' => self::METHODS]);
            }
            $reply = $this->issue($headers, $readBody);
            return [
                'status' => 200,
                'headers' => $common + ['Content-Type' => 'application/json'],
                'body' => self::json($reply),
            ];
        } catch (\Throwable $error) {
            $code = $error instanceof OperatorProblem ? 'key-unavailable' : 'server-error';
            $refusal = $error instanceof Refusal ? $error : new Refusal($code, null, null, [], $error);
            $this->log($refusal, $id, $origin);
            $problem = [
                'type' => 'urn:kinescope-chat:problem:' . $refusal->problem,
                'title' => $refusal->title,
                'status' => $refusal->status,
                'detail' => $refusal->detail,
                'code' => $refusal->problem,
                'request_id' => $id,
            ];
            return [
                'status' => $refusal->status,
                'headers' => $common + ['Content-Type' => 'application/problem+json'] + $refusal->headers,
                'body' => $method === 'HEAD' ? '' : self::json($problem),
            ];
        }
    }

    private function checkOrigin(Origin $policy, string $method, ?string $origin, ?string $fetchSite): void
    {
        $counts = $method === 'POST' || ($origin !== null && in_array($method, ['OPTIONS', 'GET', 'HEAD'], true));
        if ($counts && !$policy->mayAsk($origin, $fetchSite)) {
            throw new Refusal('origin-not-allowed');
        }
    }

    /**
     * @param array<string, string> $headers
     * @return array<string, string|int>
     */
    private function issue(array $headers, callable $readBody): array
    {
        self::checkType($headers);
        if ((int) ($headers['content-length'] ?? 0) > self::MAX_BODY) {
            throw new Refusal('bad-request', 'The body is over 4 KiB.', 413);
        }
        [$eventId, $identity] = self::readBody($readBody(self::MAX_BODY + 1), isset($headers['authorization']));
        if (!in_array($eventId, $this->options['events'], true)) {
            throw new Refusal('event-not-allowed');
        }
        if (preg_match('/^Bearer +(\S+)$/iD', $headers['authorization'] ?? '', $found)) {
            $identity = $found[1];
        }
        [$user, $userId] = $this->identify($eventId, $identity);
        if ($userId === null) {
            throw new Refusal('sign-in-required');
        }
        if ($this->options['mayEnter'] !== null && !($this->options['mayEnter'])($user, $eventId)) {
            throw new Refusal('access-denied');
        }
        if ($this->keys === null) {
            throw new Refusal('key-unavailable');
        }
        [$kid, $signer, $until] = $this->keys->signer();
        $now = $this->clock->now();
        $name = is_string($user['name'] ?? null) ? $user['name'] : '';
        $claims = Claims::make($userId, $name, $eventId, $now, $this->options['ttl'], $until);
        $life = $claims['exp'] - $now;
        if ($life < 1) {
            throw new Refusal('key-expired');
        }
        return [
            'token' => $signer->token($kid, $claims),
            'expires_in' => $life,
            // Spreads the renewals of visitors who arrived at the same time.
            'refresh_in' => max(1, (int) floor($life * (0.6 + 0.3 * ($this->options['random'])()))),
        ];
    }

    /**
     * Returns the visitor and their id; the id is null if no visitor is signed in.
     *
     * @return array{array<string, mixed>|null, string|null}
     */
    private function identify(string $eventId, ?string $identity): array
    {
        try {
            $user = ($this->options['identify'])($eventId, $identity);
            return [$user, Claims::userId($user['id'] ?? null)];
        } catch (Refusal | OperatorProblem $problem) {
            throw $problem;
        } catch (\Throwable $error) {
            // The site's own code failed, such as its database.
            throw new Refusal('identity-unavailable', null, null, [], $error);
        }
    }

    /**
     * Accepts JSON, and `text/plain` in UTF-8, which needs no preflight (Fetch standard). The origin check runs before.
     *
     * @param array<string, string> $headers
     */
    private static function checkType(array $headers): void
    {
        $parts = explode(';', strtolower(substr($headers['content-type'] ?? '', 0, 200)));
        $type = trim(array_shift($parts));
        $other = preg_grep('/^\s*charset\s*(?:$|=(?!\s*"?utf-?8"?\s*$))/D', $parts);
        if ($type !== 'application/json' && ($type !== 'text/plain' || $other !== [])) {
            throw new Refusal('bad-request', 'Content-Type must be application/json, or text/plain in UTF-8.', 415);
        }
        if (trim(strtolower($headers['content-encoding'] ?? 'identity')) !== 'identity') {
            throw new Refusal('bad-request', 'The body must not be compressed.', 415);
        }
    }

    /** @return array{string, ?string} the stream's id and the identity token */
    private static function readBody(string $body, bool $hasAuthorization): array
    {
        if (strlen($body) > self::MAX_BODY) {
            throw new Refusal('bad-request', 'The body is over 4 KiB.', 413);
        }
        $body = strncmp($body, "\u{FEFF}", 3) === 0 ? substr($body, 3) : $body;
        $value = json_decode($body, true);
        if (json_last_error() !== JSON_ERROR_NONE) {
            throw new Refusal('bad-request', 'The body must be JSON in UTF-8.');
        }
        if (!is_array($value) || ltrim($body, " \t\r\n")[0] !== '{') {
            throw new Refusal('bad-request', 'The body must be a JSON object.');
        }
        if (array_diff(array_map('strval', array_keys($value)), ['event_id', 'identity'])) {
            throw new Refusal('bad-request', 'The body must hold "event_id" and nothing else but "identity".');
        }
        $identity = $value['identity'] ?? null;
        if (array_key_exists('identity', $value)) {
            if ($hasAuthorization) {
                throw new Refusal('bad-request', 'Send "identity" in the body or an Authorization header, not both.');
            }
            if (!is_string($identity) || !preg_match('/^[!-~]+$/D', $identity)) {
                throw new Refusal('bad-request', '"identity" must be an identity token: text without spaces.');
            }
        }
        $eventId = $value['event_id'] ?? null;
        if (!is_string($eventId)) {
            throw new Refusal('bad-request', '"event_id" must be a string.');
        }
        $trimmed = self::trim($eventId);
        if (Claims::length($eventId) > self::MAX_EVENT_ID || $trimmed === '') {
            throw new Refusal('bad-request', '"event_id" must have 1 to ' . self::MAX_EVENT_ID . ' characters.');
        }
        if (preg_match('/\p{Cc}/u', $eventId)) {
            throw new Refusal('bad-request', '"event_id" must be text without control characters.');
        }
        if (preg_match(self::PLACEHOLDER, self::trim((string) preg_replace(self::INVISIBLE, '', $eventId)))) {
            throw new Refusal('bad-request', '"event_id" is a placeholder that nothing replaced. Set event-id on the page.');
        }
        return [$trimmed, $identity];
    }

    /** Removes the white space that JavaScript's `trim()` removes, except control characters, which no id may have. */
    private static function trim(string $text): string
    {
        return (string) preg_replace('/^[\p{Z}\x{feff}]+|[\p{Z}\x{feff}]+$/uD', '', $text);
    }

    /** Calls the site's log, whose errors don't change the response. Without one, failures go to PHP's own log. */
    private function log(Refusal $refusal, string $id, ?string $origin): void
    {
        $previous = $refusal->getPrevious();
        $cause = $previous === null ? null : KinescopeApi::shown(get_class($previous) . ': ' . $previous->getMessage());
        if ($this->options['log'] === null) {
            if ($cause !== null) {
                error_log("kinescope-chat: $refusal->problem, request $id: $cause");
            }
            return;
        }
        try {
            ($this->options['log'])([
                'request_id' => $id,
                'code' => $refusal->problem,
                'status' => $refusal->status,
                'origin' => $origin === null ? null : substr((string) preg_replace('/[^ -~]/', '?', $origin), 0, 200),
                'cause' => $cause,
            ]);
        } catch (\Throwable $error) {
            error_log('kinescope-chat: the log failed: ' . KinescopeApi::shown($error->getMessage()));
        }
    }

    /** @param array<string, string|int> $value */
    private static function json(array $value): string
    {
        return (string) json_encode($value, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);
    }

    /** RFC 9562, section 5.4. */
    private static function uuid(): string
    {
        $bytes = random_bytes(16);
        $bytes[6] = chr(ord($bytes[6]) & 0x0f | 0x40);
        $bytes[8] = chr(ord($bytes[8]) & 0x3f | 0x80);
        return vsprintf('%s%s-%s-%s-%s-%s%s%s', str_split(bin2hex($bytes), 4));
    }
}
