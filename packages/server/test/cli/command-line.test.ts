import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { SEED } from '../../../../demo/emulator/seed-events.js'
import { COMMANDS } from '../../src/cli/command-line.js'
import { run } from '../../src/cli/run.js'
import { SETTINGS } from '../../src/settings.js'
import { secretsIn } from '../secrets.js'
import { builtCli, type BuiltCli } from './built-cli.js'
import { API_TOKEN, workbench, type Workbench } from './workbench.js'

let bench: Workbench
beforeEach(async () => {
  bench = await workbench()
})
afterEach(() => bench.close())

const names = COMMANDS.map(({ name }) => name)
const words = (name: string) => name.split(' ')

describe('help', () => {
  it('lists every command, or the commands of one group', async () => {
    for (const argv of [[], ['--help'], ['help'], ['-h']]) {
      const { exit, stdout } = await bench.kc(...argv)
      expect(exit).toBe(0)
      for (const { name, args = [] } of COMMANDS) expect(stdout).toContain(`  ${[name, ...args].join(' ')} `)
    }
    const { stdout } = await bench.kc('keys')
    expect(stdout).toContain('keys rotate')
    expect(stdout).not.toContain('token mint')
  })

  it.each(names)('%s --help names all flags of the command and sends no request', async (name) => {
    const { exit, stdout, stderr } = await bench.kc(...words(name), '--help')
    expect([exit, stderr]).toEqual([0, ''])
    const command = COMMANDS.find((candidate) => candidate.name === name)!
    for (const flag of [...Object.keys(command.flags ?? {}), 'json', 'help'])
      expect(stdout).toContain(`--${flag}`)
    const named = [...stdout.matchAll(/^ {2}(?:-\w, )?--([\w-]+)/gm)].map(([, flag]) => flag)
    const settings = SETTINGS.filter((setting) => command.settings?.includes(setting.name))
    const own = [...Object.keys(command.flags ?? {}), ...settings.map(({ flag }) => flag)]
    expect(named.sort()).toEqual([...own, 'version', 'json', 'help'].sort())
    for (const { secret, name } of settings)
      if (secret) expect(stdout.replace(/\s+/g, ' ')).toContain(`(in FILE, or in ${name})`)
    expect(bench.emulator.state.requests).toEqual([])
  })
})

describe('--json', () => {
  it.each([[['--help']], [['keys']], [['keys', 'rotate', '--help']], [['--version']]])(
    '%j is one JSON document too',
    async (argv) => {
      const { data } = await bench.json(...argv)
      expect(data.text).toBe((await bench.kc(...argv)).stdout.trimEnd())
    },
  )

  it.each(names.filter((name) => name !== 'serve'))(
    '%s prints one JSON document, on success and on failure',
    async (name) => {
      const command = COMMANDS.find((candidate) => candidate.name === name)!
      const file = join(bench.folder, 'audit')
      writeFileSync(file, '')
      const known: Record<string, string> = { FILE: file, ID: SEED.live.id, KID: 'k', TOKEN: 'a.b.c' }
      const args = (command.args ?? []).map((arg) => known[arg.replace(/[[\]]/g, '')]!)
      const asked = [
        [],
        [...args],
        [...args, '--event', SEED.live.id, '--user', 'u', '--name', 'N'],
        [...args, '--dry-run', '--event', SEED.live.id],
        [...args, '--yes'],
        [...args, '--no-such-flag'],
      ]
      for (const place of ['without keys', 'with a key']) {
        if (place === 'with a key') await bench.kc('setup', '--event', SEED.live.id)
        for (const argv of asked) {
          const { exit, stdout } = await bench.kc(...words(name), ...argv, '--json')
          const value = JSON.parse(stdout) as {
            error?: { code: string; message: string; remediation: string }
          }
          if (exit === 2) expect(value.error!.code).toBeTruthy()
          if (value.error) expect(value.error.remediation, `${name} ${argv.join(' ')}`).toBeTruthy()
        }
      }
    },
  )
})

