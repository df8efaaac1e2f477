import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { RING_FILE } from '../../src/keys/key-ring.js'
import { openKeys } from '../../src/keys/source/open-keys.js'
import {
  ringKeySource,
  type RingKeySource,
  type RingKeySourceOptions,
} from '../../src/keys/source/ring-key-source.js'
import { ConfigProblem, OperatorProblem } from '../../src/problem.js'
import { HOUR_MS, replaceFile, ringDirectory, ringEntry, writeRing } from '../ring-directory.js'
import { makeKey } from '../running-server.js'

const iso = (ms: number) => new Date(ms).toISOString()
type Reload = Parameters<NonNullable<RingKeySourceOptions['onReload']>>[0]

let dir: string
let remove: () => void
let source: RingKeySource | undefined
beforeEach(() => {
  ;({ dir, remove } = ringDirectory())
})
afterEach(() => {
  source?.close()
  source = undefined
  remove()
})

async function open(options: Partial<RingKeySourceOptions> = {}) {
  const reloads: Reload[] = []
  source = await ringKeySource({ dir, onReload: (result) => reloads.push(result), ...options })
  const kid = (now = Date.now()) => {
    const choice = source!.current(now)
    return 'key' in choice ? choice.key.kid : choice.problem
  }
  return { source, reloads, kid }
}

describe('a key ring on disk', () => {
  it('returns the newest key whose time to sign has begun, by the clock alone', async () => {
    const now = Date.now()
    const old = ringEntry({ signFrom: iso(now - HOUR_MS), signUntil: iso(now + HOUR_MS) })
    const next = ringEntry({ signFrom: iso(now + HOUR_MS) })
    writeRing(dir, 1, [old, next])
    const { kid } = await open()
    expect([kid(now), kid(now + HOUR_MS + 1)]).toEqual([old.record.kid, next.record.kid])
  })

  it('reports the key that takes over by time, and the end of the last one, also while a read hangs', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'setInterval'] })
    try {
      const now = Date.now()
      const old = ringEntry({ signUntil: iso(now + HOUR_MS) })
      const next = ringEntry({ signFrom: iso(now + HOUR_MS), expiresAt: iso(now + 3 * HOUR_MS) })
      writeRing(dir, 1, [old, next])
      const seen: string[] = []
      const { source, reloads } = await open({
        pollMs: HOUR_MS,
        onSigner: (choice) => seen.push('key' in choice ? choice.key.kid : choice.problem),
      })
      await source.reload()
      expect(seen).toEqual([])
      vi.advanceTimersByTime(HOUR_MS)
      expect(seen).toEqual([next.record.kid])
      await source.reload()
      vi.advanceTimersByTime(2 * HOUR_MS)
      await source.reload()
      expect(seen).toEqual([next.record.kid, 'key-expired'])
      const last = ringEntry({ expiresAt: iso(now + 9 * HOUR_MS) })
      writeRing(dir, 2, [last])
      await source.reload()
      expect(seen.slice(2)).toEqual([last.record.kid])
      expect(reloads).toEqual([{ ok: true, revision: 2, kid: last.record.kid }])
    } finally {
      vi.useRealTimers()
    }
  })

  it('returns a non-extractable key with its expiry', async () => {
    const entry = ringEntry()
    writeRing(dir, 1, [entry])
    const { source } = await open()
    const choice = source.current(Date.now())
    if (!('key' in choice)) throw new Error('no key')
    if (!('privateKey' in choice.key)) throw new Error('held elsewhere')
    expect((choice.key.privateKey as { extractable: boolean }).extractable).toBe(false)
    expect(choice.key.expiresAt).toBe(Date.parse(entry.record.expiresAt))
  })

  it('reports why there is no key', async () => {
    writeRing(dir, 1, [ringEntry({ publishedAt: null, signFrom: null })])
    expect((await open()).kid()).toBe('key-not-registered')
    source?.close()
    writeRing(dir, 2, [ringEntry({ expiresAt: iso(Date.now() - 1) })])
    expect((await open()).kid()).toBe('key-expired')
    source?.close()
    writeRing(dir, 3, [])
    expect((await open()).kid()).toBe('key-unavailable')
  })

  it('starts without a key if none is generated yet, and finds the first key later', async () => {
    const { kid, source } = await open()
    expect(kid()).toBe('key-unavailable')
    const entry = ringEntry()
    writeRing(dir, 1, [entry])
    await source.reload()
    expect(kid()).toBe(entry.record.kid)
  })

  it('rejects a damaged ring, and a swapped or world-readable private key, at start', async () => {
    writeFileSync(join(dir, RING_FILE), '{"version":1', { mode: 0o600 })
    await expect(open()).rejects.toBeInstanceOf(OperatorProblem)
    const entry = ringEntry()
    writeRing(dir, 1, [entry])
    writeFileSync(join(dir, entry.record.file), makeKey().pem)
    await expect(open()).rejects.toBeInstanceOf(OperatorProblem)
  })
})

