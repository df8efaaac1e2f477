import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SEED } from '../../../../demo/emulator/seed-events.js'
import { workbench, type Workbench } from '../cli/workbench.js'
import { ringKeySource } from '../../src/keys/source/ring-key-source.js'
import { makeKey } from '../running-server.js'
import { watchSteps } from './crash-points.mjs'
import { bury } from './crash-scenarios.js'

let bench: Workbench
let kid: string
let spare: string
beforeEach(async () => {
  bench = await workbench()
  kid = (await bench.json('setup', '--event', SEED.live.id)).data.kid as string
  spare = (await bench.json('keys', 'generate')).data.kid as string
  await bench.kc('keys', 'register', spare)
})
afterEach(() => bench.close())

const path = (name: string) => join(bench.keyDir, name)
const mint = () => bench.json('token', 'mint', '--event', 'e', '--user', 'u', '--name', 'N')
const remoteKids = () => bench.emulator.state.keys.map((key) => key.kid)

/**
 * Runs a command as an operator. Returns the exit code and the text, in which the test searches the code and the
 * remedy.
 */
async function looks(...argv: string[]): Promise<{ exit: number; text: string }> {
  const { exit, stdout, stderr } = await bench.kc(...argv)
  return { exit, text: (stdout + stderr).replace(/\s+/g, ' ') }
}

