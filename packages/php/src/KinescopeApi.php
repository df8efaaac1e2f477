<?php

namespace KinescopeChat\TokenServer;

/** Kinescope's API: keys and streams. The API token is sent only to this API, and no message contains it. */
final class KinescopeApi
{
    public const URL = 'https://api.kinescope.io';

    private const ATTEMPTS = 3;

    private const MAX_PAGES = 50;

    private const UUID = '/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/iD';

    /** The `Date` header of the last response that had one. Seconds since the epoch. @var int|null */
    public $date = null;

    /** @var Transport */
    private $transport;

    /** @var Clock */
    private $clock;

    /** @var string */
    private $token;

    /** @var string */
    private $url;

    /** @throws OperatorProblem `api-token-refused` if the text isn't an API token */
    public function __construct(Transport $transport, Clock $clock, string $token, string $url = self::URL)
    {
        if (!preg_match(self::UUID, $token)) {
            throw new OperatorProblem(
                'api-token-refused',
                'This is not an API token.',
                'Copy the token from app.kinescope.io, Settings → API tokens. It looks like 0a1b2c3d-….'
            );
        }
        $this->transport = $transport;
        $this->clock = $clock;
        $this->token = $token;
        $this->url = rtrim($url, '/');
    }

    /**
     * Returns all registered keys.
     *
     * @return array<int, array{id: string, kid: string, n: ?string, expiresAt: ?int}>
     */
    public function keys(): array
    {
        return array_map(static function (array $row): array {
            $end = is_string($row['expires_at'] ?? null) ? strtotime($row['expires_at']) : false;
            return [
                'id' => (string) $row['id'],
                'kid' => is_string($row['kid'] ?? null) ? $row['kid'] : '',
                'n' => is_string($row['n'] ?? null) ? $row['n'] : null,
                'expiresAt' => $end === false ? null : $end,
            ];
        }, $this->listAll(['v1', 'jwk'], []));
    }

    /**
     * Returns the body that registers a public key, exactly as Kinescope's article documents it.
     *
     * @param array<string, mixed> $key a record of the ring
     * @return array<string, string>
     */
    public static function registration(array $key): array
    {
        return [
            'kty' => 'RSA',
            'e' => $key['e'],
            'use' => 'sig',
            'kid' => $key['kid'],
            'alg' => 'RS256',
            'n' => $key['n'],
            'expires_at' => gmdate('Y-m-d\TH:i:s\Z', $key['expiresAt']),
        ];
    }

    /** @param array<string, mixed> $key a record of the ring */
    public function createKey(array $key): void
    {
        $this->call('POST', ['v1', 'jwk'], self::registration($key));
    }

    /** Deletes a key. @return bool false if Kinescope didn't have the key */
    public function deleteKey(string $id): bool
    {
        try {
            $this->call('DELETE', ['v1', 'jwk', $id]);
            return true;
        } catch (OperatorProblem $problem) {
            if ($problem->problem !== 'not-found') {
                throw $problem;
            }
            return false;
        }
    }

    /**
     * Returns all streams, the newest first.
     *
     * @return array<int, array{id: string, publicId: ?string, name: string, status: ?string, jwtRequired: ?bool}>
     */
    public function events(): array
    {
        $rows = $this->listAll(['v2', 'live', 'events'], ['per_page' => '100', 'order' => 'created_at.desc']);
        return array_map([self::class, 'readEvent'], $rows);
    }

    /** @return array{id: string, publicId: ?string, name: string, status: ?string, jwtRequired: ?bool} */
    public function event(string $id): array
    {
        return self::readEvent($this->one(['v2', 'live', 'events', $id]));
    }

    /** The UUID of a stream that is given by its UUID or by the id of its link. */
    public function uuidOf(string $id): string
    {
        foreach (preg_match('/^[0-9a-f-]{36}$/Di', $id) ? [] : $this->events() as $event) {
            if ($event['publicId'] === $id) {
                return $event['id'];
            }
        }
        return $id;
    }

    /**
     * Changes `chat_jwt_required` and nothing else.
     *
     * @return string[] the names of other fields that Kinescope changed
     */
    public function requireJwt(string $id, bool $required = true): array
    {
        $path = ['v2', 'live', 'events', $id];
        $before = $this->one($path);
        $this->call('PUT', $path, ['chat_jwt_required' => $required]);
        $after = $this->one($path);
        if (is_bool($after['chat_jwt_required'] ?? null) && $after['chat_jwt_required'] !== $required) {
            throw new OperatorProblem(
                'jwt-not-enabled',
                'Kinescope accepted the change of the stream, but didn’t make it.',
                'Try again. If it fails again, write to Kinescope’s support.'
            );
        }
        $moved = [];
        foreach (array_keys($before + $after) as $name) {
            if (json_encode($before[$name] ?? null) !== json_encode($after[$name] ?? null)) {
                $moved[] = (string) $name;
            }
        }
        return array_values(array_diff($moved, ['chat_jwt_required', 'updated_at']));
    }

