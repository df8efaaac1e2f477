<?php

namespace KinescopeChat\TokenServer;

/** Port: one HTTP request, without redirects. */
interface Transport
{
    /** The size limit of a response. Bytes. */
    public const MAX_BYTES = 1048576;

    /** The time limit of a request. Seconds. */
    public const TIMEOUT = 10;

    /**
     * @param array<string, string> $headers
     * @return array{status: int, headers: array<string, string>, body: string} header names in lower case
     * @throws \RuntimeException if no response arrives
     */
    public function send(string $method, string $url, array $headers, ?string $body): array;
}
