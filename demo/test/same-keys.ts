import { AsyncLocalStorage } from 'node:async_hooks'
import crypto, { type KeyPairKeyObjectResult } from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { promisify } from 'node:util'

const made: Promise<KeyPairKeyObjectResult>[] = []
const taken = new AsyncLocalStorage<{ count: number }>()

/** Runs `work` so that its first RSA key is the first one of every other such run, and so on. Making one takes 0.1 s. */
export const withSameKeys = <T>(work: () => Promise<T>): Promise<T> => taken.run({ count: 0 }, work)

/** Lets `withSameKeys` do so. @returns takes it back */
export function shareKeys(): () => void {
  const real = crypto.generateKeyPair
  const make = promisify(real) as (type: 'rsa', options: object) => Promise<KeyPairKeyObjectResult>
  const take = (type: 'rsa', options: object) => {
    const run = taken.getStore()
    return run ? (made[run.count++] ??= make(type, options)) : make(type, options)
  }
  crypto.generateKeyPair = Object.assign(() => undefined, { [promisify.custom]: take }) as never
  syncBuiltinESMExports()
  return () => {
    crypto.generateKeyPair = real
    syncBuiltinESMExports()
  }
}