describe('wrong use', () => {
  it.each<[string[], string]>([
    [['kesy'], 'keys'],
    [['keys', 'rotat'], 'keys rotate'],
    [['nonsense'], '--help'],
    [['keys', 'nonsense'], '--help'],
    [['keys', 'list', '--jsno'], '--json'],
    [['keys', 'rotate', '--propagaton', '3'], '--propagation'],
    [['keys', 'rotate', '--propagation'], '--propagation SECONDS'],
    [['keys', 'rotate', '--propagation', '--json'], '--propagation SECONDS'],
    [['keys', 'rotate', '--propagation', 'soon'], '--propagation'],
    [['keys', 'rotate', '--propagation=-1'], '--propagation'],
    [['keys', 'list', '--json=yes'], '--json'],
    [['keys', 'show'], 'keys show KID'],
    [['keys', 'show', 'a', 'b'], 'keys show KID'],
    [['keys', 'revoke'], 'keys revoke KID'],
    [['keys', 'revoke', 'k', '--all'], 'are both given'],
    [['keys', 'register', '--kid', 'k'], '--adopt'],
    [['keys', 'rotate', '--token-ttl', '5'], '--token-ttl 3600'],
    [['keys', 'generate', '--bits', '1024'], '--bits must be one of 2048, 3072, 4096'],
    [['keys', 'revoke', 'k', '--bits', '2049'], '--bits must be one of 2048, 3072, 4096'],
    [['links', 'revoke', 'links.csv', '--rows', '2', '--all'], 'are both given'],
    [['audit', 'audit.jsonl', '--since', '2026-02-29'], '--since is not a time'],
    [['links', 'revoke', 'links.csv', '--all', '--once'], 'links revoke --help'],
    [['events', 'enable'], 'events enable ID'],
    [['token', 'mint', '--user', 'u', '--name', 'n'], '--event'],
    [['token', 'mint', '--event', 'e', '--user', ' ', '--name', 'n'], '--user'],
    [['token', 'mint', '--event', 'e', '--user', '0', '--name', 'n'], '--user user-12345'],
    [['token', 'mint', '--event', 'e', '--user', 'a\nb', '--name', 'n'], '--user user-12345'],
    [['token', 'mint', '--event', 'e', '--user', 'u', '--name', 'n', '--ttl', '5'], '--ttl'],
    [['setup'], '--event'],
    [['doctor', '--url', 'chat.example.com'], '--url https://'],
    [['doctor', '--origin', 'https://x.test'], '--url'],
    [['serve', '--ttl', '5'], 'serve --help'],
  ])('%j exits with 2 and says what to write', async (argv, hint) => {
    const { exit, stdout, stderr } = await bench.kc(...argv)
    expect(exit).toBe(2)
    expect(stderr + (argv.some((word) => word.startsWith('--json')) ? stdout : '')).toContain(hint)
    expect(bench.emulator.state.requests).toEqual([])
  })

  it('names every wrong setting, exits with 2, and never repeats a secret', async () => {
    bench.env['KINESCOPE_API_TOKEN'] = 'sk-not-a-uuid'
    bench.env['CHAT_TOKEN_TTL'] = '5'
    const rotate = await bench.kc('keys', 'rotate')
    expect(rotate.exit).toBe(2)
    expect(rotate.stderr).toContain('CHAT_TOKEN_TTL')
    const list = await bench.kc('events', 'list')
    expect(list.exit).toBe(2)
    expect(list.stderr).toContain('KINESCOPE_API_TOKEN')
    expect(list.stderr).not.toContain('sk-not-a-uuid')
    delete bench.env['KINESCOPE_API_TOKEN']
    expect((await bench.kc('events', 'list')).exit).toBe(2)
  })

  it('prints no empty line before an error', async () => {
    bench.env['CHAT_KEY_PASSPHRASE'] = 'short'
    expect((await bench.kc('keys', 'generate')).stderr).toMatch(/^✖/)
  })

  it('is an object with code, message and remediation under --json', async () => {
    const { exit, data } = await bench.json('keys', 'rotat')
    expect(exit).toBe(2)
    expect(data.error).toMatchObject({ code: 'usage' })
    expect(Object.keys(data.error as object).sort()).toEqual(['code', 'message', 'remediation'])
  })
})

