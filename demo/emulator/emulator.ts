import { randomUUID } from 'node:crypto'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { refuse, isUuid, type ApiReply, type ApiRequest } from './api-reply.js'
import { chatRoutes } from './chat-routes.js'
import { ChatRooms } from './chat-room.js'
import { controlRoutes } from './control.js'
import type { EmulatorState } from './emulator-state.js'
import { listEvents, showEvent, updateEvent } from './event-api.js'
import { FaultList } from './faults.js'
import { injectFaults } from './inject-faults.js'
import { deleteKey, listKeys, registerKey, showKey } from './jwk-api.js'
import { hasLoopbackHost } from '../loopback.js'
import { seedEvents, type StreamEvent } from './seed-events.js'
import { DOCUMENTED, type Variants } from './variants.js'

export interface EmulatorOptions {
  /** Accepted API tokens, UUIDs. One is made up where none is given: `emulator.apiToken`. */
  apiTokens?: string[]
  variants?: Partial<Variants>
  events?: StreamEvent[]
  /** ms since the epoch */
  now?: () => number
}

export interface Emulator {
  readonly app: FastifyInstance
  readonly state: EmulatorState
  readonly faults: FaultList
  readonly rooms: ChatRooms
  /** The first accepted API token. */
  readonly apiToken: string
  /** The origin of the API and of the chat page; empty before `listen`. */
  readonly url: string
  /** Listens on 127.0.0.1 and returns the origin. Port 0 is any free one. */
  listen(port?: number): Promise<string>
  close(): Promise<void>
  /** Closes the kept-alive sockets on which nothing is under way. */
  closeIdleConnections(): void
  /** How many requests of this method and path were answered. */
  count(method: string, path: string): number
}

/** Remembered at most; a demo may run for days. */
const REQUESTS_KEPT = 2000

/**
 * Kinescope's API and chat page, as far as they are documented, on an origin of their own. What the documents leave
 * open is a switch (`variants`), what can go wrong on a network is a fault (`faults`).
 */
export function buildEmulator({
  apiTokens,
  variants,
  events,
  now = Date.now,
}: EmulatorOptions = {}): Emulator {
  const tokens = apiTokens ?? [randomUUID()]
  const state: EmulatorState = {
    variants: { ...DOCUMENTED, ...variants },
    apiTokens: new Set(tokens),
    keys: [],
    events: events ?? seedEvents(),
    requests: [],
    clockOffsetMs: 0,
  }
  const faults = new FaultList()
  const rooms = new ChatRooms()
  const clock = () => now() + state.clockOffsetMs
  const app = Fastify({ forceCloseConnections: true, genReqId: () => randomUUID() })
  // bodies stay text: the API tells an empty body from a broken one
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body))

  app.addHook('onRequest', async (request, reply) => {
    if (!hasLoopbackHost(request.headers)) return reply.code(421).send({ error: 'the host must be loopback' })
    reply.header('date', new Date(clock()).toUTCString()).header('x-request-id', request.id)
  })
  app.addHook('onResponse', async (request, reply) => {
    state.requests.push({
      at: clock(),
      method: request.method,
      path: pathOf(request),
      status: reply.statusCode,
      requestId: request.id,
      referer: request.headers.referer?.split('?')[0] ?? null,
    })
    if (state.requests.length > REQUESTS_KEPT) state.requests.splice(0, REQUESTS_KEPT / 2)
  })
  injectFaults(app, faults)
  app.register((control, _options, done) => {
    controlRoutes(control, state, faults, rooms)
    done()
  })
  app.register((api, _options, done) => {
    apiRoutes(api, state, rooms, clock)
    done()
  })
  app.setNotFoundHandler((request, reply) => {
    const version = /^\/v\d\//.test(pathOf(request))
    const refusal = version ? unauthorized(state, request.headers.authorization) : null
    const known = /^\/v1\/jwk(\/[^/]+)?$|^\/v2\/live\/events(\/[^/]+)?$/.test(pathOf(request))
    return answerApi(reply, refusal ?? (known ? refuse.methodNotAllowed() : refuse.noSuchEntity()))
  })
  chatRoutes(app, state, rooms, clock)

  let url = ''
  return {
    app,
    state,
    faults,
    rooms,
    apiToken: tokens[0] ?? '',
    get url() {
      return url
    },
    async listen(port = 0) {
      url = await app.listen({ host: '127.0.0.1', port })
      return url
    },
    async close() {
      rooms.closeAll()
      await app.close()
    },
    closeIdleConnections: () => app.server.closeIdleConnections(),
    count: (method, path) =>
      state.requests.filter((request) => request.method === method && request.path === path).length,
  }
}

export const pathOf = (request: FastifyRequest) => request.url.split('?')[0]!

const answerApi = (reply: FastifyReply, { status, body }: ApiReply) =>
  body === undefined
    ? reply.code(status).send()
    : reply.code(status).type('application/json; charset=utf-8').send(JSON.stringify(body))

/** Kinescope's API. A plugin, so that the check of the API token belongs to its routes. */
function apiRoutes(app: FastifyInstance, state: EmulatorState, rooms: ChatRooms, clock: () => number): void {
  type WithId = { Params: { id: string } }
  const facts = (request: FastifyRequest): ApiRequest => ({
    query: request.query as Record<string, string>,
    body: typeof request.body === 'string' ? request.body : '',
  })
  const answer = answerApi

  app.addHook('onRequest', async (request, reply) => {
    const refusal = unauthorized(state, request.headers.authorization)
    if (refusal) return answer(reply, refusal)
  })

  app.post('/v1/jwk', (request, reply) =>
    answer(reply, registerKey(state, facts(request), clock(), randomUUID())),
  )
  app.get('/v1/jwk', (request, reply) => answer(reply, listKeys(state, facts(request), clock())))
  app.get<WithId>('/v1/jwk/:id', (request, reply) => answer(reply, showKey(state, request.params.id)))
  app.delete<WithId>('/v1/jwk/:id', (request, reply) => {
    const kid = state.keys.find(({ id }) => id === request.params.id)?.kid
    const answered = deleteKey(state, request.params.id)
    if (state.variants.sessionAtKeyDeletion === 'ends' && answered.status < 300) {
      rooms.end((session) => session.kid === kid, 'key-not-registered')
    }
    return answer(reply, answered)
  })
  app.get('/v2/live/events', (request, reply) => answer(reply, listEvents(state, facts(request))))
  app.get<WithId>('/v2/live/events/:id', (request, reply) =>
    answer(reply, showEvent(state, request.params.id)),
  )
  app.put<WithId>('/v2/live/events/:id', (request, reply) =>
    answer(reply, updateEvent(state, request.params.id, facts(request))),
  )
}

function unauthorized(state: EmulatorState, header: string | undefined): ApiReply | null {
  if (!header) return refuse.noAuthorization()
  const token = /^Bearer (\S+)$/.exec(header)?.[1]
  return token && isUuid(token) && state.apiTokens.has(token) ? null : refuse.unauthorized()
}
