import { OperatorProblem } from '../../problem.js'
import type { CryptoKey } from 'jose'
import type { KeyChoice } from '../../token/signing-key.js'
import type { StoredRing } from '../store/key-store.js'
import { keyState, signers, turningPoints, whyNoSigner, type KeyRecord, type KeyRing } from '../key-state.js'
import { loadStoredKey } from '../store/ring-store.js'

interface HeldKey {
  privateKey: CryptoKey
  exposed: boolean
}

/** The keys in memory, the newest ring that could be read, and the last one that could be followed whole. */
export class HeldKeys {
  ring!: KeyRing
  /** Keys that should be able to sign and can't be loaded. */
  unusable: ReadonlyMap<string, Error> = new Map()
  exposed: readonly string[] = []
  #keys: ReadonlyMap<string, HeldKey> = new Map()
  #followed: KeyRing | null = null
  #choice: { from: number; until: number; choice: KeyChoice } | null = null

  /** The ring has a key to sign with, and it is not the one that signs here. */
  get behind(): boolean {
    return this.#followed !== this.ring
  }

  async take(stored: StoredRing, passphrase: string | undefined, now: number): Promise<void> {
    const { ring } = stored
    const unusable = new Map<string, Error>()
    const readable: string[] = []
    const keys = new Map<string, HeldKey>()
    const able = ['generated', 'published', 'active', 'retiring']
    for (const record of ring.keys.filter((key) => able.includes(keyState(key, now)))) {
      const { kid } = record
      try {
        const { privateKey, exposed } =
          this.#keys.get(record.thumbprint) ?? (await loadStoredKey(stored, record, passphrase))
        keys.set(record.thumbprint, { privateKey, exposed })
        if (exposed) readable.push(kid)
      } catch (error) {
        if (!(error instanceof OperatorProblem)) throw error
        if (['published', 'active'].includes(keyState(record, now))) unusable.set(kid, error)
      }
    }
    const signer = signers(ring, now)[0]
    const follows = !signer || keys.has(signer.key.thumbprint)
    // keys of the last ring that could be followed stay in hand until this one can be
    this.#keys = follows ? keys : new Map([...this.#keys, ...keys])
    this.exposed = readable
    this.ring = ring
    if (follows) this.#followed = ring
    this.unusable = unusable
    this.#choice = null
  }

  /** Asked for every token: worked out once between two turning points. */
  choose(now: number): KeyChoice {
    const known = this.#choice
    if (known && known.from <= now && now < known.until) return known.choice
    const times = [this.ring, this.#followed].flatMap((ring) => (ring ? turningPoints(ring) : []))
    const until = Math.min(Infinity, ...times.filter((time) => time > now))
    const choice = this.#chooseAt(now)
    this.#choice = { from: now, until, choice }
    return choice
  }

  #chooseAt(now: number): KeyChoice {
    const here = (key: KeyRecord, until: number): KeyChoice | null => {
      const held = this.#keys.get(key.thumbprint)
      return held ? { key: { kid: key.kid, privateKey: held.privateKey, expiresAt: until } } : null
    }
    for (const { key, until } of signers(this.ring, now)) {
      const choice = here(key, until)
      if (choice) return choice
    }
    for (const { key, until } of this.#followed ? signers(this.#followed, now) : []) {
      // what the newer ring says of a key has been heeded above: revoked, retired, removed
      const choice = this.ring.keys.some(({ kid }) => kid === key.kid) ? null : here(key, until)
      if (choice) return choice
    }
    return { problem: whyNoSigner(this.ring, now) }
  }
}
