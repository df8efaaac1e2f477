<?php

namespace KinescopeChat\TokenServer;

/**
 * The keys of a site and their states. States follow from timestamps alone, so all processes agree without
 * communication. Times are seconds since the epoch; null means "not yet".
 */
final class KeyRing
{
    /** The clock skew to allow for. Seconds. */
    public const SKEW = 300;

    /** Rotation is due after this share of a key's lifetime. */
    private const ROTATE_AT = 2 / 3;

    /** A key signs at least this long before the next rotation. Seconds. */
    private const LEAST_SERVICE = 7 * 86400;

    /** A record without a private key is kept this long. Seconds. */
    private const KEEP_REMOVED = 365 * 86400;

    /** Kinescope's list is read again after this time if it lacked a key. Seconds. */
    private const RECHECK = 300;

    private const FIELDS = [
        'kid',
        'n',
        'e',
        'sealed',
        'remoteId',
        'createdAt',
        'publishedAt',
        'signFrom',
        'signUntil',
        'removeAfter',
        'revokedAt',
        'removedAt',
        'expiresAt',
    ];

    /** @var array<string, array<string, mixed>> by `kid` */
    public $keys = [];

    /** The site that manages these keys at Kinescope. @var string */
    public $home;

    /** The longest lifetime of any token signed with these keys. Seconds. @var int */
    public $ttl;

    /** Ids of registered keys that Kinescope's last list didn't contain. @var string[] */
    public $missing = [];

    /** The time of the last comparison with Kinescope's list. @var int */
    public $checkedAt = 0;

    public function __construct(string $home, int $ttl)
    {
        $this->home = $home;
        $this->ttl = $ttl;
    }

    /** @throws OperatorProblem `key-ring-unreadable` */
    public static function parse(string $text): self
    {
        $value = json_decode($text, true);
        $isRing = is_array($value) && ($value['version'] ?? null) === 1 && is_array($value['keys'] ?? null);
        foreach ($isRing ? $value['keys'] : [] as $key) {
            $isRing = $isRing && is_array($key) && array_diff(self::FIELDS, array_keys($key)) === [];
        }
        $home = $isRing && isset($value['site']) ? Base64Url::decode((string) $value['site']) : $value['home'] ?? '';
        if (!$isRing || !is_string($home) || $home === '') {
            throw new OperatorProblem(
                'key-ring-unreadable',
                'The stored key ring is damaged.',
                'Restore it from a backup, or delete it and connect the site again.'
            );
        }
        $ring = new self($home, (int) ($value['ttl'] ?? 0));
        $ring->keys = $value['keys'];
        $ring->missing = (array) ($value['missing'] ?? []);
        $ring->checkedAt = (int) ($value['checkedAt'] ?? 0);
        return $ring;
    }

    public function toText(): string
    {
        return (string) json_encode([
            'version' => 1,
            // Encoded, because tools that copy a site replace its address in the whole database.
            'site' => Base64Url::encode($this->home),
            'ttl' => $this->ttl,
            'missing' => $this->missing,
            'checkedAt' => $this->checkedAt,
            'keys' => (object) $this->keys,
        ], JSON_UNESCAPED_SLASHES);
    }

    public function add(string $kid, string $n, string $e, string $sealed, int $now, int $life): void
    {
        $known = ['kid' => $kid, 'n' => $n, 'e' => $e, 'sealed' => $sealed, 'createdAt' => $now, 'expiresAt' => $now + $life];
        $this->keys[$kid] = $known + array_fill_keys(self::FIELDS, null);
    }

    /**
     * Returns a key's state. `generated`: not registered. `published`: registered, doesn't sign yet. `active`: signs.
     * `retiring`: replaced, but its tokens may still be valid. `expired`, `revoked`, `removed`: never signs again.
     *
     * @param array<string, mixed> $key
     */
    public static function state(array $key, int $now): string
    {
        if ($key['removedAt'] !== null) {
            return 'removed';
        }
        if ($key['revokedAt'] !== null) {
            return 'revoked';
        }
        if ($key['publishedAt'] === null) {
            return 'generated';
        }
        if ($key['expiresAt'] <= $now) {
            return 'expired';
        }
        if ($key['signUntil'] !== null && $key['signUntil'] <= $now) {
            return 'retiring';
        }
        return $key['signFrom'] !== null && $key['signFrom'] <= $now ? 'active' : 'published';
    }

