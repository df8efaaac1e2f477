<?php

namespace KinescopeChat\TokenServer\Test;

use KinescopeChat\TokenServer\Console;
use KinescopeChat\TokenServer\Doctor;
use KinescopeChat\TokenServer\FileStore;
use KinescopeChat\TokenServer\OperatorProblem;
use KinescopeChat\TokenServer\QuickKeys;
use KinescopeChat\TokenServer\Refusal;
use KinescopeChat\TokenServer\Site;
use PHPUnit\Framework\TestCase;

final class SiteTest extends TestCase
{
    /** @var string */
    private $folder;

    protected function setUp(): void
    {
        QuickKeys::startOver();
        $this->folder = sys_get_temp_dir() . '/kinescope-chat-' . bin2hex(random_bytes(8));
        mkdir($this->folder, 0700);
    }

    protected function tearDown(): void
    {
        chmod($this->folder, 0700);
        foreach (array_diff((array) scandir($this->folder), ['.', '..']) as $name) {
            is_dir("$this->folder/$name") && !is_link("$this->folder/$name") ? rmdir("$this->folder/$name") : unlink("$this->folder/$name");
        }
        rmdir($this->folder);
    }

    /** @param array<string, mixed> $more */
    private function site(array $more = []): Site
    {
        return new Site($more + [
            'site' => 'https://www.example.com',
            'events' => ['x'],
            'folder' => $this->folder,
            'log' => static function (): void {
            },
            'identify' => static function (): array {
                return ['id' => '7', 'name' => 'Ann'];
            },
        ], new FakeKinescope(new FakeClock()), new FakeClock());
    }

    private function codeOf(Site $site): string
    {
        $headers = ['content-type' => 'application/json', 'sec-fetch-site' => 'same-origin'];
        $answer = $site->endpoint()->answer('POST', $headers, static function (): string {
            return '{"event_id": "x"}';
        });
        return json_decode($answer['body'], true)['code'] ?? 'token';
    }

    private function problemOf(callable $work): string
    {
        try {
            $work();
            return 'none';
        } catch (OperatorProblem $problem) {
            return $problem->problem;
        }
    }

    public function testAFileThatCannotBeReadIsNotReplaced(): void
    {
        $site = $this->site();
        $site->keys()->addByHand();
        $site->keys()->confirmByHand();
        $this->assertSame('token', $this->codeOf($site));
        foreach (['seal', 'ring', 'user-id-key'] as $name) {
            $before = file_get_contents("$this->folder/$name");
            $this->makeUnreadable("$this->folder/$name");
            $this->assertSame('key-unavailable', $this->codeOf($this->site()), $name);
            $this->makeReadable("$this->folder/$name");
            $this->assertSame($before, file_get_contents("$this->folder/$name"), $name);
            $this->assertSame('token', $this->codeOf($this->site()));
        }
    }

    /** Root reads files of any mode, but no link whose file is missing. */
    private function makeUnreadable(string $path): void
    {
        rename($path, "$path.kept");
        symlink("$path.missing", $path);
    }

    private function makeReadable(string $path): void
    {
        $this->assertTrue(is_link($path), 'The file was replaced.');
        unlink($path);
        rename("$path.kept", $path);
    }

    public function testAFolderOfAnotherUserOrThatOthersMayWriteIsRefused(): void
    {
        foreach ([0777, 01777, 0770] as $mode) {
            chmod($this->folder, $mode);
            $this->assertSame('folder-unsafe', $this->problemOf(function (): void {
                new FileStore($this->folder);
            }), decoct($mode));
        }
        chmod($this->folder, 0700);
        if (posix_geteuid() === 0) {
            chown($this->folder, 12345);
            $this->assertSame('folder-unsafe', $this->problemOf(function (): void {
                new FileStore($this->folder);
            }));
            chown($this->folder, 0);
        }
    }

