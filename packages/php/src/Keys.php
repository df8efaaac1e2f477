<?php

namespace KinescopeChat\TokenServer;

/**
 * Makes, registers, rotates and removes keys. Each step is one durable change, so the next run finishes the work of a
 * process that crashed. A claim (a lock that expires) keeps two processes from registering at once.
 */
final class Keys
{
    public const TTL = 3600;

    private const RING = 'ring';
    private const CLAIM = 'claim';

    /** A claim expires after this time. Seconds. */
    private const CLAIM_LIFE = 120;

    /** Automatic runs wait this long after a failure. Seconds. */
    private const PAUSE = 300;

    /** How many times to read Kinescope's list until it shows a change. */
    private const LOOKS = 5;

    private const DEFAULTS = [
        'ttl' => self::TTL,
        'life' => 365 * 86400,
        // The time until all of Kinescope's servers know a new key. Seconds.
        'propagation' => 600,
        // Whether this process can register a new key itself: 0 if a person registers keys by hand.
        'renews' => 1,
    ];

    /** @var Store */
    private $store;

    /** @var Seal */
    private $seal;

    /** @var Clock */
    private $clock;

    /** @var string */
    private $home;

    /** @var array<string, int> */
    private $options;

    /** @var string|null */
    private $claim = null;

    /**
     * @param string $home the site's address; a copy of the site has another one
     * @param array<string, int> $options
     */
    public function __construct(Store $store, Seal $seal, Clock $clock, string $home, array $options = [])
    {
        $this->store = $store;
        $this->seal = $seal;
        $this->clock = $clock;
        $this->home = self::bare($home);
        $this->options = $options + self::DEFAULTS;
    }

    /** Returns the key ring, or null before the site is connected. */
    public function ring(): ?KeyRing
    {
        $text = $this->store->read(self::RING);
        return $text === null ? null : KeyRing::parse($text);
    }

    /**
     * Returns the key to sign with now: its id, the key, and the latest `exp` of a token.
     *
     * @return array{string, Signer, int}
     * @throws Refusal
     */
    public function signer(): array
    {
        $now = $this->clock->now();
        try {
            $ring = $this->ring();
        } catch (OperatorProblem $problem) {
            throw new Refusal('key-unavailable', null, null, [], $problem);
        }
        $problem = null;
        foreach ($ring === null ? [] : $ring->signers($now) as [$key, $until]) {
            try {
                return [$key['kid'], Signer::import($this->seal->open((string) $key['sealed'], $key['kid'])), $until];
            } catch (\Throwable $error) {
                $problem = $error;
            }
        }
        $code = $ring === null || $problem !== null ? 'key-unavailable' : $ring->whyNoSigner($now);
        if ($code === 'key-expired' && $this->options['renews'] && !$this->isCopy()) {
            // A new key is made as soon as this response is sent.
            throw new Refusal('key-unavailable', null, null, ['Retry-After' => '5']);
        }
        throw new Refusal($code, null, null, [], $problem);
    }

    /** Whether the key ring belongs to a site with another address. */
    public function isCopy(): bool
    {
        $ring = $this->ring();
        return $ring !== null && $ring->home !== $this->home;
    }

    /** Whether a stored key was sealed with another secret than the current one. */
    public function isSealChanged(): bool
    {
        $ring = $this->ring();
        foreach ($ring === null ? [] : $ring->among($this->clock->now(), 'active', 'published', 'retiring') as $key) {
            if (!$this->seal->fits((string) $key['sealed'])) {
                return true;
            }
        }
        return false;
    }

    /** Whether `reconcile` has work that this process may do. */
    public function isDue(): bool
    {
        $ring = $this->ring();
        if ($ring === null || !$ring->isDue($this->clock->now()) || $ring->home !== $this->home) {
            return false;
        }
        return !$this->isClaimed($this->store->read(self::CLAIM));
    }

    /** Makes this address the manager of the keys, after the site has moved here. */
    public function moveHere(): void
    {
        $this->mustRing();
        $this->update(function (KeyRing $ring): void {
            $ring->home = $this->home;
        });
    }