describe('token', () => {
  beforeEach(async () => {
    await bench.kc('keys', 'generate')
    await bench.kc('keys', 'register')
  })
  const mint = ['token', 'mint', '--event', SEED.live.publicId, '--user', 'u1', '--name', 'Жанна 😀']

  it('mint prints only the token on standard output', async () => {
    const { exit, stdout } = await bench.kc(...mint)
    expect(exit).toBe(0)
    expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/)
  })

  it('verify and inspect accept a minted token, and verify names the code of the problem', async () => {
    const token = (await bench.kc(...mint)).stdout.trim()
    const good = await bench.json(
      'token',
      'verify',
      token,
      '--event',
      `https://kinescope.io/chat/${SEED.live.publicId}`,
    )
    expect(good).toMatchObject({
      exit: 0,
      data: { valid: true, claims: { username: 'Жанна 😀', aud: 'chat' } },
    })
    const wrong = await bench.json('token', 'verify', token, '--event', 'another')
    expect(wrong).toMatchObject({ exit: 1, data: { valid: false, fault: { code: 'wrong-event' } } })
    expect(await bench.json('token', 'inspect', token)).toMatchObject({
      exit: 0,
      data: { header: { alg: 'RS256' } },
    })
    expect(await bench.json('token', 'inspect', 'abc')).toMatchObject({ exit: 1 })
    bench.ahead.ms = 2 * 3600_000
    expect(await bench.json('token', 'verify', token)).toMatchObject({
      exit: 1,
      data: { fault: { code: 'token-expired' } },
    })
  })

  it('verify and inspect don’t show the signature', async () => {
    const token = (await bench.kc(...mint)).stdout.trim()
    for (const command of ['verify', 'inspect']) {
      for (const flag of [[], ['--json']]) {
        const { stdout, stderr } = await bench.kc('token', command, token, ...flag)
        expect(stdout + stderr).not.toContain(token.split('.')[2])
      }
    }
  })

  it('mint issues no token that outlives its key', async () => {
    expect((await bench.kc(...mint, '--ttl', '7200')).exit).toBe(2)
    bench.ahead.ms = 364.99 * 86_400_000
    const { data } = await bench.json(...mint)
    expect(data.expires_in).toBeLessThan(900)
    expect(data.expires_in).toBeGreaterThan(0)
  })
})

describe('the output', () => {
  it('has progress and colours only on a terminal, without --json and NO_COLOR', async () => {
    const see = async (argv: string[], isTTY: boolean, more: Record<string, string> = {}) => {
      const seen = { out: '', err: '' }
      const output = (name: 'out' | 'err') => ({
        isTTY,
        columns: 80,
        write: (text: string) => (seen[name] += text),
      })
      await run(argv, { env: { ...bench.env, ...more }, stdout: output('out'), stderr: output('err') })
      return seen
    }
    const escape = '\u001b['
    const onTerminal = await see(['events', 'list'], true)
    expect(onTerminal.out).toContain(`${escape}3`)
    expect(onTerminal.err).toContain('…')
    expect(onTerminal.err.endsWith(`\r${escape}2K`)).toBe(true)
    expect((await see(['events', 'list'], true, { NO_COLOR: '1' })).out).not.toContain(escape)
    for (const seen of [
      await see(['events', 'list'], false),
      await see(['events', 'list', '--json'], true),
    ]) {
      expect(seen.out).not.toContain(escape)
      expect(seen.err).toBe('')
    }
  })
})

describe('setup', () => {
  it('leads from an API token to a working chat, and creates no second key when repeated', async () => {
    const first = await bench.json(
      'setup',
      '--event',
      `https://kinescope.io/${SEED.live.publicId}`,
      '--url',
      'https://chat.test',
    )
    expect(first.exit, JSON.stringify(first.data)).toBe(0)
    expect(first.data.snippet).toContain(`event-id="${SEED.live.publicId}"`)
    const { url } = bench.emulator
    expect(first.data.snippet).toContain(
      `<script async src="https://chat.test/kinescope-chat.js" data-chat-origin="${url}">`,
    )
    expect(bench.emulator.state.events.find(({ id }) => id === SEED.live.id)!.jwtRequired).toBe(true)
    const second = await bench.json('setup', '--event', SEED.live.id)
    expect([second.exit, second.data.kid]).toEqual([0, first.data.kid])
    expect(bench.emulator.state.keys).toHaveLength(1)

    const { stdout } = await bench.kc(
      'token',
      'mint',
      '--event',
      SEED.live.publicId,
      '--user',
      'u',
      '--name',
      'Анна',
    )
    const page = await fetch(`${bench.emulator.url}/chat/${SEED.live.publicId}?token=${stdout.trim()}`)
    expect(page.status).toBe(200)
    expect(await page.text()).toContain('Анна')
  })

  it('restores a registration that Kinescope has lost', async () => {
    const { data } = await bench.json('setup', '--event', SEED.live.id)
    bench.emulator.state.keys = []
    const again = await bench.json('setup', '--event', SEED.live.id)
    expect([again.exit, again.data.kid]).toEqual([0, data.kid])
    expect(bench.emulator.state.keys).toHaveLength(1)
  })

  it('creates nothing if the stream’s id is wrong', async () => {
    expect((await bench.json('setup', '--event', 'nope')).exit).toBe(1)
    expect(readdirSync(bench.folder)).toEqual([])
    expect(bench.emulator.state.keys).toEqual([])
  })
})

