<?php

namespace KinescopeChat\TokenServer;

/** The claims of a chat token. */
final class Claims
{
    /** Backdates `iat`, so that a verifier with a slow clock accepts the token. Seconds. */
    private const BACKDATED = 30;

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
        if (strlen($text) > 256 || !preg_match('//u', $text)) {
            throw new \UnexpectedValueException('The visitor’s id is longer than 256 bytes, or isn’t UTF-8.');
        }
        // Some systems write 0 or a blank text if no visitor is signed in.
        $isId = trim($text) !== '0' && preg_match('/[^\s\p{Z}\p{Cf}\x{2800}\x{3164}\x{ffa0}\x{115f}\x{1160}]/u', $text)
            && !preg_match('/[\p{Cc}\p{Zl}\p{Zp}]/u', $text);
        return $isId ? $text : null;
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