    public function testAFolderThatIsReadOnlySignsAndItsKeysStay(): void
    {
        $this->site()->keys()->addByHand();
        $this->site()->keys()->confirmByHand();
        $this->assertSame('token', $this->codeOf($this->site()));
        chmod($this->folder, 0500);
        $user = posix_geteuid() === 0 ? 65534 : posix_geteuid();
        $before = [];
        foreach (glob("$this->folder/*") as $file) {
            $before[$file] = file_get_contents($file);
            chown($file, $user);
        }
        chown($this->folder, $user);
        // Root may write to any folder, so a process of another user tries.
        $script = <<<'PHP'
            namespace KinescopeChat\TokenServer;
            require $argv[1];
            posix_setuid((int) $argv[3]);
            $config = ['site' => 'https://www.example.com', 'events' => ['x'], 'folder' => $argv[2]];
            $site = new Site($config + ['identify' => static function (): array {
                return ['id' => '7', 'name' => 'Ann'];
            }], null, new Test\FakeClock());
            $headers = ['content-type' => 'application/json', 'sec-fetch-site' => 'same-origin'];
            echo $site->endpoint()->answer('POST', $headers, static function (): string {
                return '{"event_id": "x"}';
            })['status'], ' ';
            try {
                $site->keys()->addByHand();
            } catch (OperatorProblem $problem) {
                echo $problem->problem;
            }
            PHP;
        // A PHP that isn't installed needs its script.
        $php = getenv('PHP_COMMAND') ?: PHP_BINARY;
        $command = [$php, '-r', $script, __DIR__ . '/bootstrap.php', $this->folder, (string) $user];
        $output = (string) shell_exec(implode(' ', array_map('escapeshellarg', $command)));
        $this->assertSame('200 folder-not-writable', $output);
        foreach ($before as $file => $text) {
            $this->assertSame($text, file_get_contents($file));
        }
    }

    public function testAnErrorHandlerThatThrowsSeesNoMissingFile(): void
    {
        set_error_handler(static function (int $level, string $message): bool {
            throw new \ErrorException($message);
        });
        try {
            $this->site()->keys()->addByHand();
            $this->site()->keys()->confirmByHand();
            $this->assertSame('token', $this->codeOf($this->site()));
        } finally {
            restore_error_handler();
        }
    }

    public function testAnUnusableFolderIsAResponseOfTheContract(): void
    {
        chmod($this->folder, 0777);
        $this->assertSame('key-unavailable', $this->codeOf($this->site()));
        $this->assertSame(1, Console::run($this->site(), ['keys', 'list']));
    }

    public function testAnOriginCountsInAnySpelling(): void
    {
        foreach (['https://partner.example', 'https://Partner.example:443/', 'capacitor://localhost'] as $written) {
            $policy = $this->site(['origins' => [$written, '*', 'null']])->endpoint();
            foreach (['https://partner.example', 'capacitor://localhost', '*', 'null'] as $origin) {
                $headers = ['origin' => $origin, 'sec-fetch-site' => 'cross-site'];
                $status = $policy->answer('OPTIONS', $headers, 'strval')['status'];
                $this->assertSame(stripos($written, explode(':', $origin)[0]) === 0 ? 204 : 403, $status, "$written $origin");
            }
        }
    }

    public function testTheDoctorNamesAnAddressThatIsNoOrigin(): void
    {
        $long = 'https://' . str_repeat('я', 64) . '.рф';
        foreach (['www.example.com', '*', 'https://my-app-*.example.app', '', 'https://exa mple.com', $long] as $wrong) {
            $found = Doctor::origins($this->site(['origins' => ['https://partner.example', $wrong]])->origins());
            $this->assertSame(['origin-invalid'], array_column($found, 'code'), $wrong);
        }
    }

    public function testAnInternationalNameIsTheSameOriginAsInABrowser(): void
    {
        $headers = ['origin' => 'https://xn--e1afmkfd.xn--p1ai', 'content-type' => 'text/plain'];
        foreach (['https://пример.рф', 'https://Пример.рф:443/'] as $written) {
            $answer = $this->site(['site' => $written])->endpoint()->answer('POST', $headers, static function (): string {
                return '{}';
            });
            $this->assertSame(400, $answer['status'], $written);
        }
    }

    public function testTheFaultOfASiteIsNoVisitorAndNoRefusal(): void
    {
        $this->site()->keys()->addByHand();
        $this->site()->keys()->confirmByHand();
        $text = new class {
            public function __toString(): string
            {
                return 'u-1';
            }
        };
        $codes = [];
        $wrong = [['u'], true, 1.5, new \stdClass(), str_repeat('u', 257), "\xfe"];
        foreach (array_merge($wrong, [null, false, '', 0, '0', 7, 'u', $text]) as $id) {
            $codes[] = $this->codeOf($this->site(['identify' => static function () use ($id): array {
                return ['id' => $id, 'name' => ['Ann']];
            }]));
        }
        $unavailable = array_fill(0, 6, 'identity-unavailable');
        $none = array_fill(0, 5, 'sign-in-required');
        $this->assertSame(array_merge($unavailable, $none, array_fill(0, 3, 'token')), $codes);
        foreach (['identify' => 'identity-unavailable', 'mayEnter' => 'server-error'] as $name => $code) {
            $this->assertSame($code, $this->codeOf($this->site([$name => static function (): void {
                throw new \PDOException('no database');
            }])));
        }
    }