    /** @param array<string, mixed> $row */
    private static function readEvent(array $row): array
    {
        $link = is_string($row['play_link'] ?? null) ? $row['play_link'] : '';
        $stream = $row['stream'] ?? null;
        $status = is_array($stream) && is_string($stream['status'] ?? null) ? $stream['status'] : null;
        $required = $row['chat_jwt_required'] ?? null;
        return [
            'id' => (string) $row['id'],
            'publicId' => preg_match('#^https://[^/]+/([\w-]{1,128})/?$#D', $link, $found) ? $found[1] : null,
            'name' => is_string($row['name'] ?? null) ? $row['name'] : '',
            'status' => $status,
            'jwtRequired' => is_bool($required) ? $required : null,
        ];
    }

    /**
     * @param string[] $path
     * @param array<string, string> $query
     * @return array<int, array<string, mixed>>
     */
    private function listAll(array $path, array $query): array
    {
        $rows = [];
        for ($page = 1; $page <= self::MAX_PAGES; $page++) {
            $body = $this->call('GET', $path, null, $page === 1 ? $query : ['page' => (string) $page] + $query);
            $list = self::rows($body);
            if ($list === null) {
                throw self::badAnswer('a list of unknown form');
            }
            $before = count($rows);
            foreach ($list as $row) {
                $row = self::checked($row);
                $rows[$row['id']] = $row;
            }
            $total = $body->meta->pagination->total ?? $body->meta->total ?? 0;
            if (!is_int($total) || $total <= count($rows)) {
                return array_values($rows);
            }
            if (count($rows) === $before) {
                throw self::badAnswer('fewer entries than it says there are');
            }
        }
        throw self::badAnswer('too many pages');
    }

    /**
     * Returns the JSON array of a list. An object, even an empty one, is no list.
     *
     * @param mixed $body
     * @return array<int, mixed>|null
     */
    private static function rows($body): ?array
    {
        foreach ([$body, $body->data ?? null, $body->keys ?? null] as $list) {
            if (is_array($list)) {
                return $list;
            }
        }
        return null;
    }

    /**
     * @param string[] $path
     * @return array<string, mixed>
     */
    private function one(array $path): array
    {
        $body = $this->call('GET', $path);
        return self::checked(is_object($body->data ?? null) ? $body->data : $body);
    }

    /**
     * @param mixed $row
     * @return array<string, mixed>
     */
    private static function checked($row): array
    {
        $id = $row->id ?? '';
        if ((!is_string($id) && !is_int($id)) || $id === '') {
            throw self::badAnswer('an entry without an id');
        }
        return (array) json_decode((string) json_encode($row, JSON_PARTIAL_OUTPUT_ON_ERROR), true);
    }

    /**
     * Sends a request, and retries if that is safe. Retries a POST only after 429, because Kinescope did nothing then.
     *
     * @param string[] $path
     * @param array<string, string>|array<string, bool>|null $body
     * @param array<string, string> $query
     * @return mixed the decoded JSON, with objects as objects; null for an empty body
     */
    private function call(string $method, array $path, ?array $body = null, array $query = [])
    {
        $url = $this->url;
        foreach ($path as $segment) {
            // `..` is the parent, and deleting the parent could delete everything.
            if (in_array(trim(rawurldecode($segment)), ['', '.', '..'], true)) {
                throw new OperatorProblem('api-id-malformed', 'This is not an id.', 'Give the id as the list shows it.');
            }
            $url .= '/' . rawurlencode($segment);
        }
        $url .= $query === [] ? '' : '?' . http_build_query($query);
        for ($attempt = 1; true; $attempt++) {
            try {
                return $this->attempt($method, $url, $body);
            } catch (OperatorProblem $problem) {
                $passing = $method === 'POST' ? ['api-rate-limited'] : ['api-rate-limited', 'api-unreachable', 'api-unavailable'];
                if ($attempt >= self::ATTEMPTS || !in_array($problem->problem, $passing, true)) {
                    throw $problem;
                }
                $this->clock->sleep((int) (400 * 2 ** ($attempt - 1) * (0.5 + random_int(0, 1000) / 1000)));
            }
        }
    }