    /** Makes the first key and registers it, or finishes an earlier attempt. Then the site can sign. */
    public function connect(KinescopeApi $api): void
    {
        $this->withClaim(true, function () use ($api): void {
            $listed = $this->list($api);
            if ($this->ring() !== null) {
                $this->refuseOtherWorkspace($listed);
                $this->agree($api, $listed);
            }
            if ($this->usable($this->current()) === []) {
                $this->renew($api, $listed);
            }
        });
    }

    /** Removes old keys, then rotates after two thirds of a key's lifetime. */
    public function reconcile(KinescopeApi $api, bool $byPerson = false): void
    {
        if ($this->ring() === null) {
            return;
        }
        $this->withClaim($byPerson, function () use ($api): void {
            $listed = $this->list($api);
            $this->refuseWrongClock($api);
            $this->agree($api, $listed);
            $isListed = false;
            foreach ($this->mustRing()->removalsDue($this->clock->now()) as $key) {
                $isListed = $this->remove($api, $key, $listed) === null || $isListed;
            }
            if ($this->mustRing()->needsKey($this->clock->now())) {
                $this->renew($api, $listed);
            }
            self::refuseListed($isListed);
        });
    }

    /** Replaces the current key with a new one before rotation is due. */
    public function rotate(KinescopeApi $api): void
    {
        $this->withClaim(true, function () use ($api): void {
            $this->mustRing();
            $listed = $this->list($api);
            $this->refuseOtherWorkspace($listed);
            $this->refuseWrongClock($api);
            $this->agree($api, $listed);
            foreach ($this->mustRing()->among($this->clock->now(), 'published') as $key) {
                if ($key['signFrom'] !== null) {
                    throw new OperatorProblem(
                        'rotation-under-way',
                        'A rotation is in progress.',
                        'Wait until the new key signs, from ' . gmdate('c', $key['signFrom']) . '.'
                    );
                }
            }
            $this->renew($api, $listed);
        });
    }

    /**
     * Revokes leaked keys: Kinescope deletes them, all their tokens become invalid, and another key signs at once.
     *
     * @return bool false if Kinescope didn't have a key that should still be valid there
     */
    public function revoke(KinescopeApi $api, string ...$kids): bool
    {
        $isComplete = true;
        $this->withClaim(true, function () use ($api, $kids, &$isComplete): void {
            if ($kids === [] || array_diff($kids, array_keys($this->mustRing()->keys)) !== []) {
                throw new OperatorProblem('key-unknown', 'The site has no such key.', 'Choose a key from the list.');
            }
            $now = $this->clock->now();
            $signs = in_array($this->current()[0]['kid'] ?? null, $kids, true);
            $isListed = false;
            $this->update(static function (KeyRing $ring) use ($kids, $now): void {
                foreach ($kids as $kid) {
                    $ring->keys[$kid]['revokedAt'] = $ring->keys[$kid]['revokedAt'] ?? $now;
                }
            });
            $listed = $this->list($api);
            foreach ($kids as $kid) {
                $key = $this->mustRing()->keys[$kid];
                $isValid = $key['publishedAt'] !== null && $key['removedAt'] === null && $key['expiresAt'] > $now;
                $isFound = $this->remove($api, $key, $listed);
                $isListed = $isListed || $isFound === null;
                $isComplete = ($isFound !== false || !$isValid) && $isComplete;
            }
            if ($signs || $this->current() === []) {
                $this->renew($api, null, true);
            }
            self::refuseListed($isListed);
        });
        return $isComplete;
    }

    /** Returns the ids of all keys that a copy of the store contains, or that wait for their removal. @return string[] */
    public function live(): array
    {
        $keys = $this->mustRing()->among($this->clock->now(), 'generated', 'published', 'active', 'retiring', 'revoked');
        return array_column($keys, 'kid');
    }

