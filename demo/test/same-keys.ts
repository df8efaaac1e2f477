import { AsyncLocalStorage } from 'node:async_hooks'
import { generateKeyPair, type KeyPairKeyObjectResult } from 'node:crypto'
import { promisify } from 'node:util'
import { makeKeysBy } from '../../packages/server/test/keys/crash-points.mjs'

const made: Promise<KeyPairKeyObjectResult>[] = []
const taken = new AsyncLocalStorage<{ count: number }>()

/** Runs `work` so that its first RSA key is the first one of every other such run, and so on. Making one takes 0.1 s. */
export const withSameKeys = <T>(work: () => Promise<T>): Promise<T> => taken.run({ count: 0 }, work)

/** Lets `withSameKeys` do so. @returns takes it back */
export function shareKeys(): () => void {
  const make = promisify(generateKeyPair) as (type: 'rsa', options: object) => Promise<KeyPairKeyObjectResult>
  return makeKeysBy((type: 'rsa', options: object) => {
    const run = taken.getStore()
    return run ? (made[run.count++] ??= make(type, options)) : make(type, options)
  })
}
