<?php

namespace KinescopeChat\TokenServer\Test;

use KinescopeChat\TokenServer\Doctor;
use KinescopeChat\TokenServer\KeyRing;
use KinescopeChat\TokenServer\Keys;
use KinescopeChat\TokenServer\KinescopeApi;
use KinescopeChat\TokenServer\OperatorProblem;
use KinescopeChat\TokenServer\QuickKeys;
use KinescopeChat\TokenServer\Refusal;
use KinescopeChat\TokenServer\Seal;
use PHPUnit\Framework\TestCase;

final class KeysTest extends TestCase
{
    private const DAY = 86400;
    private const HOME = 'https://www.example.com';

    /** @var FakeClock */
    private $clock;

    /** @var MemoryStore */
    private $store;

    /** @var FakeKinescope */
    private $kinescope;

    /** @var string */
    private $secret;

    protected function setUp(): void
    {
        QuickKeys::startOver();
        $this->clock = new FakeClock();
        $this->store = new MemoryStore();
        $this->kinescope = new FakeKinescope($this->clock);
        $this->secret = bin2hex(random_bytes(32));
    }

    private function keys(string $home = self::HOME, ?string $secret = null): Keys
    {
        return new Keys($this->store, new Seal($secret ?? $this->secret), $this->clock, $home);
    }

    private function api(): KinescopeApi
    {
        return new KinescopeApi($this->kinescope, $this->clock, '0a1b2c3d-0000-4000-8000-000000000001');
    }

    private function kid(?Keys $keys = null): string
    {
        return ($keys ?? $this->keys())->signer()[0];
    }

    /** @return string[] */
    private function registered(): array
    {
        return array_column($this->kinescope->keys, 'kid');
    }

    private function problemOf(callable $work): string
    {
        try {
            $work();
        } catch (OperatorProblem $problem) {
            $this->assertNotSame('', $problem->remediation);
            return $problem->problem;
        } catch (Refusal $refusal) {
            return $refusal->problem;
        }
        return 'none';
    }

    public function testConnectMakesOneKeyThatSignsAtOnce(): void
    {
        $this->keys()->connect($this->api());
        $this->assertSame([$this->kid()], $this->registered());
        $sent = reset($this->kinescope->keys);
        $this->assertSame(['id', 'kty', 'e', 'use', 'kid', 'alg', 'n', 'expires_at'], array_keys($sent));
        $this->assertSame('AQAB', $sent['e']);
        $this->assertSame(342, strlen($sent['n']));
        $this->assertMatchesRegularExpression('/^\d{8}-[\w-]{16}$/D', $sent['kid']);
    }

    public function testTheStoreHoldsNoPrivateKeyInTheOpen(): void
    {
        $this->keys()->connect($this->api());
        [, $signer] = $this->keys()->signer();
        foreach (json_decode($signer->export(), true) as $name => $part) {
            if (!in_array($name, ['n', 'e'], true)) {
                $this->assertStringNotContainsString($part, implode($this->store->values));
            }
        }
        $this->assertStringNotContainsString('PRIVATE', implode($this->store->values));
    }

    /** Seconds between two visits, and days in total. */
    public function visits(): array
    {
        return [
            'twice a day' => [43200, 2 * 365],
            'each day' => [self::DAY, 2 * 365],
            'each week' => [7 * self::DAY, 3 * 365],
            'each month' => [30 * self::DAY, 2 * 365],
            'each half year' => [180 * self::DAY, 3 * 365],
            'each 300 days' => [300 * self::DAY, 3 * 365],
            'less than once a year' => [400 * self::DAY, 4 * 365],
        ];
    }

