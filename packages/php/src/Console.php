<?php

namespace KinescopeChat\TokenServer;

/** The command line of `token.php`. */
final class Console
{
    private const HELP = <<<'TEXT'
Usage: php token.php COMMAND

  connect              reads an API token from standard input, makes a key and registers it
  keys list            the keys of this site and their states
  keys rotate          replaces the signing key
  keys revoke KID      makes a key and all its tokens invalid at once; asks first, unless --yes follows
  keys reconcile       does what is due; for a daily cron job
  moved                manages the keys from here, after the site has got another address
  events list          the streams of the account
  events enable ID     requires a token for the chat of a stream
  doctor               checks the key, the clock and the streams

TEXT;

    /** The number of arguments of a command that has some. */
    private const ARGUMENTS = ['keys revoke' => 1, 'events enable' => 1];

    /**
     * @param string[] $words
     * @return int the exit code: 0 success, 1 a problem, 2 wrong usage
     */
    public static function run(Site $site, array $words): int
    {
        try {
            return self::command($site, $words);
        } catch (OperatorProblem $problem) {
            fwrite(STDERR, "$problem->problem: {$problem->getMessage()}\n$problem->remediation\n");
            return 1;
        }
    }

    /** @param string[] $words */
    private static function command(Site $site, array $words): int
    {
        $name = implode(' ', array_slice($words, 0, 2));
        $arguments = array_slice($words, 2);
        $confirmed = $name === 'keys revoke' && end($arguments) === '--yes';
        if ($confirmed) {
            array_pop($arguments);
        }
        // an option of another program, such as --dry-run, must not run the command
        if (count($arguments) !== (self::ARGUMENTS[$name] ?? 0) || preg_grep('/^(-|$)/D', $arguments)) {
            $name = '';
        }
        switch ($name) {
            case 'connect':
                if (stream_isatty(STDIN)) {
                    fwrite(STDERR, 'API token: ');
                }
                $site->connect(trim((string) fgets(STDIN)));
                return self::listKeys($site);
            case 'keys list':
                return self::listKeys($site);
            case 'keys rotate':
                $site->keys()->rotate($site->api());
                return self::listKeys($site);
            case 'keys revoke':
                return self::revoke($site, $arguments[0], $confirmed);
            case 'keys reconcile':
                $site->keys()->reconcile($site->api(), true);
                return self::listKeys($site);
            case 'moved':
                $site->keys()->moveHere();
                return self::listKeys($site);
            case 'events list':
                foreach ($site->api()->events() as $event) {
                    $jwt = $event['jwtRequired'] === null ? 'unknown' : ($event['jwtRequired'] ? 'on' : 'off');
                    $line = "%s  %s  token required: %s  %s\n";
                    printf($line, $event['id'], $event['publicId'] ?? '-', $jwt, KinescopeApi::shown($event['name']));
                }
                return 0;
            case 'events enable':
                $api = $site->api();
                $moved = $api->requireJwt($api->uuidOf($arguments[0]));
                echo "The chat of this stream requires a token now.\n";
                echo $moved === [] ? '' : 'Kinescope also changed: ' . KinescopeApi::shown(implode(', ', $moved)) . "\n";
                return 0;
            case 'doctor':
                return self::doctor($site);
        }
        echo self::HELP;
        return array_intersect($words, ['--help', '-h']) === [] ? 2 : 0;
    }

    private static function listKeys(Site $site): int
    {
        $ring = $site->keys()->ring();
        foreach ($ring === null ? [] : $ring->keys as $key) {
            printf("%s  %-9s  expires %s\n", $key['kid'], KeyRing::state($key, time()), gmdate('Y-m-d', $key['expiresAt']));
        }
        try {
            $site->keys()->signer();
            return 0;
        } catch (Refusal $refusal) {
            fwrite(STDERR, "$refusal->problem: no key can sign. Run: php token.php doctor\n");
            return 1;
        }
    }

    private static function revoke(Site $site, string $kid, bool $confirmed): int
    {
        if (!$confirmed) {
            fwrite(STDERR, "All tokens of this key become invalid at once. Visitors must reload their pages.\n");
            if (!stream_isatty(STDIN)) {
                fwrite(STDERR, "To continue, add --yes.\n");
                return 2;
            }
            fwrite(STDERR, 'Continue? [y/N] ');
            if (strtolower(trim((string) fgets(STDIN))) !== 'y') {
                return 1;
            }
        }
        if (!$site->keys()->revoke($site->api(), $kid)) {
            fwrite(STDERR, "Kinescope didn’t list this key. If the API token is of another workspace, the key is still valid there.\n");
        }
        return self::listKeys($site);
    }

    private static function doctor(Site $site): int
    {
        $failed = 0;
        $origins = Doctor::origins($site->origins());
        $others = Doctor::check($site->keys(), $site->api(), new SystemClock(), $site->events());
        foreach (array_merge($origins, $others) as $finding) {
            printf("%-4s  %s: %s\n", $finding['level'], $finding['code'], $finding['text']);
            $failed += $finding['level'] === 'fail' ? 1 : 0;
        }
        return $failed === 0 ? 0 : 1;
    }
}
