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
        while (self::mayBuffer(PHP_OUTPUT_HANDLER_REMOVABLE) && ob_end_clean()) {
            continue;
        }
        if (self::mayBuffer(PHP_OUTPUT_HANDLER_CLEANABLE)) {
            ob_clean();
        }
        header_remove();
        foreach ($answer['headers'] as $name => $value) {
            // `http_response_code()` would keep a status line that other code has set.
            header("$name: $value", true, $answer['status']);
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

    /** Whether there is an output buffer, and allows this. */
    private static function mayBuffer(int $flag): bool
    {
        return ((ob_get_status()['flags'] ?? 0) & $flag) !== 0;
    }
}