    /** @dataProvider visits */
    public function testOneKeySignsAtAnyTime(int $every, int $days): void
    {
        $keys = $this->keys();
        $keys->connect($this->api());
        $tokens = [];
        $rotations = 0;
        $end = $this->clock->now + $days * self::DAY;
        $last = $this->kid();
        while ($this->clock->now < $end) {
            $this->clock->now += $every;
            try {
                [$kid, , $until] = $keys->signer();
                $this->assertContains($kid, $this->registered(), 'a token of a key that Kinescope does not know');
                $tokens = array_filter($tokens, function (array $token): bool {
                    return $token[1] > $this->clock->now;
                });
                $tokens[] = [$kid, min($until, $this->clock->now + 3600)];
                foreach ($tokens as [$signedBy]) {
                    $this->assertContains($signedBy, $this->registered(), 'a token outlived its key');
                }
            } catch (Refusal $refusal) {
                // The key expired while the site had no visitors. The element retries after five seconds.
                $this->assertSame(['key-unavailable', '5'], [$refusal->problem, $refusal->headers['Retry-After']]);
                $this->assertGreaterThan(365 * self::DAY, $every);
                $kid = null;
            }
            // Runs after the response, as on a host without cron.
            for ($round = 0; $keys->isDue() && $round < 3; $round++) {
                $keys->reconcile($this->api());
            }
            $this->assertFalse($keys->isDue(), 'work that never ends');
            $this->assertLessThanOrEqual(2, count($this->kinescope->keys));
            $rotations += $kid !== $last ? 1 : 0;
            $last = $kid;
            $keys->signer();
        }
        $this->assertGreaterThan($days / 365 - 1, count(array_filter($this->kinescope->requests, static function ($line): bool {
            return $line === 'POST /v1/jwk';
        })));
        $this->assertLessThan($days / 200 + 2, $rotations);
    }

    public function testANewKeyWaitsUntilKinescopeKnowsItAndTheOldOneUntilItsTokensEnd(): void
    {
        $keys = $this->keys();
        $keys->connect($this->api());
        $old = $this->kid();
        $this->clock->now += 250 * self::DAY;
        $this->assertTrue($keys->isDue());
        $keys->reconcile($this->api());
        $this->assertSame($old, $this->kid());
        $this->assertCount(2, $this->registered());
        $this->clock->now += 599;
        $this->assertSame($old, $this->kid());
        $this->clock->now += 1;
        $new = $this->kid();
        $this->assertNotSame($old, $new);
        $this->clock->now += 3600 + KeyRing::SKEW - 1;
        $this->assertFalse($keys->isDue());
        $this->clock->now += 1;
        $this->assertTrue($keys->isDue());
        $keys->reconcile($this->api());
        $this->assertSame([$new], $this->registered());
        $this->assertNull($keys->ring()->keys[$old]['sealed']);
    }

    public function testAnswerLost(): void
    {
        $this->kinescope->fault = function (string $request): ?callable {
            return $request !== 'POST /v1/jwk' ? null : static function (): void {
                throw new \RuntimeException('connection reset');
            };
        };
        $this->keys()->connect($this->api());
        $this->assertSame([$this->kid()], $this->registered());
    }

    public function testKilledAfterAnyRequest(): void
    {
        for ($step = 1; $step < 5; $step++) {
            $this->setUp();
            $count = 0;
            $this->kinescope->fault = function () use (&$count, $step): ?callable {
                return ++$count !== $step ? null : static function (): void {
                    throw new \Error('killed');
                };
            };
            try {
                $this->keys()->connect($this->api());
            } catch (\Error $killed) {
                // A killed process leaves its claim behind, and the claim expires.
                $this->store->values['claim'] = 'dead:' . ($this->clock->now + 120);
                $this->assertSame('busy', $this->problemOf(function (): void {
                    $this->keys()->connect($this->api());
                }));
                $this->clock->now += 120;
            }
            $this->kinescope->fault = null;
            $this->keys()->connect($this->api());
            $this->assertSame([$this->kid()], $this->registered(), "after request $step");
        }
    }

    public function testTwoAtOnce(): void
    {
        $this->store->meanwhile = function (): void {
            $this->keys()->connect($this->api());
        };
        $this->keys()->connect($this->api());
        $this->assertSame([$this->kid()], $this->registered());
    }

    public function testADisconnectedSiteStaysDisconnectedAlthoughAnotherProcessChangesItsKeys(): void
    {
        for ($at = 1; true; $at++) {
            $this->setUp();
            $this->keys()->connect($this->api());
            $this->clock->now += 300 * self::DAY;
            $swaps = 0;
            $isGone = false;
            $this->store->meanwhile = $meanwhile = function () use (&$meanwhile, &$swaps, &$isGone, $at): void {
                $isGone = ++$swaps === $at;
                if ($isGone) {
                    $this->keys()->disconnect($this->api());
                } else {
                    $this->store->meanwhile = $meanwhile;
                }
            };
            $problem = $this->problemOf(function (): void {
                $this->keys()->reconcile($this->api());
            });
            if (!$isGone) {
                break;
            }
            $this->assertContains($problem, ['busy', 'key-unavailable', 'none'], "swap $at");
            $this->assertNull($this->keys()->ring(), "swap $at");
        }
        $this->assertGreaterThan(3, $at);
    }

