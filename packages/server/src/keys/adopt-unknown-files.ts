import type { RemoteKey } from '../kinescope/jwk-api.js'
import { OperatorProblem } from '../problem.js'
import type { KeyRecord } from './key-state.js'
import { loadPrivateKey } from './load-key.js'
import { isSame } from './registry.js'
import type { KeyWork } from './steps.js'
import { newRecord } from './store/ring-format.js'

/**
 * Gives private keys without an entry in the ring their entry back, where Kinescope lists the kid that the file's own
 * thumbprint gives. An intruder could have added any other file, so it is reported, never registered, never removed.
 *
 * @param listed null where Kinescope's list isn't available
 * @returns the rejected files
 */
export async function adoptUnknownFiles(
  work: KeyWork,
  listed: readonly RemoteKey[] | null,
): Promise<string[]> {
  const { store, report } = work
  const rejected: string[] = []
  for (const file of store.unknownFiles) {
    try {
      const record = await recordOf(work, file)
      const known = store.ring.keys.some(({ thumbprint }) => thumbprint === record.thumbprint)
      if (known || !listed?.some((remote) => isSame(remote, record))) throw unregistered(file)
      await store.commit({}, { added: [record] })
      report({ action: 'adopted', kid: record.kid, bits: record.bits })
    } catch (error) {
      if (!(error instanceof OperatorProblem) || error.code === 'keys-busy') throw error
      rejected.push(file)
      const { code, message, remediation } = error
      report({ action: 'refused', what: file, code, message, remediation })
    }
  }
  return rejected
}

async function recordOf({ store, now }: KeyWork, file: string): Promise<KeyRecord> {
  const { passphrase, lifeDays } = store.options
  const { thumbprint, publicJwk, bits } = await loadPrivateKey(await store.unknownFileText(file), {
    passphrase,
  })
  if (!file.endsWith(`-${thumbprint.slice(0, 16)}.pem`)) {
    throw new OperatorProblem(
      'private-key-swapped',
      `${file} contains another key than its name says`,
      'Find out who put it there. Then remove it.',
    )
  }
  const kid = file.slice(0, -'.pem'.length)
  return newRecord({ kid, thumbprint, publicJwk, bits }, now(), lifeDays)
}

const unregistered = (file: string) =>
  new OperatorProblem(
    'private-key-unclaimed',
    `${file} is not in the ring, and Kinescope doesn’t list its key`,
    'If the key is yours, run `kinescope-chat-server keys register --adopt FILE`. Otherwise find out who put it there.',
  )
