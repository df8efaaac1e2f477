import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ChatRooms } from './chat-room.js'
import { eventByAnyId, type EmulatorState } from './emulator-state.js'
import { faultFault, type Fault, type FaultList } from './faults.js'
import { isLoopbackOrigin } from '../loopback.js'
import { seedEvents } from './seed-events.js'
import { CHOICES, DOCUMENTED, variantFault, type Variants } from './variants.js'

/** What a control page may see: no modulus, no session, no credential. */
function snapshot({ variants, keys, events, requests, clockOffsetMs }: EmulatorState, faults: FaultList) {
  return {
    variants,
    documented: DOCUMENTED,
    choices: CHOICES,
    clockOffsetMs,
    faults: faults.list,
    keys: keys.map(({ id, kid, createdAt, expiresAt }) => ({ id, kid, createdAt, expiresAt })),
    events: events.map(({ id, publicId, name, status, jwtRequired }) => ({
      id,
      publicId,
      name,
      status,
      jwtRequired,
    })),
    requests: requests.slice(-200),
  }
}

/**
 * `/emulator/…`: the switches over HTTP, for the QA page. Only pages on this machine may use them. Register it as a plugin,
 * so that its guard belongs to its routes however a request spells their address.
 *
 *     GET    /emulator/state
 *     PATCH  /emulator/variants        {"keyList":"paged"}
 *     POST   /emulator/faults          {"kind":"status","status":500,"path":"/v1/jwk"}
 *     DELETE /emulator/faults
 *     PUT    /emulator/clock           {"offsetMs":60000}
 *     PATCH  /emulator/events/:id      {"status":"finished","chatVariants":{"pageDelayMs":3000}}
 *     PATCH  /emulator/keys/:kid       {"expiresAt":"2020-01-01T00:00:00Z"}
 *     POST   /emulator/reset           variants, faults, clock, streams and the request list; keys stay
 */
export function controlRoutes(
  app: FastifyInstance,
  state: EmulatorState,
  faults: FaultList,
  rooms: ChatRooms,
): void {
  const refused = (reply: FastifyReply, message: string) => reply.code(400).send({ error: message })
  const bodyOf = ({ body }: FastifyRequest): Record<string, unknown> => {
    const value: unknown = JSON.parse((body as string) || '{}')
    return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {}
  }

  app.addHook('onRequest', async (request, reply) => {
    const { origin, 'sec-fetch-site': site } = request.headers
    if (origin === undefined ? site === 'cross-site' : !isLoopbackOrigin(origin)) {
      return reply.code(403).send({ error: 'only pages on this machine may drive the emulator' })
    }
    if (origin === undefined) return
    reply.header('access-control-allow-origin', origin).header('vary', 'Origin')
    if (request.method !== 'OPTIONS') return
    return reply
      .header('access-control-allow-methods', 'GET, POST, PUT, PATCH, DELETE')
      .header('access-control-allow-headers', 'content-type')
      .code(204)
      .send()
  })

  app.options('/emulator/*', (_request, reply) => reply.code(204).send())
  app.get('/emulator/state', () => snapshot(state, faults))

  app.patch('/emulator/variants', (request, reply) => {
    const changes = bodyOf(request)
    const fault = variantFault(changes)
    if (fault) return refused(reply, fault)
    Object.assign(state.variants, changes as Partial<Variants>)
    return snapshot(state, faults)
  })

  app.post('/emulator/faults', (request, reply) => {
    const fault = bodyOf(request)
    const wrong = faultFault(fault)
    if (wrong) return refused(reply, wrong)
    faults.add(fault as unknown as Fault)
    return snapshot(state, faults)
  })
  app.delete('/emulator/faults', () => {
    faults.clear()
    return snapshot(state, faults)
  })

  app.put('/emulator/clock', (request, reply) => {
    const { offsetMs } = bodyOf(request)
    if (typeof offsetMs !== 'number' || !Number.isFinite(offsetMs))
      return refused(reply, 'offsetMs must be a number')
    state.clockOffsetMs = offsetMs
    return snapshot(state, faults)
  })

  app.patch<{ Params: { id: string } }>('/emulator/events/:id', (request, reply) => {
    const event = eventByAnyId(state, request.params.id)
    if (!event) return refused(reply, 'no such stream')
    const { status, jwtRequired, chatVariants } = bodyOf(request)
    if (status === 'pending' || status === 'started' || status === 'finished') event.status = status
    if (typeof jwtRequired === 'boolean') event.jwtRequired = jwtRequired
    if (chatVariants !== null && typeof chatVariants === 'object') {
      const fault = variantFault(chatVariants as Record<string, unknown>)
      if (fault) return refused(reply, fault)
      event.chatVariants = chatVariants
    }
    return snapshot(state, faults)
  })

  app.patch<{ Params: { kid: string } }>('/emulator/keys/:kid', (request, reply) => {
    const key = state.keys.find(({ kid }) => kid === request.params.kid)
    const { expiresAt } = bodyOf(request)
    if (!key || typeof expiresAt !== 'string' || Number.isNaN(Date.parse(expiresAt))) {
      return refused(reply, 'no such key, or expiresAt is no date')
    }
    key.expiresAt = expiresAt
    return snapshot(state, faults)
  })

  app.post('/emulator/reset', () => {
    // what set-up did to the streams is kept: a reset is not a new workspace
    const jwtRequired = new Set(state.events.filter((event) => event.jwtRequired).map(({ id }) => id))
    Object.assign(state.variants, DOCUMENTED)
    state.clockOffsetMs = 0
    state.events = seedEvents().map((event) => ({ ...event, jwtRequired: jwtRequired.has(event.id) }))
    state.requests = []
    faults.clear()
    rooms.closeAll()
    return snapshot(state, faults)
  })
}
