import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SEED } from '../../../../demo/emulator/seed-events.js'
import { COMMANDS } from '../../src/cli/command-line.js'
import { run } from '../../src/cli/run.js'
import { workbench, type Workbench } from './workbench.js'

let bench: Workbench
let kid: string
beforeEach(async () => {
  bench = await workbench()
  kid = (await bench.json('setup', '--event', SEED.live.id)).data.kid as string
  bench.asks.on = true
})
afterEach(() => bench.close())

/** Runs a command as an operator at a terminal. */
async function asked(answer: string, ...argv: string[]) {
  const questions: string[] = []
  const exit = await run(argv, {
    env: bench.env,
    stdout: { write: () => undefined },
    stderr: { write: () => undefined },
    ask: (question) => {
      questions.push(question)
      return Promise.resolve(answer)
    },
    now: bench.now,
  })
  return { exit, asked: questions.length }
}

const changes = () => bench.emulator.state.requests.filter(({ method }) => method !== 'GET').length
const files = () =>
  readdirSync(bench.keyDir).map((name) => [name, readFileSync(join(bench.keyDir, name), 'utf8')])

describe('a command that needs confirmation', () => {
  const DANGEROUS = () => [
    ['keys', 'revoke', kid],
    ['keys', 'revoke', '--all'],
    ['events', 'disable', SEED.live.id],
  ]

  it('exits with 2 and changes nothing without a terminal and without --yes', async () => {
    for (const argv of DANGEROUS()) {
      const before = [changes(), files()]
      for (const flags of [[], ['--json']]) {
        const { exit, stdout, stderr } = await bench.kc(...argv, ...flags)
        expect(exit, argv.join(' ')).toBe(2)
        expect(stdout + stderr).toContain('--yes')
      }
      expect([changes(), files()]).toEqual(before)
    }
  })

  it('asks for confirmation on a terminal, and changes nothing unless the answer is yes', async () => {
    for (const argv of DANGEROUS()) {
      const before = [changes(), files()]
      for (const answer of ['', 'n', 'y', 'no']) {
        expect(await asked(answer, ...argv)).toEqual({ exit: 1, asked: 1 })
      }
      expect([changes(), files()]).toEqual(before)
    }
  })

  it('runs after yes, and with --yes it runs without a question', async () => {
    expect(await asked('yes', 'events', 'disable', SEED.live.id)).toEqual({ exit: 0, asked: 1 })
    expect(await asked('no', 'keys', 'revoke', kid, '--yes')).toEqual({ exit: 0, asked: 0 })
    expect(bench.emulator.state.keys.map((key) => key.kid)).not.toContain(kid)
  })

  it('asks before it revokes the signing key, even if a spare is ready, but not for a spare', async () => {
    await bench.kc('keys', 'generate')
    await bench.kc('keys', 'register')
    const [spare] = bench.emulator.state.keys.map((key) => key.kid).filter((known) => known !== kid)
    const before = [changes(), files()]
    expect(await asked('no', 'keys', 'revoke', kid)).toEqual({ exit: 1, asked: 1 })
    expect(await asked('no', 'keys', 'revoke', '--all')).toEqual({ exit: 1, asked: 1 })
    expect([changes(), files()]).toEqual(before)
    expect((await bench.kc('keys', 'revoke', kid)).exit).toBe(2)
    expect(await asked('no', 'keys', 'revoke', spare!)).toEqual({ exit: 0, asked: 0 })
  })

  it('is asked before a key of the last rotation is revoked, until its last token has expired', async () => {
    await bench.kc('keys', 'rotate', '--propagation', '0')
    bench.ahead.ms = 2000
    const before = [changes(), files()]
    expect(await asked('no', 'keys', 'revoke', kid)).toEqual({ exit: 1, asked: 1 })
    const { exit, stderr } = await bench.kc('keys', 'revoke', kid)
    expect(exit).toBe(2)
    expect(stderr).toContain(`${kid} signed until the last rotation`)
    expect([changes(), files()]).toEqual(before)
    bench.ahead.ms = 2 * 3600_000
    expect(await asked('no', 'keys', 'revoke', kid)).toEqual({ exit: 0, asked: 0 })
  })
})

describe('--dry-run', () => {
  const rehearsable = COMMANDS.filter(({ flags = {} }) => 'dry-run' in flags).map(({ name }) => name)
  it('exists for every command that changes something at Kinescope', () => {
    expect(rehearsable.sort()).toEqual(
      [
        'setup',
        'keys register',
        'keys rotate',
        'keys revoke',
        'keys reconcile',
        'events enable',
        'events disable',
      ].sort(),
    )
  })

  it('prints the planned changes, and changes no file and nothing at Kinescope', async () => {
    await bench.kc('keys', 'generate')
    const calls = [
      ['setup', '--event', SEED.second.id],
      ['keys', 'register'],
      ['keys', 'rotate'],
      ['keys', 'rotate', '--by-hand'],
      ['keys', 'revoke', kid],
      ['keys', 'revoke', '--all'],
      ['keys', 'reconcile'],
      ['events', 'enable', SEED.second.id],
      ['events', 'disable', SEED.live.id],
    ]
    const before = [changes(), files()]
    for (const argv of calls) {
      const { exit, data } = await bench.json(...argv, '--dry-run')
      expect([exit, data.dryRun], argv.join(' ')).toEqual([0, true])
      expect((await bench.kc(...argv, '--dry-run')).exit).toBe(0)
      expect([changes(), files()], argv.join(' ')).toEqual(before)
    }
  })

  it('lists the same actions as the run that follows', async () => {
    const what = (actions: { action: string }[]) => actions.map(({ action }) => action)
    for (const argv of [
      ['keys', 'rotate'],
      ['keys', 'revoke', kid, '--yes'],
    ]) {
      const foretold = (await bench.json(...argv, '--dry-run')).data
      const done = (await bench.json(...argv)).data
      expect(what(foretold.actions)).toEqual(what(done.actions))
    }
  })

  it('names every registration at Kinescope', async () => {
    const calls: [string[], string][] = [
      [['keys', 'rotate'], 'would register the new key at Kinescope'],
      [['keys', 'revoke', kid], 'would register the new key at Kinescope'],
      [['keys', 'rotate', '--by-hand'], 'would print the request POST'],
    ]
    for (const [argv, text] of calls) expect((await bench.kc(...argv, '--dry-run')).stdout).toContain(text)
    expect((await bench.kc('keys', 'rotate', '--by-hand', '--dry-run')).stdout).not.toContain(
      'would register',
    )
    const { data } = await bench.json('keys', 'generate')
    expect((await bench.kc('keys', 'register', '--dry-run')).stdout).toContain(
      `would register ${data.kid as string} at Kinescope`,
    )
  })

  it('creates no key directory', async () => {
    bench.env['CHAT_KEY_DIR'] = join(bench.folder, 'elsewhere')
    expect((await bench.kc('setup', '--event', SEED.live.id, '--dry-run')).exit).toBe(0)
    expect(readdirSync(bench.folder)).not.toContain('elsewhere')
  })
})