it('a key that no command deletes is deleted by the request that `keys list` prints', async () => {
  Object.assign(bench.emulator.state.keys[0]!, { kid: 'of-another-tool' })
  const { stdout } = await bench.kc('keys', 'list')
  expect(stdout.replace(/\s+/g, ' ')).toContain(`curl --request DELETE ${bench.emulator.url}/v1/jwk/ID`)
  const { data } = await bench.json('keys', 'list', '--removed')
  const foreign = (data.keys as { kid: string; state: string; remoteId: string }[]).find(
    (key) => key.kid === 'of-another-tool',
  )!
  expect(foreign.state).toBe('foreign')
  const reply = await fetch(`${bench.emulator.url}/v1/jwk/${foreign.remoteId}`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${bench.env['KINESCOPE_API_TOKEN']}` },
  })
  expect(reply.ok).toBe(true)
  expect(remoteKids()).toEqual([spare])
})

describe('a lost keyring.json', () => {
  it('is reported by keys list and the doctor, with a remedy that works', async () => {
    rmSync(path('keyring.json'))
    for (const argv of [['keys', 'list'], ['doctor']]) {
      const { exit, text } = await looks(...argv)
      expect([argv, exit]).toEqual([argv, 1])
      expect(text).toContain('key-ring-lost')
      expect(text).toContain('2 private keys are there')
      expect(text).toContain('`kinescope-chat-server keys reconcile`')
    }
    expect((await bench.json('keys', 'list')).data.problems).toMatchObject([{ code: 'key-ring-lost' }])
    expect((await looks('keys', 'reconcile')).exit).toBe(0)
    expect((await looks('keys', 'list')).exit).toBe(0)
  })

  it('is reported without an API token too', async () => {
    rmSync(path('keyring.json'))
    delete bench.env['KINESCOPE_API_TOKEN']
    expect(await looks('keys', 'list')).toMatchObject({ exit: 1 })
  })

  it('is reported to the host of a running server, and is used again once it is restored', async () => {
    renameSync(path('keyring.json'), path('keyring.json.bak'))
    const results: unknown[] = []
    const source = await ringKeySource({
      dir: bench.keyDir,
      pollMs: 3_600_000,
      now: bench.now,
      onReload: (result) => results.push(result),
    })
    expect(results).toMatchObject([{ ok: false, error: { code: 'key-ring-lost' } }])
    expect(source.notes().map(({ code }) => code)).toEqual(['key-ring-stale'])
    renameSync(path('keyring.json.bak'), path('keyring.json'))
    await source.reload()
    expect(results.at(-1)).toMatchObject({ ok: true, kid })
    source.close()
  })

  it('stops every command that would hide the loss, before it changes anything', async () => {
    const { token } = (await mint()).data as { token: string }
    rmSync(path('keyring.json'))
    const before = [readdirSync(bench.keyDir), remoteKids()]
    const commands = [
      ['keys', 'register'],
      ['keys', 'register', kid],
      ['keys', 'rotate'],
      ['keys', 'revoke', kid],
      ['keys', 'revoke', '--all'],
      ['setup', '--event', SEED.live.id],
    ]
    for (const argv of [
      ...commands,
      ...commands.map((command) => [...command, '--dry-run']),
      ['keys', 'generate'],
      ['keys', 'show', kid],
      ['token', 'verify', token],
    ]) {
      const { exit, data } = await bench.json(...argv)
      expect([argv, exit, data.error?.code]).toEqual([argv, 1, 'key-ring-lost'])
      expect(data.error.remediation).toContain('`kinescope-chat-server keys reconcile`')
      expect([readdirSync(bench.keyDir), remoteKids()]).toEqual(before)
    }
  })

  it('is rebuilt by hand too: for a key that is registered under another kid than its file’s', async () => {
    rmSync(path('keyring.json'))
    bench.emulator.state.keys.find((key) => key.kid === kid)!.kid = 'key-2024-12-25'
    await looks('keys', 'register', '--adopt', path(`${kid}.pem`), '--kid', 'key-2024-12-25')
    expect((await looks('keys', 'reconcile')).exit).toBe(0)
    expect((await looks('keys', 'list')).exit).toBe(0)
    expect(remoteKids().sort()).toEqual([spare, 'key-2024-12-25'].sort())
  })

  it('is rebuilt in one write: a server goes on signing, wherever reconcile dies', async () => {
    const source = await ringKeySource({ dir: bench.keyDir, pollMs: 3_600_000, now: bench.now })
    let dieAt = 0
    for (let isDead = true; isDead;) {
      rmSync(path('keyring.json'), { force: true })
      await source.reload()
      dieAt += 1
      isDead = false
      let steps = 0
      const unwatch = watchSteps({
        dir: bench.keyDir,
        onStep() {
          steps += 1
          if (steps < dieAt) return
          isDead = true
          throw new Error('dead')
        },
      })
      await bench.kc('keys', 'reconcile')
      unwatch()
      bury(bench.keyDir)
      await source.reload()
      const death = `after a death at step ${dieAt}`
      expect(source.current(bench.now()), death).toHaveProperty('key')
      // a ring that is there has a key for a server that starts now, too
      if (existsSync(path('keyring.json'))) expect((await mint()).exit, death).toBe(0)
    }
    expect(dieAt).toBeGreaterThan(10)
    expect((await looks('keys', 'list')).exit).toBe(0)
    source.close()
  })

  it('is rebuilt without a key that has expired at Kinescope: that is named, and nothing is deleted', async () => {
    rmSync(path('keyring.json'))
    bench.emulator.state.keys.find((key) => key.kid === spare)!.expiresAt = '2026-01-01T00:00:00Z'
    const { exit, data } = await bench.json('keys', 'reconcile')
    expect([exit, data.refused]).toEqual([1, [`${spare}.pem`]])
    expect(data.actions).toContainEqual(
      expect.objectContaining({ what: `${spare}.pem`, code: 'key-expired' }),
    )
    expect(remoteKids().sort()).toEqual([kid, spare].sort())
    expect((await mint()).data.kid).toBe(kid)
  })
})

describe('revoke --all', () => {
  it('names a private key that the ring of an old backup lacks, and revokes it once it is adopted', async () => {
    const second = (await bench.json('keys', 'generate')).data.kid as string
    copyFileSync(path('keyring.json'), join(bench.folder, 'kept'))
    const third = (await bench.json('keys', 'generate')).data.kid as string
    await bench.kc('keys', 'register')
    renameSync(join(bench.folder, 'kept'), path('keyring.json'))
    const { exit, data } = await bench.json('keys', 'revoke', '--all')
    expect([exit, data.refused]).toEqual([1, [`${third}.pem`]])
    expect(remoteKids()).toContain(third)
    const { text } = await looks('keys', 'revoke', '--all')
    expect(text).toContain(`${third}.pem is not in the ring, so its key is not revoked`)
    expect(text).toContain('`kinescope-chat-server keys reconcile`')
    expect((await looks('keys', 'reconcile')).exit).toBe(0)
    expect((await looks('keys', 'revoke', '--all')).exit).toBe(0)
    for (const leaked of [kid, spare, second, third]) expect(remoteKids()).not.toContain(leaked)
  })

  it('of no key at all is a mistake, and makes none', async () => {
    rmSync(bench.keyDir, { recursive: true })
    mkdirSync(bench.keyDir, { mode: 0o700 })
    const { exit, data } = await bench.json('keys', 'revoke', '--all')
    expect([exit, data.error?.code]).toEqual([1, 'key-unavailable'])
    expect(readdirSync(bench.keyDir)).toEqual([])
  })
})

it.each<[string, () => void, string]>([
  ['is gone', () => rmSync(path(`${spare}.pem`)), 'private-key-unreadable'],
  ['is another key', () => writeFileSync(path(`${spare}.pem`), makeKey().pem), 'private-key-swapped'],
  [
    'is cut off',
    () => writeFileSync(path(`${spare}.pem`), '-----BEGIN PRIVATE KEY-----\nMIIE'),
    'private-key-malformed',
  ],
  ['can be read by everyone', () => chmodSync(path(`${spare}.pem`), 0o644), 'private-key-exposed'],
])(
  'keys list, keys show, the doctor and reconcile report a spare whose private key %s: exit 1',
  async (_what, damage, code) => {
    damage()
    for (const argv of [
      ['keys', 'list'],
      ['keys', 'show', spare],
      ['doctor', '--event', SEED.live.id],
      ['keys', 'reconcile'],
    ]) {
      const { exit, text } = await looks(...argv)
      expect([argv, exit, text.includes(code), text.includes(spare)], text).toEqual([argv, 1, true, true])
    }
  },
)

const DAMAGES: [string, (file: string) => void][] = [
  ['is gone', (file) => rmSync(file)],
  ['is another key', (file) => writeFileSync(file, makeKey().pem)],
  ['is empty', (file) => writeFileSync(file, '')],
  ['is cut off', (file) => writeFileSync(file, '-----BEGIN PRIVATE KEY-----\nMIIE')],
  [
    'is a public key',
    (file) => writeFileSync(file, '-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----'),
  ],
]

it.each(DAMAGES)('the remedy for a signing key whose private key %s works', async (_what, damage) => {
  damage(path(`${kid}.pem`))
  for (const argv of [
    ['keys', 'list'],
    ['doctor', '--event', SEED.live.id],
    ['keys', 'reconcile'],
  ]) {
    const { exit, text } = await looks(...argv)
    expect([exit, text.includes(`${kid}.pem`)], text).toEqual([1, true])
    expect(text).toMatch(/Restore the file .*replace the key with `kinescope-chat-server keys rotate`/)
  }
  expect((await looks('keys', 'rotate')).exit).toBe(0)
  expect((await looks('keys', 'list')).exit).toBe(0)
})

it.each(DAMAGES)('the remedy for a spare whose private key %s works', async (_what, damage) => {
  damage(path(`${spare}.pem`))
  const { text } = await looks('keys', 'list')
  expect(text).toContain(`\`kinescope-chat-server keys revoke ${spare}\``)
  expect((await looks('keys', 'revoke', spare)).exit).toBe(0)
  expect((await looks('keys', 'list')).exit).toBe(0)
  expect(bench.emulator.state.keys.map((key) => key.kid)).toEqual([kid])
})

