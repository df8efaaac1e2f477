<?php

namespace KinescopeChat\TokenServer;

/** Checks the keys of a site against Kinescope. */
final class Doctor
{
    private const WARN_DAYS = 30;

    /**
     * @param string[] $events ids of streams whose chat must require a token
     * @return array<int, array{level: string, code: string, text: string}> `ok`, `warn` or `fail`
     */
    public static function check(Keys $keys, KinescopeApi $api, Clock $clock, array $events = []): array
    {
        $found = [];
        $add = static function (string $level, string $code, string $text) use (&$found): void {
            $found[] = ['level' => $level, 'code' => $code, 'text' => $text];
        };
        try {
            [$kid, , $until] = $keys->signer();
            $days = intdiv($until - $clock->now(), 86400);
            $add($days < self::WARN_DAYS ? 'warn' : 'ok', 'key-usable', "The site signs with $kid for $days more days.");
        } catch (Refusal $refusal) {
            $kid = null;
            $remedy = $refusal->problem === 'key-unavailable' ? ' Connect the site again.' : '';
            $add('fail', $refusal->problem, $refusal->detail . $remedy);
        }
        $listed = $api->keys();
        if ($kid !== null) {
            $record = $keys->ring()->keys[$kid];
            $same = array_filter($listed, static function (array $remote) use ($record): bool {
                return $remote['kid'] === $record['kid'] && ($remote['n'] === null || $remote['n'] === $record['n']);
            });
            $same === []
                ? $add('fail', 'key-not-registered', "Kinescope doesn’t list the signing key. Run: php token.php keys revoke $kid")
                : $add('ok', 'key-registered', 'Kinescope lists the signing key.');
        }
        $off = $api->date === null ? 0 : abs($api->date - $clock->now());
        $off > 30
            ? $add('fail', 'clock-wrong', "The clock of this server is $off seconds off. Set it by a time server.")
            : $add('ok', 'clock-right', 'The clock of this server is right.');
        try {
            $found = array_merge($found, self::streams($events === [] ? [] : $api->events(), $events));
        } catch (OperatorProblem $problem) {
            $add('fail', $problem->problem, $problem->getMessage() . ' ' . $problem->remediation);
        }
        if ($keys->isCopy()) {
            $add('warn', 'copy-of-a-site', 'This site is a copy. It signs tokens, but changes nothing at Kinescope.');
        }
        return $found;
    }

    /**
     * @param string[] $origins as configured
     * @return array<int, array{level: string, code: string, text: string}>
     */
    public static function origins(array $origins): array
    {
        $found = [];
        foreach ($origins as $origin) {
            if (!preg_match('~^[a-z][a-z\d+.-]*://(?:[a-z\d._-]+|\[[a-f\d:.]+])(?::\d+)?$~D', (string) Origin::of($origin))) {
                $text = KinescopeApi::shown($origin) . ' isn’t an origin. Write one such as https://www.example.com.';
                $found[] = ['level' => 'fail', 'code' => 'origin-invalid', 'text' => $text];
            }
        }
        return $found;
    }

    /**
     * @param array<int, array<string, mixed>> $listed
     * @param string[] $ids
     * @return array<int, array{level: string, code: string, text: string}>
     */
    private static function streams(array $listed, array $ids): array
    {
        $byId = array_column($listed, null, 'id') + array_column($listed, null, 'publicId');
        $found = [];
        foreach ($ids as $id) {
            // UUIDs are case-insensitive (RFC 9562, section 4). Public ids are not.
            $event = $byId[$id] ?? $byId[strtolower($id)] ?? null;
            $name = KinescopeApi::shown($event['name'] ?? '');
            if ($event === null) {
                $isShown = !in_array(null, array_column($listed, 'publicId'), true);
                $text = 'Kinescope lists no stream with the id ' . KinescopeApi::shown($id) . '. Compare it with the stream’s link.';
                $found[] = ['level' => $isShown ? 'fail' : 'warn', 'code' => 'event-not-found', 'text' => $text];
            } elseif ($event['jwtRequired'] === false) {
                $text = "Anyone may enter the chat of “{$name}”. Require a token for it.";
                $found[] = ['level' => 'warn', 'code' => 'jwt-not-enabled', 'text' => $text];
            } else {
                $found[] = ['level' => 'ok', 'code' => 'event-found', 'text' => "Kinescope has the stream “{$name}”."];
            }
        }
        return $found;
    }
}
