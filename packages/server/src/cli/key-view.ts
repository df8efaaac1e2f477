import { keyState, signingKeyRecord, type KeyRecord, type KeyRing, type KeyState } from '../keys/key-ring.js'
import { isSame } from '../keys/registry.js'
import type { RemoteKey } from '../kinescope/jwk-api.js'

/** The public JWK with exactly the members Kinescope documents. */
export const publicJwkOf = ({ kid, n, e }: Pick<KeyRecord, 'kid' | 'n' | 'e'>) => ({
  kty: 'RSA' as const,
  e,
  use: 'sig' as const,
  kid,
  alg: 'RS256' as const,
  n,
})

/** A key as the command line shows it. `atKinescope`: whether it is listed there; null where it was not checked. */
export interface KeyView {
  kid: string
  state: KeyState | 'foreign'
  signs: boolean
  bits: number | null
  atKinescope: boolean | null
  remoteId: string | null
  createdAt: string | null
  publishedAt: string | null
  signFrom: string | null
  signUntil: string | null
  removeAfter: string | null
  revokedAt: string | null
  removedAt: string | null
  expiresAt: string | null
  thumbprint: string | null
}

/** The ring's keys, newest first, then those that others registered. */
export function viewKeys(ring: KeyRing, listed: readonly RemoteKey[] | null, now: number): KeyView[] {
  const signer = signingKeyRecord(ring, now)
  const own = ring.keys.map((key): KeyView => {
    const { kid, bits, thumbprint, remoteId, createdAt, publishedAt, signFrom, signUntil } = key
    const { removeAfter, revokedAt, removedAt, expiresAt } = key
    return {
      kid,
      state: keyState(key, now),
      signs: key === signer,
      bits,
      atKinescope: listed && listed.some((remote) => isSame(remote, key)),
      remoteId,
      createdAt,
      publishedAt,
      signFrom,
      signUntil,
      removeAfter,
      revokedAt,
      removedAt,
      expiresAt,
      thumbprint,
    }
  })
  const foreign = (listed ?? []).filter((remote) => !ring.keys.some((key) => isSame(remote, key)))
  return [...own.reverse(), ...foreign.map(foreignView)]
}

const foreignView = ({ id, kid, expiresAt }: RemoteKey): KeyView => ({
  kid,
  state: 'foreign',
  signs: false,
  bits: null,
  atKinescope: true,
  remoteId: id,
  createdAt: null,
  publishedAt: null,
  signFrom: null,
  signUntil: null,
  removeAfter: null,
  revokedAt: null,
  removedAt: null,
  expiresAt,
  thumbprint: null,
})