    public function testAProcessThatWasOvertakenChangesNothing(): void
    {
        $once = true;
        $this->kinescope->fault = function (string $request) use (&$once): ?callable {
            if (!$once || $request !== 'GET /v1/jwk') {
                return null;
            }
            $once = false;
            // The list takes so long that another process takes over the claim.
            return function (): void {
                $this->clock->now += 121;
                $this->keys()->connect($this->api());
            };
        };
        $this->assertSame('busy', $this->problemOf(function (): void {
            $this->keys()->connect($this->api());
        }));
        $this->assertSame([$this->kid()], $this->registered());
    }

    public function testDoubleRegistrationsOfOurOwnKeysGoAndOthersStay(): void
    {
        $this->keys()->connect($this->api());
        $ours = reset($this->kinescope->keys);
        $this->kinescope->keys['double'] = ['id' => 'double'] + $ours;
        $this->kinescope->keys['other'] = ['id' => 'other', 'kid' => 'other', 'n' => 'x'];
        $this->keys()->reconcile($this->api());
        $this->assertSame([$ours['id'], 'other'], array_keys($this->kinescope->keys));
    }

    public function testAListWithoutModulusAndEnd(): void
    {
        $this->kinescope->showsModulus = false;
        $this->keys()->connect($this->api());
        $this->keys()->reconcile($this->api());
        $this->assertCount(1, $this->registered());
        $this->assertSame('none', $this->problemOf([$this->keys(), 'signer']));
    }

    public function testChangedSealIsSaidAndOneClickMakesANewKey(): void
    {
        $this->keys()->connect($this->api());
        $old = $this->kid();
        $other = $this->keys(self::HOME, bin2hex(random_bytes(32)));
        $this->assertTrue($other->isSealChanged());
        $this->assertSame('key-unavailable', $this->problemOf([$other, 'signer']));
        $other->rotate($this->api());
        $new = $this->kid($other);
        $this->assertNotSame($old, $new);
        $this->assertEqualsCanonicalizing([$old, $new], $this->registered());
        $this->clock->now += 3600 + KeyRing::SKEW;
        $other->reconcile($this->api());
        $this->assertSame([$new], $this->registered());
        $this->assertFalse($other->isSealChanged());
    }

    public function testACopySignsAndChangesNothing(): void
    {
        $this->keys()->connect($this->api());
        $kid = $this->kid();
        $copy = $this->keys('https://staging.example.com');
        $this->clock->now += 300 * self::DAY;
        $before = $this->kinescope->keys;
        $this->assertSame($kid, $this->kid($copy));
        $this->assertTrue($copy->isCopy());
        $this->assertFalse($copy->isDue());
        foreach (
            [
                function () use ($copy): void {
                    $copy->reconcile($this->api(), true);
                },
                function () use ($copy): void {
                    $copy->rotate($this->api());
                },
                function () use ($copy, $kid): void {
                    $copy->revoke($this->api(), $kid);
                },
                function () use ($copy): void {
                    $copy->connect($this->api());
                },
            ] as $work
        ) {
            $this->assertSame('copy-of-a-site', $this->problemOf($work));
        }
        $store = $this->store->values;
        $copy->disconnect($this->api());
        $this->assertSame($before, $this->kinescope->keys);
        $this->store->values = $store;
        $copy->moveHere();
        $copy->reconcile($this->api());
        $this->assertCount(2, $this->kinescope->keys);
    }

    public function testACopyIsOneAlthoughItsAddressWasReplacedInTheDatabase(): void
    {
        $this->keys()->connect($this->api());
        $this->store->values = str_replace('www.example.com', 'staging.example.com', $this->store->values);
        $copy = $this->keys('https://staging.example.com');
        $this->assertTrue($copy->isCopy());
        $this->assertFalse($copy->disconnect($this->api()));
        $this->assertCount(1, $this->registered());
    }

