<?php

namespace KinescopeChat\TokenServer;

/** Verifies an identity token of a site (JWT with HS256), as the WordPress plugin writes it into pages. */
final class IdentityToken
{
    private const AUDIENCE = 'kinescope-chat';

    /** How far in the future `exp` may be, and the clock skew to allow for. Seconds. */
    private const MAX_AGE = 86400;
    private const LEEWAY = 60;

    /**
     * Returns the visitor, or null if the token isn't valid for this stream.
     *
     * @return array{id: string, name: string}|null
     * @throws Refusal `identity-expired`
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
        $isFor = in_array(self::AUDIENCE, (array) ($claims['aud'] ?? null), true)
            && ($claims['event_id'] ?? $eventId) === $eventId;
        if (!$isFor || !is_int($exp) || $exp > $now + self::MAX_AGE + self::LEEWAY || !is_string($claims['sub'] ?? null)) {
            return null;
        }
        if ($exp <= $now) {
            throw new Refusal('identity-expired');
        }
        $name = $claims['name'] ?? '';
        return ['id' => $claims['sub'], 'name' => is_string($name) ? $name : ''];
    }
}
