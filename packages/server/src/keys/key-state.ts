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
  /** Kinescope's own id for the key, which `DELETE` wants; null for a key somebody registered by hand. */
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

const past = (time: string | null, now: number): boolean => time !== null && Date.parse(time) <= now

/** Follows from timestamps alone, so that replicas agree without talking. `now` in ms since the epoch. */
export function keyState(key: KeyRecord, now: number): KeyState {
  if (key.removedAt !== null) return 'removed'
  if (key.revokedAt !== null) return 'revoked'
  if (past(key.expiresAt, now)) return 'expired'
  if (key.publishedAt === null) return 'generated'
  if (past(key.signUntil, now)) return 'retiring'
  return past(key.signFrom, now) ? 'active' : 'published'
}

/** The key to sign with: the newest active one that can still outlive a token, if only a short one. */
export function signingKeyRecord(ring: KeyRing, now: number): KeyRecord | null {
  const able = ring.keys.filter(
    (key) => keyState(key, now) === 'active' && Date.parse(key.expiresAt) - CLOCK_SKEW_MS > now,
  )
  return able.sort((a, b) => Date.parse(b.signFrom!) - Date.parse(a.signFrom!))[0] ?? null
}

/** Why there is no key to sign with. */
export function whyNoSigner(
  ring: KeyRing,
  now: number,
): 'key-unavailable' | 'key-not-registered' | 'key-expired' {
  const states = ring.keys.map((key) =>
    Date.parse(key.expiresAt) - CLOCK_SKEW_MS <= now && key.removedAt === null && key.revokedAt === null
      ? 'expired'
      : keyState(key, now),
  )
  if (states.includes('generated')) return 'key-not-registered'
  return states.includes('expired') ? 'key-expired' : 'key-unavailable'
}

/** Keys that are to leave Kinescope now. */
export const removalsDue = (ring: KeyRing, now: number): KeyRecord[] =>
  ring.keys.filter((key) => {
    const state = keyState(key, now)
    if (state === 'revoked') return true
    if (key.publishedAt === null) return false
    return state === 'expired' || (state === 'retiring' && past(key.removeAfter, now))
  })

/** The key whose turn to sign has been set and has not come. */
export const scheduledKey = (ring: KeyRing, now: number): KeyRecord | null =>
  ring.keys.find((key) => keyState(key, now) === 'published' && key.signFrom !== null) ?? null

/** When the successor of a key is due, in ms since the epoch. */
export function rotationDueAt(key: KeyRecord): number {
  const created = Date.parse(key.createdAt)
  return created + (Date.parse(key.expiresAt) - created) * ROTATE_AT
}

/** A key that can take over: registered spares before keys Kinescope doesn't know, the newest first. */
export function successorFor(ring: KeyRing, now: number): KeyRecord | null {
  const fit = ring.keys.filter((key) => rotationDueAt(key) > now && key.signFrom === null)
  const newest = (state: KeyState) =>
    fit
      .filter((key) => keyState(key, now) === state)
      .sort((a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt))[0]
  return newest('published') ?? newest('generated') ?? null
}

/** How long a key must stay registered after its last signature, in ms. */
export const overlapMs = (ring: KeyRing): number => ring.maxTokenTtl * 1000 + CLOCK_SKEW_MS
