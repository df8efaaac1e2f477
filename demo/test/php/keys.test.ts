import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { buildEmulator, type Emulator } from '../../emulator/emulator.js'
import { PHP_PACKAGE, whyNoPhp } from './php-server.js'

const missing = whyNoPhp()

/** A site's `token.php`. With KILL_AFTER set, the process kills itself after so many responses of Kinescope. */
const siteFile = (folder: string, api: string) => `<?php
namespace KinescopeChat\\TokenServer;
require '${PHP_PACKAGE}src/autoload.php';
final class Killer implements Transport {
  private $left;
  private $inner;
  public function __construct() { $this->left = (int) getenv('KILL_AFTER'); $this->inner = new CurlTransport(); }
  public function send(string $method, string $url, array $headers, ?string $body): array {
    $response = $this->inner->send($method, $url, $headers, $body);
    if (--$this->left === 0) { posix_kill(getmypid(), SIGKILL); sleep(9); }
    return $response;
  }
}
final class LaterClock implements Clock {
  public function now(): int { return time() + (int) getenv('LATER'); }
  public function sleep(int $ms): void { usleep($ms * 1000); }
}
$site = new Site(['site' => 'https://www.example.com', 'events' => ['x'], 'folder' => '${folder}/keys', 'api' => '${api}',
  'identify' => static function (): ?array { return null; }], new Killer(), new LaterClock());
exit(Console::run($site, array_slice($argv, 1)));`

describe.skipIf(missing)('the keys of a PHP site, in processes of their own', () => {
  let emulator: Emulator
  let folder: string
  let api: string
  beforeEach(async () => {
    emulator = buildEmulator()
    api = await emulator.listen()
    folder = await mkdtemp(join(tmpdir(), 'php-site-'))
    await writeFile(join(folder, 'token.php'), siteFile(folder, api))
  })
  afterEach(async () => {
    await emulator.close()
    await rm(folder, { recursive: true, force: true })
  })

  const run = (words: string[], env: Record<string, string> = {}) =>
    new Promise<{ code: number | null; signal: string | null; out: string }>((resolve) => {
      const child = execFile(
        'php',
        [join(folder, 'token.php'), ...words],
        { env: { ...process.env, ...env } },
        (error, stdout, stderr) =>
          resolve({
            code: error ? ((error.code as number | undefined) ?? null) : 0,
            signal: error?.signal ?? null,
            out: stdout + stderr,
          }),
      )
      child.stdin!.end(`${emulator.apiToken}\n`)
    })
  const registered = async () => {
    const reply = await fetch(`${api}/v1/jwk`, {
      headers: { authorization: `Bearer ${emulator.apiToken}` },
    })
    return ((await reply.json()) as { data: { kid: string }[] }).data.map(({ kid }) => kid)
  }

  it('makes one key, although six processes connect at once', async () => {
    const results = await Promise.all(Array.from({ length: 6 }, () => run(['connect'])))
    expect(results.some(({ code }) => code === 0)).toBe(true)
    for (const { code, out } of results) expect([0, 1], out).toContain(code)
    expect(await registered()).toHaveLength(1)
  })

  it('finishes the job of a process that was killed, after any response', { timeout: 120_000 }, async () => {
    for (const step of [1, 2, 3]) {
      const killed = await run(['connect'], { KILL_AFTER: String(step) })
      expect(killed.signal, killed.out).toBe('SIGKILL')
      expect((await run(['connect'])).out).toContain('busy')
      // its claim ends after two minutes
      const next = await run(['connect'], { LATER: String(130 * step) })
      expect(next.code, next.out).toBe(0)
      const kids = await registered()
      expect(kids, `after response ${step}`).toHaveLength(1)
      expect(await readFile(join(folder, 'keys/ring'), 'utf8')).toContain(kids[0]!)
      await rm(join(folder, 'keys'), { recursive: true })
      await emulator.close()
      emulator = buildEmulator()
      api = await emulator.listen()
      await writeFile(join(folder, 'token.php'), siteFile(folder, api))
    }
  })

  it('names the command that helps if the stored keys are lost, or Kinescope doesn’t list the key', async () => {
    await run(['connect'])
    await rm(join(folder, 'keys/ring'))
    expect((await run(['doctor'])).out).toContain('Connect the site again.')
    expect((await run(['connect'])).code).toBe(0)
    emulator.state.keys.length = 0
    const [, kid] = /Run: php token.php keys revoke (\S+)/.exec((await run(['doctor'])).out) ?? []
    expect((await run(['keys', 'revoke', kid!, '--yes'])).code).toBe(0)
    expect((await run(['doctor'])).out).toContain('key-registered')
  })

  it('refuses a folder that others may reach', async () => {
    await run(['connect'])
    const web = join(folder, 'keys/..')
    const { out } = await run(['keys', 'list'])
    expect(out).toMatch(/^\d{8}-[\w-]{16} {2}active/)
    await writeFile(
      join(folder, 'check.php'),
      `<?php require '${PHP_PACKAGE}src/autoload.php';
      foreach ([['${folder}/keys', '${web}'], ['${folder}/open', '']] as [$keys, $root]) {
        if ($root === '') { mkdir($keys); chmod($keys, 0777); }
        try { new KinescopeChat\\TokenServer\\FileStore($keys, $root); echo 'taken '; } catch (KinescopeChat\\TokenServer\\OperatorProblem $problem) { echo $problem->problem, ' '; }
      }`,
    )
    const shown = await new Promise<string>((resolve) =>
      execFile('php', [join(folder, 'check.php')], (_error, stdout) => resolve(stdout)),
    )
    expect(shown).toBe('folder-unsafe folder-unsafe ')
  })
})