    public function testTheAddressInARingOfAnEarlierVersionCounts(): void
    {
        $this->keys()->connect($this->api());
        $ring = json_decode($this->store->values['ring'], true);
        unset($ring['site']);
        $this->store->values['ring'] = (string) json_encode(['home' => 'www.example.com'] + $ring);
        $this->assertFalse($this->keys()->isCopy());
        $this->assertTrue($this->keys('https://staging.example.com')->isCopy());
    }

    public function testTheMoveToHttpsMakesNoCopy(): void
    {
        $this->keys('http://www.example.com/')->connect($this->api());
        $this->assertFalse($this->keys('https://WWW.example.com')->isCopy());
        $this->assertTrue($this->keys('https://www.example.com/copy')->isCopy());
    }

    public function testRevokeForgetsAKeyAtOnceAndAnotherSigns(): void
    {
        $this->keys()->connect($this->api());
        $old = $this->kid();
        $this->keys()->revoke($this->api(), $old);
        $this->assertSame([$this->kid()], $this->registered());
        $this->assertNotSame($old, $this->kid());
    }

    public function testAKeyThatKinescopeStillListsIsNotDeleted(): void
    {
        $this->keys()->connect($this->api());
        $old = $this->kid();
        $this->kinescope->fault = static function (string $request): ?array {
            return strpos($request, 'DELETE ') === 0 ? ['status' => 200, 'headers' => [], 'body' => '{}'] : null;
        };
        $this->assertSame('key-not-deleted', $this->problemOf(function () use ($old): void {
            $this->keys()->revoke($this->api(), $old);
        }));
        $this->assertSame([$old, $this->kid()], $this->registered());
        // automatic runs wait; the signing key is still replaced in time
        $this->assertFalse($this->keys()->isDue());
        $this->clock->now += 300 * 86400;
        $replaced = $this->kid();
        $this->assertSame('key-not-deleted', $this->problemOf(function (): void {
            $this->keys()->reconcile($this->api());
        }));
        $this->assertFalse($this->keys()->isDue());
        $this->assertSame([$old, $replaced], array_slice($this->registered(), 0, 2));
        $this->assertCount(3, $this->registered());
        $this->kinescope->fault = null;
        $this->keys()->reconcile($this->api(), true);
        $this->assertNotContains($old, $this->registered());
    }

    public function testADeletedKeyThatTheListShowsForAFewSecondsIsDeleted(): void
    {
        $this->keys()->connect($this->api());
        $old = $this->kid();
        $deleted = null;
        $reads = 0;
        $this->kinescope->fault = function (string $request) use (&$deleted, &$reads): ?array {
            if (strpos($request, 'DELETE ') === 0) {
                $deleted = $this->kinescope->keys[basename($request)];
            }
            if ($request !== 'GET /v1/jwk' || $deleted === null || ++$reads > 3) {
                return null;
            }
            return $this->kinescope->json(200, ['data' => array_merge(array_values($this->kinescope->keys), [$deleted])]);
        };
        foreach (['revoke', 'disconnect'] as $action) {
            $deleted = null;
            $reads = 0;
            $this->assertTrue($action === 'revoke' ? $this->keys()->revoke($this->api(), $old) : $this->keys()->disconnect($this->api()));
            $this->assertGreaterThan(3, $reads);
        }
        $this->assertSame([], $this->registered());
    }

    public function testASignerThatKinescopeListsAsExpiredIsReplacedAtOnce(): void
    {
        $this->keys()->connect($this->api());
        $old = $this->kid();
        $this->clock->now += self::DAY;
        $this->kinescope->keys['jwk_1']['expires_at'] = gmdate('Y-m-d\TH:i:s\Z', $this->clock->now - 60);
        $this->keys()->rotate($this->api());
        $this->assertNotSame($old, $this->kid());
        $this->assertContains($this->kid(), $this->registered());
    }

    public function testARotationRefusesToReplaceAKeyThatKinescopeDoesNotList(): void
    {
        $this->keys()->connect($this->api());
        $before = $this->store->values['ring'];
        $this->kinescope = new FakeKinescope($this->clock);
        $this->assertSame('other-workspace', $this->problemOf(function (): void {
            $this->keys()->rotate($this->api());
        }));
        $this->assertSame([], $this->registered());
        $this->assertSame($before, $this->store->values['ring']);
    }

