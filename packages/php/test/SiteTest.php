<?php

namespace KinescopeChat\TokenServer\Test;

use KinescopeChat\TokenServer\Console;
use KinescopeChat\TokenServer\FileStore;
use KinescopeChat\TokenServer\OperatorProblem;
use KinescopeChat\TokenServer\Site;
use PHPUnit\Framework\TestCase;

final class SiteTest extends TestCase
{
    /** @var string */
    private $folder;

    protected function setUp(): void
    {
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

    public function testNoPseudonymIsMadeWithoutItsKey(): void
    {
        $site = $this->site(['seal' => bin2hex(random_bytes(32))]);
        $site->keys()->addByHand();
        $site->keys()->confirmByHand();
        mkdir("$this->folder/user-id-key.new");
        $this->assertSame('key-unavailable', $this->codeOf($site));
    }
}
