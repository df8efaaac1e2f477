import { chmodSync, chownSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  ringKeySource,
  type FollowOptions,
  type RingKeySource,
} from '../../src/keys/source/ring-key-source.js'
import { RING_FILE } from '../../src/keys/key-ring.js'
import { HOUR_MS, ringDirectory, ringEntry, writeRing, type RingEntry } from '../ring-directory.js'
import { askToken, startTestServer } from '../running-server.js'
import { secret } from '../secrets.js'

const iso = (ms: number) => new Date(ms).toISOString()
const codes = (source: RingKeySource) => source.notes().map(({ code }) => code)

let dir: string
let remove: () => void
let source: RingKeySource | undefined
beforeEach(() => void ({ dir, remove } = ringDirectory()))
afterEach(() => {
  source?.close()
  source = undefined
  remove()
})

async function open(options: FollowOptions = {}) {
  const reloads: boolean[] = []
  source = await ringKeySource({ dir, pollMs: 3_600_000, onReload: ({ ok }) => reloads.push(ok), ...options })
  const choose = (now = Date.now()) => {
    const choice = source!.current(now)
    return 'key' in choice ? { kid: choice.key.kid, until: choice.key.expiresAt } : choice.problem
  }
  return { source, choose, reloads }
}
const guestSecret = () => secret(randomBytes(32).toString('base64'))
const kidOf = ({ record }: RingEntry) => record.kid
const pathOf = ({ record }: RingEntry) => join(dir, record.file)

/** Ways in which a key file is temporarily unreadable. */
const TROUBLES: [string, (entry: RingEntry) => void, (entry: RingEntry) => void][] = [
  [
    'is not there yet',
    (entry) => rmSync(pathOf(entry)),
    (entry) => writeFileSync(pathOf(entry), entry.key.pem, { mode: 0o600 }),
  ],
  [
    'is half written',
    (entry) => writeFileSync(pathOf(entry), entry.key.pem.slice(0, 200)),
    (entry) => writeFileSync(pathOf(entry), entry.key.pem),
  ],
  ['is open to all', (entry) => chmodSync(pathOf(entry), 0o644), (entry) => chmodSync(pathOf(entry), 0o600)],
  [
    'is another user’s',
    (entry) => chownSync(pathOf(entry), 12_345, 12_345),
    (entry) => chownSync(pathOf(entry), 0, 0),
  ],
]

describe('a replica that can’t read the new key', () => {
  it.each(TROUBLES)(
    'because it %s tries again at each poll, and then signs with it',
    async (_what, spoil, repair) => {
      const old = ringEntry()
      writeRing(dir, 1, [old])
      const { source, choose, reloads } = await open()
      const now = iso(Date.now() - 1000)
      const next = ringEntry({ signFrom: now })
      const retired = {
        ...old,
        record: { ...old.record, signUntil: now, removeAfter: iso(Date.now() + HOUR_MS) },
      }
      writeRing(dir, 2, [retired, next])
      spoil(next)
      for (let look = 0; look < 3; look += 1) {
        await source.reload()
        expect(choose()).toMatchObject({ kid: kidOf(old) })
        expect(codes(source)).toEqual(['key-ring-stale', 'key-unusable'])
      }
      expect(reloads).toEqual([false])
      repair(next)
      await source.reload() // the ring has not changed since
      expect(choose()).toMatchObject({ kid: kidOf(next) })
      expect([codes(source), reloads]).toEqual([[], [false, true]])
    },
  )

  it('issues tokens of the old key that expire before Kinescope deletes the key', async () => {
    const old = ringEntry()
    writeRing(dir, 1, [old])
    const { source, choose } = await open()
    const removeAfter = Date.now() + HOUR_MS
    const next = ringEntry({ signFrom: iso(Date.now() - 1000) })
    const times = { signUntil: iso(Date.now() - 1000), removeAfter: iso(removeAfter) }
    writeRing(dir, 2, [{ ...old, record: { ...old.record, ...times } }, next])
    rmSync(pathOf(next))
    await source.reload()
    expect((choose() as { until: number }).until).toBeLessThan(removeAfter)
    expect(choose(removeAfter)).toBe('key-unavailable')
  })

  it('never keeps using a key that the ring marks as revoked', async () => {
    const old = ringEntry()
    writeRing(dir, 1, [old])
    const { source, choose } = await open()
    const next = ringEntry()
    writeRing(dir, 2, [{ ...old, record: { ...old.record, revokedAt: iso(Date.now()) } }, next])
    rmSync(pathOf(next))
    await source.reload()
    expect(choose()).toBe('key-unavailable')
    expect(codes(source)).toContain('key-ring-stale')
  })
})

