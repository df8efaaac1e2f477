import { execFileSync } from 'node:child_process'
import { createPublicKey } from 'node:crypto'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type KeyRing, RING_FILE } from '../../src/keys/key-ring.js'
import { ringKeySource } from '../../src/keys/source/ring-key-source.js'
import { workbench, type Workbench } from '../cli/workbench.js'
import { ringDirectory, ringEntry, writeRing } from '../ring-directory.js'
import { listen } from '../running-server.js'
import { everyNth } from '../../../../scripts/test-tier.js'
import { takeKeysFrom, watchSteps } from './crash-points.mjs'
import {
  expectFinished,
  expectSound,
  prepare,
  restore,
  SCENARIOS,
  type RegisteredKey,
} from './crash-scenarios.js'
import { pemPool, poolFolder } from './key-pool.js'

const pems = pemPool(7)
const foreignJwk = createPublicKey(pems[6]!).export({ format: 'jwk' }) as RegisteredKey['publicJwk']

let bench: Workbench
beforeEach(async () => {
  bench = await workbench()
})
afterEach(() => bench.close())

const path = (name: string) => join(bench.keyDir, name)
const ring = () => JSON.parse(readFileSync(path(RING_FILE), 'utf8')) as KeyRing
const begin = async () => {
  for (const verb of ['generate', 'register']) expect((await bench.kc('keys', verb)).exit).toBe(0)
  return ring().keys[0]!
}
const mint = () => bench.json('token', 'mint', '--event', 'e', '--user', 'u', '--name', 'N')
const VERBS = [['reconcile'], ['rotate'], ['register'], ['revoke', '--all'], ['generate']]

/** Fails after five seconds if the work hangs. A slow machine needs about one. */
async function soon<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('it hangs')), 5000)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

/** Each scenario with one of the errors; in `npm run test:all` with each. */
const failures = everyNth(
  4,
  SCENARIOS.flatMap((scenario) => ['ENOSPC', 'EIO', 'EACCES'].map((code) => ({ code, scenario }))),
)

describe('a disk that fails once', () => {
  it.each(failures)(
    'with $code in "$scenario.name": the error names the cause, no key is lost, and the next run finishes',
    async ({ code, scenario }) => {
      const pool = join(bench.folder, 'pool')
      const freshPool = (used = 0) => {
        rmSync(pool, { recursive: true, force: true })
        poolFolder(pool, pems.slice(used, 6))
      }
      freshPool()
      const giveBack = takeKeysFrom(pool)
      try {
        const start = await prepare(bench, scenario, foreignJwk)
        let tried = 0
        for (let failAt = 1; ; failAt += 1) {
          freshPool(start.keys.length)
          restore(bench, start)
          let step = 0
          let name = ''
          const unwatch = watchSteps({
            dir: bench.keyDir,
            onStep(what) {
              if (/^(ask|hear) /.test(what)) return
              step += 1
              if (step !== failAt) return
              name = what
              throw Object.assign(new Error(`${code}: injected`), { code, syscall: what.split(' ')[0] })
            },
          })
          const { exit, stdout } = await bench.kc(...start.command, '--json')
          unwatch()
          if (name === '') break
          tried += 1
          const { error } = JSON.parse(stdout) as { error?: { code: string; message: string } }
          // a failed cleanup is repeated by a later run
          expect([name, exit === 0 || error!.code]).toEqual([name, exit === 0 || 'key-directory-unwritable'])
          if (error) expect(error.message).toContain(code)
          await expectSound(bench, scenario, start)
          const again = await bench.kc(...start.command)
          expect(again.exit, `after ${code} at ${name}: ${again.stderr}`).toBe(0)
          await expectSound(bench, scenario, start)
          await expectFinished(bench, scenario)
        }
        expect(tried).toBeGreaterThan(8)
      } finally {
        giveBack()
      }
    },
    100_000,
  )
})