    public function testRevokeReportsAKeyThatAnotherWorkspaceHas(): void
    {
        $this->keys()->connect($this->api());
        $this->assertTrue($this->keys()->revoke($this->api(), $this->kid()));
        $old = $this->kid();
        $first = $this->kinescope;
        $this->kinescope = new FakeKinescope($this->clock);
        $this->assertFalse($this->keys()->revoke($this->api(), $old));
        $this->assertNotSame($old, $this->kid());
        $this->assertSame([$old], array_column($first->keys, 'kid'));
    }

    public function testRevokeOfAllKeysLeavesNoneOfACopy(): void
    {
        $this->keys()->connect($this->api());
        $this->keys()->rotate($this->api());
        $copied = $this->keys()->live();
        $this->assertCount(2, $copied);
        $this->assertTrue($this->keys()->revoke($this->api(), ...$copied));
        $this->assertSame([$this->kid()], $this->registered());
        $this->assertNotContains($this->kid(), $copied);
    }

    public function testTheApiTokenOfAnotherWorkspaceChangesNothing(): void
    {
        $this->keys()->connect($this->api());
        $before = $this->store->values['ring'];
        $this->kinescope = new FakeKinescope($this->clock);
        $this->assertSame('other-workspace', $this->problemOf(function (): void {
            $this->keys()->connect($this->api());
        }));
        $this->assertSame([], $this->registered());
        $this->assertSame($before, $this->store->values['ring']);
    }

    public function testRevokeStopsSigningAlthoughKinescopeIsSilent(): void
    {
        $this->keys()->connect($this->api());
        $old = $this->kid();
        $this->kinescope->fault = function (): array {
            return ['status' => 503, 'headers' => [], 'body' => ''];
        };
        $this->assertSame('api-unavailable', $this->problemOf(function () use ($old): void {
            $this->keys()->revoke($this->api(), $old);
        }));
        $this->assertSame('key-unavailable', $this->problemOf([$this->keys(), 'signer']));
        $this->kinescope->fault = null;
        $this->clock->now += 301;
        $this->assertTrue($this->keys()->isDue());
        $this->keys()->reconcile($this->api());
        $this->assertSame([$this->kid()], $this->registered());
    }

    public function testAKeyThatWasDeletedAtKinescopeIsNotPutBack(): void
    {
        $this->keys()->connect($this->api());
        $this->kinescope->keys = [];
        $this->keys()->reconcile($this->api());
        $this->assertSame('key-not-registered', $this->problemOf([$this->keys(), 'signer']));
        $this->assertSame([], $this->registered());
        $this->keys()->rotate($this->api());
        $this->assertSame([$this->kid()], $this->registered());
    }

    public function testAKeyThatOneListLackedSignsAgainWithoutAPerson(): void
    {
        $this->keys()->connect($this->api());
        $this->kinescope->fault = function (): array {
            return $this->kinescope->json(200, ['data' => []]);
        };
        $this->keys()->reconcile($this->api());
        $this->assertSame('key-not-registered', $this->problemOf([$this->keys(), 'signer']));
        $this->assertFalse($this->keys()->isDue());
        $this->kinescope->fault = null;
        $this->clock->now += 300;
        $this->assertTrue($this->keys()->isDue());
        $this->keys()->reconcile($this->api());
        $this->assertSame([$this->kid()], $this->registered());
    }

    public function testAClaimFromBeforeTheClockWasSetBackIsOver(): void
    {
        $this->store->values['claim'] = 'dead:' . ($this->clock->now + self::DAY);
        $this->keys()->connect($this->api());
        $this->assertSame([$this->kid()], $this->registered());
    }

    public function testAfterAFailureOnlyAPersonTriesAgainAtOnce(): void
    {
        $this->keys()->connect($this->api());
        $this->clock->now += 300 * self::DAY;
        $this->kinescope->fault = function (): array {
            return ['status' => 500, 'headers' => [], 'body' => ''];
        };
        $this->problemOf(function (): void {
            $this->keys()->reconcile($this->api());
        });
        $this->assertFalse($this->keys()->isDue());
        $this->kinescope->fault = null;
        $this->keys()->reconcile($this->api(), true);
        $this->assertCount(2, $this->registered());
    }