    /**
     * Returns the keys that may sign, the preferred first, each with the latest `exp` of its tokens. After the active
     * keys come fallbacks for a clock jump or a missed job: the next key, a spare one, a retiring one.
     *
     * @return array<int, array{array<string, mixed>, int}>
     */
    public function signers(int $now): array
    {
        $groups = ['active' => [], 'next' => [], 'spare' => [], 'retiring' => []];
        foreach ($this->keys as $key) {
            if ($key['expiresAt'] - self::SKEW <= $now || in_array($key['kid'], $this->missing, true)) {
                continue;
            }
            $state = self::state($key, $now);
            if ($state === 'active') {
                $groups['active'][] = [$key, $key['expiresAt'], -$key['signFrom']];
            } elseif ($state === 'published' && $key['signFrom'] !== null) {
                $groups['next'][] = [$key, $key['expiresAt'], $key['signFrom']];
            } elseif ($state === 'published') {
                $groups['spare'][] = [$key, $key['expiresAt'], -$key['publishedAt']];
            } elseif ($state === 'retiring' && $key['removeAfter'] - self::SKEW > $now) {
                $until = min($key['expiresAt'], $key['removeAfter'] - self::SKEW);
                $groups['retiring'][] = [$key, $until, -$key['signUntil']];
            }
        }
        $all = [];
        foreach ($groups as $group) {
            usort($group, static function (array $a, array $b): int {
                return $a[2] <=> $b[2];
            });
            foreach ($group as [$key, $until]) {
                $all[] = [$key, $until];
            }
        }
        return $all;
    }

    /** Returns the code of the wire contract that explains why no key may sign. */
    public function whyNoSigner(int $now): string
    {
        $states = [];
        foreach ($this->keys as $key) {
            $isOver = $key['expiresAt'] - self::SKEW <= $now;
            $state = self::state($key, $now);
            $states[] = $isOver && !in_array($state, ['generated', 'revoked', 'removed'], true) ? 'expired' : $state;
        }
        if (in_array('generated', $states, true) || array_intersect($states, ['active', 'published'])) {
            return 'key-not-registered';
        }
        return in_array('expired', $states, true) ? 'key-expired' : 'key-unavailable';
    }

    /**
     * Returns the keys that are in one of these states.
     *
     * @return array<int, array<string, mixed>>
     */
    public function among(int $now, string ...$states): array
    {
        return array_values(array_filter($this->keys, static function (array $key) use ($now, $states): bool {
            return in_array(self::state($key, $now), $states, true);
        }));
    }

    /**
     * Returns the keys to delete at Kinescope now.
     *
     * @return array<int, array<string, mixed>>
     */
    public function removalsDue(int $now): array
    {
        $retired = array_filter($this->among($now, 'retiring'), static function (array $key) use ($now): bool {
            return $key['removeAfter'] !== null && $key['removeAfter'] <= $now;
        });
        return array_merge($this->among($now, 'revoked', 'expired'), array_values($retired));
    }

    /** Whether a new key must be made or registered now. */
    public function needsKey(int $now): bool
    {
        $active = null;
        foreach ($this->among($now, 'active', 'published') as $key) {
            if ($key['signFrom'] !== null && $key['signFrom'] > $now) {
                return false;
            }
            if ($key['signFrom'] !== null && ($active === null || $key['signFrom'] > $active['signFrom'])) {
                $active = $key;
            }
        }
        return $active === null || self::rotationDueAt($active) <= $now;
    }

    /** Whether `reconcile` has work. */
    public function isDue(int $now): bool
    {
        $isRecheckDue = $this->missing !== [] && abs($now - $this->checkedAt) >= self::RECHECK;
        return $this->keys !== [] && ($isRecheckDue || $this->needsKey($now) || $this->removalsDue($now) !== []);
    }

    /** @param array<string, mixed> $key */
    public static function rotationDueAt(array $key): int
    {
        $life = $key['expiresAt'] - ($key['publishedAt'] ?? $key['createdAt']);
        $due = (int) ($key['expiresAt'] - $life * (1 - self::ROTATE_AT));
        $served = ($key['signFrom'] ?? 0) + self::LEAST_SERVICE;
        return max($due, min($served, $key['expiresAt'] - self::LEAST_SERVICE));
    }

    /** Sets the time from which a key signs. The previous keys stop then, and are removed after their tokens expire. */
    public function start(string $kid, int $from): void
    {
        foreach ($this->keys as $other => $key) {
            $isCurrent = $key['signFrom'] !== null && $key['signUntil'] === null;
            if ($other !== $kid && $isCurrent && $key['revokedAt'] === null && $key['removedAt'] === null) {
                $this->keys[$other]['signUntil'] = $from;
                $this->keys[$other]['removeAfter'] = $from + $this->ttl + self::SKEW;
            }
        }
        $this->keys[$kid] = ['signFrom' => $from, 'signUntil' => null, 'removeAfter' => null] + $this->keys[$kid];
    }

    /** Deletes the private key of a removed key at once, and the rest of its record after a year. */
    public function remove(string $kid, int $now): void
    {
        $this->keys[$kid]['removedAt'] = $now;
        $this->keys[$kid]['sealed'] = null;
        $this->keys = array_filter($this->keys, static function (array $key) use ($now): bool {
            return $key['removedAt'] === null || $key['removedAt'] > $now - self::KEEP_REMOVED;
        });
    }
}
