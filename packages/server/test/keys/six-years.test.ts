// @module-tag rare
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chatClaims } from '../../src/token/mint-token.js'
import type { StoreSession } from '../../src/keys/store/key-store.js'
import { signers, type KeyRecord, type KeyRing, emptyRing } from '../../src/keys/key-ring.js'
import { reconcile } from '../../src/keys/reconcile.js'
import { register } from '../../src/keys/register.js'
import type { Registry } from '../../src/keys/registry.js'
import { RingStore } from '../../src/keys/store/ring-store.js'
import { addKey, type KeyWork } from '../../src/keys/steps.js'
import type { RemoteKey } from '../../src/kinescope/jwk-api.js'
import { OperatorProblem } from '../../src/problem.js'
import { takeKeysFrom } from './crash-points.mjs'
import { pemPool, poolFolder } from './key-pool.js'

const MINUTE = 60_000
const DAY = 86_400_000
const YEARS = 6
const BEGIN = Date.parse('2026-11-25T04:17:00Z')
const TTL_S = 3600

/** One ring, one Kinescope and servers, without a disk and a network: six years take seconds. */
class World {
  /** The true time, of Kinescope and of the servers. */
  time = BEGIN
  /** The clock error of the job alone, and of the job with Kinescope. */
  jobAhead = 0
  allAhead = 0
  remote: RemoteKey[] = []
  ring: KeyRing = { ...emptyRing(), vendor: 'v', maxTokenTtl: TTL_S }
  readonly #files = new Map<string, string>()

  get kinescopeTime() {
    return this.time + this.allAhead
  }