describe('another file type under one of our names', () => {
  const fifo = (name: string) => execFileSync('mkfifo', ['-m', '600', path(name)])
  it.each<[string, (name: string) => void]>([
    ['a pipe that nobody writes to', fifo],
    ['a directory', (name) => mkdirSync(path(name))],
    ['a link to a device without an end', (name) => symlinkSync('/dev/zero', path(name))],
    ['a link to nowhere', (name) => symlinkSync(join(bench.folder, 'nowhere'), path(name))],
    ['a link to itself', (name) => symlinkSync(path(name), path(name))],
  ])('%s is rejected, blocks no command, and is not removed', async (_what, plant) => {
    const { file } = await begin()
    for (const name of [RING_FILE, file]) {
      renameSync(path(name), join(bench.folder, 'kept'))
      plant(name)
      for (const verb of VERBS) {
        const { exit, data } = await soon(bench.json('keys', ...verb))
        if (name === RING_FILE) expect([verb, exit]).toEqual([verb, 1])
        if (exit === 1) expect(data.error?.code ?? data.refused).toBeTruthy()
        if (name !== RING_FILE) break // each of the other verbs would use up another key
      }
      expect(readdirSync(bench.keyDir)).toContain(name)
      rmSync(path(name), { recursive: true })
      renameSync(join(bench.folder, 'kept'), path(name))
    }
  })

  it.each<[string, (name: string) => void]>([
    ['a pipe', fifo],
    ['a directory', (name) => mkdirSync(path(name))],
    ['a link to the ring', (name) => symlinkSync(RING_FILE, path(name))],
  ])('%s in place of the lock is rejected with its name, and is not removed', async (_what, plant) => {
    await begin()
    const before = readFileSync(path(RING_FILE), 'utf8')
    plant('.lock')
    for (const verb of VERBS) {
      const { exit, data } = await soon(bench.json('keys', ...verb))
      expect([verb, exit, data.error.code]).toEqual([verb, 1, 'key-file-untrusted'])
      expect(data.error.message).toContain('.lock')
    }
    expect(readdirSync(bench.keyDir)).toContain('.lock')
    expect(readFileSync(path(RING_FILE), 'utf8')).toBe(before)
  })

  it('a lock of a gigabyte has no owner', async () => {
    await begin()
    execFileSync('truncate', ['-s', '1G', path('.lock')])
    expect((await soon(bench.json('keys', 'reconcile'))).exit).toBe(0)
    expect(existsSync(path('.lock'))).toBe(false)
  })

  it('a pipe in place of the ring does not stop a running server from signing', async () => {
    const { dir, remove } = ringDirectory()
    writeRing(dir, 1, [ringEntry()])
    const source = await ringKeySource({ dir, pollMs: 3_600_000 })
    rmSync(join(dir, RING_FILE))
    execFileSync('mkfifo', ['-m', '600', join(dir, RING_FILE)])
    for (let look = 0; look < 8; look += 1) await soon(source.reload())
    expect(source.notes().map(({ code }) => code)).toEqual(['key-ring-stale'])
    expect('key' in source.current(Date.now())).toBe(true)
    source.close()
    remove()
  })

  it.each([
    ['empty', ''],
    ['cut in half', '{"version":1,"revision":3,"keys":[{"kid":"'],
    ['zeros, as after a power cut', '\0'.repeat(400)],
    ['another program’s', '[]'],
    ['nested without an end', '['.repeat(100_000)],
  ])('a ring that is %s is rejected by every verb, and overwritten by none', async (_what, text) => {
    await begin()
    writeFileSync(path(RING_FILE), text)
    for (const verb of VERBS) {
      const { exit, data } = await bench.json('keys', ...verb)
      expect([verb, exit, data.error.code]).toEqual([verb, 1, 'key-ring-damaged'])
    }
    expect(readFileSync(path(RING_FILE), 'utf8')).toBe(text)
    expect(bench.emulator.state.keys).toHaveLength(1)
  })
})