describe('a ring that disappears while the server runs', () => {
  it.each<[string, () => void, () => void]>([
    [
      'with its directory, as an unmounted volume',
      () => renameSync(dir, `${dir}.away`),
      () => renameSync(`${dir}.away`, dir),
    ],
    [
      'while its directory is there, as in a restore',
      () => renameSync(join(dir, RING_FILE), join(dir, 'kept')),
      () => renameSync(join(dir, 'kept'), join(dir, RING_FILE)),
    ],
    [
      'and an empty directory is in its place, as a mount point is',
      () => {
        renameSync(dir, `${dir}.away`)
        mkdirSync(dir, { mode: 0o700 })
      },
      () => {
        rmSync(dir, { recursive: true })
        renameSync(`${dir}.away`, dir)
      },
    ],
  ])(
    '%s: the last good state keeps signing, the problem is reported, and the restored ring is used again',
    async (_what, go, back) => {
      const signer = ringEntry()
      writeRing(dir, 1, [signer])
      const { source, choose, reloads } = await open()
      go()
      await source.reload()
      await source.reload()
      expect(choose()).toMatchObject({ kid: kidOf(signer) })
      expect(codes(source)).toEqual(['key-ring-stale'])
      back()
      await source.reload()
      expect(codes(source)).toEqual([])
      expect(choose()).toMatchObject({ kid: kidOf(signer) })
      expect(reloads).toEqual([false, true])
    },
  )

  it('that never existed is no problem: the server starts to use the first key when it appears', async () => {
    const { source, choose } = await open()
    expect([choose(), codes(source)]).toEqual(['key-unavailable', []])
    const first = ringEntry()
    writeRing(dir, 1, [first])
    await source.reload()
    expect(choose()).toMatchObject({ kid: kidOf(first) })
  })
})

describe('a ring that forgot the key that signs', () => {
  it.each<[string, (signer: RingEntry) => RingEntry[]]>([
    ['and has a new one', () => [ringEntry({ publishedAt: null, signFrom: null })]],
    ['and has none', () => []],
    [
      'has it as unregistered',
      ({ key, record }) => [{ key, record: { ...record, publishedAt: null, signFrom: null } }],
    ],
  ])(
    '%s: the key still signs, a note reports it, and the source follows a ring with a key',
    async (_what, rebuilt) => {
      const signer = ringEntry()
      writeRing(dir, 1, [signer])
      const { source, choose, reloads } = await open()
      writeRing(dir, 2, rebuilt(signer))
      for (let look = 0; look < 3; look += 1) {
        await source.reload()
        expect(choose()).toMatchObject({ kid: kidOf(signer) })
        expect(codes(source)).toEqual(['key-ring-stale'])
      }
      expect(choose(Date.parse(signer.record.expiresAt))).not.toHaveProperty('kid')
      const next = ringEntry()
      writeRing(dir, 3, [next])
      await source.reload()
      expect(choose()).toMatchObject({ kid: kidOf(next) })
      expect([codes(source), reloads]).toEqual([[], [false, true]])
    },
  )

  const ended =
    (change: Partial<RingEntry['record']>) =>
    ({ key, record }: RingEntry) => ({
      key,
      record: { ...record, ...change },
    })
  describe.each([
    ['revoked', ended({ revokedAt: iso(Date.now()) })],
    ['removed', ended({ signUntil: iso(Date.now()), removedAt: iso(Date.now()) })],
    ['revoked and never registered', ended({ publishedAt: null, revokedAt: iso(Date.now()) })],
  ])('never signs with a key that a ring said is %s', (_what, end) => {
    it('at once, or after a ring that lacks it', async () => {
      const old = ringEntry()
      writeRing(dir, 1, [old])
      const { source, choose } = await open()
      const next = ringEntry()
      writeRing(dir, 2, [end(old), next])
      rmSync(pathOf(next))
      await source.reload()
      expect(choose()).toBe('key-unavailable')
      writeRing(dir, 3, [ringEntry({ publishedAt: null, signFrom: null })])
      await source.reload()
      expect(choose()).toBe('key-not-registered')
    })

    it('after a ring of an old backup, or one that was rebuilt with it', async () => {
      const [old, next] = [ringEntry(), ringEntry()]
      writeRing(dir, 1, [end(old), next])
      const { source, choose } = await open()
      writeRing(dir, 2, [old])
      await source.reload()
      expect(choose()).toMatchObject({ kid: kidOf(next) })
      expect(codes(source)).toEqual(['key-ring-stale'])
      const times = { publishedAt: iso(Date.now()), signFrom: null }
      const rebuilt = [old, next].map(({ key, record }) => ({ key, record: { ...record, ...times } }))
      writeRing(dir, 3, rebuilt)
      await source.reload()
      expect(choose()).toMatchObject({ kid: kidOf(next) })
      expect(codes(source)).toEqual([])
    })
  })
})

