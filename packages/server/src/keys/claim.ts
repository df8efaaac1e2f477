import type { RemoteKey } from '../kinescope/jwk-api.js'
import { OperatorProblem } from '../problem.js'
import type { KeyRecord } from './key-state.js'
import { isSame } from './registry.js'
import { loadPrivateKey } from './load-key.js'
import { newRecord } from './store/ring-format.js'
import type { KeyWork } from './steps.js'

/**
 * Private keys that lie in the store without an entry. The ring may have been lost: where Kinescope lists a key under
 * the very kid that the file's own thumbprint gives it, it is ours, and gets its entry back. Anything else may have been
 * planted, so it is told of, and neither registered nor removed.
 *
 * @param listed null where Kinescope's list can't be had from here
 * @returns the files that were refused
 */
export async function claimStrays(work: KeyWork, listed: readonly RemoteKey[] | null): Promise<string[]> {
  const { store, report } = work
  const refused: string[] = []
  for (const file of store.strays) {
    try {
      const record = await recordOf(work, file)
      const known = store.ring.keys.some(({ thumbprint }) => thumbprint === record.thumbprint)
      if (known || !listed?.some((remote) => isSame(remote, record))) throw unclaimed(file)
      await store.commit({}, { added: [record] })
      report({ action: 'adopted', kid: record.kid, bits: record.bits })
    } catch (error) {
      if (!(error instanceof OperatorProblem) || error.code === 'keys-busy') throw error
      refused.push(file)
      report({ action: 'refused', what: file, code: error.code, message: error.message })
    }
  }
  return refused
}

async function recordOf({ store, now }: KeyWork, file: string): Promise<KeyRecord> {
  const { passphrase, lifeDays } = store.options
  const { thumbprint, publicJwk, bits } = await loadPrivateKey(await store.strayText(file), { passphrase })
  if (!file.endsWith(`-${thumbprint.slice(0, 16)}.pem`)) {
    throw new OperatorProblem(
      'private-key-swapped',
      `${file} holds another key than its name says`,
      'Find out who put it there, and remove it.',
    )
  }
  const kid = file.slice(0, -'.pem'.length)
  return newRecord({ kid, thumbprint, publicJwk, bits }, now(), lifeDays)
}

const unclaimed = (file: string) =>
  new OperatorProblem(
    'private-key-unclaimed',
    `${file} has no entry in the ring, and Kinescope doesn’t list it`,
    'If it is yours, `kinescope-chat-server keys register --adopt` takes it in; else find out who put it there.',
  )
