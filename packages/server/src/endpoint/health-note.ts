import type { KeyNote } from '../keys/source/ring-key-source.js'

/** What Kinescope's side is watched for. */
export type WatchNoteCode =
  'key-not-registered' | 'key-expired' | 'event-not-found' | 'jwt-not-enabled' | 'kinescope-api'

/** Everything `/readyz` may tell of a server that makes tokens. The doctor has a word for each. */
export type HealthNoteCode = KeyNote['code'] | WatchNoteCode | 'key-ends-soon' | 'identity-keys-stale'

export interface HealthNote<Code extends HealthNoteCode = HealthNoteCode> {
  code: Code
  /** For operators alone: it may name keys and streams. */
  detail: string
}
