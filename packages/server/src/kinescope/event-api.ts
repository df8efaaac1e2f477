import { readList, readOne, type KinescopeApi } from './api-client.js'
import { publicIdOf, readEventId } from './event-id.js'
import { KinescopeError } from './kinescope-error.js'

/** A stream. It has two ids, which can't be computed from each other. */
export interface StreamEvent {
  /** The API's: a UUID. */
  id: string
  /** The one in links: 22 letters and digits, or nine digits for old streams. Null where the API shows no link. */
  publicId: string | null
  name: string
  /** `pending`, `finished` …; null where it isn't shown. */
  status: string | null
  /** `chat_jwt_required`; null where Kinescope doesn't show it. */
  jwtRequired: boolean | null
}

export interface JwtChange {
  event: StreamEvent
  /** What else is different after the change: names of members and their values before and after. */
  alsoChanged: { name: string; before: unknown; after: unknown }[]
}

const EVENTS = ['v2', 'live', 'events'] as const
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i

/** UUIDs are case-insensitive (RFC 9562, section 4). Public ids are not. */
const canonical = (id: string): string => (UUID.test(id) ? id.toLowerCase() : id)

export class EventApi {
  readonly api: KinescopeApi

  constructor(api: KinescopeApi) {
    this.api = api
  }

  async list(): Promise<StreamEvent[]> {
    return (await this.#list()).map(readEvent)
  }

  /**
   * Looks streams up by UUID or public id, in one reading of the list. `null`: there is none; left out: the list
   * doesn't tell.
   */
  async lookUp(ids: readonly string[]): Promise<Map<string, StreamEvent | null>> {
    const found = new Map<string, StreamEvent | null>()
    const wanted = new Set(ids.map(canonical))
    let linksShown = true
    if (wanted.size > 0) {
      await this.#list((row) => {
        const event = readEvent(row)
        linksShown &&= event.publicId !== null
        for (const id of [canonical(event.id), event.publicId]) {
          if (id !== null && wanted.has(id)) found.set(id, event)
        }
        return found.size === wanted.size
      })
    }
    for (const id of wanted) {
      if (!found.has(id) && (linksShown || UUID.test(id))) found.set(id, null)
    }
    const known = ids.filter((id) => found.has(canonical(id)))
    return new Map(known.map((id) => [id, found.get(canonical(id)) ?? null]))
  }

  #list(enough?: (row: Record<string, unknown>) => boolean): Promise<Record<string, unknown>[]> {
    const query = { per_page: '100', order: 'created_at.desc' }
    return readList(this.api, { method: 'GET', path: EVENTS, resource: 'event' }, query, enough)
  }

  /** @param id the UUID */
  async get(id: string): Promise<StreamEvent> {
    return readEvent(await this.#read(id))
  }

  /**
   * Finds a stream by what people have at hand: its UUID, its public id, `https://kinescope.io/ID`, `…/chat/ID`.
   *
   * @throws KinescopeError `event-not-found`, `api-id-malformed`
   */
  async resolve(idOrLink: string): Promise<StreamEvent> {
    const id = readEventId(idOrLink)
    if (UUID.test(id)) return this.get(id)
    const events = await this.list()
    const found = events.find((event) => event.publicId === id)
    if (found) return found
    const almost = events.find((event) => event.publicId?.toLowerCase() === id.toLowerCase())
    if (almost) {
      throw new KinescopeError(
        'event-not-found',
        `no stream has the id ${id}, but one has ${almost.publicId}: upper and lower case count`,
        `Write ${almost.publicId}.`,
      )
    }
    // whether the API takes other ids than UUIDs is not documented: its own answer decides
    return this.get(id)
  }

  /** Sends `chat_jwt_required` and nothing else, then looks whether anything else moved. */
  async setJwtRequired(id: string, jwtRequired: boolean): Promise<JwtChange> {
    const before = await this.#read(id)
    await this.api.call({
      method: 'PUT',
      path: [...EVENTS, id],
      body: { chat_jwt_required: jwtRequired },
      resource: 'event',
    })
    const after = await this.#read(id)
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
    const moved = names.filter(
      (name) => !EXPECTED_TO_MOVE.has(name) && JSON.stringify(before[name]) !== JSON.stringify(after[name]),
    )
    return {
      event: readEvent(after),
      alsoChanged: moved
        // the key a stream is broadcast with is a secret
        .map((name) =>
          /key|token|secret|password/i.test(name)
            ? { name, before: '…', after: '…' }
            : { name, before: before[name], after: after[name] },
        ),
    }
  }

  async #read(id: string): Promise<Record<string, unknown>> {
    const answer = await this.api.call({ method: 'GET', path: [...EVENTS, id], resource: 'event' })
    return readOne(answer, 'GET /v2/live/events')
  }
}

const EXPECTED_TO_MOVE = new Set(['chat_jwt_required', 'updated_at'])

function readEvent(row: Record<string, unknown>): StreamEvent {
  const { id, name, play_link: link, stream, chat_jwt_required: jwtRequired } = row
  const { status } = (stream ?? {}) as { status?: unknown }
  return {
    id: id as string,
    publicId: typeof link === 'string' ? publicIdOf(link) : null,
    name: typeof name === 'string' ? name : '',
    status: typeof status === 'string' ? status : null,
    jwtRequired: typeof jwtRequired === 'boolean' ? jwtRequired : null,
  }
}
