import { OperatorProblem } from '../problem.js'
import { thumbprintOf } from './private-key.js'
import type { VerifyKey } from '../token/verify-token.js'

/** A key of the ring, without private material. Times are ISO 8601 in UTC; null: not yet. */
export interface KeyRecord {
  kid: string
  /** RFC 7638, SHA-256. */
  thumbprint: string
  bits: number
  n: string
  e: string
  /** The write-once PEM beside the ring. */
  file: string
  /** Kinescope's own id for the key, which `DELETE` wants; null for a key that was registered by hand. */
  remoteId: string | null
  createdAt: string
  /** When Kinescope was seen to list the key. */
  publishedAt: string | null
  signFrom: string | null
  signUntil: string | null
  /** When every token signed with it is dead. */
  removeAfter: string | null
  revokedAt: string | null
  /** When Kinescope was seen not to have the key any more. */
  removedAt: string | null
  expiresAt: string
}

export interface KeyRing {
  version: 1
  /** Grows by one with each write. */
  revision: number
  /** The API the keys are registered at, and only there. */
  vendor: string
  /** The longest life in seconds of any token signed with these keys. */
  maxTokenTtl: number
  keys: KeyRecord[]
}

/** The index of a key store. It holds no private material; writing it is the commit point. */
export const RING_FILE = 'keyring.json'
/** Our own names for private keys: the day, and the beginning of the key's thumbprint. */
export const KEY_FILE = /^\d{8}-([\w-]{16})\.pem$/
/** Enough for a ring of a thousand keys; ours are far smaller. */
export const MOST_BYTES = 1_048_576

export const emptyRing = (): KeyRing => ({ version: 1, revision: 0, vendor: '', maxTokenTtl: 0, keys: [] })

export const ringText = (ring: KeyRing): string => `${JSON.stringify(ring, null, 2)}\n`

/**
 * Reads a ring that may have been edited, cut or replaced by an attacker. Each entry's kid, file and thumbprint must
 * match its public key, and no two entries may share one.
 *
 * @param location its name in an error
 * @throws OperatorProblem `key-ring-damaged`
 */