  /** Runs a verb as one process does. */
  async run<T>(verb: (work: KeyWork) => Promise<T>): Promise<T> {
    const now = () => this.time + this.allAhead + this.jobAhead
    const session: StoreSession = {
      stored: {
        ring: this.ring,
        absent: null,
        version: '',
        unknownFiles: [],
        privateKey: (file) => Promise.resolve({ text: this.#files.get(file)!, exposed: false }),
      },
      renewLock: () => Promise.resolve(),
      write: (ring, { put, drop }) => {
        if (put) this.#files.set(put.file, put.pem)
        if (drop !== undefined) this.#files.delete(drop)
        this.ring = ring
        return Promise.resolve()
      },
      close: () => Promise.resolve(),
    }
    const options = { location: { dir: 'none' }, vendor: 'v', maxTokenTtl: TTL_S, lifeDays: 365, now }
    const store = new RingStore(options, session, this.ring)
    return verb({ store, registry: this.#registry(), report: () => undefined, now })
  }

  #registry(): Registry {
    const of = (key: KeyRecord) => this.remote.find(({ kid }) => kid === key.kid)
    const registered = (key: KeyRecord) => {
      const found = of(key)
      return found ? { remoteId: found.id, expiresAt: found.expiresAt!, duplicates: [] } : null
    }
    const registry: Registry = {
      list: () => Promise.resolve(this.remote),
      find: (key) => Promise.resolve(registered(key)),
      create: (key) => {
        const { kid, n, expiresAt } = key
        this.remote = [...this.remote, { id: `id-${kid}`, kid, n, expiresAt, alg: 'RS256' }]
        return Promise.resolve(registered(key)!)
      },
      unregister: (key) => {
        const before = this.remote.length
        this.remote = this.remote.filter(({ kid }) => kid !== key.kid)
        return Promise.resolve(this.remote.length < before)
      },
      removeDuplicate: () => Promise.resolve(),
      clock: () => this.kinescopeTime,
      until: () => registry,
    }
    return registry
  }

  /** Runs the job as cron does. With a wrong clock, the job exits with 1. Returns the error's code. */
  async job(): Promise<string | null> {
    try {
      await this.run((work) => reconcile(work, { propagationMs: 10 * MINUTE }))
      return null
    } catch (error) {
      if (error instanceof OperatorProblem) return error.code
      throw error
    }
  }

  /** The kid that a server signs with. Kinescope must have the key, and no token may outlive it. */
  expectUsable(time = this.kinescopeTime): string {
    const [signer] = signers(this.ring, time)
    if (!signer) throw new Error(`nothing signs on day ${(time - BEGIN) / DAY}`)
    const there = this.remote.find(({ kid }) => kid === signer.key.kid)
    const end = Date.parse(there?.expiresAt ?? '1970-01-01')
    expect(end, `day ${(time - BEGIN) / DAY}`).toBeGreaterThan(time)
    const asked = {
      userId: 'u',
      username: 'N',
      eventId: 'e',
      ttl: TTL_S,
      now: time,
      expiresAtCap: signer.until,
    }
    expect(chatClaims(asked).exp * 1000).toBeLessThanOrEqual(end)
    return signer.key.kid
  }
}

const folder = mkdtempSync(join(tmpdir(), 'chat-years-'))
let giveBack: () => void
let pools = 0
let pems: string[]
beforeAll(() => void (pems = pemPool(24)), 120_000)
afterAll(() => rmSync(folder, { recursive: true }))
beforeEach(() => void (giveBack = takeKeysFrom(poolFolder(join(folder, `${(pools += 1)}`), pems))))
afterEach(() => giveBack())

/** Repeatable random numbers. */
function dice(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32
    return state / 2 ** 32
  }
}

interface Course {
  name: string
  /** The state of a spare key at the beginning. */
  spare?: 'generated' | 'published'
  /** The number of runs of the job on a day. */
  runs?: (random: number, day: number) => number
  /** The error of the job's clock on a day, in days. */
  jobClock?: (random: number) => number
  /** The error of every clock on a day, in days. */
  allClocks?: (random: number) => number
  /** The number of new keys in six years, with the first one and spares. */
  keys: [least: number, most: number]
}

const COURSES: readonly Course[] = [
  { name: 'every day', keys: [9, 10] },
  { name: 'with a spare that waits unpublished', spare: 'generated', keys: [9, 11] },
  { name: 'with a published spare', spare: 'published', keys: [10, 12] },
  { name: 'with two of three runs missed', runs: (random) => (random < 1 / 3 ? 1 : 0), keys: [9, 10] },
  {
    name: 'missed for three months in each year',
    runs: (_random, day) => (day % 365 < 90 ? 0 : 1),
    keys: [8, 10],
  },
  { name: 'with runs doubled and tripled', runs: (random) => 1 + Math.floor(random * 3), keys: [9, 10] },
  {
    name: 'with the job’s clock off by up to 400 days either way, one day in ten',
    jobClock: (random) => (random < 0.1 ? (random * 20 - 1) * 400 : 0),
    keys: [9, 10],
  },
  {
    name: 'with everybody’s clock off by up to 400 days either way, one day in fifty',
    allClocks: (random) => (random < 0.02 ? (random * 100 - 1) * 400 : 0),
    keys: [5, 20],
  },
]

describe.each(COURSES)(
  'six years of a daily job, $name',
  ({ spare, runs = () => 1, jobClock, allClocks, keys }) => {
    it.each([1, 2])(
      'never lacks a usable key, never has a needless one, and creates keys at the expected rate (%i)',
      async (seed) => {
        const random = dice(seed)
        const world = new World()
        const signs: { kid: string; day: number }[] = []
        await world.run((work) => addKey(work, {}))
        await world.run((work) => register(work))
        if (spare) await world.run((work) => addKey(work, {}))
        if (spare === 'published') await world.run((work) => register(work))

        for (let day = 0; day < YEARS * 365; day += 1) {
          world.time = BEGIN + day * DAY
          const off = allClocks?.(random()) ?? 0
          world.jobAhead = (jobClock?.(random()) ?? 0) * DAY
          world.allAhead = off * DAY
          const times = runs(random(), day)
          for (let run = 0; run < times; run += 1) {
            const problem = await world.job()
            expect(problem).toBe(Math.abs(world.jobAhead) > 5 * MINUTE ? 'clock-off' : null)
          }
          if (off !== 0) world.expectUsable()
          world.allAhead = 0
          const kid = world.expectUsable()
          for (const minutes of [5, 11, 90]) world.expectUsable(world.time + minutes * MINUTE)
          if (signs.at(-1)?.kid !== kid) signs.push({ kid, day })
          // no duplicate key at Kinescope, and none without its entry in the ring
          const kids = world.remote.map((key) => key.kid)
          expect(new Set(kids).size).toBe(kids.length)
          expect(kids.length).toBeLessThanOrEqual(allClocks ? 4 : spare ? 3 : 2)
          for (const known of kids) expect(world.ring.keys.map((key) => key.kid)).toContain(known)
        }
        expect(world.ring.keys.length).toBeGreaterThanOrEqual(keys[0])
        expect(world.ring.keys.length).toBeLessThanOrEqual(keys[1])
        if (allClocks) return
        const gaps = signs.slice(1).map(({ day }, index) => day - signs[index]!.day)
        for (const gap of gaps) expect(gap).toBeGreaterThan(100)
        for (const gap of gaps) expect(gap).toBeLessThan(365)
      },
      60_000,
    )
  },
)