    public function testASiteThatMovedManagesItsKeysAgain(): void
    {
        $this->site()->keys()->addByHand();
        $this->site()->keys()->confirmByHand();
        $moved = $this->site(['site' => 'https://new.example.com']);
        $this->assertTrue($moved->keys()->isCopy());
        $this->expectOutputRegex('/^2027/');
        $this->assertSame(0, Console::run($moved, ['moved']));
        $this->assertFalse($moved->keys()->isCopy());
    }

    private function connectedSite(FakeKinescope $kinescope): Site
    {
        $identify = static function (): void {
        };
        $config = ['site' => 'https://www.example.com', 'events' => ['x'], 'folder' => $this->folder, 'identify' => $identify];
        $site = new Site($config, $kinescope, new FakeClock());
        $site->connect('00000000-0000-4000-8000-000000000001');
        return $site;
    }

    public function testACommandWithOtherWordsThanItsOwnDoesNothing(): void
    {
        $kinescope = new FakeKinescope(new FakeClock());
        $site = $this->connectedSite($kinescope);
        $before = count($kinescope->requests);
        $this->expectOutputRegex('/^Usage: /');
        foreach (['keys rotate --dry-run', 'keys reconcile x', 'keys revoke --yes', 'keys revoke', 'events enable', 'moved x'] as $line) {
            $this->assertSame(2, Console::run($site, explode(' ', $line)), $line);
        }
        foreach (['--help', 'keys rotate --help'] as $line) {
            $this->assertSame(0, Console::run($site, explode(' ', $line)), $line);
        }
        $this->assertCount($before, $kinescope->requests);
    }

    public function testAStreamIsNamedByItsUuidOrAsInItsLink(): void
    {
        $kinescope = new FakeKinescope(new FakeClock());
        $site = $this->connectedSite($kinescope);
        $this->expectOutputRegex('/requires a token now/');
        $uuid = '5b0c7c1e-0d5a-4c1b-9a52-6a4a0b7f3d11';
        foreach ([$uuid, '4hYq8vWzT2mKc9RbXsLd7N'] as $id) {
            $event = ['id' => $uuid, 'play_link' => 'https://kinescope.io/4hYq8vWzT2mKc9RbXsLd7N', 'chat_jwt_required' => false];
            $kinescope->events = [$uuid => $event];
            $this->assertSame(0, Console::run($site, ['events', 'enable', $id]));
            $this->assertTrue($kinescope->events[$uuid]['chat_jwt_required']);
        }
    }

    public function testALifetimeThatNoTokenMayHaveIsNamed(): void
    {
        $first = $this->site();
        $first->keys()->addByHand();
        $first->keys()->confirmByHand();
        foreach ([60, '3600', 86400] as $ttl) {
            $this->assertSame('token', $this->codeOf($this->site(['ttl' => $ttl])), (string) $ttl);
        }
        foreach ([59, 0, -5, 86401, 3600000, '1h', '', true, null, 90.5, [3600]] as $ttl) {
            $site = $this->site(['ttl' => $ttl]);
            $this->assertSame('key-unavailable', $this->codeOf($site), (string) json_encode($ttl));
            $this->assertSame('ttl-invalid', $this->problemOf([$site, 'keys']), (string) json_encode($ttl));
        }
    }

    public function testNoPseudonymIsMadeWithoutItsKey(): void
    {
        $site = $this->site(['seal' => bin2hex(random_bytes(32))]);
        $site->keys()->addByHand();
        $site->keys()->confirmByHand();
        mkdir("$this->folder/user-id-key.new");
        $this->assertSame('key-unavailable', $this->codeOf($site));
    }

    public function testAFullDiskIsNotAnotherProcess(): void
    {
        $site = $this->site();
        $site->keys()->addByHand();
        $site->keys()->confirmByHand();
        foreach (['claim', 'ring'] as $name) {
            symlink('/dev/full', "$this->folder/$name.new");
            $this->assertSame('folder-not-writable', $this->problemOf(static function () use ($site): void {
                $site->keys()->addByHand();
            }), $name);
            $this->assertSame([], glob("$this->folder/*.new"), 'A partial file stays.');
            $this->assertSame('token', $this->codeOf($this->site()));
        }
        $site->keys()->addByHand();
        $site->keys()->confirmByHand();
        $this->assertSame('token', $this->codeOf($this->site()));
    }
}
