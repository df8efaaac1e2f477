<?php

namespace KinescopeChat\TokenServer;

/** The claims of a chat token. */
final class Claims
{
    /** Backdates `iat`, so that a verifier with a slow clock accepts the token. Seconds. */
    private const BACKDATED = 30;

    private const MAX_USER_ID = 256;

    /** Some systems write 0 or a blank text if no visitor is signed in, and no id has control characters. */
    private const NO_ID = '/^(?:[\p{Z}\x{feff}]*0[\p{Z}\x{feff}]*|[\p{Z}\x{2800}' . UserName::IGNORABLE . ']*)$'
        . '|[\p{Cc}\p{Zl}\p{Zp}]/uD';

    /**
     * @param int $until the latest `exp`, so that the token never outlives its key. Seconds since the epoch
     * @return array<string, string|int>
     */
    public static function make(string $userId, string $name, string $eventId, int $now, int $ttl, int $until): array
    {
        return [
            'aud' => 'chat',
            'user_id' => $userId,
            'username' => UserName::clean($name),
            'event_id' => $eventId,
            'iat' => $now - self::BACKDATED,
            'exp' => min($now + $ttl, $until),
        ];
    }

    /**
     * Returns a site's id as text, or null if no visitor is signed in.
     *
     * @param mixed $id
     * @throws \UnexpectedValueException for a type whose text is the same for all visitors, such as an array, and for an
     *     unusable text
     */
    public static function userId($id): ?string
    {
        if ($id === null || $id === false) {
            return null;
        }
        if (!is_string($id) && !is_int($id) && !(is_object($id) && method_exists($id, '__toString'))) {
            throw new \UnexpectedValueException('The visitor’s id is a value of the type ' . gettype($id) . '. Return a text.');
        }
        $text = (string) $id;
        if (!preg_match('//u', $text) || self::length($text) > self::MAX_USER_ID) {
            throw new \UnexpectedValueException('The visitor’s id is longer than 256 characters, or isn’t UTF-8.');
        }
        return preg_match(self::NO_ID, $text) ? null : $text;
    }

    /** Returns the length of a text in UTF-16 code units, as JavaScript counts it. */
    public static function length(string $text): int
    {
        return preg_match_all('/./us', $text) + preg_match_all('/[\x{10000}-\x{10ffff}]/u', $text);
    }

    /**
     * Makes a stable id that doesn't reveal the site's own user id. The key must not change with the signing keys,
     * because bans apply to pseudonyms.
     */
    public static function pseudonym(string $userId, string $key): string
    {
        return substr(hash_hmac('sha256', $userId, $key), 0, 32);
    }
}
