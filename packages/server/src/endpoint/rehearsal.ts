/** The stream that a rehearsal asks for. Kinescope's ids are UUIDs or 22 characters, so that no stream has this one. */
export const REHEARSAL_EVENT = 'rehearsal-of-no-stream'

/** The request header with the proof of a rehearsal. */
export const REHEARSAL_HEADER = 'x-chat-rehearsal'

/** A proof is made when the rehearsal begins and outlives it. */
export const PROOF_LIFETIME_S = 3600

const NONCE = /^[\da-f]{32,64}$/
const ADDRESS = /^[\d.:a-f]{2,45}$/

/**
 * The shared secret of a rehearsal (`CHAT_REHEARSAL`). It proves two things: to the command line, that the host it is about
 * to load belongs to the operator; to the server, that a request is part of a rehearsal. Proofs are HMAC-SHA-256.
 */
export class RehearsalSecret {
  readonly #key: ReturnType<typeof hmacKey>

  constructor(secret: string) {
    this.#key = hmacKey(secret)
  }

  /** The server's answer to a challenge; null if the nonce isn't one. */
  async answer(nonce: string): Promise<string | null> {
    return NONCE.test(nonce) ? this.#sign(`server ${nonce}`) : null
  }

  async isAnswer(nonce: string, answer: string): Promise<boolean> {
    return NONCE.test(nonce) && this.#verify(`server ${nonce}`, answer)
  }

  /** The header of a request, which counts as coming from this address. @param now ms since the epoch */
  async headerFor(address: string, now: number): Promise<string> {
    const text = `${Math.floor(now / 1000) + PROOF_LIFETIME_S} ${address}`
    return `${text} ${await this.#sign(`client ${text}`)}`
  }

  /** The simulated address of a header; null unless this secret made it and it hasn't expired. */
  async addressIn(header: string, now: number): Promise<string | null> {
    const [expires, address, proof, ...rest] = header.slice(0, 200).split(' ')
    if (!expires || !address || !proof || rest.length > 0 || !ADDRESS.test(address)) return null
    const seconds = Number(expires)
    if (!/^\d{10}$/.test(expires) || seconds * 1000 <= now) return null
    return (await this.#verify(`client ${expires} ${address}`, proof)) ? address : null
  }

  async #sign(text: string): Promise<string> {
    const bytes = new Uint8Array(await crypto.subtle.sign('HMAC', await this.#key, utf8(text)))
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  }

  /** In constant time, by the platform. */
  async #verify(text: string, proof: string): Promise<boolean> {
    if (!/^[\da-f]{64}$/.test(proof)) return false
    const bytes = Uint8Array.from(proof.match(/../g)!, (pair) => Number.parseInt(pair, 16))
    return crypto.subtle.verify('HMAC', await this.#key, bytes, utf8(text))
  }
}

const hmacKey = (secret: string) =>
  crypto.subtle.importKey('raw', utf8(secret), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify'])

const utf8 = (text: string) => new TextEncoder().encode(text)
