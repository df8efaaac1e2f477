import { randomUUID } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { chatPage, refusalPage, type Refusal } from './chat-page.js'
import type { ChatRooms, ChatSession } from './chat-room.js'
import { isUuid } from './api-reply.js'
import { eventByAnyId, variantsOf, type EmulatorState } from './emulator-state.js'
import { pageFiles } from './page-files.js'
import type { StreamEvent } from './seed-events.js'
import { verifyChatToken } from './verify-chat-token.js'

type Chat = { Params: { id: string }; Querystring: { token?: string; session?: string } }

/** Past this a timer would fire at once; sessions that live longer are looked at when they speak. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** `/chat/:id?token=…` and what its page needs. */
export function chatRoutes(
  app: FastifyInstance,
  state: EmulatorState,
  rooms: ChatRooms,
  clock: () => number,
): void {
  const asPage = (reply: FastifyReply, status: number, frameAncestors: string | null, html: string) => {
    const policy =
      "default-src 'self'" + (frameAncestors === null ? '' : `; frame-ancestors ${frameAncestors}`)
    return reply
      .code(status)
      .header('content-security-policy', policy)
      .header('cache-control', 'no-store')
      .header('x-content-type-options', 'nosniff')
      .header('referrer-policy', 'strict-origin-when-cross-origin')
      .type('text/html; charset=utf-8')
      .send(html)
  }

  app.get<Chat>('/chat/:id', async (request, reply) => {
    const { id } = request.params
    const { pageLoad, pageDelayMs, pageFocus, frameAncestors } = variantsOf(state, eventByAnyId(state, id))
    if (pageLoad === 'never') return reply.hijack()
    if (pageDelayMs > 0) await new Promise((resolve) => setTimeout(resolve, pageDelayMs))
    const entry = admit(state, request, clock())
    if ('refusal' in entry) {
      const { refusal } = entry
      return asPage(
        reply,
        refusal.code === 'event-not-found' ? 404 : 403,
        frameAncestors,
        refusalPage(refusal),
      )
    }
    rooms.open(entry.session)
    return asPage(
      reply,
      200,
      frameAncestors,
      chatPage(entry.event, id, entry.session, pageFocus === 'takes-focus'),
    )
  })

  app.get<Chat>('/chat/:id/stream', (request, reply) => {
    const event = eventByAnyId(state, request.params.id)
    const session = rooms.enter(request.query.session ?? '', event?.id ?? '', clock())
    reply.hijack()
    const { raw } = reply
    raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    const tell = (news: unknown) => raw.write(`data: ${JSON.stringify(news)}\n\n`)
    if ('code' in session) {
      // said inside the stream: an error status would make the browser ask again for ever
      tell({ kind: 'ended', code: session.code })
      raw.end()
      return
    }
    const leave = rooms.listen(session, tell, () => raw.end())
    const timer = endLater(session, rooms, clock)
    raw.on('close', () => {
      leave()
      clearTimeout(timer)
    })
  })

  app.post<Chat>('/chat/:id/messages', (request, reply) => {
    const event = eventByAnyId(state, request.params.id)
    const bearer = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1] ?? ''
    const session = rooms.enter(bearer, event?.id ?? '', clock())
    if ('code' in session) return reply.code(401).send({ code: session.code })
    return rooms.say(session, textOf(request.body), clock())
      ? reply.code(201).send({ said: true })
      : reply.code(400).send({ code: 'bad-request' })
  })

  app.get('/page/chat.css', async (_request, reply) => reply.type('text/css').send(await pageFiles.css()))
  app.get('/page/chat.js', async (_request, reply) =>
    reply.type('text/javascript').send(await pageFiles.js()),
  )
}

type Entry = { session: ChatSession; event: StreamEvent } | { refusal: Refusal }

/** Decides whether the visitor gets in, and as whom. */
function admit(state: EmulatorState, { params, query, headers }: FastifyRequest<Chat>, now: number): Entry {
  const event = eventByAnyId(state, params.id)
  const variants = variantsOf(state, event)
  const refused = (code: string, reason: string): Entry => ({ refusal: { code, reason } })
  if (!event || !urlIdFits(variants.chatUrlId, params.id)) return refused('event-not-found', 'no such stream')
  if (variants.embedDomains && !variants.embedDomains.includes(hostOf(headers.referer))) {
    return refused(
      'embed-refused',
      `not allowed on ${hostOf(headers.referer) || 'a page that hides its address'}`,
    )
  }
  if (variants.beforeStart === 'not-yet' && event.status === 'pending') {
    return refused('not-started', 'the stream has not started')
  }
  const open = (
    name: string,
    standing: ChatSession['standing'],
    kid: string | null,
    endsAt: number | null,
  ): Entry => ({
    event,
    session: { id: randomUUID(), eventId: event.id, name, standing, kid, endsAt },
  })
  if (query.token === undefined) {
    if (!event.jwtRequired) return open(guestName(), 'anonymous', null, null)
    switch (variants.withoutToken) {
      case 'refuse':
        return refused('token-missing', 'the URL has no token parameter')
      case 'anonymous':
        return open(guestName(), 'anonymous', null, null)
      case 'read-only':
        return open(guestName(), 'read-only', null, null)
    }
  }
  const verdict = verifyChatToken({ ...state, variants }, query.token, event, params.id, now)
  if (verdict.code !== null) return refused(verdict.code, verdict.reason)
  const endsAt = variants.sessionAtExpiry === 'ends' ? verdict.expiresAt : null
  return open(verdict.username, 'verified', verdict.kid, endsAt)
}

const urlIdFits = (wanted: EmulatorState['variants']['chatUrlId'], id: string) =>
  wanted === 'any' || isUuid(id) === (wanted === 'uuid')

const guestName = () => `Guest ${randomUUID().slice(0, 4)}`
const hostOf = (address = '') => (URL.canParse(address) ? new URL(address).hostname : '')

function textOf(body: unknown): string {
  try {
    const { text } = JSON.parse(body as string) as { text?: unknown }
    return typeof text === 'string' ? text : ''
  } catch {
    return ''
  }
}

function endLater(session: ChatSession, rooms: ChatRooms, clock: () => number): NodeJS.Timeout | undefined {
  if (session.endsAt === null) return undefined
  const left = Math.min(session.endsAt - clock(), LONGEST_TIMER_MS)
  // a timer can fire a millisecond before the clock shows its time
  return setTimeout(() => rooms.endExpired(clock()), Math.max(left, 0) + 2).unref()
}
