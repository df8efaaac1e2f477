import { spawn, type ChildProcess } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { SEED } from '../../../../demo/emulator/seed-events.js'
import { verifyChatToken } from '../../../../demo/emulator/verify-chat-token.js'
import { setupCommand } from '../../src/cli/setup.js'
import { secret, secretsIn } from '../secrets.js'
import { builtCli, type BuiltCli } from './built-cli.js'
import { workbench, type Workbench } from './workbench.js'

let cli: BuiltCli
let bench: Workbench
let server: ChildProcess | undefined
beforeAll(async () => {
  cli = await builtCli()
}, 60_000)
beforeEach(async () => {
  bench = await workbench()
})
afterEach(async () => {
  // the shell and the server that it started
  if (server?.pid !== undefined) process.kill(-server.pid, 'SIGKILL')
  server = undefined
  await bench.close()
})

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => probe.once('listening', resolve))
  const { port } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  return port
}

/** Runs a text in a shell in which `npx kinescope-chat-server` is this build. Resolves once the server listens. */
async function runInShell(text: string, port: number): Promise<void> {
  const bin = join(bench.folder, 'bin')
  mkdirSync(bin)
  writeFileSync(
    join(bin, 'kinescope-chat-server'),
    `#!/bin/sh\nexec "${process.execPath}" "${cli.file}" "$@"\n`,
  )
  chmodSync(join(bin, 'kinescope-chat-server'), 0o755)
  server = spawn('sh', ['-c', text], {
    cwd: bench.folder,
    env: { PATH: `${bin}:${process.env['PATH']}`, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  let output = ''
  await new Promise<void>((resolve, reject) => {
    for (const stream of [server!.stdout!, server!.stderr!]) {
      stream.on('data', (chunk) => {
        output += String(chunk)
        if (output.includes('listens on')) resolve()
      })
    }
    server!.once('exit', () => reject(new Error(output)))
  })
}

it.each<[string, (folder: string) => Record<string, string>, string[], string]>([
  ['with nothing else given', () => ({}), [], 'https://www.example.com'],
  [
    'with the page’s origins and the server behind the site’s proxy',
    () => ({}),
    ['--allowed-origins', 'https://shop.test,https://www.shop.test', '--url', 'https://shop.test/chat/'],
    'https://www.shop.test',
  ],
  [
    'with encrypted keys',
    (folder) => {
      writeFileSync(join(folder, 'pass phrase'), 'a long enough passphrase\n')
      return {}
    },
    ['--key-passphrase-file', 'FOLDER/pass phrase'],
    'https://www.example.com',
  ],
  [
    'with a key directory whose name needs quotes',
    (folder) => ({ CHAT_KEY_DIR: join(folder, "a 'b' $c") }),
    [],
    'https://www.example.com',
  ],
])(
  'the server commands printed by setup start a server that issues tokens to a page, %s',
  async (_what, env, argv, origin) => {
    Object.assign(bench.env, env(bench.folder))
    const flags = argv.map((word) => word.replace('FOLDER', bench.folder))
    const { stdout } = await bench.kc('setup', '--event', SEED.live.id, ...flags)
    const text = /For the server[^\n]*\n((?: {2}.*\n)+?)(?=\S|\n)/.exec(stdout)?.[1] ?? ''
    expect(text).toContain('kinescope-chat-server serve')
    const port = await freePort()
    await runInShell(text, port)

    const path = argv.includes('--url') ? '/chat/token' : '/token'
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method: 'POST',
      headers: { origin, 'sec-fetch-site': 'cross-site', 'content-type': 'application/json' },
      body: JSON.stringify({ event_id: SEED.live.publicId }),
    })
    expect(response.headers.get('access-control-allow-origin')).toBe(origin)
    const { token } = (await response.json()) as { token: string }
    expect(
      verifyChatToken(bench.emulator.state, token, SEED.live, SEED.live.publicId, bench.now()),
    ).toMatchObject({
      code: null,
    })
  },
  60_000,
)

it('prints every setting that it was given and the server needs, and no passphrase', async () => {
  const GIVEN: Record<string, string> = {
    CHAT_ALLOWED_ORIGINS: 'https://shop.test',
    CHAT_KEY_DIR: join(bench.folder, 'other keys'),
    CHAT_KEY_PASSPHRASE: secret('a long enough passphrase'),
    CHAT_TOKEN_TTL: '600',
    KINESCOPE_CHAT_ORIGIN: bench.emulator.url,
  }
  // a Secret would replace the directory; the running server needs no API
  const others = ['CHAT_KEY_SECRET', 'KINESCOPE_API_TOKEN', 'KINESCOPE_API_URL']
  expect([...Object.keys(GIVEN), ...others].sort()).toEqual([...setupCommand.settings!].sort())

  const printed = async (env: Record<string, string>, ...flags: string[]) => {
    Object.assign(bench.env, env)
    const { stdout } = await bench.kc('setup', '--event', SEED.live.id, ...flags)
    expect(secretsIn(stdout)).toEqual([])
    expect(stdout).toContain('passphrase: process.env.CHAT_KEY_PASSPHRASE })')
    return stdout
  }
  const byVariables = await printed(GIVEN)
  const file = join(bench.folder, 'passphrase')
  writeFileSync(file, GIVEN['CHAT_KEY_PASSPHRASE']!)
  const byFlags = await printed(
    { CHAT_KEY_PASSPHRASE: '' },
    '--key-passphrase-file',
    file,
    '--token-ttl',
    '900',
  )
  expect(byVariables).toContain('CHAT_KEY_PASSPHRASE="$CHAT_KEY_PASSPHRASE" \\')
  expect(byFlags).toContain(`CHAT_KEY_PASSPHRASE_FILE=${file} \\`)
  expect(byVariables).toContain('CHAT_TOKEN_TTL=600 \\')
  expect(byFlags).toContain('CHAT_TOKEN_TTL=900 \\')
  for (const text of [byVariables, byFlags]) {
    expect(text).toContain('CHAT_ALLOWED_ORIGINS=https://shop.test \\')
    expect(text).toContain(`CHAT_KEY_DIR='${GIVEN['CHAT_KEY_DIR']}' \\`)
    expect(text).toContain(`KINESCOPE_CHAT_ORIGIN=${bench.emulator.url} \\`)
  }
})