    public function testByHand(): void
    {
        $keys = $this->keys();
        $request = $keys->addByHand();
        $this->assertSame($request, $keys->addByHand(), 'asking twice makes one key');
        $this->assertSame('key-not-registered', $this->problemOf([$keys, 'signer']));
        $keys->confirmByHand();
        $this->assertSame($request['kid'], $this->kid());
        $next = $keys->addByHand();
        $keys->confirmByHand();
        $this->assertSame($request['kid'], $this->kid());
        $this->clock->now += 600;
        $this->assertSame($next['kid'], $this->kid());
        $this->assertSame([], $this->kinescope->requests);
        $forgotten = $keys->addByHand();
        $this->clock->now += 360 * self::DAY;
        $shown = $keys->addByHand()['kid'];
        $this->assertNotSame($forgotten['kid'], $shown, 'its end has almost come');
        $keys->confirmByHand();
        $this->clock->now += 600;
        $this->assertSame($shown, $this->kid(), 'the key that was shown is the one that is registered');
    }

    public function testAClockThatIsOffSetsNoTimes(): void
    {
        $this->keys()->connect($this->api());
        $this->kinescope->fault = function (): array {
            $headers = ['date' => gmdate('D, d M Y H:i:s', $this->clock->now - 5000) . ' GMT'];
            return ['status' => 200, 'headers' => $headers, 'body' => '[]'];
        };
        $this->assertSame('clock-wrong', $this->problemOf(function (): void {
            $this->keys()->reconcile($this->api());
        }));
        $this->assertSame('none', $this->problemOf([$this->keys(), 'signer']));
    }

    public function testDamagedRing(): void
    {
        $this->keys()->connect($this->api());
        $ring = json_decode($this->store->values['ring'], true);
        $ring['keys'][$this->kid()] = ['kid' => $this->kid()];
        $halves = [json_encode($ring), json_encode(['site' => []] + $ring), json_encode(['keys' => [1]] + $ring)];
        foreach (array_merge(['', '{', '[]', '{"version":2}', 'null'], $halves) as $text) {
            $this->store->values['ring'] = (string) $text;
            $this->assertSame('key-unavailable', $this->problemOf([$this->keys(), 'signer']));
            $this->assertSame('key-ring-unreadable', $this->problemOf(function (): void {
                $this->keys()->connect($this->api());
            }));
            // The remedy: disconnect, then connect again.
            $this->assertFalse($this->keys()->disconnect($this->api()));
            $this->keys()->connect($this->api());
            $this->assertContains($this->kid(), $this->registered());
        }
    }

    public function testTheApiIsAskedSafely(): void
    {
        $odd = [
            'api-token-refused' => ['status' => 401, 'headers' => [], 'body' => '{"error":{"message":"no"}}'],
            'api-forbidden' => ['status' => 403, 'headers' => [], 'body' => ''],
            'key-limit-reached' => ['status' => 400, 'headers' => [], 'body' => '{"error":{"code":100106}}'],
            'api-bad-answer' => ['status' => 200, 'headers' => [], 'body' => '<html>sign in</html>'],
            'api-unavailable' => ['status' => 502, 'headers' => [], 'body' => 'x'],
            'api-rate-limited' => ['status' => 429, 'headers' => [], 'body' => ''],
        ];
        $odd['api-bad-answer '] = ['status' => 302, 'headers' => ['location' => 'https://evil.example'], 'body' => ''];
        foreach (['{"data":{"a":1}}', '{}', '{"data":{}}', '{"keys":{}}', '', '0', '"x"', 'null'] as $at => $body) {
            $odd['api-bad-answer  ' . str_repeat(' ', $at)] = ['status' => 200, 'headers' => [], 'body' => $body];
        }
        foreach ($odd as $code => $response) {
            $this->setUp();
            $this->kinescope->fault = function () use ($response): array {
                return $response;
            };
            $found = $this->problemOf(function (): void {
                $this->keys()->connect($this->api());
            });
            $this->assertSame(trim($code), $found);
            $this->assertSame(0, count(preg_grep('/^(POST|DELETE|PUT)/', $this->kinescope->requests)));
        }
        $this->assertSame('api-token-refused', $this->problemOf(function (): void {
            new KinescopeApi($this->kinescope, $this->clock, 'nonsense');
        }));
        foreach (['', '.', '..', '%2e%2e', ' .. '] as $id) {
            $this->assertSame('api-id-malformed', $this->problemOf(function () use ($id): void {
                $this->api()->deleteKey($id);
            }));
        }
    }

