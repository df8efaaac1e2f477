import {
  createRemoteJWKSet,
  customFetch,
  errors,
  importJWK,
  importSPKI,
  type CryptoKey,
  type JWTVerifyGetKey,
} from 'jose'
import { readCapped } from './capped-answer.js'

/** How the site signs: its key set by URL, its public key, or a secret shared with it. */
export type SiteKey =
  | { jwksUrl: string }
  /** SPKI PEM, or a JWK as JSON. */
  | { publicKey: string }
  | { secret: string }

const PUBLIC_KEY_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'EdDSA',
]
const KEY_SET_TIMEOUT_MS = 3000
/** A hundred keys with certificates; more is no key set. */
const MAX_KEY_SET_BYTES = 256 * 1024

/** The key and the algorithms that statements are verified with. */
export function verificationKey(key: SiteKey): { getKey: JWTVerifyGetKey; algorithms: string[] } {
  if ('jwksUrl' in key) {
    const set = createRemoteJWKSet(new URL(key.jwksUrl), {
      timeoutDuration: KEY_SET_TIMEOUT_MS,
      [customFetch]: fetchKeySet,
    })
    return { getKey: set, algorithms: PUBLIC_KEY_ALGORITHMS }
  }
  if ('secret' in key) {
    // imported once: jose would do so for every statement
    const algorithm = { name: 'HMAC', hash: 'SHA-256' }
    const secret = crypto.subtle.importKey('raw', new TextEncoder().encode(key.secret), algorithm, false, [
      'verify',
    ])
    return { getKey: () => secret, algorithms: ['HS256'] }
  }
  // an imported key is bound to one algorithm, which only the statement names
  const imported = new Map<string, Promise<CryptoKey>>()
  const { publicKey } = key
  return {
    algorithms: PUBLIC_KEY_ALGORITHMS,
    getKey: ({ alg }) => {
      const known = imported.get(alg) ?? importPublicKey(publicKey, alg)
      imported.set(alg, known)
      return known
    },
  }
}

/** @throws where the text is no public key for the algorithm */
export async function importPublicKey(text: string, alg: string): Promise<CryptoKey> {
  try {
    const trimmed = text.replaceAll('\\n', '\n').trim()
    if (!trimmed.startsWith('{')) return await importSPKI(trimmed, alg)
    return (await importJWK(JSON.parse(trimmed) as Record<string, string>, alg)) as CryptoKey
  } catch (cause) {
    throw new errors.JOSENotSupported(`the configured public key does not fit ${alg}`, { cause })
  }
}

/** Reads no more of a key set than can be meant. */
async function fetchKeySet(url: string, options: RequestInit): Promise<Response> {
  const response = await fetch(url, options)
  const text = await readCapped(response, MAX_KEY_SET_BYTES)
  if (text === null) throw new Error('the key set is longer than 256 KiB')
  // a Response of such a status can't be made with a body
  return [204, 205, 304].includes(response.status)
    ? response
    : new Response(text, { status: response.status })
}
