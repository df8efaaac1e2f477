<?php

namespace KinescopeChat\TokenServer\Test;

use KinescopeChat\TokenServer\Clock;
use KinescopeChat\TokenServer\Store;
use KinescopeChat\TokenServer\Transport;

require __DIR__ . '/../src/autoload.php';
require __DIR__ . '/quick-keys.php';

/** A clock that advances only when a test sets it or waits. */
final class FakeClock implements Clock
{
    /** @var int */
    public $now = 1800000000;

    public function now(): int
    {
        return $this->now;
    }

    public function sleep(int $ms): void
    {
        $this->now += (int) ceil($ms / 1000);
    }
}

final class MemoryStore implements Store
{
    /** @var array<string, string> */
    public $values = [];

    /** Runs once, before the next swap, in place of another process. @var callable|null */
    public $meanwhile = null;

    public function read(string $name): ?string
    {
        return $this->values[$name] ?? null;
    }

    public function swap(string $name, ?string $old, ?string $new): bool
    {
        if ($this->meanwhile !== null) {
            $meanwhile = $this->meanwhile;
            $this->meanwhile = null;
            $meanwhile($name);
        }
        if (($this->values[$name] ?? null) !== $old) {
            return false;
        }
        if ($new === null) {
            unset($this->values[$name]);
        } else {
            $this->values[$name] = $new;
        }
        return true;
    }
}

/** Kinescope's keys and streams, with faults. */
final class FakeKinescope implements Transport
{
    /** @var array<string, array<string, string>> by id */
    public $keys = [];

    /** @var array<string, array<string, mixed>> by id */
    public $events = [];

    /** Every request, as "POST /v1/jwk". @var string[] */
    public $requests = [];

    /**
     * Runs for each request. It may return a response, or a function to call after the real response, and it may throw.
     *
     * @var callable|null
     */
    public $fault = null;

    /** @var bool whether the list shows `n` and `expires_at` */
    public $showsModulus = true;

    /** @var FakeClock */
    private $clock;

    /** @var int */
    private $count = 0;

    public function __construct(FakeClock $clock)
    {
        $this->clock = $clock;
    }

    public function send(string $method, string $url, array $headers, ?string $body): array
    {
        $path = (string) parse_url($url, PHP_URL_PATH);
        $this->requests[] = "$method $path";
        $fault = $this->fault === null ? null : ($this->fault)("$method $path", $body);
        if (is_array($fault)) {
            return $fault;
        }
        $response = $this->answer($method, $path, $body);
        if (is_callable($fault)) {
            $fault($response);
        }
        return $response;
    }

    private function answer(string $method, string $path, ?string $body): array
    {
        if ($method === 'POST') {
            $id = 'jwk_' . ++$this->count;
            $this->keys[$id] = ['id' => $id] + json_decode((string) $body, true);
            return $this->json(201, $this->keys[$id]);
        }
        if ($method === 'DELETE') {
            $id = basename($path);
            if (!isset($this->keys[$id])) {
                return $this->json(404, ['error' => ['code' => 404404, 'message' => 'no such entity']]);
            }
            unset($this->keys[$id]);
            return ['status' => 204, 'headers' => [], 'body' => ''];
        }
        if (strpos($path, '/v2/live/events/') === 0) {
            $id = basename($path);
            if (!isset($this->events[$id])) {
                return $this->json(404, ['error' => ['code' => 404404]]);
            }
            if ($method === 'PUT') {
                $this->events[$id] = json_decode((string) $body, true) + $this->events[$id];
            }
            return $this->json(200, ['data' => $this->events[$id]]);
        }
        $rows = $path === '/v1/jwk' ? $this->keys : $this->events;
        if (!$this->showsModulus) {
            foreach ($rows as $id => $row) {
                unset($rows[$id]['n'], $rows[$id]['expires_at']);
            }
        }
        return $this->json(200, ['data' => array_values($rows)]);
    }

    /** @param array<string, mixed> $value */
    public function json(int $status, array $value): array
    {
        $date = gmdate('D, d M Y H:i:s', $this->clock->now) . ' GMT';
        return ['status' => $status, 'headers' => ['date' => $date], 'body' => (string) json_encode($value)];
    }
}