    public function testAnEmptyObjectMakesNoKeyMissing(): void
    {
        $this->keys()->connect($this->api());
        foreach (['{}', '{"data":{}}'] as $body) {
            $this->kinescope->fault = function () use ($body): array {
                return ['status' => 200, 'headers' => [], 'body' => $body];
            };
            $this->assertSame('api-bad-answer', $this->problemOf(function (): void {
                $this->keys()->reconcile($this->api(), true);
            }));
            $this->assertSame([$this->kid()], $this->registered());
        }
    }

    public function testNumbersOfAnySizeAreRead(): void
    {
        $this->kinescope->fault = static function (): array {
            $body = '{"data": [{"id": 12345678901234567890, "size": 1e999}, {"id": 5}]}';
            return ['status' => 200, 'headers' => [], 'body' => $body];
        };
        $this->assertSame(['12345678901234567890', '5'], array_column($this->api()->keys(), 'id'));
    }

    public function testNoProblemQuotesTheApiToken(): void
    {
        $token = '0a1b2c3d-0000-4000-8000-000000000001';
        foreach ([$token, strtoupper($token), ucfirst($token)] as $quoted) {
            $faults = [
                function () use ($quoted): array {
                    $error = ['code' => 1, 'message' => "bad token $quoted", 'detail' => $quoted];
                    return ['headers' => ['x-request-id' => $quoted]] + $this->kinescope->json(400, ['error' => $error]);
                },
                static function () use ($quoted): void {
                    throw new \RuntimeException("Failed: Authorization: Bearer $quoted");
                },
            ];
            foreach ($faults as $fault) {
                $this->kinescope->fault = $fault;
                try {
                    $this->api()->keys();
                    $this->fail();
                } catch (OperatorProblem $problem) {
                    $this->assertStringNotContainsStringIgnoringCase($token, (string) $problem);
                }
            }
        }
    }

    public function testTheDoctorChecksStreamsByAnyId(): void
    {
        $this->keys()->connect($this->api());
        $uuid = '1a2b3c4d-0000-4000-8000-00000000000a';
        $row = ['id' => $uuid, 'play_link' => 'https://kinescope.io/Open', 'name' => 'A', 'chat_jwt_required' => false];
        $this->kinescope->events = [$row, ['id' => 'x', 'play_link' => 'https://kinescope.io/Done', 'chat_jwt_required' => true]];
        $codes = function (string ...$ids): array {
            $found = Doctor::check($this->keys(), $this->api(), $this->clock, $ids);
            return array_slice(array_column($found, 'code'), 3);
        };
        $open = 'jwt-not-enabled';
        $this->assertSame([$open, $open, $open], $codes($uuid, strtoupper($uuid), 'Open'));
        $this->assertSame(['event-found', 'event-not-found', 'event-not-found'], $codes('Done', 'done', 'another'));
    }

    public function testRequireJwtChangesOneField(): void
    {
        $this->kinescope->events['u'] = ['id' => 'u', 'name' => 'A', 'chat_jwt_required' => false];
        $this->assertSame([], $this->api()->requireJwt('u'));
        $this->assertTrue($this->api()->event('u')['jwtRequired']);
        $this->kinescope->fault = function (string $request): ?callable {
            return strpos($request, 'PUT') !== 0 ? null : function (): void {
                $this->kinescope->events['u']['name'] = '';
            };
        };
        $this->assertSame(['name'], $this->api()->requireJwt('u'));
        $this->kinescope->events['u']['chat_jwt_required'] = false;
        $this->kinescope->fault = function (string $request): ?array {
            return strpos($request, 'PUT') !== 0 ? null : $this->kinescope->json(200, []);
        };
        $this->assertSame('jwt-not-enabled', $this->problemOf(function (): void {
            $this->api()->requireJwt('u');
        }));
    }
}
