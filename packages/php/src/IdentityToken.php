<?php

namespace KinescopeChat\TokenServer;

/** Verifies an identity token of a site (JWT with HS256), as the WordPress plugin writes it into pages. */
final class IdentityToken
{
    private const MAX_LENGTH = 8192;

    private const AUDIENCE = 'kinescope-chat';

    /** How far in the future `exp` may be, and the clock skew to allow for it. Seconds. */
    private const MAX_AGE = 86400;
    private const LEEWAY = 60;

    /** The clock skew to allow for an `exp` that has passed. Seconds. */
    private const EXPIRED_LEEWAY = 30;

    /** The largest whole number that all readers of JSON read exactly (RFC 8259, section 6). */
    private const MAX_NUMBER = 9007199254740991;

    /**
     * Returns the visitor, or null if the token isn't valid for this stream.
     *
     * @return array{id: string, name: string}|null
     * @throws Refusal `identity-expired`, `access-denied` for a token of another stream
     * @throws \UnexpectedValueException for a `sub` of another type
     */
    public static function read(?string $token, string $secret, string $eventId, int $now): ?array
    {
        $parts = explode('.', (string) $token);
        if (strlen($secret) < 32 || count($parts) !== 3 || strlen((string) $token) > self::MAX_LENGTH) {
            return null;
        }
        $head = json_decode(Base64Url::decode($parts[0]), true);
        // An object stays one, and isn't a list.
        $claims = json_decode(Base64Url::decode($parts[1]));
        $expected = hash_hmac('sha256', "$parts[0].$parts[1]", $secret, true);
        // This class understands no critical extension (RFC 7515, section 4.1.11).
        $isKnown = is_array($head) && ($head['alg'] ?? '') === 'HS256' && !array_key_exists('crit', $head);
        if (!$isKnown || !is_object($claims) || !hash_equals($expected, Base64Url::decode($parts[2]))) {
            return null;
        }
        $claims = get_object_vars($claims);
        $audience = $claims['aud'] ?? null;
        $isForChat = $audience === self::AUDIENCE || (is_array($audience) && in_array(self::AUDIENCE, $audience, true));
        if (!$isForChat || !self::isInTime($claims, $now)) {
            return null;
        }
        if (array_key_exists('event_id', $claims) && $claims['event_id'] !== $eventId) {
            throw new Refusal('access-denied');
        }
        $sub = $claims['sub'] ?? null;
        if (is_int($sub) && abs($sub) > self::MAX_NUMBER) {
            throw new \UnexpectedValueException('The sub of the identity token is too large for a number. Write it as text.');
        }
        $id = Claims::userId($sub);
        if ($id === null) {
            return null;
        }
        if ($claims['exp'] <= $now - self::EXPIRED_LEEWAY) {
            throw new Refusal('identity-expired');
        }
        $name = $claims['name'] ?? '';
        return ['id' => $id, 'name' => is_string($name) ? $name : ''];
    }

    /**
     * Whether a token is valid now, or was valid before `exp`. Times are numbers (RFC 7519, section 2).
     *
     * @param array<string, mixed> $claims
     */
    private static function isInTime(array $claims, int $now): bool
    {
        $times = array_intersect_key($claims, ['exp' => 0, 'nbf' => 0, 'iat' => 0]);
        foreach ($times as $time) {
            if (!is_int($time) && !is_float($time)) {
                return false;
            }
        }
        $exp = $times['exp'] ?? 0;
        $isExpired = $exp <= $now - self::EXPIRED_LEEWAY;
        return $exp > 0 && $exp <= $now + self::MAX_AGE + self::LEEWAY
            && ($times['nbf'] ?? 0) <= $now + self::EXPIRED_LEEWAY
            && !($isExpired && ($times['iat'] ?? 0) >= $exp);
    }
}
