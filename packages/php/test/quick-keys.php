<?php

namespace KinescopeChat\TokenServer;

/** Generates each key once: tests get the same keys in the same order, and no test gets a key twice. */
final class QuickKeys
{
    /** @var array<int, mixed> */
    private static $keys = [];

    /** @var int */
    private static $used = 0;

    /** Called before each test. */
    public static function startOver(): void
    {
        self::$used = 0;
    }

    /**
     * @param array<string, mixed> $options
     * @return mixed
     */
    public static function next(array $options)
    {
        $key = self::$keys[self::$used] ?? \openssl_pkey_new($options);
        self::$keys[self::$used++] = $key;
        return $key;
    }
}

/**
 * Replaces PHP's function in this namespace.
 *
 * @param array<string, mixed> $options
 * @return mixed
 */
function openssl_pkey_new(array $options)
{
    return isset($options['rsa']) ? \openssl_pkey_new($options) : QuickKeys::next($options);
}
