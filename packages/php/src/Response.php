<?php

namespace KinescopeChat\TokenServer;

/** Sends a response as the only output of a PHP request: notices and other code's output would break its JSON. */
final class Response
{
    /**
     * Makes a response and sends it. Work after it delays no visitor, and its output is discarded.
     *
     * @param callable(): array{status: int, headers: array<string, string>, body: string} $make
     */
    public static function send(callable $make): void
    {
        if (function_exists('ini_set')) {
            ini_set('display_errors', '0');
            ini_set('zlib.output_compression', '0'); // It would change the length.
        }
        ob_start();
        $answer = $make();
        while (ob_get_level() > 0 && ob_end_clean()) {
            continue;
        }
        header_remove();
        http_response_code($answer['status']);
        foreach ($answer['headers'] as $name => $value) {
            header("$name: $value");
        }
        if ($answer['body'] !== '') {
            header('Content-Length: ' . strlen($answer['body']));
        }
        echo $answer['body']; // phpcs:ignore WordPress.Security.EscapeOutput -- JSON.
        ignore_user_abort(true);
        if (function_exists('fastcgi_finish_request')) {
            fastcgi_finish_request();
        } elseif (function_exists('litespeed_finish_request')) {
            litespeed_finish_request();
        } else {
            flush();
        }
        ob_start(static function (): string {
            return '';
        });
    }
}