it('no command prints a secret', async () => {
  bench.env['CHAT_KEY_PASSPHRASE'] = 'passphrase-that-nobody-may-see'
  const outputs: string[] = []
  const note = async (...argv: string[]) => {
    for (const flags of [[], ['--json']]) {
      const { stdout, stderr } = await bench.kc(...argv, ...flags)
      outputs.push(stdout, stderr)
    }
  }
  await note('keys', 'generate')
  await note('keys', 'register')
  await note('setup', '--event', SEED.live.id)
  await note('keys', 'list')
  await note('keys', 'rotate')
  await note('keys', 'reconcile')
  await note('events', 'list')
  await note('events', 'enable', SEED.finished.id)
  await note('doctor', '--event', SEED.live.id)
  bench.env['CHAT_KEY_PASSPHRASE'] = 'a wrong one, also secret'
  await note('doctor')
  const all = outputs.join('\n')
  expect(secretsIn(all)).toEqual([])
  expect(all).not.toContain('passphrase-that-nobody-may-see')
  expect(all).not.toContain('a wrong one')
  for (const name of readdirSync(bench.keyDir).filter((file) => file.endsWith('.pem'))) {
    expect(all).not.toContain(readFileSync(join(bench.keyDir, name), 'utf8').split('\n')[3])
  }
})

describe('the command line in its own process', () => {
  let cli: BuiltCli
  beforeAll(async () => {
    cli = await builtCli()
  })

  it('reads the API token from a file and exits with the command’s code', async () => {
    const file = join(bench.folder, 'token')
    writeFileSync(file, `${API_TOKEN}\n`)
    const { KINESCOPE_API_URL = '' } = bench.env
    const env = { KINESCOPE_API_URL, KINESCOPE_API_TOKEN_FILE: file, CHAT_KEY_DIR: bench.keyDir }
    expect(await cli.start(['events', 'list', '--json'], env)).toMatchObject({ exit: 0, stderr: '' })
    const flags = ['--kinescope-api-token-file', file, '--kinescope-api-url', KINESCOPE_API_URL]
    expect(await cli.start(['events', 'show', 'nope', ...flags], {})).toMatchObject({ exit: 1, stdout: '' })
    expect(await cli.start(['keys', 'lst'], env)).toMatchObject({ exit: 2, stdout: '' })
  })

  it('reads a secret from a pipe, and explains an empty one without an error of Node', async () => {
    const pipe = join(bench.folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    const mint = ['token', 'mint', '--event', 'e', '--user', 'u', '--name', 'N']
    const env = { CHAT_PRIVATE_KEY_FILE: pipe, CHAT_KEY_ID: 'k' }
    const { exit, stderr } = await cli.start(mint, env)
    expect([exit, stderr]).toEqual([2, expect.stringContaining('CHAT_PRIVATE_KEY')])
    expect(stderr).not.toContain('node:internal')
  })

  it('serves, prints the address, and responds until SIGTERM', async () => {
    const run = await bench.json('setup', '--event', SEED.live.id)
    expect(run.exit).toBe(0)
    const { spawn } = await import('node:child_process')
    const child = spawn(process.execPath, [cli.file, 'serve'], {
      env: {
        ...bench.env,
        PORT: '0',
        CHAT_EVENTS: '*',
        CHAT_IDENTITY: 'guest',
        CHAT_IDENTITY_SECRET: randomBytes(32).toString('base64'),
        CHAT_LOG_LEVEL: 'silent',
      },
    })
    const url = await new Promise<string>((resolve) => {
      let text = ''
      child.stderr.on('data', (chunk) => {
        text += String(chunk)
        const found = /http:\/\/\S+/.exec(text)
        if (found) resolve(found[0])
      })
    })
    expect((await fetch(`${url}/readyz`)).status).toBe(200)
    child.kill('SIGTERM')
    const code = await new Promise((resolve) => child.once('exit', resolve))
    expect(code).toBe(0)
  })

  it('finishes its work though no one reads standard error', async () => {
    await bench.json('setup', '--event', SEED.live.id)
    const { spawn } = await import('node:child_process')
    const mint = ['token', 'mint', '--event', 'e', '--user', 'u', '--name', 'N']
    const child = spawn(process.execPath, [cli.file, ...mint], { env: bench.env })
    child.stderr.destroy()
    let out = ''
    child.stdout.on('data', (chunk) => (out += String(chunk)))
    const code = await new Promise((resolve) => child.once('close', resolve))
    expect([code, out.split('.').length]).toEqual([0, 3])
  })

  it('names the missing settings of a server and exits with 2', async () => {
    const { exit, stderr } = await cli.start(['serve'], { CHAT_EVENT: 'x' })
    expect(exit).toBe(2)
    expect(stderr).toContain('CHAT_EVENTS')
    expect(stderr).toContain('CHAT_IDENTITY')
  })
})