describe('a ring that changes while the server runs', () => {
  it('is reloaded after a rename, three times in a row, by the watch or the poll', async () => {
    writeRing(dir, 1, [ringEntry()])
    const { kid, reloads } = await open({ pollMs: 100 })
    for (const revision of [2, 3, 4]) {
      const entry = ringEntry()
      writeRing(dir, revision, [entry])
      await vi.waitFor(() => expect(kid()).toBe(entry.record.kid), { timeout: 10_000 })
    }
    expect(reloads.every(({ ok }) => ok)).toBe(true)
  })

  it('is reloaded after the ..data swap of a Kubernetes mount, three times in a row', async () => {
    const mount = join(dir, 'mount')
    const swapTo = (revision: number, entry = ringEntry()) => {
      const version = join(mount, `..v${revision}`)
      mkdirSync(version)
      writeRing(version, revision, [entry])
      symlinkSync(`..v${revision}`, join(mount, '..data_tmp'))
      renameSync(join(mount, '..data_tmp'), join(mount, '..data'))
      for (const file of [RING_FILE, entry.record.file]) {
        rmSync(join(mount, file), { force: true })
        symlinkSync(join('..data', file), join(mount, file))
      }
      return entry.record.kid
    }
    mkdirSync(mount)
    swapTo(1)
    const { kid } = await open({ dir: mount, pollMs: 100 })
    for (const revision of [2, 3, 4]) {
      const expected = swapTo(revision)
      await vi.waitFor(() => expect(kid()).toBe(expected), { timeout: 10_000 })
    }
  })

  it('keeps its last good state while it is broken, reports it once, and recovers', async () => {
    const good = ringEntry()
    writeRing(dir, 1, [good])
    const { kid, reloads, source } = await open({ pollMs: 3_600_000 })
    const swapped = ringEntry()
    const breakages: (() => void)[] = [
      () => replaceFile(join(dir, RING_FILE), '{"version":1,'),
      () => replaceFile(join(dir, RING_FILE), ''),
      () => replaceFile(join(dir, RING_FILE), '{"version":2}'),
      () => {
        writeRing(dir, 2, [swapped])
        rmSync(join(dir, swapped.record.file))
        replaceFile(
          join(dir, RING_FILE),
          JSON.stringify({
            version: 1,
            revision: 3,
            vendor: '',
            maxTokenTtl: 60,
            keys: [swapped.record],
          }),
        )
      },
    ]
    // the first two are invalid JSON: the same cause is reported once
    const failures = [1, 1, 2, 3]
    for (const [index, breakIt] of breakages.entries()) {
      breakIt()
      await source.reload()
      await source.reload()
      expect(kid()).toBe(good.record.kid)
      expect(reloads.filter(({ ok }) => !ok)).toHaveLength(failures[index]!)
      expect(source.notes().map(({ code }) => code)).toContain('key-ring-stale')
    }
    const whole = ringEntry()
    writeRing(dir, 9, [whole])
    await source.reload()
    expect(kid()).toBe(whole.record.kid)
    expect(source.notes()).toEqual([])
  })

  it('is read once more if it changes during a read', async () => {
    writeRing(dir, 1, [ringEntry()])
    const { kid, source } = await open({ pollMs: 3_600_000 })
    writeRing(dir, 2, [ringEntry()])
    const first = source.reload()
    const last = ringEntry()
    writeRing(dir, 3, [last])
    await Promise.all([first, source.reload()])
    expect(kid()).toBe(last.record.kid)
  })
})

describe('opening the signing keys', () => {
  const location = { passphrase: undefined, tokenTtl: 3600 }

  it('rejects a token lifetime beyond the registration of a retired key', async () => {
    writeRing(dir, 1, [ringEntry()])
    const error = await openKeys({ ...location, key: { dir }, tokenTtl: 86_401 }).catch(
      (thrown: unknown) => thrown,
    )
    expect(error).toBeInstanceOf(ConfigProblem)
    expect((error as ConfigProblem).settings[0]!.name).toBe('CHAT_TOKEN_TTL')
  })

  it('accepts CHAT_PRIVATE_KEY, and names it if the key is invalid', async () => {
    const { kid, pem } = makeKey()
    const keys = await openKeys({ ...location, key: { privateKey: pem.replaceAll('\n', '\\n'), kid } })
    expect(keys.current(Date.now())).toMatchObject({ key: { kid, expiresAt: null } })
    await keys.reload()
    keys.close()
    for (const privateKey of [makeKey(1024).pem, 'nonsense', pem.slice(0, 400)]) {
      const error = await openKeys({ ...location, key: { privateKey, kid } }).catch(
        (thrown: unknown) => thrown,
      )
      expect(error).toBeInstanceOf(ConfigProblem)
      expect((error as ConfigProblem).settings[0]!.name).toBe('CHAT_PRIVATE_KEY')
    }
  })
})

describe('a host’s onReload', () => {
  it.each<[string, (result: Reload) => unknown]>([
    [
      'throws',
      () => {
        throw new Error('host')
      },
    ],
    [
      'throws only for a good reload',
      (result) => {
        if (result.ok) throw new Error('host')
      },
    ],
    [
      'throws something that is no error',
      () => {
        throw 'host' as unknown as Error
      },
    ],
    ['returns a promise that rejects', () => Promise.reject(new Error('host'))],
    [
      'returns a thenable that throws',
      () => ({
        then: () => {
          throw new Error('host')
        },
      }),
    ],
  ])('that %s neither ends the process nor makes the ring stale', async (_what, onReload) => {
    const rejections: unknown[] = []
    const note = (reason: unknown) => void rejections.push(reason)
    process.on('unhandledRejection', note)
    const first = ringEntry()
    writeRing(dir, 1, [first])
    const { source, kid } = await open({ onReload })
    writeFileSync(join(dir, RING_FILE), '{')
    await source.reload()
    const second = ringEntry()
    writeRing(dir, 2, [second])
    await source.reload()
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', note)
    expect([kid(), source.notes(), rejections]).toEqual([second.record.kid, [], []])
  })
})
