import { isUuid, pageOf, readObject, refuse, type ApiReply, type ApiRequest } from './api-reply.js'
import { eventByAnyId, type EmulatorState } from './emulator-state.js'
import type { StreamEvent } from './seed-events.js'

/** `GET /v2/live/events?page=&per_page=&order=`. */
export function listEvents(state: EmulatorState, { query }: ApiRequest): ApiReply {
  const order = readOrder(query['order'])
  if ('reply' in order) return order.reply
  const rows = [...state.events].sort((a, b) => order.compare(a, b)).map((event) => shown(state, event))
  if (state.variants.eventList === 'bare') return { status: 200, body: rows }
  if (state.variants.eventList === 'data') return { status: 200, body: { data: rows } }
  const page = pageOf(rows, query)
  if ('reply' in page) return page.reply
  return { status: 200, body: { meta: { pagination: page.pagination, order: order.shown }, data: page.rows } }
}

/** `GET /v2/live/events/{id}`. */
export function showEvent(state: EmulatorState, id: string): ApiReply {
  const found = find(state, id)
  return 'reply' in found ? found.reply : { status: 200, body: wrapped(state, shown(state, found.event)) }
}

/** `PUT /v2/live/events/{id}`: "Only fields provided in the request body are changed", by default. */
export function updateEvent(state: EmulatorState, id: string, { body }: ApiRequest): ApiReply {
  const found = find(state, id)
  if ('reply' in found) return found.reply
  const read = readObject(body)
  if ('reply' in read) return read.reply
  const { event } = found
  // the live service rejects changes of a finished broadcast
  if (event.status === 'finished') return refuse.finishedEvent()

  const before = { name: event.name, chat_jwt_required: event.jwtRequired, ...event.settings }
  for (const [name, value] of Object.entries(read.value)) {
    if (!(name in before)) continue
    const kind = typeof before[name as keyof typeof before]
    if (kind !== 'object' && typeof value !== kind) {
      return refuse.jsonType(
        `json: cannot unmarshal ${typeof value} into Go struct field .${name} of type ${kind}`,
      )
    }
  }
  const base = state.variants.eventUpdate === 'full' ? zeroed(before) : before
  const known = Object.fromEntries(Object.entries(read.value).filter(([name]) => name in before))
  const { name, chat_jwt_required: jwtRequired, ...settings } = { ...base, ...known }
  Object.assign(event, { name, jwtRequired, settings })
  return { status: 200, body: wrapped(state, shown(state, event)) }
}

function find(state: EmulatorState, id: string): { event: StreamEvent } | { reply: ApiReply } {
  if (state.variants.apiEventId === 'uuid' && !isUuid(id)) return { reply: refuse.notAUuid() }
  const event = eventByAnyId(state, id)
  return event ? { event } : { reply: refuse.noSuchEntity() }
}

/** Returns an event in the shape of real responses. None of them contained `chat_jwt_required`. */
function shown({ variants }: EmulatorState, event: StreamEvent) {
  const { settings } = event
  return {
    id: event.id,
    workspace_id: 'd0a2b1c4-5e6f-4789-a0b1-c2d3e4f50617',
    parent_id: 'e1b3c2d5-6f70-489a-b1c2-d3e4f5061728',
    name: event.name,
    type: 'one-time',
    streamkey: 'not-for-you',
    restreams: [],
    record: { parent_id: 'e1b3c2d5-6f70-489a-b1c2-d3e4f5061728' },
    play_link: `https://kinescope.io/${event.publicId}`,
    rtmp_link: 'rtmp://rtmp.kinescope.io/live',
    scheduled: null,
    stream: { id: event.id, event_id: event.id, status: event.status, started_at: null, finished_at: null },
    ...settings,
    ...(variants.jwtRequiredShown ? { chat_jwt_required: event.jwtRequired } : {}),
    created_at: event.createdAt,
    updated_at: event.createdAt,
  }
}

const wrapped = ({ variants }: EmulatorState, event: object) =>
  variants.eventEnvelope === 'data' ? { data: event } : event

/** Go's zero values, which a full update assigns to omitted fields. */
function zeroed<T extends Record<string, unknown>>(fields: T): T {
  const zero = { string: '', boolean: false, number: 0 } as Record<string, unknown>
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, zero[typeof value] ?? null]),
  ) as T
}

interface Order {
  compare(a: StreamEvent, b: StreamEvent): number
  shown: Record<string, string>
}

/** Parses an order, for example `created_at.desc,name.asc`. An unknown field is error 400216. */
function readOrder(text = 'created_at.desc'): Order | { reply: ApiReply } {
  const terms = text.split(',').map((term) => term.split('.') as [string, string?])
  const fields = {
    created_at: (event: StreamEvent) => event.createdAt,
    name: (event: StreamEvent) => event.name,
  }
  const wrong = terms.find(([field, way = 'asc']) => !(field in fields) || !['asc', 'desc'].includes(way))
  if (wrong) return { reply: refuse.badOrder(wrong[0]) }
  return {
    shown: Object.fromEntries(terms.map(([field, way = 'asc']) => [field, way])),
    compare(a, b) {
      for (const [field, way] of terms) {
        const value = fields[field as keyof typeof fields]
        const difference = value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : 0
        if (difference !== 0) return way === 'desc' ? -difference : difference
      }
      return 0
    },
  }
}
