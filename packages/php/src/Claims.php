<?php

namespace KinescopeChat\TokenServer;

/** The claims of a chat token. */
final class Claims
{
    /** A verifier whose clock is behind doesn't refuse a token issued this much earlier. Seconds. */
    private const BACKDATED = 30;

    /**
     * @param int $until the token never outlives its key. Seconds since the epoch
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

    /** Whether an id names a visitor: systems write an empty text or 0 if nobody is signed in. */
    public static function isUserId(string $id): bool
    {
        return strlen($id) <= 256 && trim($id) !== '0' && preg_match('/[^\s\p{Z}\p{Cf}\x{2800}\x{3164}\x{ffa0}\x{115f}\x{1160}]/u', $id)
            && !preg_match('/[\p{Cc}\p{Zl}\p{Zp}]/u', $id);
    }

    /** A stable id that says nothing of the site's own. The key must stay when signing keys change: bans hang on it. */
    public static function pseudonym(string $userId, string $key): string
    {
        return substr(hash_hmac('sha256', $userId, $key), 0, 32);
    }
}
