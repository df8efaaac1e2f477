import type { Registration, Registry } from '../keys/registry.js'
import { readExistingStore, readStore, RingStore, type RingStoreOptions } from '../keys/store/ring-store.js'
import type { KeyAction } from '../keys/steps.js'
import type { RemoteKey } from '../kinescope/jwk-api.js'
import type { KeyRecord } from '../keys/key-state.js'
import { stacked, type Shown } from './shown.js'
import type { Terminal } from './terminal.js'
import { momentAndDistance } from './time-text.js'

/** Runs `work` on the keys as they are; what it writes stays in memory. Takes no lock, and leaves nothing behind. */
export async function withRingRehearsed<T>(
  options: RingStoreOptions,
  work: (store: RingStore) => Promise<T>,
): Promise<T> {
  const stored = await (options.make ? readStore : readExistingStore)(options.location)
  const nothing = () => Promise.resolve()
  const session = { stored, renewLock: nothing, write: nothing, close: nothing }
  const maxTokenTtl = Math.max(stored.ring.maxTokenTtl, options.maxTokenTtl)
  return work(new RingStore(options, session, { ...stored.ring, vendor: options.vendor, maxTokenTtl }))
}

/** A registry that is read and never changed: what would be sent is taken as done. */
export class RehearsalRegistry implements Registry {
  readonly #real: Registry

  constructor(real: Registry) {
    this.#real = real
  }

  find(key: KeyRecord, options: { again: boolean }): Promise<Registration | null> {
    return this.#real.find(key, options)
  }

  list(): Promise<RemoteKey[] | null> {
    return this.#real.list()
  }

  clock(): number | null {
    return this.#real.clock()
  }

  create({ remoteId, expiresAt }: KeyRecord): Promise<Registration> {
    return Promise.resolve({ remoteId, expiresAt, duplicates: [] })
  }

  unregister(): Promise<void> {
    return Promise.resolve()
  }

  removeDuplicate(): Promise<void> {
    return Promise.resolve()
  }

  until(signal: AbortSignal): Registry {
    return new RehearsalRegistry(this.#real.until(signal))
  }
}

/** What would have been done, a line each. A key that was made for this has a name that the real one won't have. */
export function plannedLines(actions: readonly KeyAction[], terminal: Terminal, now: number): Shown {
  const made = actions.flatMap((action) => (action.action === 'generated' ? [action.kid] : []))
  const name = (kid: string) => (made.includes(kid) ? 'the new key' : kid)
  const would = (text: string) => terminal.line('info', `would ${text}`)
  const lines = actions.flatMap((action): Shown[] => {
    switch (action.action) {
      case 'generating':
      case 'registering':
      case 'removing':
        return []
      case 'generated':
        return [would(`make a key of ${action.bits} bits`)]
      case 'adopted':
        return [would(`take ${action.kid} into the ring`)]
      case 'registered':
        return action.found ? [] : [would(`register ${name(action.kid)} at Kinescope`)]
      case 'signs': {
        const instead = action.instead.length > 0 ? ` instead of ${action.instead.map(name).join(', ')}` : ''
        const from = Date.parse(action.from) > now ? `from ${momentAndDistance(action.from, now)}` : 'at once'
        return [would(`sign with ${name(action.kid)} ${from}${instead}`)]
      }
      case 'revoked':
        return [would(`stop signing with ${action.kid}: all tokens of it would be dead`)]
      case 'removed':
        return [would(`delete ${action.kid}, at Kinescope and here`)]
      case 'duplicate-removed':
        return [would(`delete a second registration of ${action.kid} (${action.remoteId})`)]
      case 'refused':
        return [terminal.line('warn', action.message)]
      case 'by-hand':
        return [would(`ask for ${action.request.method} ${action.request.url}`)]
    }
  })
  return stacked(
    ...lines,
    lines.length === 0 && terminal.line('ok', 'nothing would be done'),
    terminal.line('skip', 'a rehearsal: nothing was done'),
  )
}