    /**
     * @param array<string, string>|array<string, bool>|null $body
     * @return mixed
     */
    private function attempt(string $method, string $url, ?array $body)
    {
        $headers = ['Accept' => 'application/json', 'Authorization' => 'Bearer ' . $this->token];
        if ($body !== null) {
            $headers['Content-Type'] = 'application/json';
        }
        try {
            $text = $body === null ? null : (string) json_encode($body, JSON_UNESCAPED_SLASHES);
            $response = $this->transport->send($method, $url, $headers, $text);
        } catch (\RuntimeException $error) {
            throw new OperatorProblem(
                'api-unreachable',
                'This server can’t reach Kinescope: ' . self::shown($this->withoutToken($error->getMessage())),
                'Try again. If it fails again, ask your hosting provider to allow outgoing requests to api.kinescope.io.'
            );
        }
        $date = strtotime($response['headers']['date'] ?? '');
        $this->date = $date === false ? $this->date : $date;
        $status = $response['status'];
        if (strlen($response['body']) > Transport::MAX_BYTES) {
            throw self::badAnswer('more than 1 MiB');
        }
        $body = $this->withoutToken($response['body']);
        $value = json_decode($body, false, 512, JSON_BIGINT_AS_STRING);
        $isJson = trim($body) === '' || json_last_error() === JSON_ERROR_NONE;
        if ($status >= 400) {
            $requestId = $this->withoutToken($response['headers']['x-request-id'] ?? '');
            throw self::refused($status, $isJson ? $value : null, $requestId);
        }
        if ($status < 200 || $status >= 300) {
            throw self::badAnswer("a redirect ($status)");
        }
        if (!$isJson) {
            throw self::badAnswer('a page that is not JSON');
        }
        return $value;
    }

    /**
     * Explains an error response. The status takes precedence over the code: the two don't always agree.
     *
     * @param mixed $body
     */
    private static function refused(int $status, $body, string $requestId): OperatorProblem
    {
        $code = is_int($body->error->code ?? null) ? $body->error->code : 0;
        $words = array_filter([$body->error->message ?? null, $body->error->detail ?? null], 'is_string');
        $said = "Kinescope answered $status" . ($code === 0 ? '' : ", code $code")
            . ($words === [] ? '' : ': ' . self::shown(implode(', ', $words)))
            . ($requestId === '' ? '' : ' (request ' . self::shown($requestId) . ')') . '.';
        $table = [
            400246 => ['event-finished', 'A finished stream can’t be edited. Choose another stream.'],
            400301 => ['api-id-malformed', 'The API needs the stream’s UUID. Choose the stream from the list.'],
            400201 => ['kid-taken', 'A key with this id is registered already. Try again.'],
            100106 => ['key-limit-reached', 'The account has reached its limit of keys. Delete unused keys at Kinescope.'],
            401 => ['api-token-refused', 'Check the API token in app.kinescope.io, Settings → API tokens. It may have been deleted.'],
            402 => ['key-limit-reached', 'A limit of the account’s plan is reached. Ask Kinescope’s support.'],
            403 => ['api-forbidden', 'Use an API token of the workspace that owns the stream.'],
            404 => ['not-found', 'Kinescope has no such entry. Reload the list.'],
            409 => ['kid-taken', 'A key with this id is registered already. Try again.'],
            429 => ['api-rate-limited', 'Too many requests. Try again in a few minutes.'],
        ];
        if ($status >= 500) {
            return new OperatorProblem('api-unavailable', $said, 'Kinescope has a problem. Try again in a minute.');
        }
        [$problem, $remediation] = $table[$status] ?? $table[$code]
            ?? ['api-refused', 'Write to Kinescope’s support with this message.'];
        return new OperatorProblem($problem, $said, $remediation);
    }

    private static function badAnswer(string $form): OperatorProblem
    {
        return new OperatorProblem(
            'api-bad-answer',
            "Kinescope’s API answered with $form.",
            'A proxy or a sign-in page may have answered instead. Ask your hosting provider.'
        );
    }

    /** Removes the API token from a text that quotes it, in any case. */
    private function withoutToken(string $text): string
    {
        return str_ireplace($this->token, '(API token)', $text);
    }

    /** Returns an external text as one line of at most 300 characters, without control and format characters. */
    public static function shown(string $text): string
    {
        $clean = preg_replace('/[\p{C}\p{Zl}\p{Zp}]+/u', ' ', substr($text, 0, 2000));
        return preg_match('/^.{0,300}/us', trim((string) $clean), $found) ? $found[0] : '';
    }
}