describe('an unusable key', () => {
  it('is reported and does not stop the start, if it is a spare', async () => {
    const [signer, spare] = [ringEntry(), ringEntry({ signFrom: null })]
    writeRing(dir, 1, [signer, spare])
    writeFileSync(pathOf(spare), signer.key.pem)
    const { source, choose } = await open()
    expect(choose()).toMatchObject({ kid: kidOf(signer) })
    expect(codes(source)).toEqual(['key-unusable'])
  })

  it('stops the start, if it is the only signing key', async () => {
    const signer = ringEntry()
    writeRing(dir, 1, [signer])
    writeFileSync(pathOf(signer), ringEntry().key.pem)
    await expect(open()).rejects.toMatchObject({ code: 'private-key-swapped' })
  })
})

describe('a server’s log', () => {
  it('names the key that takes over by time, and says at once when none is left', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const now = Date.now()
    const next = ringEntry({ signFrom: iso(now + HOUR_MS), expiresAt: iso(now + 3 * HOUR_MS) })
    writeRing(dir, 1, [ringEntry({ signUntil: iso(now + HOUR_MS) }), next])
    const env = { CHAT_KEY_DIR: dir, CHAT_IDENTITY: 'guest', CHAT_IDENTITY_SECRET: guestSecret() }
    const server = await startTestServer(env, { keyPollMs: 3_600_000 })
    try {
      const from = server.log.length
      for (const hours of [1, 3]) {
        vi.setSystemTime(now + hours * HOUR_MS)
        await server.reload()
        await server.reload()
      }
      const lines = server.log.slice(from).map((line) => JSON.parse(line) as Record<string, unknown>)
      expect(lines).toMatchObject([
        { level: 'info', msg: 'signing key changed', kid: kidOf(next) },
        { level: 'warn', msg: 'signing key expires soon', kid: kidOf(next) },
        { level: 'error', msg: 'no signing key', code: 'key-expired' },
      ])
    } finally {
      vi.useRealTimers()
      await server.close()
    }
  })
})

describe('a server whose ring can’t be read', () => {
  it('is ready, issues tokens, and reports the problem in /readyz, metrics and log', async () => {
    const signer = ringEntry()
    writeRing(dir, 1, [signer])
    const server = await startTestServer(
      {
        CHAT_KEY_DIR: dir,
        CHAT_IDENTITY: 'guest',
        CHAT_IDENTITY_SECRET: guestSecret(),
        CHAT_ADMIN_PORT: '0',
      },
      { keyPollMs: 3_600_000 },
    )
    try {
      const read = async (path: string) => (await fetch(`${server.adminUrl}${path}`)).text()
      expect(await read('/readyz')).not.toContain('key-ring-stale')
      chmodSync(dir, 0o777)
      await server.reload()
      await server.reload()
      const ready = await fetch(`${server.adminUrl}/readyz`)
      expect([ready.status, await ready.text()]).toEqual([200, expect.stringContaining('key-ring-stale')])
      expect(await read('/metrics')).toContain('kinescope_chat_key_ring_stale 1')
      expect(server.log.filter((line) => line.includes('key-directory-untrusted'))).toHaveLength(1)
      expect((await askToken(server.url)).status).toBe(200)
      chmodSync(dir, 0o700)
      await server.reload()
      expect(await read('/metrics')).toContain('kinescope_chat_key_ring_stale 0')
    } finally {
      await server.close()
    }
  })
})
