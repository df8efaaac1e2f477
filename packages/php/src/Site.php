<?php

namespace KinescopeChat\TokenServer;

/** A site's configuration and the objects made from it, for `token.php` and the command line. */
final class Site
{
    private const API_TOKEN = 'api-token';
    private const NAMES = 'user-id-key';
    private const SEAL = 'seal';

    /** @var Keys */
    public $keys;

    /** @var Clock */
    private $clock;

    /** @var Store */
    private $store;

    /** @var Seal */
    private $seal;

    /** @var array<string, mixed> */
    private $config;

    /** @var Transport */
    private $transport;

    /**
     * @param array<string, mixed> $config as in `token.php`: folder, site, events, identify
     * @throws OperatorProblem
     */
    public function __construct(array $config, ?Transport $transport = null, ?Clock $clock = null)
    {
        $this->config = $config + ['origins' => [], 'ttl' => Keys::TTL, 'mayEnter' => null, 'log' => null];
        $this->clock = $clock ?? new SystemClock();
        $this->transport = $transport ?? new CurlTransport();
        $root = PHP_SAPI === 'cli' ? '' : (string) ($_SERVER['DOCUMENT_ROOT'] ?? '');
        $this->store = new FileStore((string) $config['folder'], $root);
        $this->seal = new Seal((string) ($config['seal'] ?? $this->secret(self::SEAL)));
        $this->keys = new Keys($this->store, $this->seal, $this->clock, (string) $config['site'], [
            'ttl' => (int) $this->config['ttl'],
            'renews' => $this->store->read(self::API_TOKEN) === null ? 0 : 1,
        ]);
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
        $answer = $this->endpoint()->answer((string) $_SERVER['REQUEST_METHOD'], $headers, static function (int $bytes): string {
            return (string) file_get_contents('php://input', false, null, 0, $bytes);
        });
        header_remove();
        http_response_code($answer['status']);
        foreach ($answer['headers'] as $name => $value) {
            header("$name: $value");
        }
        echo $answer['body'];
        if (function_exists('fastcgi_finish_request')) {
            fastcgi_finish_request();
        }
        $this->reconcileIfDue();
    }

    public function endpoint(): Endpoint
    {
        $identify = $this->config['identify'];
        return new Endpoint($this->keys, $this->clock, [
            'events' => (array) $this->config['events'],
            'identify' => function (string $eventId, ?string $identity) use ($identify): ?array {
                $user = $identify($eventId, $identity);
                if ($user === null || !Claims::isUserId((string) $user['id'])) {
                    return null;
                }
                return ['id' => Claims::pseudonym((string) $user['id'], $this->secret(self::NAMES))] + $user;
            },
            'mayEnter' => $this->config['mayEnter'],
            'origins' => (array) $this->config['origins'],
            'ownOrigins' => array_filter([Origin::of((string) $this->config['site'])]),
            'ttl' => (int) $this->config['ttl'],
            'log' => $this->config['log'],
        ]);
    }

    public function reconcileIfDue(): void
    {
        try {
            if ($this->keys->isDue() && $this->store->read(self::API_TOKEN) !== null) {
                $this->keys->reconcile($this->api());
            }
        } catch (OperatorProblem $problem) {
            if ($this->config['log'] !== null) {
                ($this->config['log'])(['code' => $problem->problem, 'message' => $problem->getMessage()]);
            }
        }
    }

    /** Connects the site: checks the API token, makes and registers a key, and stores the token. */
    public function connect(string $apiToken): void
    {
        $this->keys->connect($this->apiWith($apiToken));
        $sealed = $this->seal->close($apiToken, self::API_TOKEN);
        $this->store->swap(self::API_TOKEN, $this->store->read(self::API_TOKEN), $sealed);
    }

    public function api(): KinescopeApi
    {
        $sealed = $this->store->read(self::API_TOKEN);
        if ($sealed === null) {
            throw new OperatorProblem('not-connected', 'The site is not connected to Kinescope.', 'Run: php token.php connect');
        }
        return $this->apiWith($this->seal->open($sealed, self::API_TOKEN));
    }

    private function apiWith(string $token): KinescopeApi
    {
        return new KinescopeApi($this->transport, $this->clock, $token, (string) ($this->config['api'] ?? KinescopeApi::URL));
    }

    /** Returns a random secret from the store, and makes it at first use. */
    private function secret(string $name): string
    {
        $known = $this->store->read($name);
        if ($known === null) {
            $this->store->swap($name, null, bin2hex(random_bytes(32)));
            $known = $this->store->read($name);
        }
        return (string) $known;
    }
}
