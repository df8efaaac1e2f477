import { OperatorProblem } from '../problem.js'
import { generateKey } from './generate-key.js'
import type { KeyRecord } from './key-state.js'
import type { ManualRequest } from './by-hand.js'
import type { Registry } from './registry.js'
import { newRecord, type RingStore } from './ring-store.js'

/** What a key command did, in order: shown as it happens, and whole in `--json`. */
export type KeyAction =
  | { action: 'generating'; bits: number }
  | { action: 'generated'; kid: string; bits: number }
  | { action: 'adopted'; kid: string; bits: number }
  | { action: 'registering'; kid: string }
  | { action: 'registered'; kid: string; remoteId: string | null; expiresAt: string; found: boolean }
  | { action: 'signs'; kid: string; from: string; instead: string[] }
  | { action: 'revoked'; kid: string }
  | { action: 'removing'; kid: string }
  | { action: 'removed'; kid: string }
  | { action: 'duplicate-removed'; kid: string; remoteId: string }
  | { action: 'by-hand'; kid: string; request: ManualRequest }

/** What the key commands work with. */
export interface KeyWork {
  store: RingStore
  registry: Registry
  report: (action: KeyAction) => void
  /** ms since the epoch */
  now: () => number
}

/** Makes a key: the private key is on the disk before the ring knows of it, the ring before Kinescope does. */
export async function addKey(
  { store, report, now }: Pick<KeyWork, 'store' | 'report' | 'now'>,
  { bits }: { bits?: number | undefined },
): Promise<KeyRecord> {
  const { passphrase, lifeDays } = store.options
  report({ action: 'generating', bits: bits ?? 2048 })
  const key = await generateKey({ bits, passphrase, now: now() })
  const record = newRecord(key, now(), lifeDays)
  await store.savePrivateKey(record.file, key.pem)
  await store.commit({}, [record])
  report({ action: 'generated', kid: record.kid, bits: record.bits })
  return record
}

/** @throws OperatorProblem `key-unknown` */
export function keyByKid(keys: readonly KeyRecord[], kid: string): KeyRecord {
  const key = keys.find((candidate) => candidate.kid === kid)
  if (key) return key
  throw new OperatorProblem(
    'key-unknown',
    `the ring has no key ${kid}`,
    keys.length > 0
      ? `It has: ${keys.map((known) => known.kid).join(', ')}. Keys that others registered are not ours to change.`
      : 'The ring is empty: check CHAT_KEY_DIR, or make a key with `kinescope-chat keys generate`.',
  )
}