export function parseKeyRing(text: string, location: string): KeyRing {
  const damaged = (what: string, cause?: unknown) =>
    new OperatorProblem(
      'key-ring-damaged',
      `${location} is not a key ring: ${what}`,
      'Restore it from a backup, or move it away and run `kinescope-chat-server keys reconcile`: the ring is rebuilt from ' +
        'the PEM files and what Kinescope lists.',
      { cause },
    )
  if (Buffer.byteLength(text) > MOST_BYTES) throw damaged('it is larger than 1 MiB')
  let ring: Partial<KeyRing> | null
  try {
    ring = JSON.parse(text) as Partial<KeyRing> | null
  } catch {
    throw damaged('it is not JSON')
  }
  if (!ring || typeof ring !== 'object' || ring.version !== 1) throw damaged('its version is not 1')
  const { revision, vendor, maxTokenTtl, keys } = ring
  if (!isCount(revision) || !isCount(maxTokenTtl) || typeof vendor !== 'string') {
    throw damaged('revision, vendor or maxTokenTtl is missing')
  }
  if (!Array.isArray(keys)) throw damaged('keys is not a list')
  keys.forEach((key: unknown, index) => {
    const fault = faultOf(key)
    if (fault) throw damaged(`entry ${index + 1} of keys ${fault}`)
  })
  for (const name of ['kid', 'file', 'thumbprint'] as const) {
    if (new Set(keys.map((key) => key[name])).size < keys.length) throw damaged(`two keys share a ${name}`)
  }
  return { version: 1, revision, vendor, maxTokenTtl, keys }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
const isTime = (time: unknown) => typeof time === 'string' && !Number.isNaN(Date.parse(time))
const TIMES = ['publishedAt', 'signFrom', 'signUntil', 'removeAfter', 'revokedAt', 'removedAt'] as const
const BASE64URL = /^[\w-]{1,2048}$/
/** What may be a kid in a header, a terminal and a file of logs. */
export const KID = /^[\x21-\x7e]{1,200}$/

/** Whether a kid in our own form, with the beginning of a thumbprint, is another key's. */
export function isKidOfAnother(kid: string, thumbprint: string): boolean {
  const [, begins] = KEY_FILE.exec(`${kid}.pem`) ?? []
  return begins !== undefined && begins !== thumbprint.slice(0, 16)
}

function faultOf(value: unknown): string | null {
  if (value === null || typeof value !== 'object') return 'is no object'
  const key = value as Record<string, unknown>
  const { kid, file, thumbprint, n, e, bits, remoteId } = key
  if (typeof kid !== 'string' || !KID.test(kid)) return 'has no kid'
  if (typeof n !== 'string' || !BASE64URL.test(n) || typeof e !== 'string' || !BASE64URL.test(e)) {
    return 'has no public key'
  }
  if (thumbprint !== thumbprintOf({ n, e })) return 'has the thumbprint of another key'
  const begins = thumbprint.slice(0, 16)
  // a file name, never a path
  if (typeof file !== 'string' || KEY_FILE.exec(file)?.[1] !== begins) return 'has the file of another key'
  if (isKidOfAnother(kid, thumbprint)) return 'has the kid of another key'
  if (!isCount(bits)) return 'has no size'
  if (remoteId !== null && (typeof remoteId !== 'string' || remoteId === '' || remoteId.length > 200)) {
    return 'has no id of Kinescope’s or null'
  }
  if (!isTime(key['createdAt']) || !isTime(key['expiresAt'])) return 'has no beginning or end'
  return TIMES.every((name) => key[name] === null || isTime(key[name])) ? null : 'has a time that is none'
}

export function newRecord(
  {
    kid,
    thumbprint,
    publicJwk,
    bits,
  }: Pick<KeyRecord, 'kid' | 'thumbprint' | 'bits'> & { publicJwk: { n: string; e: string } },
  createdAt: number,
  lifeDays: number,
): KeyRecord {
  return {
    kid,
    thumbprint,
    bits,
    n: publicJwk.n,
    e: publicJwk.e,
    file: `${kid}.pem`,
    remoteId: null,
    createdAt: isoTime(createdAt),
    publishedAt: null,
    signFrom: null,
    signUntil: null,
    removeAfter: null,
    revokedAt: null,
    removedAt: null,
    expiresAt: isoTime(createdAt + lifeDays * 86_400_000),
  }
}

/** A time as in the article: whole seconds, `Z`. */
export const isoTime = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')

/**
 * `generated`: Kinescope doesn't know it. `published`: registered, a spare or one whose time is to come. `active`: may
 * sign. `retiring`: signs no more, its tokens may live. `removed`: gone from Kinescope. `revoked`: gone as fast as can
 * be. `expired`: past `expires_at`, so every token of it is refused.
 */
export type KeyState = 'generated' | 'published' | 'active' | 'retiring' | 'expired' | 'revoked' | 'removed'

/** Room for two clocks that disagree, in milliseconds: no signature is made this close to the end of a key. */
export const CLOCK_SKEW_MS = 5 * 60_000
/** After this share of a key's life its successor is due. */
const ROTATE_AT = 2 / 3
/** A spare that is older than this share of its life would be due again too soon to take over. */
const SPARE_FIT = 1 / 3
/** A key that took over late signs for this share of its life at least, where so much is left. */
const LEAST_SERVICE = 1 / 12

const past = (time: string | null, now: number): boolean => time !== null && Date.parse(time) <= now

/** Follows from timestamps alone, so that replicas agree without talking. `now` in ms since the epoch. */
export function keyState(key: KeyRecord, now: number): KeyState {
  if (key.removedAt !== null) return 'removed'
  if (key.revokedAt !== null) return 'revoked'
  if (key.publishedAt === null) return 'generated' // its life has not begun
  if (past(key.expiresAt, now)) return 'expired'
  if (past(key.signUntil, now)) return 'retiring'
  return past(key.signFrom, now) ? 'active' : 'published'
}

/** A key that may sign, and the end that no token of it may pass, in ms since the epoch. */
export interface Signer {
  key: KeyRecord
  until: number
}

/**
 * All keys that may sign, the best first: the newest active one; then, where a clock has jumped or a job was missed, a
 * registered key whose turn is still to come, a registered spare, and a retiring key as long as it stays registered.
 */
export function signers(ring: KeyRing, now: number): Signer[] {
  const registered = ring.keys.filter((key) => Date.parse(key.expiresAt) - CLOCK_SKEW_MS > now)
  const among = (state: KeyState) => registered.filter((key) => keyState(key, now) === state)
  const published = among('published')
  const retiring = among('retiring').filter((key) => key.removeAfter !== null && !past(key.removeAfter, now))
  return [
    ...newestBy('signFrom', among('active')),
    ...newestBy(
      'signFrom',
      published.filter(({ signFrom }) => signFrom !== null),
    ).reverse(),
    ...newestBy(
      'publishedAt',
      published.filter(({ signFrom }) => signFrom === null),
    ),
    ...newestBy('signUntil', retiring),
  ].map((key) => ({ key, until: lastExp(key) }))
}

/** The end that no token of a key may pass. Its removal may be set before a longer token lifetime is configured. */
const lastExp = ({ expiresAt, removeAfter }: KeyRecord): number =>
  Math.min(Date.parse(expiresAt), removeAfter === null ? Infinity : Date.parse(removeAfter) - CLOCK_SKEW_MS)

const newestBy = (time: 'signFrom' | 'publishedAt' | 'signUntil' | 'createdAt', keys: KeyRecord[]) =>
  keys.sort((a, b) => Date.parse(b[time]!) - Date.parse(a[time]!))

/** The key to sign with. */
export const signingKeyRecord = (ring: KeyRing, now: number): KeyRecord | null =>
  signers(ring, now)[0]?.key ?? null

/** Moments at which `signers` may answer differently, in ms since the epoch. */
export const turningPoints = (ring: KeyRing): number[] =>
  ring.keys.flatMap(({ signFrom, signUntil, removeAfter, expiresAt }) => [
    ...[signFrom, signUntil, removeAfter].flatMap((time) => (time === null ? [] : [Date.parse(time)])),
    Date.parse(expiresAt) - CLOCK_SKEW_MS,
    Date.parse(expiresAt),
  ])

/** Why there is no key to sign with. */
export function whyNoSigner(
  ring: KeyRing,
  now: number,
): 'key-unavailable' | 'key-not-registered' | 'key-expired' {
  const states = ring.keys.map((key) => {
    const state = keyState(key, now)
    const ended = Date.parse(key.expiresAt) - CLOCK_SKEW_MS <= now
    return ended && !['removed', 'revoked', 'generated'].includes(state) ? 'expired' : state
  })
  if (states.includes('generated')) return 'key-not-registered'
  return states.includes('expired') ? 'key-expired' : 'key-unavailable'
}

/** Keys that are to leave Kinescope now. */
export const removalsDue = (ring: KeyRing, now: number): KeyRecord[] =>
  ring.keys.filter((key) => {
    const state = keyState(key, now)
    return state === 'revoked' || state === 'expired' || (state === 'retiring' && past(key.removeAfter, now))
  })

/** The key whose turn to sign has been set and has not come. */
export const scheduledKey = (ring: KeyRing, now: number): KeyRecord | null =>
  ring.keys.find((key) => keyState(key, now) === 'published' && key.signFrom !== null) ?? null

/** A key's life in ms: it counts from its publication, for until then Kinescope counts nothing. */
const lifeOf = ({ createdAt, publishedAt, expiresAt }: KeyRecord): number =>
  Date.parse(expiresAt) - Date.parse(publishedAt ?? createdAt)

/** When the successor of a key is due, in ms since the epoch. */
export function rotationDueAt(key: KeyRecord): number {
  const life = lifeOf(key)
  const end = Date.parse(key.expiresAt)
  const due = end - life * (1 - ROTATE_AT)
  if (key.signFrom === null) return due
  const service = life * LEAST_SERVICE
  return Math.max(due, Math.min(Date.parse(key.signFrom) + service, end - service))
}

/** The end of life to register a key with, as the ring has it unless the key has waited for over a day. */
export function endIfPublished(key: KeyRecord, now: number): number {
  const waited = now - Date.parse(key.createdAt)
  return Math.abs(waited) < 86_400_000
    ? Date.parse(key.expiresAt)
    : now + lifeOf({ ...key, publishedAt: null })
}

/** Keys that can take over, the best first: registered spares with enough of their life left, then unregistered ones. */
export function successors(ring: KeyRing, now: number): KeyRecord[] {
  const waiting = ring.keys.filter(({ signFrom }) => signFrom === null)
  const fit = (key: KeyRecord) =>
    key.publishedAt === null || Date.parse(key.publishedAt) + lifeOf(key) * SPARE_FIT >= now
  return (['published', 'generated'] as const).flatMap((state) =>
    newestBy(
      'createdAt',
      waiting.filter((key) => keyState(key, now) === state && fit(key)),
    ),
  )
}

/** The best key that can take over. */
export const successorFor = (ring: KeyRing, now: number): KeyRecord | null => successors(ring, now)[0] ?? null

/** How long a key must stay registered after its last signature, in ms. */
export const overlapMs = (ring: KeyRing): number => ring.maxTokenTtl * 1000 + CLOCK_SKEW_MS

/** The keys Kinescope should know, by the ring. */
export const registeredKeys = (ring: KeyRing, now: number): VerifyKey[] =>
  ring.keys
    .filter((key) => ['published', 'active', 'retiring', 'expired'].includes(keyState(key, now)))
    .map(({ kid, n, e, expiresAt }) => ({ kid, kty: 'RSA', n, e, expiresAt }))
