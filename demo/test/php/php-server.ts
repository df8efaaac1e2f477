import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { answering, freePort } from '../placing/wordpress-site.js'
import type { Contestant, PublicKey } from './contract.js'

export const PHP_PACKAGE = fileURLToPath(new URL('../../../packages/php/', import.meta.url))

const RELEASES = fileURLToPath(new URL('../../../.cache/releases/', import.meta.url))

const FOUND = [
  'php',
  ...readdirSync('/usr/bin').filter((name) => /^php[\d.]+$/.test(name)),
  ...(existsSync(RELEASES) ? readdirSync(RELEASES) : [])
    .filter((name) => name.startsWith('php'))
    .map((name) => join(RELEASES, name, 'php')),
]

const versionOf = (php: string): string =>
  spawnSync(php, ['-r', 'echo PHP_VERSION;'], { encoding: 'utf8' }).stdout ?? ''

/** One PHP of each version that is here: `php`, `php8.4`, or one that `node scripts/other-releases.mjs` has unpacked. */
export const INTERPRETERS = [...new Map(FOUND.reverse().map((php) => [versionOf(php), php])).values()]

/** Why the PHP server can't be started here, or null. */
export function whyNoPhp(): string | null {
  const { status, stdout } = spawnSync('php', ['-m'], { encoding: 'utf8' })
  const isThere =
    status === 0 && /^openssl$/m.test(stdout) && /^curl$/m.test(stdout) && /^intl$/m.test(stdout)
  return isThere ? null : 'apt-get install php-cli php-curl php-intl'
}

/** The public keys of a ring, as it is stored. */
export function publicKeys(ring: string): PublicKey[] {
  const { keys } = JSON.parse(ring) as { keys: Record<string, { kid: string; n: string; e: string }> }
  return Object.values(keys).map(({ kid, n, e }) => ({ kty: 'RSA', kid, n, e }))
}

/** The PHP server under PHP's own web server. */
export async function startPhpServer(php = 'php'): Promise<Contestant & { close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'php-keys-'))
  const port = await freePort()
  const ownOrigin = `http://127.0.0.1:${port}`
  const child = spawn(
    php,
    ['-d', 'display_errors=1', '-S', `127.0.0.1:${port}`, join(PHP_PACKAGE, 'test/server.php')],
    { stdio: 'ignore', env: { ...process.env, KEY_FOLDER: folder, SITE: ownOrigin } },
  )
  const close = async () => {
    if (child.exitCode === null && child.kill()) await once(child, 'exit')
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await answering(`${ownOrigin}/token`, 405)
  } catch (error) {
    await close()
    throw error
  }
  return {
    url: `${ownOrigin}/token`,
    ownOrigin,
    keys: () => publicKeys(readFileSync(join(folder, 'ring'), 'utf8')),
    visitorHeaders: (visitor) => ({ 'x-test-visitor': visitor }),
    close,
  }
}
