import { spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import stringWidth from 'string-width'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { SEED, seedEvents } from '../../../../demo/emulator/seed-events.js'
import { everyNth } from '../../../../scripts/test-tier.js'
import { listen } from '../running-server.js'
import { builtCli, type BuiltCli } from './built-cli.js'
import { workbench, type Workbench } from './workbench.js'

const TITLES = [
  '日本語のとても長い題名がここにあります、ライブ配信の講義第三回',
  'Emoji 👩‍👩‍👧‍👦🏳️‍🌈 \u001b]8;;https://x.test\u0007a link\u001b]8;;\u0007 \u202Egnp.exe \u009b31mred \u001b[2J',
  'a word without an end '.replaceAll(' ', '').repeat(12),
]

let cli: BuiltCli
let bench: Workbench
beforeAll(async () => {
  cli = await builtCli()
})
beforeEach(async () => {
  const events = seedEvents()
  events.forEach((event, index) => (event.name = TITLES[index % TITLES.length]!))
  bench = await workbench({ events })
})
afterEach(() => bench.close())

/**
 * Runs a command on its own terminal (util-linux's `script`). `type` returns the keys to type for the current output.
 */
async function onTerminal(columns: number, argv: readonly string[], type?: (seen: string) => string | null) {
  const command = `stty cols ${columns} rows 50; exec ${[process.execPath, cli.file, ...argv].map((word) => `'${word}'`).join(' ')}`
  const env = { ...bench.env, PATH: process.env['PATH'], TERM: 'xterm', SHELL: '/bin/sh' }
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], { env })
  let seen = ''
  child.stdout.on('data', (chunk: Buffer) => {
    seen += String(chunk)
    const keys = type?.(seen)
    if (keys) child.stdin.write(keys)
  })
  const exit = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { exit, seen }
}

/* oxlint-disable no-control-regex -- the patterns to find */
const COLOURS = /\u001b\[\d+m/g
const PROGRESS = /\r\u001b\[2K(?:[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] [^\r\u001b]*…)?/gu
const EMOJI = new RegExp('\\p{RGI_Emoji}', 'gv')
const ACTED_ON = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u
/* eslint-enable no-control-regex */

/** The lines that remain on the screen, without our own colours and progress. */
const linesOf = (seen: string) =>
  seen.replaceAll('\r\n', '\n').replace(PROGRESS, '').replace(COLOURS, '').split('\n')

/** Whether a line may be too wide: it is a single word, or a command or code that is typed unchanged. */
const isWhole = (line: string) =>
  !/\S\s+\S/.test(line.replace(/`[^`]*`/g, 'x').replace(/^\s*(→|[✔!✖·–])?\s*/, '')) ||
  /^\s*(Usage:|<|npx|CHAT_|KINESCOPE_|import|const|")/.test(line)

describe.each([80, 40])('on a terminal of %i columns', (columns) => {
  it.each(
    everyNth(3, [
      ['--help'],
      ['keys', 'rotate', '--help'],
      ['doctor', '--help'],
      ['setup', '--event', SEED.live.id],
      ['events', 'list'],
      ['events', 'show', SEED.second.id],
      ['events', 'disable', SEED.live.id, '--dry-run'],
      ['keys', 'list'],
      ['keys', 'rotate'],
      ['keys', 'reconcile'],
      ['keys', 'generate'],
      ['doctor', '--event', SEED.second.id, '--url', 'http://127.0.0.1:1', '--origin', 'http://localhost:1'],
      ['keys', 'revoke', 'KID'],
      ['kesy'],
    ]),
  )('%s %s %s: every line fits, and no output contains a control character', async (...argv: string[]) => {
    if (argv[0] !== 'setup') await bench.kc('setup', '--event', SEED.live.id)
    const { exit, seen } = await onTerminal(
      columns,
      argv.filter((word) => word !== undefined),
    )
    expect(exit).not.toBeNull()
    const lines = linesOf(seen)
    expect(lines.length).toBeGreaterThan(1)
    for (const line of lines) {
      expect(line.replace(EMOJI, '')).not.toMatch(ACTED_ON)
      if (stringWidth(line) > columns) expect(isWhole(line), line).toBe(true)
    }
  })
})

describe('an operator at the terminal', () => {
  const DISABLE = ['events', 'disable', SEED.live.id]
  it.each([
    ['yes', 'yes\r', 0],
    ['no', 'no\r', 1],
    ['Ctrl-C', '\u0003', 1],
    ['Ctrl-D', '\u0004', 1],
  ])('can answer the question with %s', async (_what, keys, exit) => {
    await bench.kc('setup', '--event', SEED.live.id)
    let asked = false
    const answered = await onTerminal(80, DISABLE, (seen) => {
      if (asked || !seen.includes('yes: ')) return null
      asked = true
      return keys
    })
    expect([answered.exit, asked]).toEqual([exit, true])
    expect(answered.seen).not.toContain('Warning')
    const { jwtRequired } = bench.emulator.state.events.find(({ id }) => id === SEED.live.id)!
    expect(jwtRequired).toBe(exit !== 0)
  })

  it('can end a hanging rotation with Ctrl-C: the lock is released, and no key is lost', async () => {
    await bench.kc('setup', '--event', SEED.live.id)
    const hanging = await listen(() => undefined)
    const ring = join(bench.keyDir, 'keyring.json')
    const kept = readFileSync(ring, 'utf8')
    writeFileSync(ring, kept.replaceAll(bench.env['KINESCOPE_API_URL']!, hanging.url))
    bench.env['KINESCOPE_API_URL'] = hanging.url
    let pressed = false
    const { exit, seen } = await onTerminal(80, ['keys', 'rotate'], (shown) => {
      if (pressed || !shown.includes('Checking')) return null
      pressed = true
      return '\u0003'
    })
    expect([exit, pressed]).toEqual([1, true])
    expect(seen).toContain('interrupted')
    expect(existsSync(join(bench.keyDir, '.lock'))).toBe(false)
    expect((await bench.kc('token', 'mint', '--event', 'e', '--user', 'u', '--name', 'N')).exit).toBe(0)
    await hanging.close()
  })
})
