import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  CLOCK_SKEW_MS,
  endIfPublished,
  keyState,
  removalsDue,
  rotationDueAt,
  signers,
  signingKeyRecord,
  successorFor,
  turningPoints,
  whyNoSigner,
  type KeyRecord,
  type KeyRing,
} from '../../src/keys/key-ring.js'

const NOW = Date.parse('2026-11-25T12:00:00Z')
const HOUR = 3_600_000
const at = (hours: number) => new Date(NOW + hours * HOUR).toISOString()

const record = (change: Partial<KeyRecord> = {}): KeyRecord => ({
  kid: 'k',
  thumbprint: 't',
  bits: 2048,
  n: 'n',
  e: 'AQAB',
  file: 'k.pem',
  remoteId: 'jwk_1',
  createdAt: at(-48),
  publishedAt: at(-47),
  signFrom: at(-47),
  signUntil: null,
  removeAfter: null,
  revokedAt: null,
  removedAt: null,
  expiresAt: at(8000),
  ...change,
})
const ring = (...keys: KeyRecord[]): KeyRing => ({
  version: 1,
  revision: 1,
  vendor: 'v',
  maxTokenTtl: 3600,
  keys,
})

describe('keyState', () => {
  it.each<[string, Partial<KeyRecord>]>([
    ['generated', { publishedAt: null, signFrom: null }],
    ['published', { signFrom: null }],
    ['published', { signFrom: at(1) }],
    ['active', {}],
    ['active', { signUntil: at(1) }],
    ['retiring', { signUntil: at(-1), removeAfter: at(1) }],
    ['expired', { expiresAt: at(0) }],
    ['revoked', { revokedAt: at(-1) }],
    ['revoked', { revokedAt: at(-1), expiresAt: at(-1) }],
    ['removed', { revokedAt: at(-1), removedAt: at(-1) }],
  ])('is %s for %o', (state, change) => {
    expect(keyState(record(change), NOW)).toBe(state)
  })

  it('changes at the exact millisecond', () => {
    const key = record({ signFrom: at(0), signUntil: at(1) })
    expect(keyState(key, NOW - 1)).toBe('published')
    expect(keyState(key, NOW)).toBe('active')
    expect(keyState(key, NOW + HOUR - 1)).toBe('active')
    expect(keyState(key, NOW + HOUR)).toBe('retiring')
  })
})

describe('signingKeyRecord', () => {
  it('has a signer at every moment of a rotation, and the new key signs from its time on', () => {
    const old = record({ kid: 'old', signUntil: at(1), removeAfter: at(3) })
    const next = record({ kid: 'new', signFrom: at(1) })
    fc.assert(
      fc.property(fc.integer({ min: -40 * HOUR, max: 100 * HOUR }), fc.boolean(), (offset, swapped) => {
        const keys = swapped ? [next, old] : [old, next]
        expect(signingKeyRecord(ring(...keys), NOW + offset)?.kid).toBe(offset < HOUR ? 'old' : 'new')
      }),
    )
  })

  it('returns no key that expires soon, is revoked, or was never registered', () => {
    const dying = record({ expiresAt: new Date(NOW + CLOCK_SKEW_MS).toISOString() })
    for (const key of [dying, record({ revokedAt: at(-1) }), record({ publishedAt: null })]) {
      expect(signingKeyRecord(ring(key), NOW)).toBeNull()
    }
  })

  it('falls back on registered keys: a scheduled key, a spare, a retiring key until its end', () => {
    const scheduled = record({ kid: 'scheduled', signFrom: at(500) })
    const spare = record({ kid: 'spare', signFrom: null })
    const retiring = record({ kid: 'retiring', signUntil: at(-1), removeAfter: at(1) })
    const kids = (...keys: KeyRecord[]) => signers(ring(...keys), NOW).map(({ key }) => key.kid)
    expect(kids(retiring, spare, scheduled)).toEqual(['scheduled', 'spare', 'retiring'])
    expect(kids(retiring, spare, scheduled, record())).toEqual(['k', 'scheduled', 'spare', 'retiring'])
    expect(signers(ring(retiring), NOW)[0]!.until).toBeLessThan(Date.parse(retiring.removeAfter!))
    expect(kids(record({ signUntil: at(-2), removeAfter: at(-1) }))).toEqual([])
  })

  it('ends the tokens of a key before its removal, also of one that still signs', () => {
    const replaced = record({ signUntil: at(1), removeAfter: at(3) })
    expect(signers(ring(replaced), NOW)[0]!.until).toBe(Date.parse(at(3)) - CLOCK_SKEW_MS)
    expect(signers(ring(record()), NOW)[0]!.until).toBe(Date.parse(at(8000)))
  })

  it('changes only at the turning points', () => {
    const times = fc.option(fc.integer({ min: -50, max: 50 }).map(at), { nil: null })
    const keys = fc.array(
      fc.record({
        signFrom: times,
        signUntil: times,
        removeAfter: times,
        expiresAt: fc.integer({ min: -9, max: 60 }).map(at),
      }),
      { maxLength: 4 },
    )
    fc.assert(
      fc.property(keys, fc.integer({ min: -60, max: 60 }), (changes, hours) => {
        const all = ring(...changes.map((change, index) => record({ ...change, kid: `k${index}` })))
        const now = NOW + hours * HOUR
        const next = Math.min(...turningPoints(all).filter((time) => time > now), now + 99 * HOUR)
        const kids = (time: number) => signers(all, time).map(({ key }) => key.kid)
        expect(kids(next - 1)).toEqual(kids(now))
      }),
    )
  })

  it('returns the newest of several keys', () => {
    const keys = [
      record({ kid: 'a', signFrom: at(-3) }),
      record({ kid: 'b', signFrom: at(-1) }),
      record({ kid: 'c', signFrom: at(-2) }),
    ]
    expect(signingKeyRecord(ring(...keys), NOW)?.kid).toBe('b')
  })

  it('reports why no key can sign', () => {
    expect(whyNoSigner(ring(), NOW)).toBe('key-unavailable')
    expect(whyNoSigner(ring(record({ publishedAt: null, signFrom: null })), NOW)).toBe('key-not-registered')
    expect(whyNoSigner(ring(record({ expiresAt: at(-1) })), NOW)).toBe('key-expired')
    expect(whyNoSigner(ring(record({ revokedAt: at(-1) })), NOW)).toBe('key-unavailable')
  })
})

