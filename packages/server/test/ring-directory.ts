import { chmodSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RING_FILE, type KeyRecord } from '../src/keys/key-ring.js'
import { thumbprintOf } from '../src/keys/private-key.js'
import { makeKey, type TestKey } from './running-server.js'

export const HOUR_MS = 3_600_000
const iso = (ms: number) => new Date(ms).toISOString()

/** A key with its record in a ring. By default, it is registered and has been signing for an hour. */
export interface RingEntry {
  key: TestKey
  record: KeyRecord
}

export function ringEntry(change: Partial<KeyRecord> = {}, key = makeKey()): RingEntry {
  const { n = '', e = '' } = key.publicKey.export({ format: 'jwk' })
  const since = iso(Date.now() - HOUR_MS)
  const thumbprint = thumbprintOf({ n, e })
  return {
    key,
    record: {
      kid: key.kid,
      thumbprint,
      bits: 2048,
      n,
      e,
      file: `20261125-${thumbprint.slice(0, 16)}.pem`,
      remoteId: `jwk_${key.kid}`,
      createdAt: since,
      publishedAt: since,
      signFrom: since,
      signUntil: null,
      removeAfter: null,
      revokedAt: null,
      removedAt: null,
      expiresAt: iso(Date.now() + 1000 * HOUR_MS),
      ...change,
    },
  }
}

/** Writes a ring as another process does: private keys first, then the index by a rename. */
export function writeRing(dir: string, revision: number, entries: readonly RingEntry[]): void {
  for (const { key, record } of entries) writeFileSync(join(dir, record.file), key.pem, { mode: 0o600 })
  const keys = entries.map(({ record }) => record)
  const ring = { version: 1, revision, vendor: 'https://api.kinescope.io', maxTokenTtl: 86_400, keys }
  replaceFile(join(dir, RING_FILE), JSON.stringify(ring))
}

export function replaceFile(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

/** A temporary key directory. */
export function ringDirectory(): { dir: string; remove: () => void } {
  const dir = mkdtempSync(join(tmpdir(), 'chat-keys-'))
  chmodSync(dir, 0o700)
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) }
}
