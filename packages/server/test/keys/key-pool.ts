import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const made: string[] = []

/** Private keys as PEM, generated once for a test file. */
export function pemPool(count: number): string[] {
  while (made.length < count) {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    made.push(privateKey.export({ type: 'pkcs8', format: 'pem' }) as string)
  }
  return made.slice(0, count)
}

/** A folder of keys for `takeKeysFrom`. */
export function poolFolder(path: string, pems: readonly string[]): string {
  mkdirSync(path)
  pems.forEach((pem, index) => writeFileSync(join(path, `${index}.pem`), pem))
  return path
}