    /**
     * Makes a key that a person registers by hand, or returns the one that isn't registered yet.
     *
     * @return array<string, string> the body of the registration request
     */
    public function addByHand(): array
    {
        $key = null;
        $this->withClaim(true, function () use (&$key): void {
            $ring = $this->ring();
            $waiting = $ring === null ? [] : $this->waiting($ring->among($this->clock->now(), 'generated'));
            $key = $waiting[0] ?? $this->add();
        });
        return KinescopeApi::registration($key);
    }

    /** Marks the key from `addByHand()` as registered, and sets the time from which it signs. */
    public function confirmByHand(): void
    {
        $now = $this->clock->now();
        $this->mustRing();
        $this->update(function (KeyRing $ring) use ($now): void {
            foreach ($this->waiting($ring->among($now, 'generated')) as $key) {
                $ring->keys[$key['kid']]['publishedAt'] = $now;
                $signs = $ring->signers($now) !== [];
                $ring->start($key['kid'], $signs ? $now + $this->options['propagation'] : $now);
                return;
            }
        });
    }

    /** Deletes every key of this site at Kinescope and here. @return bool whether Kinescope has no key of the site now */
    public function disconnect(?KinescopeApi $api): bool
    {
        try {
            $ring = $this->ring();
        } catch (OperatorProblem $problem) {
            $ring = null; // A damaged ring doesn't name the keys.
        }
        $isComplete = $ring !== null && $api !== null && $ring->home === $this->home;
        if ($isComplete) {
            $listed = $api->keys();
            foreach ($ring->keys as $key) {
                if ($key['removedAt'] === null) {
                    $isComplete = $this->remove($api, $key, $listed) !== null && $isComplete;
                }
            }
        }
        foreach ([self::RING, self::CLAIM] as $name) {
            $this->store->swap($name, $this->store->read($name), null);
        }
        return $isComplete;
    }

    /**
     * Makes a key or takes an unused one, registers it, and sets the time from which it signs.
     *
     * @param array<int, array<string, mixed>>|null $listed
     */
    private function renew(KinescopeApi $api, ?array $listed = null, bool $urgent = false): void
    {
        $now = $this->clock->now();
        $ring = $this->ring();
        $unused = $ring === null ? [] : array_merge($ring->among($now, 'published'), $ring->among($now, 'generated'));
        $key = $this->waiting($unused)[0] ?? $this->add();
        $remote = $this->publish($api, $key, $listed);
        if (!$urgent) {
            $this->refuseWrongClock($api);
        }
        $now = $this->clock->now();
        $this->update(function (KeyRing $ring) use ($key, $remote, $now): void {
            $kid = $key['kid'];
            $ring->keys[$kid]['remoteId'] = $remote['id'];
            $ring->keys[$kid]['publishedAt'] = $ring->keys[$kid]['publishedAt'] ?? $now;
            $ring->keys[$kid]['expiresAt'] = $remote['expiresAt'] ?? $ring->keys[$kid]['expiresAt'];
            $ring->missing = array_values(array_diff($ring->missing, [$kid]));
            $current = array_filter($ring->signers($now), function (array $signer) use ($kid, $now): bool {
                return $signer[0]['kid'] !== $kid && KeyRing::state($signer[0], $now) === 'active'
                    && $this->seal->fits((string) $signer[0]['sealed']);
            });
            $last = $current === [] ? $now : reset($current)[0]['expiresAt'] - KeyRing::SKEW;
            $ring->start($kid, $current === [] ? $now : max($now, min($now + $this->options['propagation'], $last)));
        });
    }

    /** Makes a key and stores it before Kinescope receives its public key. @return array<string, mixed> */
    private function add(): array
    {
        $now = $this->clock->now();
        $this->hold();
        $isFirst = $this->ring() === null;
        $signer = Signer::generate();
        $kid = $signer->kid($now);
        $sealed = $this->seal->close($signer->export(), $kid);
        $this->update(function (KeyRing $ring) use ($signer, $kid, $sealed, $now): void {
            $ring->add($kid, $signer->n(), $signer->e(), $sealed, $now, $this->options['life']);
        }, $isFirst);
        return $this->mustRing()->keys[$kid];
    }

