/**
 * Combines 2048-bit RSA keys from a few primes in all Node tests, since generating a key takes 0.1 to 0.2 s.
 * Each key has its own modulus, and each worker its own primes. Node generates keys of other sizes and in other
 * processes.
 */
import crypto, {
  createPrivateKey,
  createPublicKey,
  generatePrimeSync,
  type KeyPairKeyObjectResult,
} from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { promisify } from 'node:util'

const E = 65_537n
const { generateKeyPair, generateKeyPairSync } = crypto
const generate = promisify(generateKeyPair) as (...words: unknown[]) => Promise<KeyPairKeyObjectResult>

const primes: bigint[] = []
/** The next pair of primes, as two indexes. */
let [first, second] = [1, 0]

/** Combines a key pair from two primes that no other pair combines. */
function combine(): KeyPairKeyObjectResult {
  while (primes.length <= first) {
    // the two highest bits are set, so the product of two primes has full length
    const prime = generatePrimeSync(1024, { bigint: true })
    if (prime % E !== 1n) primes.push(prime)
  }
  const p = primes[first]!
  const q = primes[second]!
  if (++second === first) [first, second] = [first + 1, 0]
  const d = inverse(E, (p - 1n) * (q - 1n))
  const jwk = {
    kty: 'RSA',
    n: base64url(p * q),
    e: base64url(E),
    d: base64url(d),
    p: base64url(p),
    q: base64url(q),
    dp: base64url(d % (p - 1n)),
    dq: base64url(d % (q - 1n)),
    qi: base64url(inverse(q, p)),
  }
  const privateKey = createPrivateKey({ key: jwk, format: 'jwk' })
  return { privateKey, publicKey: createPublicKey(privateKey) }
}

/** The inverse of `a` modulo `m`, by Euclid's extended algorithm. */
function inverse(a: bigint, m: bigint): bigint {
  let [r, next, x, after] = [m, a % m, 0n, 1n]
  while (next) {
    const quotient = r / next
    ;[r, next] = [next, r - quotient * next]
    ;[x, after] = [after, x - quotient * after]
  }
  return ((x % m) + m) % m
}

function base64url(value: bigint): string {
  const hex = value.toString(16)
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex').toString('base64url')
}

/** Whether the options request only a 2048-bit key object. */
function isPlain(type: unknown, options: object = {}): boolean {
  const { modulusLength, publicExponent = Number(E), ...more } = options as Record<string, unknown>
  const usual = modulusLength === 2048 && publicExponent === Number(E)
  return type === 'rsa' && usual && !Object.keys(more).length
}

/** Lets Node generate all keys. @returns restores the combined keys */
export function useNodeKeys(): () => void {
  Object.assign(crypto, { generateKeyPair, generateKeyPairSync })
  syncBuiltinESMExports()
  return useCombinedKeys
}

function useCombinedKeys(): void {
  const combineOrGenerate = async (type: unknown, options: object) =>
    isPlain(type, options) ? combine() : generate(type, options)
  Object.assign(crypto, {
    generateKeyPair: Object.assign(
      (...words: Parameters<typeof generateKeyPair>) => generateKeyPair(...words),
      {
        [promisify.custom]: combineOrGenerate,
      },
    ),
    generateKeyPairSync: (type: 'rsa', options: { modulusLength: number }) =>
      isPlain(type, options) ? combine() : generateKeyPairSync(type, options),
  })
  syncBuiltinESMExports()
}

useCombinedKeys()
