<?php

namespace KinescopeChat\TokenServer;

/** Checks the keys of a site against Kinescope. */
final class Doctor
{
    private const WARN_DAYS = 30;

    /**
     * @param string[] $events UUIDs of streams whose chat must require a token
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
            $add('fail', $refusal->problem, $refusal->detail);
        }
        $listed = $api->keys();
        if ($kid !== null) {
            $record = $keys->ring()->keys[$kid];
            $same = array_filter($listed, static function (array $remote) use ($record): bool {
                return $remote['kid'] === $record['kid'] && ($remote['n'] === null || $remote['n'] === $record['n']);
            });
            $same === []
                ? $add('fail', 'key-not-registered', 'Kinescope does not list the signing key. Make a new key.')
                : $add('ok', 'key-registered', 'Kinescope lists the signing key.');
        }
        $off = $api->date === null ? 0 : abs($api->date - $clock->now());
        $off > 30
            ? $add('fail', 'clock-wrong', "The clock of this server is $off seconds off. Set it by a time server.")
            : $add('ok', 'clock-right', 'The clock of this server is right.');
        foreach ($events as $id) {
            try {
                $event = $api->event($id);
                $name = KinescopeApi::shown($event['name']);
                if ($event['jwtRequired'] === false) {
                    $add('warn', 'jwt-not-enabled', "Anyone may enter the chat of “{$name}”. Require a token for it.");
                } else {
                    $add('ok', 'event-found', "Kinescope has the stream “{$name}”.");
                }
            } catch (OperatorProblem $problem) {
                $code = $problem->problem === 'not-found' ? 'event-not-found' : $problem->problem;
                $add('fail', $code, $problem->getMessage() . ' ' . $problem->remediation);
            }
        }
        if ($keys->isCopy()) {
            $add('warn', 'copy-of-a-site', 'This site is a copy. It signs tokens, but changes nothing at Kinescope.');
        }
        return $found;
    }
}
