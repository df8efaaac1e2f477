// Making an RSA key of 2048 bits takes a tenth of a second of a core, and the tests need hundreds. They take them from
// .cache/test-keys instead, where a worker adds those that it had to make. Only this machine's tests use them.
import crypto, { type KeyObject } from 'node:crypto'
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

type Pair = Record<'publicKey' | 'privateKey', KeyObject>

const FOLDER = fileURLToPath(new URL('../.cache', import.meta.url))
const FILE = `${FOLDER}/test-keys`
/** More than one test file needs. */
const STORED = 64

const { generateKeyPair, generateKeyPairSync } = crypto
const pairs: Pair[] = stored().slice(0, STORED).flatMap(pairOf)
let used = 0
let prepared = true

/** A test file gets each key once. It starts again with the first key of the file before it. */
export function startWithFirstKey(): void {
  used = 0
  prepared = true
}

/** Makes each key anew, until the next test file. */
export function makeKeysAnew(): void {
  prepared = false
}

function nextPair(): Pair {
  const pair = (pairs[used] ??= makePair())
  used += 1
  return pair
}

function makePair(): Pair {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
  mkdirSync(FOLDER, { recursive: true })
  const line = pair.privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64')
  if (used < STORED) appendFileSync(FILE, `${line}\n`, { mode: 0o600 })
  return pair
}

function stored(): string[] {
  return existsSync(FILE) ? readFileSync(FILE, 'utf8').split('\n').filter(Boolean) : []
}

/** A worker that was killed leaves half a line, which is no key. */
function pairOf(line: string): Pair[] {
  try {
    const key = Buffer.from(line, 'base64')
    const privateKey = crypto.createPrivateKey({ key, format: 'der', type: 'pkcs8' })
    return [{ privateKey, publicKey: crypto.createPublicKey(privateKey) }]
  } catch {
    return []
  }
}

/** Only plain requests: other sizes, exponents and encodings are made. */
function isPrepared(type: unknown, options: Record<string, unknown> = {}): boolean {
  const { modulusLength, publicExponent = 65537, ...rest } = options
  return (
    prepared &&
    type === 'rsa' &&
    modulusLength === 2048 &&
    publicExponent === 65537 &&
    Object.keys(rest).length === 0
  )
}

type Made = (error: Error | null, publicKey: KeyObject, privateKey: KeyObject) => void
type Make<Result, Rest extends unknown[]> = (
  type: unknown,
  options: Record<string, unknown>,
  ...rest: Rest
) => Result
const make = generateKeyPair as unknown as Make<void, [Made]>
const makePromised = promisify(generateKeyPair) as unknown as Make<Promise<Pair>, []>
const makeSync = generateKeyPairSync as unknown as Make<Pair, []>

const take: Make<void, [Made]> = (type, options, made) => {
  if (!isPrepared(type, options)) return make(type, options, made)
  const { publicKey, privateKey } = nextPair()
  setImmediate(made, null, publicKey, privateKey)
}
const takePromised: Make<Promise<Pair>, []> = (type, options) =>
  isPrepared(type, options) ? Promise.resolve(nextPair()) : makePromised(type, options)
const takeSync: Make<Pair, []> = (type, options) =>
  isPrepared(type, options) ? nextPair() : makeSync(type, options)

Object.assign(crypto, {
  generateKeyPair: Object.assign(take, { [promisify.custom]: takePromised }),
  generateKeyPairSync: takeSync,
})
syncBuiltinESMExports()
