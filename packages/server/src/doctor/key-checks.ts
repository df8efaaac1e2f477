import { stat } from 'node:fs/promises'
import { locationText, type KeyConfig, noSigner } from '../keys/store/key-store.js'
import { loadStoredKey, readStore, unusableKeys } from '../keys/store/ring-store.js'
import { signingKeyRecord, type KeyRing } from '../keys/key-ring.js'
import type { PublicJwk } from '../keys/import-key.js'
import { loadPrivateKey } from '../keys/private-key.js'
import { DAY_MS, WARN_DAYS, type SigningKey } from '../token/signing-key.js'
import { findingsAbout, type Finding } from './finding.js'

const FAIL_DAYS = 7

/** The key the server signs with, where one was found. */
export interface FoundKey {
  signing: SigningKey
  publicJwk: PublicJwk
  /** Kinescope's id; null where it isn't known. */
  remoteId: string | null
  /** Given with its kid (CHAT_PRIVATE_KEY) rather than found in a ring. */
  byHand: boolean
}

export interface KeyFacts {
  findings: Finding[]
  key: FoundKey | null
  ring: KeyRing | null
}

export interface KeyQuestion {
  passphrase?: string | undefined
  /** Seconds. */
  tokenTtl: number
  /** The keys needn't be here: on the server's machine, or in a vault. */
  keysElsewhere?: boolean | undefined
  now: number
}

/** Checks the keys on this machine, without any request. */
export async function checkKeys(
  location: KeyConfig,
  { passphrase, tokenTtl, keysElsewhere = false, now }: KeyQuestion,
): Promise<KeyFacts> {
  const found = findingsAbout('keys')
  try {
    if ('privateKey' in location) {
      const { privateKey, publicJwk, bits } = await loadPrivateKey(location.privateKey, { passphrase })
      const signing = { kid: location.kid, privateKey, expiresAt: null }
      const ok = found.ok(
        'key',
        `CHAT_PRIVATE_KEY is a key of ${bits} bits for RS256, used as ${location.kid}`,
      )
      return { findings: [ok], key: { signing, publicJwk, remoteId: null, byHand: true }, ring: null }
    }
    const stored = await readStore(location)
    const { ring } = stored
    if (keysElsewhere && stored.absent !== null) {
      return { findings: [notHere(locationText(location))], key: null, ring: null }
    }
    const record = signingKeyRecord(ring, now)
    if (!record) throw noSigner(stored, location, now)
    const { privateKey, publicJwk, bits } = await loadStoredKey(stored, record, passphrase)
    const signing = { kid: record.kid, privateKey, expiresAt: Date.parse(record.expiresAt) }
    const findings: Finding[] = [
      found.ok('key', `${record.kid} signs: RSA, ${bits} bits, RS256; it signed and verified a probe`),
      keyLife('keys', record.kid, signing.expiresAt, now),
      ...('dir' in location ? await permissions(`${location.dir}/${record.file}`) : []),
      ...lifetimes(ring, tokenTtl),
      ...unknownFiles(stored.unknownFiles),
    ]
    for (const { code, message, remediation } of await unusableKeys(
      ring,
      (key) => loadStoredKey(stored, key, passphrase),
      now,
    )) {
      findings.push(found.fail(code, message, remediation))
    }
    return { findings, key: { signing, publicJwk, remoteId: record.remoteId, byHand: false }, ring }
  } catch (error) {
    return { findings: [found.error(error)], key: null, ring: null }
  }
}

const notHere = (location: string) =>
  findingsAbout('keys').skip(
    'keys-not-here',
    `there are no keys in ${location}: the server’s keys were not checked`,
    'Run the doctor on the machine with the keys too. If a KMS, an HSM or a vault has them, a token of the server shows that it signs.',
  )

/** How long a key will live, and what to do where that isn't long. */
export function keyLife(about: Finding['about'], kid: string, expiresAt: number, now: number): Finding {
  const found = findingsAbout(about)
  const days = Math.floor((expiresAt - now) / DAY_MS)
  const text = `${kid} expires in ${days} day${days === 1 ? '' : 's'}`
  const cure =
    'Run `kinescope-chat-server keys rotate` now, and `kinescope-chat-server keys reconcile` daily. Replace a key from CHAT_PRIVATE_KEY or a vault by hand.'
  if (days < FAIL_DAYS) return found.fail('key-ends-soon', text, cure)
  return days < WARN_DAYS ? found.warn('key-ends-soon', text, cure) : found.ok('key-life', text)
}

/** Files that every user can read were rejected when they were loaded. A group may be meant (Kubernetes' fsGroup). */
async function permissions(path: string): Promise<Finding[]> {
  const mode = await stat(path).then(
    (stats) => stats.mode,
    () => 0, // gone in the meantime
  )
  if (process.platform === 'win32' || (mode & 0o070) === 0) return []
  return [
    findingsAbout('keys').warn(
      'private-key-group',
      `${path} can be read by its group`,
      `If that isn’t meant (a mounted secret, for example): \`chmod 600 ${path}\`.`,
    ),
  ]
}

function unknownFiles(files: readonly string[]): Finding[] {
  if (files.length === 0) return []
  return [
    findingsAbout('keys').warn(
      'private-key-unclaimed',
      `not in the ring: ${files.join(', ')}`,
      'Run `kinescope-chat-server keys reconcile`: it adopts the keys that Kinescope lists. Find out who put the others there.',
    ),
  ]
}

function lifetimes({ maxTokenTtl }: KeyRing, tokenTtl: number): Finding[] {
  if (tokenTtl <= maxTokenTtl) return []
  return [
    findingsAbout('keys').fail(
      'token-outlives-key',
      `tokens live ${tokenTtl} s, but a retired key is kept for ${maxTokenTtl} s only`,
      `Run \`kinescope-chat-server keys reconcile\` with CHAT_TOKEN_TTL=${tokenTtl}.`,
    ),
  ]
}
