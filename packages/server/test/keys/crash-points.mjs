// Counts the steps of a program on a directory and on the network, and can end the program before each step.
// Patches Node's own modules, so that the product needs no hooks. Loaded by `node --import` into a child process, or by
// a test.
import crypto from 'node:crypto'
import fs from 'node:fs'
import fsp from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import path from 'node:path'
import { promisify } from 'node:util'

/** Other steps change nothing. A crash before one of them equals a crash after the last change. */
const CHANGES = ['mkdir', 'rename', 'link', 'rm', 'unlink']

/**
 * @param {object} options
 * @param {string} options.dir the directory whose changes count
 * @param {(step: string) => void} options.onStep called before each step; an exception prevents the step
 * @returns {() => void} removes the patches
 */
export function watchSteps({ dir, onStep }) {
  const real = { ...fsp }
  const realFetch = globalThis.fetch
  const inside = (target) => typeof target === 'string' && path.resolve(target).startsWith(path.resolve(dir))
  const nameOf = (target) => path.basename(String(target)).replace(/[\da-f]{12,16}(?=\.tmp$)/, '*')

  for (const name of CHANGES) {
    fsp[name] = async (first, second, ...rest) => {
      if (inside(first)) onStep(`${name} ${nameOf(typeof second === 'string' ? second : first)}`)
      return real[name](first, second, ...rest)
    }
  }
  fsp.open = async (target, flags, ...rest) => {
    if (!inside(target)) return real.open(target, flags, ...rest)
    const reads = flags === 'r' || (typeof flags === 'number' && (flags & 3) === fs.constants.O_RDONLY)
    if (!reads) onStep(`open ${nameOf(target)}`)
    const handle = await real.open(target, flags, ...rest)
    for (const name of ['writeFile', 'sync']) {
      const method = handle[name].bind(handle)
      handle[name] = async (...args) => {
        onStep(`${name === 'sync' ? 'fsync' : 'write'} ${reads ? 'the folder' : nameOf(target)}`)
        return method(...args)
      }
    }
    return handle
  }
  globalThis.fetch = async (address, init) => {
    const what = `${init?.method ?? 'GET'} ${new URL(String(address)).pathname}`
    onStep(`ask ${what}`)
    const response = await realFetch(address, init)
    const text = await response.text()
    onStep(`hear ${what}`)
    return new Response(response.status === 204 ? null : text, response)
  }
  syncBuiltinESMExports()
  return () => {
    Object.assign(fsp, real)
    globalThis.fetch = realFetch
    syncBuiltinESMExports()
  }
}

/**
 * Takes keys from a folder of PEM files, since generating a key takes 0.1 s.
 * @param {string} pool each file is used once
 * @returns {() => void} removes the patch
 */
export function takeKeysFrom(pool) {
  const real = crypto.generateKeyPair
  const take = async () => {
    const [name] = fs.readdirSync(pool).sort()
    if (!name) throw new Error('the pool of keys is empty')
    const privateKey = crypto.createPrivateKey(fs.readFileSync(path.join(pool, name)))
    fs.unlinkSync(path.join(pool, name))
    return { privateKey, publicKey: crypto.createPublicKey(privateKey) }
  }
  crypto.generateKeyPair = Object.assign(() => undefined, { [promisify.custom]: take })
  syncBuiltinESMExports()
  return () => {
    crypto.generateKeyPair = real
    syncBuiltinESMExports()
  }
}