describe('an implausible key list of Kinescope', () => {
  it('with a key that ended before it began: no key is deleted, and the key keeps signing', async () => {
    const { kid } = await begin()
    bench.emulator.state.keys[0]!.expiresAt = '1970-01-01T00:00:00Z'
    const { exit, data } = await bench.json('keys', 'reconcile')
    expect([exit, data.error.code]).toEqual([1, 'api-bad-answer'])
    expect(bench.emulator.state.keys.map((key) => key.kid)).toEqual([kid])
    expect((await mint()).data.kid).toBe(kid)
  })

  it('with a new key that has already expired: it replaces no key', async () => {
    const { kid } = await begin()
    await bench.kc('keys', 'generate')
    const spare = ring().keys[1]!.kid
    await bench.kc('keys', 'register')
    bench.emulator.state.keys.find((key) => key.kid === spare)!.expiresAt = new Date(Date.now()).toISOString()
    const { exit, data } = await bench.json('keys', 'rotate')
    expect([exit, data.error.code]).toEqual([1, 'key-expired'])
    bench.ahead.ms = 20 * 60_000
    expect((await mint()).data.kid).toBe(kid)
    bench.ahead.ms = 0
    // the daily job recovers
    expect((await bench.json('keys', 'reconcile')).exit).toBe(0)
    expect((await bench.json('keys', 'rotate')).exit).toBe(0)
    expect((await mint()).data.kid).toBe(kid)
  })

  it.each<[string, unknown]>([
    ['an id without an end', { id: 'x'.repeat(100_000) }],
    ['an id that is a path', { id: '../events' }],
    ['an id that is nothing', { id: '' }],
    ['an id that is an object', { id: {} }],
    ['no kid', { kid: null }],
  ])('with %s: the key keeps signing, and an error has a code', async (_what, change) => {
    const { kid } = await begin()
    const api = await listen((request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', date: new Date().toUTCString() })
      const row = { id: 'jwk_1', kid, ...(change as object) }
      response.end(JSON.stringify(request.method === 'GET' ? { data: [row] } : { data: row }))
    })
    const edited = { ...ring(), vendor: api.url }
    writeFileSync(path(RING_FILE), JSON.stringify(edited))
    bench.env['KINESCOPE_API_URL'] = api.url
    for (const verb of [['reconcile'], ['rotate'], ['register', kid]]) {
      const { exit, data } = await bench.json('keys', ...verb)
      if (exit !== 0) expect(data.error.code).toMatch(/^api-|^key-not-registered$/)
      expect((await mint()).data.kid).toBe(kid)
    }
    await api.close()
  })
})

describe('a wrong clock', () => {
  it.each([400, 2, -400])('by %i days schedules no takeover of a spare key', async (days) => {
    const { kid } = await begin()
    await bench.kc('keys', 'generate')
    await bench.kc('keys', 'register')
    const before = ring().keys
    // only this machine's clock is wrong, Kinescope's is right
    bench.ahead.ms = days * 86_400_000
    bench.emulator.state.clockOffsetMs = -bench.ahead.ms
    const { exit, data } = await bench.json('keys', 'rotate')
    // years behind, the last takeover appears to be in the future
    if (exit === 0) expect(data).toMatchObject({ rotation: 'under-way', actions: [] })
    else expect(data.error.code).toBe('clock-off')
    bench.ahead.ms = 0
    expect(ring().keys.slice(0, 2)).toEqual(before)
    expect(bench.emulator.state.keys).toHaveLength(2)
    expect((await mint()).data.kid).toBe(kid)
  })
})

it('an audit log in the key directory doesn’t make a server reload its keys', async () => {
  const { dir, remove } = ringDirectory()
  writeRing(dir, 1, [ringEntry()])
  let reads = 0
  const unwatch = watchSteps({ dir, onStep: () => undefined })
  const source = await ringKeySource({
    dir,
    pollMs: 3_600_000,
    now: () => {
      reads += 1
      return Date.now()
    },
  })
  const before = reads
  for (let line = 0; line < 50; line += 1) {
    appendFileSync(join(dir, 'audit.jsonl'), '{}\n')
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(reads).toBe(before)
  unwatch()
  source.close()
  remove()
})
