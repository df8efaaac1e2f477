import type { KinescopeApi } from '../kinescope/api-client.js'
import { EventApi } from '../kinescope/event-api.js'
import { JwkApi } from '../kinescope/jwk-api.js'
import { startDeadline } from '../net/limits.js'
import type { RegistrationView } from './issue-token.js'
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

/** How often Kinescope is asked. */
const POLL_MS = 5 * 60_000
/** While something is missing: the operator wants to see the repair work. */
const FAILING_POLL_MS = 30_000
/** A key that appeared since the last poll is looked up at once, but not for every token. */
const SOON_MS = 1000

/** For one poll. The next one comes anyway. */
const POLL_TIMEOUT_MS = 60_000

/** The port to Kinescope's API. */
export interface RegistrationSource {
  /**
   * @param eventIds UUIDs or public ids
   * @returns in `events` null for an id that no stream has; ids it can't decide on are left out
   */
  look(
    eventIds: readonly string[],
    signal: AbortSignal,
  ): Promise<{
    keys: readonly { kid: string; expiresAt: string | null }[]
    events: ReadonlyMap<string, { jwtRequired: boolean | null } | null>
  }>
}

export interface RegistrationWatchOptions {
  source: RegistrationSource
  /** Streams to look for, by the id in the token's claim. */
  events: readonly { id: string; claimId?: string }[]
  /** The key that signs at the moment. */
  currentKid: () => string | null
  pollMs?: number
  onCheck?: (result: { ok: true } | { ok: false; error: unknown }) => void
  /** Milliseconds since the epoch. */
  now?: () => number
}

/**
 * Knows whether Kinescope lists the signing key and the streams. Only a definite answer counts: while the API fails, the
 * last state stays, and what wasn't polled yet counts as fine.
 */
export class RegistrationWatch implements RegistrationView {
  readonly #options: RegistrationWatchOptions
  readonly #now: () => number
  #registered: ReadonlyMap<string, number | null> = new Map()
  #missing: ReadonlySet<string> = new Set()
  #events: ReadonlyMap<string, 'missing' | 'jwt-not-enabled'> = new Map()
  #failing = false
  #timer: NodeJS.Timeout | undefined
  #nextAt = 0
  #looking: Promise<void> | null = null
  readonly #closing = new AbortController()

  constructor(options: RegistrationWatchOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
  }

  keyProblem(kid: string): 'key-not-registered' | 'key-expired' | null {
    const expires = this.#registered.get(kid)
    if (expires !== undefined) return expires !== null && expires <= this.#now() ? 'key-expired' : null
    if (this.#missing.has(kid)) return 'key-not-registered'
    if (!this.#looking) this.#schedule(SOON_MS)
    return null
  }

  keyExpiresAt(kid: string): number | null {
    return this.#registered.get(kid) ?? null
  }

  eventState(eventId: string): 'missing' | 'jwt-not-enabled' | null {
    return this.#events.get(eventId) ?? null
  }

  /** What is wrong, for `/readyz`. */
  notes(): HealthNote<WatchNoteCode>[] {
    const kid = this.#options.currentKid()
    const problem = kid === null ? null : this.keyProblem(kid)
    return [
      ...(problem ? [{ code: problem, detail: `Kinescope reports it for ${kid}.` }] : []),
      ...[...this.#events].map(([id, state]): HealthNote<WatchNoteCode> =>
        state === 'missing'
          ? { code: 'event-not-found', detail: `Kinescope knows no stream ${id}.` }
          : {
              code: state,
              detail: `Anyone may enter the chat of ${id}: kinescope-chat-server events enable ${id}`,
            },
      ),
      ...(this.#failing
        ? [{ code: 'kinescope-api' as const, detail: 'The last check at Kinescope failed.' }]
        : []),
    ]
  }

  /** Polls now, and from then on regularly. Never rejects. */
  look(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#looking ??= this.#check().finally(() => {
      this.#looking = null
      const failing =
        this.#failing || this.#missing.size > 0 || [...this.#events.values()].includes('missing')
      const pollMs = this.#options.pollMs ?? POLL_MS
      this.#schedule(failing ? Math.min(pollMs, FAILING_POLL_MS) : pollMs)
    })
    return this.#looking
  }

  close(): void {
    this.#closing.abort()
    clearTimeout(this.#timer)
  }

  #schedule(delayMs: number): void {
    if (this.#closing.signal.aborted) return
    const at = this.#now() + delayMs
    // called for every token: the earliest time wins
    if (this.#timer && this.#nextAt <= at) return
    clearTimeout(this.#timer)
    this.#nextAt = at
    this.#timer = setTimeout(() => void this.look(), delayMs).unref()
  }

  async #check(): Promise<void> {
    const { source, events, currentKid, onCheck } = this.#options
    const deadline = startDeadline(POLL_TIMEOUT_MS, this.#closing.signal)
    try {
      // read before the request: a key that appears while the list is fetched proves nothing
      const kid = currentKid()
      const claimIds = events.map(({ id, claimId }) => claimId ?? id)
      const { keys: listed, events: found } = await source.look(claimIds, deadline.signal)
      const states = new Map<string, 'missing' | 'jwt-not-enabled'>()
      events.forEach(({ id }, index) => {
        const event = found.get(claimIds[index]!)
        if (event === null) states.set(id, 'missing')
        else if (event?.jwtRequired === false) states.set(id, 'jwt-not-enabled')
      })
      this.#registered = new Map(
        listed.map((key) => [key.kid, key.expiresAt === null ? null : Date.parse(key.expiresAt)]),
      )
      this.#missing = new Set(kid !== null && !this.#registered.has(kid) ? [kid] : [])
      this.#events = states
      this.#failing = false
      onCheck?.({ ok: true })
    } catch (error) {
      if (this.#closing.signal.aborted) return
      this.#failing = true
      onCheck?.({ ok: false, error })
    } finally {
      deadline.clear()
    }
  }
}

/** Reads keys and streams from Kinescope's API: one list each, however many streams there are. */
export const registrationAt = (api: KinescopeApi): RegistrationSource => ({
  async look(eventIds, signal) {
    const bounded = api.until(signal)
    const [keys, events] = await Promise.all([
      new JwkApi(bounded).list(),
      new EventApi(bounded).lookUp(eventIds),
    ])
    return { keys, events }
  },
})
