<?php

namespace KinescopeChat\TokenServer\Psr;

use KinescopeChat\TokenServer\Transport;
use Psr\Http\Client\ClientExceptionInterface;
use Psr\Http\Client\ClientInterface;
use Psr\Http\Message\RequestFactoryInterface;
use Psr\Http\Message\StreamFactoryInterface;

/** Sends requests with a PSR-18 client. The client must not follow redirects. */
final class Psr18Transport implements Transport
{
    /** @var ClientInterface */
    private $client;

    /** @var RequestFactoryInterface */
    private $requests;

    /** @var StreamFactoryInterface */
    private $streams;

    public function __construct(ClientInterface $client, RequestFactoryInterface $requests, StreamFactoryInterface $streams)
    {
        $this->client = $client;
        $this->requests = $requests;
        $this->streams = $streams;
    }

    public function send(string $method, string $url, array $headers, ?string $body): array
    {
        $request = $this->requests->createRequest($method, $url);
        foreach ($headers as $name => $value) {
            $request = $request->withHeader($name, $value);
        }
        if ($body !== null) {
            $request = $request->withBody($this->streams->createStream($body));
        }
        try {
            $response = $this->client->sendRequest($request);
        } catch (ClientExceptionInterface $error) {
            throw new \RuntimeException($error->getMessage(), 0, $error);
        }
        $found = [];
        foreach (array_keys($response->getHeaders()) as $name) {
            $found[strtolower((string) $name)] = $response->getHeaderLine((string) $name);
        }
        $stream = $response->getBody();
        $text = '';
        while (!$stream->eof() && strlen($text) <= self::MAX_BYTES) {
            $text .= $stream->read(65536);
        }
        return ['status' => $response->getStatusCode(), 'headers' => $found, 'body' => $text];
    }
}