describe('the due actions of a ring', () => {
  it('remove a retired key once its last token has expired, and not before', () => {
    const old = record({ signUntil: at(-2), removeAfter: at(1) })
    expect(removalsDue(ring(old), NOW)).toEqual([])
    expect(removalsDue(ring(old), NOW + HOUR)).toEqual([old])
  })

  it('remove revoked and expired keys at once, and never a key that was not registered or is removed', () => {
    const revoked = record({ revokedAt: at(-1) })
    const expired = record({ expiresAt: at(-1) })
    const never = record({ expiresAt: at(-1), publishedAt: null })
    const gone = record({ revokedAt: at(-1), removedAt: at(-1) })
    expect(removalsDue(ring(revoked, expired, never, gone), NOW)).toEqual([revoked, expired])
  })

  it('rotate a key after two thirds of its lifetime', () => {
    const times = { publishedAt: at(0), signFrom: at(0), expiresAt: at(300) }
    expect(rotationDueAt(record(times))).toBe(NOW + 200 * HOUR)
  })

  it('count the lifetime from the registration, not from the creation', () => {
    const waited = { createdAt: at(-5000), publishedAt: at(0), signFrom: at(1), expiresAt: at(300) }
    expect(rotationDueAt(record(waited))).toBe(NOW + 200 * HOUR)
    const raw = record({
      createdAt: at(-5000),
      publishedAt: null,
      signFrom: null,
      expiresAt: at(-5000 + 300),
    })
    expect(keyState(raw, NOW)).toBe('generated')
    expect(endIfPublished(raw, NOW)).toBe(NOW + 300 * HOUR)
  })

  it('give a late key enough time of service, and always rotate it before it expires', () => {
    const begin = fc.integer({ min: -4000, max: 0 })
    const life = fc.integer({ min: 720, max: 17_520 })
    fc.assert(
      fc.property(begin, life, fc.double({ min: 0, max: 0.9, noNaN: true }), (from, hours, share) => {
        const signFrom = from + Math.floor(hours * share)
        const key = record({ publishedAt: at(from), signFrom: at(signFrom), expiresAt: at(from + hours) })
        const due = rotationDueAt(key)
        expect(due).toBeLessThan(Date.parse(key.expiresAt))
        const service = (due - Date.parse(key.signFrom!)) / HOUR
        expect(service).toBeGreaterThanOrEqual(Math.min(hours / 12, from + hours * (11 / 12) - signFrom) - 1)
      }),
    )
  })

  it('prefer a registered spare as the successor to an unregistered key, and use no old key', () => {
    const spare = record({ kid: 'spare', signFrom: null })
    const raw = record({ kid: 'raw', signFrom: null, publishedAt: null, createdAt: at(-1) })
    const old = record({ kid: 'old', signFrom: null, publishedAt: at(-8000), expiresAt: at(100) })
    expect(successorFor(ring(old, raw, spare), NOW)?.kid).toBe('spare')
    expect(successorFor(ring(old, raw), NOW)?.kid).toBe('raw')
    expect(successorFor(ring(old, record()), NOW)).toBeNull()
  })
})