    /**
     * Registers a key, unless an earlier attempt has already registered it.
     *
     * @param array<string, mixed> $key
     * @param array<int, array<string, mixed>>|null $listed
     * @return array<string, mixed>
     */
    private function publish(KinescopeApi $api, array $key, ?array $listed = null): array
    {
        $found = $this->find($api, $key, $listed ?? $this->list($api));
        if ($found !== null) {
            return $found;
        }
        $this->hold();
        try {
            $api->createKey($key);
        } catch (OperatorProblem $problem) {
            $unclear = ['api-unreachable', 'api-unavailable', 'api-bad-answer', 'kid-taken'];
            if (!in_array($problem->problem, $unclear, true)) {
                throw $problem;
            }
            // The error doesn't show whether Kinescope has the key, but the list does.
            $found = $this->find($api, $key, $this->list($api));
            if ($found === null) {
                throw $problem;
            }
            return $found;
        }
        $this->untilListed($api, function (array $listed) use ($api, $key, &$found): bool {
            $found = $this->find($api, $key, $listed);
            return $found !== null;
        });
        if ($found === null) {
            throw new OperatorProblem(
                'key-not-registered',
                'Kinescope accepted the key but doesn’t list it yet.',
                'Try again in a minute. Nothing is registered twice.'
            );
        }
        return $found;
    }

    /** Reads Kinescope's list again until it shows a change. @return bool false if it never does */
    private function untilListed(KinescopeApi $api, callable $isShown): bool
    {
        for ($look = 1; !$isShown($this->list($api)); $look++) {
            if ($look === self::LOOKS) {
                return false;
            }
            $this->clock->sleep(1000);
        }
        return true;
    }

    /**
     * Reads Kinescope's list of keys. Throws if another process has taken over the claim in the meantime.
     *
     * @return array<int, array<string, mixed>>
     */
    private function list(KinescopeApi $api): array
    {
        $listed = $api->keys();
        $this->hold();
        return $listed;
    }

    /**
     * Finds a key in Kinescope's list, and deletes duplicate registrations of it.
     *
     * @param array<string, mixed> $key
     * @param array<int, array<string, mixed>> $listed
     * @return array<string, mixed>|null
     */
    private function find(KinescopeApi $api, array $key, array $listed): ?array
    {
        $same = self::same($key, $listed);
        foreach (array_slice($same, 1) as $double) {
            $this->hold();
            $api->deleteKey($double['id']);
        }
        return $same[0] ?? null;
    }

    /**
     * Returns the list's entries for a key: with its `kid`, which contains the thumbprint, and its modulus if listed.
     *
     * @param array<string, mixed> $key
     * @param array<int, array<string, mixed>> $listed
     * @return array<int, array<string, mixed>>
     */
    private static function same(array $key, array $listed): array
    {
        $same = array_filter($listed, static function (array $remote) use ($key): bool {
            return $remote['kid'] === $key['kid'] && ($remote['n'] === null || $remote['n'] === $key['n']);
        });
        usort($same, static function (array $a, array $b) use ($key): int {
            return ($b['id'] === $key['remoteId']) <=> ($a['id'] === $key['remoteId']);
        });
        return $same;
    }

    /**
     * Updates the key ring from Kinescope's list: ids, expiry times and missing keys.
     *
     * @param array<int, array<string, mixed>> $listed
     */
    private function agree(KinescopeApi $api, array $listed): void
    {
        $now = $this->clock->now();
        $found = [];
        $missing = [];
        foreach ($this->mustRing()->among($now, 'generated', 'published', 'active', 'retiring') as $key) {
            $remote = $this->find($api, $key, $listed);
            if ($remote !== null) {
                $found[$key['kid']] = $remote;
            } elseif ($key['publishedAt'] !== null && KeyRing::state($key, $now) !== 'retiring') {
                // A key that was deleted at Kinescope may have leaked, so it isn't registered again.
                $missing[] = $key['kid'];
            }
        }
        $this->update(static function (KeyRing $ring) use ($found, $missing, $now): void {
            foreach ($found as $kid => $remote) {
                $ring->keys[$kid]['remoteId'] = $remote['id'];
                $ring->keys[$kid]['publishedAt'] = $ring->keys[$kid]['publishedAt'] ?? $now;
                $ring->keys[$kid]['expiresAt'] = $remote['expiresAt'] ?? $ring->keys[$kid]['expiresAt'];
            }
            $ring->missing = $missing;
            $ring->checkedAt = $now;
        });
    }

