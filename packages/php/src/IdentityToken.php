<?php

namespace KinescopeChat\TokenServer;

/** Verifies an identity token of a site (JWT with HS256), as the WordPress plugin writes it into pages. */
final class IdentityToken
{
    private const AUDIENCE = 'kinescope-chat';

    /** How far in the future `exp` may be, and the clock skew to allow for it. Seconds. */
    private const MAX_AGE = 86400;
    private const LEEWAY = 60;

    /** The clock skew to allow for an `exp` that has passed. Seconds. */
    private const EXPIRED_LEEWAY = 30;

    /**
     * Returns the visitor, or null if the token isn't valid for this stream.
     *
     * @return array{id: string, name: string}|null
     * @throws Refusal `identity-expired`, `access-denied` for a token of another stream
     */
    public static function read(?string $token, string $secret, string $eventId, int $now): ?array
    {
        $parts = explode('.', (string) $token);
        if (strlen($secret) < 32 || count($parts) !== 3 || strlen((string) $token) > 4096) {
            return null;
        }
        $head = json_decode(Base64Url::decode($parts[0]), true);
        $claims = json_decode(Base64Url::decode($parts[1]), true);
        $expected = hash_hmac('sha256', "$parts[0].$parts[1]", $secret, true);
        if (($head['alg'] ?? '') !== 'HS256' || !is_array($claims) || !hash_equals($expected, Base64Url::decode($parts[2]))) {
            return null;
        }
        $exp = $claims['exp'] ?? null;
        $id = $claims['sub'] ?? null;
        $isTime = (is_int($exp) || is_float($exp)) && $exp <= $now + self::MAX_AGE + self::LEEWAY
            && ($claims['nbf'] ?? 0) <= $now + self::EXPIRED_LEEWAY;
        if (!$isTime || !in_array(self::AUDIENCE, (array) ($claims['aud'] ?? null), true) || !(is_string($id) || is_int($id))) {
            return null;
        }
        if (($claims['event_id'] ?? $eventId) !== $eventId) {
            throw new Refusal('access-denied');
        }
        if ($exp <= $now - self::EXPIRED_LEEWAY) {
            throw new Refusal('identity-expired');
        }
        $name = $claims['name'] ?? '';
        return ['id' => (string) $id, 'name' => is_string($name) ? $name : ''];
    }
}
