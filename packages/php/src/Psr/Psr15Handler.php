<?php

namespace KinescopeChat\TokenServer\Psr;

use KinescopeChat\TokenServer\Endpoint;
use Psr\Http\Message\ResponseFactoryInterface;
use Psr\Http\Message\ResponseInterface;
use Psr\Http\Message\ServerRequestInterface;
use Psr\Http\Server\RequestHandlerInterface;

/** The endpoint as a PSR-15 request handler. */
final class Psr15Handler implements RequestHandlerInterface
{
    /** @var callable(ServerRequestInterface): Endpoint */
    private $endpointFor;

    /** @var ResponseFactoryInterface */
    private $responses;

    /** @param callable(ServerRequestInterface): Endpoint $endpointFor lets `identify` read the request */
    public function __construct(callable $endpointFor, ResponseFactoryInterface $responses)
    {
        $this->endpointFor = $endpointFor;
        $this->responses = $responses;
    }

    public function handle(ServerRequestInterface $request): ResponseInterface
    {
        $headers = [];
        foreach (array_keys($request->getHeaders()) as $name) {
            $headers[strtolower((string) $name)] = $request->getHeaderLine((string) $name);
        }
        $stream = $request->getBody();
        $readBody = static function (int $bytes) use ($stream): string {
            if ($stream->isSeekable()) {
                $stream->rewind();
            }
            $text = '';
            while (!$stream->eof() && strlen($text) < $bytes) {
                $text .= $stream->read($bytes - strlen($text));
            }
            return $text;
        };
        $answer = ($this->endpointFor)($request)->answer($request->getMethod(), $headers, $readBody);
        $response = $this->responses->createResponse($answer['status']);
        foreach ($answer['headers'] as $name => $value) {
            $response = $response->withHeader($name, $value);
        }
        $response->getBody()->write($answer['body']);
        return $response;
    }
}