describe('a ring in which no key can sign', () => {
  it.each<[string, () => Promise<unknown>, string, string]>([
    [
      'the only key is not registered',
      () => bench.kc('keys', 'generate'),
      'key-not-registered',
      'keys register',
    ],
    [
      'the only key has expired',
      async () => {
        await bench.kc('keys', 'generate')
        await bench.kc('keys', 'register')
        bench.ahead.ms = 400 * 86_400_000
      },
      'key-expired',
      'keys rotate',
    ],
    ['it is empty', () => mkdir(bench.keyDir, { mode: 0o700 }), 'key-unavailable', 'setup --event ID'],
  ])('is named by keys list with a remedy: %s', async (_what, prepare, code, remedy) => {
    bench.env['CHAT_KEY_DIR'] = bench.keyDir = join(bench.folder, 'others')
    await prepare()
    for (const apiToken of [bench.env['KINESCOPE_API_TOKEN']!, '']) {
      bench.env['KINESCOPE_API_TOKEN'] = apiToken
      const { exit, text } = await looks('keys', 'list')
      expect(exit).toBe(1)
      expect(text).toContain(`(${code})`)
      expect(text).toContain(`\`kinescope-chat-server ${remedy}\``)
    }
  })
})

it('keys list and keys show print the ring while Kinescope fails, and why its list is missing', async () => {
  bench.emulator.faults.add({ kind: 'status', status: 503, path: '/v1/jwk' })
  const list = await bench.json('keys', 'list')
  expect(list).toMatchObject({ exit: 1, data: { problems: [{ code: 'api-unavailable' }] } })
  expect(list.data.keys).toMatchObject([
    { kid: spare, atKinescope: null },
    { kid, signs: true },
  ])
  expect(list.data.problems[0].requestId).toBeTruthy()
  expect(await bench.json('keys', 'show', kid)).toMatchObject({
    exit: 1,
    data: { kid, state: 'active', problems: [{ code: 'api-unavailable' }] },
  })
  expect((await looks('keys', 'list')).text).toMatch(/▶ .*\(api-unavailable\)/)
})

it('a foreign key is explained, and is no failure', async () => {
  const [mine] = bench.emulator.state.keys
  bench.emulator.state.keys.push({ ...mine!, id: 'jwk_foreign', kid: 'someone-elses' })
  const { exit, text } = await looks('keys', 'list')
  expect(exit).toBe(0)
  expect(text).toContain('not in this ring')
})

it('keys list reports an unknown private key with a remedy: exit 1', async () => {
  const [pem] = readdirSync(bench.keyDir).filter((name) => name.endsWith('.pem'))
  const { pem: text } = makeKey()
  writeFileSync(path(`20260101-${pem!.slice(9, 25)}.pem`.replace(/.{4}\.pem$/, 'aaaa.pem')), text, {
    mode: 0o600,
  })
  const list = await looks('keys', 'list')
  expect(list.exit).toBe(1)
  expect(list.text).toContain('private-key-unclaimed')
  expect(list.text).toContain('keys reconcile')
})
