import type { KinescopeApi } from './kinescope/api-client.js'
import { guardListener } from './guard-listener.js'
import { EventApi, type JwtChange, type StreamEvent } from './kinescope/event-api.js'
import { JwkApi } from './kinescope/jwk-api.js'
import { signingKeyRecord, successorFor, type KeyRecord } from './keys/key-ring.js'
import { register } from './keys/register.js'
import { ApiRegistry } from './keys/registry.js'
import type { KeyStoreLocation } from './keys/store/key-store.js'
import { withRing } from './keys/store/ring-store.js'
import { addKey, type KeyAction, type KeyWork } from './keys/steps.js'

export interface SetupConfig {
  location: KeyStoreLocation
  passphrase?: string | undefined
  /** Seconds. */
  tokenTtl: number
  /** Days a new key lives. */
  lifeDays?: number
  bits?: number | undefined
}

export interface SetupOptions {
  config: SetupConfig
  api: KinescopeApi
  /** A UUID, a public id, or a link. */
  eventId: string
  report?: (action: KeyAction) => void
  /** ms since the epoch */
  now?: () => number
  wait?: (ms: number) => Promise<void>
}

export interface SetupResult {
  event: StreamEvent
  /** The id for the tag and for CHAT_EVENTS: the one of the stream's link where there is one. */
  pageEventId: string
  /** The key that signs. */
  kid: string
  change: JwtChange
}

/**
 * From an API token to a working chat: finds the stream, makes a key if there is none, registers it, enables JWT. Safe to
 * repeat; it also restores a registration that Kinescope has lost.
 */
export async function setup(options: SetupOptions): Promise<SetupResult> {
  const { config, api, eventId, now = Date.now } = options
  const report = guardListener(options.report)
  const wait = options.wait ?? ((ms) => new Promise((resolve) => setTimeout(resolve, ms)))
  const events = new EventApi(api)
  // first: a mistyped id is the likeliest mistake, and should change nothing
  const event = await events.resolve(eventId)

  const registry = new ApiRegistry(new JwkApi(api), wait)
  const ring = {
    location: config.location,
    vendor: api.url,
    maxTokenTtl: config.tokenTtl,
    passphrase: config.passphrase,
    lifeDays: config.lifeDays ?? 365,
    make: true,
    now,
  }
  const signer = await withRing(ring, (store) => readyKey({ store, registry, report, now }, config))

  const change = await events.setJwtRequired(event.id, true)
  return {
    event: change.event,
    pageEventId: change.event.publicId ?? change.event.id,
    kid: signer.kid,
    change,
  }
}

/** Makes sure that a registered key signs: the current one, else a spare, else a new one. */
export async function readyKey(work: KeyWork, { bits }: { bits?: number | undefined }): Promise<KeyRecord> {
  const { store, now } = work
  const key =
    signingKeyRecord(store.ring, now()) ?? successorFor(store.ring, now()) ?? (await addKey(work, { bits }))
  await register(work, { kid: key.kid })
  return signingKeyRecord(store.ring, now()) ?? key
}

/** The two lines for the page: a classic script, which shares its connection. `serverUrl` is the token server's URL. */
export const snippetFor = (pageEventId: string, serverUrl: string): string =>
  `<script async src="${serverUrl}/kinescope-chat.js"></script>\n` +
  `<kinescope-chat event-id="${pageEventId}"></kinescope-chat>`