    /**
     * Deletes a key at Kinescope, then here. In this order, a failure leaves no unknown key at Kinescope.
     *
     * @param array<string, mixed> $key
     * @param array<int, array<string, mixed>> $listed
     * @return bool|null whether Kinescope had the key; null if it still lists it: a later run deletes it again
     */
    private function remove(KinescopeApi $api, array $key, array $listed): ?bool
    {
        $ids = array_column(self::same($key, $listed), 'id');
        // Kinescope may not list expired keys. A listed id with another `kid` isn't this key.
        if ($key['remoteId'] !== null && !in_array($key['remoteId'], array_column($listed, 'id'), true)) {
            $ids[] = $key['remoteId'];
        }
        $isFound = false;
        foreach ($ids as $id) {
            $this->hold();
            $isFound = $api->deleteKey($id) || $isFound;
        }
        // A proxy can answer any request with 2xx.
        $isGone = static function (array $listed) use ($key): bool {
            return self::same($key, $listed) === [];
        };
        if ($isFound && !$this->untilListed($api, $isGone)) {
            return null;
        }
        $now = $this->clock->now();
        $this->update(static function (KeyRing $ring) use ($key, $now): void {
            $ring->remove($key['kid'], $now);
        });
        return $isFound;
    }

    /** Ends a run after which Kinescope still lists a deleted key, so that the next automatic one waits. */
    private static function refuseListed(bool $isListed): void
    {
        if ($isListed) {
            throw new OperatorProblem(
                'key-not-deleted',
                'Kinescope accepted the deletion of a key but still lists it, so its tokens may be valid.',
                'Try again in a minute. If Kinescope still lists the key, write to its support.'
            );
        }
    }

    /**
     * Returns the keys that were sealed with the current secret.
     *
     * @param array<int, array<string, mixed>> $keys
     * @return array<int, array<string, mixed>>
     */
    private function usable(array $keys): array
    {
        return array_values(array_filter($keys, function (array $key): bool {
            return $this->seal->fits((string) $key['sealed']);
        }));
    }

    /**
     * Returns the keys that have not signed yet, can be opened, and don't end within a week.
     *
     * @param array<int, array<string, mixed>> $keys
     * @return array<int, array<string, mixed>>
     */
    private function waiting(array $keys): array
    {
        $now = $this->clock->now();
        return $this->usable(array_filter($keys, static function (array $key) use ($now): bool {
            return $key['signFrom'] === null && $key['expiresAt'] > $now + 7 * 86400;
        }));
    }

    /**
     * Rejects the API token of a workspace that doesn't have the signing key: a new key there would sign rejected tokens.
     *
     * @param array<int, array<string, mixed>> $listed
     */
    private function refuseOtherWorkspace(array $listed): void
    {
        $key = $this->usable($this->current())[0] ?? null;
        if ($key !== null && $key['remoteId'] !== null && self::same($key, $listed) === []) {
            $kid = $key['kid'];
            throw new OperatorProblem(
                'other-workspace',
                "The workspace of this API token doesn’t list the key $kid, which signs now. Nothing was changed.",
                "Use a token of the workspace that has your streams. If the key was deleted there, revoke $kid first."
            );
        }
    }

    /** Rejects a wrong clock, because it would set key times in the past or far in the future. */
    private function refuseWrongClock(KinescopeApi $api): void
    {
        if ($api->date !== null && abs($api->date - $this->clock->now()) > 2 * KeyRing::SKEW) {
            throw new OperatorProblem(
                'clock-wrong',
                'The clock of this server is ' . abs($api->date - $this->clock->now()) . ' seconds off.',
                'Ask your hosting provider to set it by a time server.'
            );
        }
    }

