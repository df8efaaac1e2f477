<?php

namespace KinescopeChat\TokenServer;

/** A site's configuration and the objects made from it, for `token.php` and the command line. */
final class Site
{
    private const API_TOKEN = 'api-token';
    private const NAMES = 'user-id-key';
    private const SEAL = 'seal';

    /** @var Clock */
    private $clock;

    /** @var Store|null */
    private $store = null;

    /** @var array<string, mixed> */
    private $config;

    /** @var Transport */
    private $transport;

    /** @param array<string, mixed> $config as in `token.php`: folder, site, events, identify */
    public function __construct(array $config, ?Transport $transport = null, ?Clock $clock = null)
    {
        $this->config = $config + ['origins' => [], 'ttl' => Keys::TTL, 'mayEnter' => null, 'log' => null];
        $this->clock = $clock ?? new SystemClock();
        $this->transport = $transport ?? new CurlTransport();
    }

    /** Answers the current request, then reconciles the keys if that is due. */
    public function answer(): void
    {
        $headers = [];
        foreach ($_SERVER as $name => $value) {
            if (strncmp($name, 'HTTP_', 5) === 0 && is_string($value)) {
                $headers[str_replace('_', '-', strtolower(substr($name, 5)))] = $value;
            }
        }
        $headers['content-type'] = (string) ($_SERVER['CONTENT_TYPE'] ?? '');
        // Apache with PHP-FPM hides this header from scripts unless it is configured to pass it.
        $authorization = $_SERVER['HTTP_AUTHORIZATION'] ?? $_SERVER['REDIRECT_HTTP_AUTHORIZATION'] ?? null;
        if (is_string($authorization)) {
            $headers['authorization'] = $authorization;
        }
        Response::send(function () use ($headers): array {
            return $this->endpoint()->answer((string) $_SERVER['REQUEST_METHOD'], $headers, static function (int $bytes): string {
                return (string) file_get_contents('php://input', false, null, 0, $bytes);
            });
        });
        $this->reconcileIfDue();
    }

    /** @throws OperatorProblem */
    public function keys(): Keys
    {
        return new Keys($this->store(), $this->seal(), $this->clock, (string) $this->config['site'], [
            'ttl' => $this->ttl(),
            'renews' => $this->store()->read(self::API_TOKEN) === null ? 0 : 1,
        ]);
    }

    /** @throws OperatorProblem unless the lifetime is one that a token may have */
    private function ttl(): int
    {
        $given = is_scalar($this->config['ttl']) ? (string) $this->config['ttl'] : '';
        $ttl = (int) $given;
        if ((string) $ttl !== $given || $ttl < 60 || $ttl > 86400) {
            $problem = 'The ttl isn’t a number of seconds from 60 to 86400.';
            throw new OperatorProblem('ttl-invalid', $problem, 'Set it, such as to 3600, or remove it.');
        }
        return $ttl;
    }

    /** Returns the ids of the streams in the configuration. @return string[] */
    public function events(): array
    {
        return array_map('strval', (array) $this->config['events']);
    }

    /** Returns the addresses of the site and of other pages, as configured. @return string[] */
    public function origins(): array
    {
        return array_map('strval', array_merge([$this->config['site']], array_values((array) $this->config['origins'])));
    }

    public function endpoint(): Endpoint
    {
        $identify = $this->config['identify'];
        try {
            $keys = $this->keys();
            $problem = null;
        } catch (OperatorProblem $problem) {
            $keys = null;
        }
        return new Endpoint($keys, $this->clock, [
            'events' => $this->events(),
            'identify' => function (string $eventId, ?string $identity) use ($identify, $problem): ?array {
                if ($problem !== null) {
                    throw $problem;
                }
                $user = $identify($eventId, $identity);
                $userId = Claims::userId($user['id'] ?? null);
                return $userId === null ? null : ['id' => Claims::pseudonym($userId, $this->secret(self::NAMES))] + $user;
            },
            'mayEnter' => $this->config['mayEnter'],
            'origins' => array_filter(array_map([Origin::class, 'of'], (array) $this->config['origins'])),
            'ownOrigins' => array_filter([Origin::of((string) $this->config['site'])]),
            'ttl' => (int) $this->config['ttl'],
            'log' => $this->config['log'],
        ]);
    }

    public function reconcileIfDue(): void
    {
        try {
            $keys = $this->keys();
            if ($keys->isDue() && $this->store()->read(self::API_TOKEN) !== null) {
                $keys->reconcile($this->api());
            }
        } catch (\Throwable $error) {
            $code = $error instanceof OperatorProblem ? $error->problem : 'server-error';
            $this->config['log'] === null
                ? error_log("kinescope-chat: $code: {$error->getMessage()}")
                : ($this->config['log'])(['code' => $code, 'message' => $error->getMessage()]);
        }
    }

    /** Connects the site: checks the API token, makes and registers a key, and stores the token. */
    public function connect(string $apiToken): void
    {
        $this->keys()->connect($this->apiWith($apiToken));
        $sealed = $this->seal()->close($apiToken, self::API_TOKEN);
        if (!$this->store()->swap(self::API_TOKEN, $this->store()->read(self::API_TOKEN), $sealed)) {
            throw FileStore::notWritten(self::API_TOKEN);
        }
    }

    public function api(): KinescopeApi
    {
        $sealed = $this->store()->read(self::API_TOKEN);
        if ($sealed === null) {
            throw new OperatorProblem('not-connected', 'The site is not connected to Kinescope.', 'Run: php token.php connect');
        }
        return $this->apiWith($this->seal()->open($sealed, self::API_TOKEN));
    }

    private function apiWith(string $token): KinescopeApi
    {
        return new KinescopeApi($this->transport, $this->clock, $token, (string) ($this->config['api'] ?? KinescopeApi::URL));
    }

    /** Returns a random secret from the store, and makes it at first use. */
    private function secret(string $name): string
    {
        $known = $this->store()->read($name);
        if ($known === null) {
            $this->store()->swap($name, null, bin2hex(random_bytes(32)));
            $known = $this->store()->read($name);
        }
        if ($known === null) {
            throw FileStore::notWritten($name);
        }
        return $known;
    }

    private function store(): Store
    {
        $root = PHP_SAPI === 'cli' ? '' : (string) ($_SERVER['DOCUMENT_ROOT'] ?? '');
        $this->store = $this->store ?? new FileStore((string) $this->config['folder'], $root);
        return $this->store;
    }

    private function seal(): Seal
    {
        return new Seal((string) ($this->config['seal'] ?? $this->secret(self::SEAL)));
    }
}
