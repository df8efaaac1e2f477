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
