import { OperatorProblem } from '../../problem.js'
import type { KeyRecord, KeyRing } from '../key-state.js'
import { thumbprintOf } from '../private-key.js'

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
