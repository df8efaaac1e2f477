import type { CryptoKey } from 'jose'
import { OperatorProblem } from '../../problem.js'
import type { KeyChoice } from '../../token/signing-key.js'
import { keyState, signers, turningPoints, whyNoSigner, type KeyRecord, type KeyRing } from '../key-state.js'
import type { StoredRing } from '../store/key-store.js'
import { loadStoredKey } from '../store/ring-store.js'

interface CachedKey {
  privateKey: CryptoKey
  exposed: boolean
}

/** The private keys in memory, the newest ring that was read, and the last one whose signing key could be loaded. */
export class KeyCache {
  ring!: KeyRing
  /** Keys that should sign and can't be loaded. */
  unusable: ReadonlyMap<string, Error> = new Map()
  /** The kids of keys whose files every user can read. */
  exposed: readonly string[] = []
  #keys: ReadonlyMap<string, CachedKey> = new Map()
  #applied: KeyRing | null = null
  #choice: { from: number; until: number; choice: KeyChoice } | null = null

  /** The newest ring's signing key could not be loaded, so an older ring still applies. */
  get isStale(): boolean {
    return this.#applied !== this.ring
  }

  async update(stored: StoredRing, passphrase: string | undefined, now: number): Promise<void> {
    const { ring } = stored
    const unusable = new Map<string, Error>()
    const exposed: string[] = []
    const keys = new Map<string, CachedKey>()
    const loadable = ['generated', 'published', 'active', 'retiring']
    for (const record of ring.keys.filter((key) => loadable.includes(keyState(key, now)))) {
      const { kid, thumbprint } = record
      try {
        const key = this.#keys.get(thumbprint) ?? (await loadStoredKey(stored, record, passphrase))
        keys.set(thumbprint, { privateKey: key.privateKey, exposed: key.exposed })
        if (key.exposed) exposed.push(kid)
      } catch (error) {
        if (!(error instanceof OperatorProblem)) throw error
        if (['published', 'active'].includes(keyState(record, now))) unusable.set(kid, error)
      }
    }
    const signer = signers(ring, now)[0]
    const applies = !signer || keys.has(signer.key.thumbprint)
    // keys of the ring that still applies stay in memory
    this.#keys = applies ? keys : new Map([...this.#keys, ...keys])
    this.exposed = exposed
    this.ring = ring
    if (applies) this.#applied = ring
    this.unusable = unusable
    this.#choice = null
  }

  /** The key to sign with. Computed once for the time between two turning points, since each token asks for it. */
  current(now: number): KeyChoice {
    const known = this.#choice
    if (known && known.from <= now && now < known.until) return known.choice
    const times = [this.ring, this.#applied].flatMap((ring) => (ring ? turningPoints(ring) : []))
    const until = Math.min(Infinity, ...times.filter((time) => time > now))
    const choice = this.#chooseAt(now)
    this.#choice = { from: now, until, choice }
    return choice
  }

  #chooseAt(now: number): KeyChoice {
    const loaded = (key: KeyRecord, until: number): KeyChoice | null => {
      const cached = this.#keys.get(key.thumbprint)
      return cached ? { key: { kid: key.kid, privateKey: cached.privateKey, expiresAt: until } } : null
    }
    for (const { key, until } of signers(this.ring, now)) {
      const choice = loaded(key, until)
      if (choice) return choice
    }
    for (const { key, until } of this.#applied ? signers(this.#applied, now) : []) {
      // the newer ring decides about each key it has: it may be revoked, retired or removed there
      const choice = this.ring.keys.some(({ kid }) => kid === key.kid) ? null : loaded(key, until)
      if (choice) return choice
    }
    return { problem: whyNoSigner(this.ring, now) }
  }
}