    /**
     * Returns the keys that may sign now, whether or not the current secret opens them.
     *
     * @return array<int, array<string, mixed>>
     */
    private function current(): array
    {
        $ring = $this->ring();
        return $ring === null ? [] : array_column($ring->signers($this->clock->now()), 0);
    }

    private function mustRing(): KeyRing
    {
        $ring = $this->ring();
        if ($ring === null) {
            throw new OperatorProblem('key-unavailable', 'The site has no key yet.', 'Connect the site first.');
        }
        return $ring;
    }

    /** Changes the key ring. Tries again if another process has changed it in the meantime; stops if one has deleted it. */
    private function update(callable $change, bool $mayCreate = false): void
    {
        for ($attempt = 0; $attempt < 5; $attempt++) {
            $old = $this->store->read(self::RING);
            if ($old === null && !$mayCreate) {
                throw self::busy();
            }
            $ring = $old === null ? new KeyRing($this->home, $this->options['ttl']) : KeyRing::parse($old);
            $ring->ttl = max($ring->ttl, $this->options['ttl']);
            $change($ring);
            $new = $ring->toText();
            if ($new === $old || $this->store->swap(self::RING, $old, $new)) {
                return;
            }
        }
        throw self::busy();
    }

    private function withClaim(bool $byPerson, callable $work): void
    {
        if ($this->isCopy()) {
            throw new OperatorProblem(
                'copy-of-a-site',
                'This site is a copy of ' . $this->mustRing()->home . ', which manages the keys.',
                'If the site has moved here, run: php token.php moved. For a copy, choose another folder for keys and connect it.'
            );
        }
        $old = $this->store->read(self::CLAIM);
        $isPause = $old !== null && strncmp($old, 'pause:', 6) === 0;
        if ($this->isClaimed($old) && !($byPerson && $isPause)) {
            throw self::busy();
        }
        $this->claim = bin2hex(random_bytes(8)) . ':' . ($this->clock->now() + self::CLAIM_LIFE);
        if (!$this->store->swap(self::CLAIM, $old, $this->claim)) {
            $this->claim = null;
            throw self::busy();
        }
        $after = 'pause:' . ($this->clock->now() + self::PAUSE);
        try {
            $work();
            $after = null;
        } finally {
            // The store throws on a full disk.
            $claim = $this->claim;
            $this->claim = null;
            $this->store->swap(self::CLAIM, $claim, $after);
        }
    }

    /** Checks that this process still has the claim, and extends it if it expires soon. Runs before each API change. */
    private function hold(): void
    {
        if ($this->claim === null) {
            return; // `disconnect()` waits for no other process.
        }
        $until = (int) explode(':', (string) $this->claim)[1];
        if ($until - $this->clock->now() > self::CLAIM_LIFE / 2 && $this->store->read(self::CLAIM) === $this->claim) {
            return;
        }
        $next = explode(':', (string) $this->claim)[0] . ':' . ($this->clock->now() + self::CLAIM_LIFE);
        if (!$this->store->swap(self::CLAIM, $this->claim, $next)) {
            throw self::busy();
        }
        $this->claim = $next;
    }

    private function isClaimed(?string $claim): bool
    {
        $left = (int) (explode(':', (string) $claim)[1] ?? 0) - $this->clock->now();
        // A claim with more time left is from before the clock was set back.
        return $left > 0 && $left <= max(self::CLAIM_LIFE, self::PAUSE);
    }

    private static function busy(): OperatorProblem
    {
        return new OperatorProblem('busy', 'Another process changes the keys.', 'Try again in two minutes.');
    }

    /** Returns an address without its scheme, so that a move to https doesn't count as a copy. */
    private static function bare(string $home): string
    {
        return rtrim((string) preg_replace('#^https?://#i', '', strtolower($home)), '/');
    }
}
