import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { Socket } from 'node:net'
import * as fastify from 'fastify'
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  FastifyServerOptions,
} from 'fastify'
import { AdmissionQueue } from '../endpoint/admission.js'
import { letPageRead, originList, type OriginList } from '../endpoint/origin.js'
import { send, visitorAddress } from '../adapters/fastify.js'
import { Refusal, refusalAnswer, answerWithoutCode, notFound, type TokenAnswer } from '../endpoint/refusal.js'
import { isPrivateAddress } from '../net/addresses.js'
import { refusedOutcome, type RefusedOutcome } from '../endpoint/request.js'
import {
  forwardedAddress,
  pathOf,
  requestHost,
  requestIdOf,
  traceparentOf,
  type AddressTest,
} from '../net/request-facts.js'
import { answerClientError } from './client-error.js'

/** How long a client may take to send its request. Ours is 4 KiB at most. */
const REQUEST_TIMEOUT_MS = 5000
/** Longer than nginx keeps its side (60 s), so that the server never closes a connection during a request. */
const KEEP_ALIVE_MS = 65_000
/**
 * How long a client may take to receive a response. Node's own timer on each connection costs a thirtieth of a token.
 */
const RESPONSE_TIMEOUT_MS = 65_000
const RESPONSE_CHECK_MS = 5000
/** The keep-alive timeout while more than half of the connections are in use. */
const BUSY_KEEP_ALIVE_MS = 5000
const MAX_CONNECTIONS = 20_000
/** Connections beyond the limit, for health probes and for the 503 of everything else. */
const RESERVED_CONNECTIONS = 500
/** Unanswered requests on one connection. Browsers and proxies don't pipeline at all. */
const MAX_PIPELINED = 32
/** How long requests in flight may take after SIGTERM. Then they get a 503, and then their connections are closed. */
const FINISH_MS = 3000
const CLOSE_MS = 3500

export interface AppOptions {
  isTrusted: AddressTest
  logger: FastifyBaseLogger
  /** Pages that may read why their request was rejected. */
  allowedOrigins: readonly string[]
  /** The response for an unknown path. */
  notFoundAt?: (requestId: string, path: string, language: string) => TokenAnswer
  /** Paths that always get a response: health probes. */
  probes?: readonly string[]
  maxConnections?: number
  onRefused?: OnRefused
}

/**
 * Called for each rejection that isn't the token endpoint's.
 * @param unrouted the target of a request that had no route, so that no hook counts its response; null where it is unknown
 */
export type OnRefused = (outcome: RefusedOutcome, unrouted?: string | null) => void

/** A Fastify that slow clients, proxies' headers and errors can't hurt. */
export function buildApp(options: AppOptions): FastifyInstance {
  const { isTrusted, logger, allowedOrigins, notFoundAt = notFound, probes = [] } = options
  const { maxConnections = MAX_CONNECTIONS, onRefused = () => undefined } = options
  const origins = originList(allowedOrigins)
  const lost = ({ id, url, headers }: FastifyRequest) =>
    notFoundAt(id, pathOf(url), String(headers['accept-language'] ?? ''))
  const app = fastify.fastify({
    loggerInstance: logger,
    ...withoutRequestLog(),
    genReqId: (request: IncomingMessage) => requestIdOf(request, isTrusted),
    trustProxy: (address: string) => isTrusted(address),
    serverFactory: (handler: RequestListener) =>
      limitedServer(handler, { maxConnections, probes: new Set(probes), origins, isTrusted, onRefused }),
    // RFC 9112, section 3.2.2: any request may have the absolute form
    rewriteUrl: ({ url = '/' }) => url.replace(/^https?:\/\/[^/?#]*/i, '') || '/',
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 500 },
    frameworkErrors: (_error, request, reply) => void send(reply, lost(request)),
    // a logger for each request costs a thirtieth of a token; lines name their request themselves
    childLoggerFactory: (shared) => shared,
  }) as unknown as FastifyInstance
  // a route that takes a body reads it by its own bounds; any other never reads one
  app.removeAllContentTypeParsers()
  app.setErrorHandler((error, request, reply) => {
    const status = (error as { statusCode?: unknown } | null)?.statusCode
    if (typeof status === 'number' && status >= 400 && status < 500) {
      // a malformed Content-Type
      if (request.is404) return send(reply, lost(request))
      const detail = 'The request is malformed.'
      const refusal = new Refusal('bad-request', { reason: 'framework', status, detail, cause: error })
      return refuse(request, reply, refusal, { isTrusted, onRefused })
    }
    const traceparent = traceparentOf(request.raw, isTrusted)
    logger.error({ err: error, requestId: request.id, traceparent }, 'route failed')
    return send(reply, answerWithoutCode(request.id, 500, 'Server error', 'Something went wrong.'))
  })
  return app
}

/** Disables Fastify's own request log, by the option's name in the installed version. */
function withoutRequestLog(): Pick<FastifyServerOptions, 'disableRequestLogging'> {
  const { LogController } = fastify as Partial<typeof fastify>
  const options = { disableRequestLogging: true }
  return LogController ? ({ logController: new LogController(options) } as object) : options
}

interface ServerLimits {
  maxConnections: number
  probes: ReadonlySet<string>
  origins: OriginList
  isTrusted: AddressTest
  onRefused: OnRefused
}

/**
 * Sockets that have sent no request yet. Each operation is O(1), amortized: to find the first of a `Set`, V8 passes all
 * deleted ones before it.
 */
class SilentSockets {
  /** Nothing is added to it, so its iterator passes each deleted one once. */
  #older = new Set<Socket>()
  #oldest = this.#older.values()
  #newer = new Set<Socket>()

  add(socket: Socket): void {
    this.#newer.add(socket)
  }

  delete(socket: Socket): void {
    if (!this.#newer.delete(socket)) this.#older.delete(socket)
  }

  destroyOldest(): void {
    if (this.#older.size === 0) {
      this.#older = this.#newer
      this.#oldest = this.#older.values()
      this.#newer = new Set()
    }
    const { value } = this.#oldest.next()
    if (!value) return
    this.#older.delete(value)
    value.destroy()
  }
}

/** Sockets that came while the server was full. */
const beyondLimit = new WeakSet<Socket>()

/**
 * A server of `node:http` that stays reachable. It closes idle connections for new ones, and always answers health
 * probes. It limits pipelined requests on one connection, and closes a connection that doesn't read its response.
 */
function limitedServer(handler: RequestListener, limits: ServerLimits): Server {
  const { maxConnections, probes, origins, isTrusted, onRefused } = limits
  /** Connections with requests whose response isn't out, and since when the oldest of them is waited for. */
  const unanswered = new Map<Socket, { requests: number; since: number }>()
  const silent = new SilentSockets()
  const load: ServerLoad = { connections: 0, inFlight: 0 }
  let closedIdleAt = -Infinity

  /** Closes idle connections, at most once in 100 ms, because it checks all connections. */
  function closeIdle(): void {
    const now = performance.now()
    if (now - closedIdleAt < 100) return
    closedIdleAt = now
    server.closeIdleConnections()
  }

  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const { socket } = request
    // after a closed connection, the parser still reads the rest of its chunk
    if (socket.destroyed) return
    let open = unanswered.get(socket)
    if (!open) {
      silent.delete(socket)
      unanswered.set(socket, (open = { requests: 0, since: performance.now() }))
    }
    if (open.requests === MAX_PIPELINED) {
      socket.destroy()
      return
    }
    open.requests++
    load.inFlight++
    response.once('close', () => {
      // its connection is closed
      if (open.requests === 0) return
      load.inFlight--
      open.requests--
      if (open.requests === 0) unanswered.delete(socket)
      else open.since = performance.now()
    })
    if (beyondLimit.has(socket) && !probes.has(pathOf(request.url ?? ''))) refuseBusy(request, response)
    else if (lacksHost(request) || requestHost(request).ambiguous) refuseHost(request, response)
    else handler(request, response)
  }

  function refuseBusy(request: IncomingMessage, response: ServerResponse): void {
    const detail = 'All connections of the token server are in use. Wait as long as Retry-After says.'
    const retryAfter = 1 + Math.floor(Math.random() * 10)
    end(request, response, new Refusal('overloaded', { reason: 'connections', detail, retryAfter }))
  }

  function refuseHost(request: IncomingMessage, response: ServerResponse): void {
    const detail = 'The request must have one Host header field.'
    end(request, response, new Refusal('bad-request', { reason: 'host', detail }))
  }

  function end(request: IncomingMessage, response: ServerResponse, refusal: Refusal): void {
    const requestId = requestIdOf(request, isTrusted)
    const { status, headers, body } = refusalAnswer(refusal, requestId)
    const { origin = null } = request.headers
    letPageRead(headers, origin !== null && origins.has(origin) ? origin : null)
    response.writeHead(status, { ...headers, Connection: 'close' }).end(body)
    const traceparent = traceparentOf(request, isTrusted)
    const address = forwardedAddress(request, isTrusted)
    onRefused(refusedOutcome(refusal, { requestId, traceparent, origin, address }), request.url ?? null)
  }

  const server = createServer(
    {
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: REQUEST_TIMEOUT_MS,
      // Node would respond by itself, without our headers
      requireHostHeader: false,
      keepAliveTimeout: KEEP_ALIVE_MS,
      // by default, Node checks for slow clients only every thirty seconds
      connectionsCheckingInterval: 1000,
    },
    listener,
  )
  loads.set(server, load)
  const check = setInterval(() => {
    const latest = performance.now() - RESPONSE_TIMEOUT_MS
    for (const [socket, { since }] of unanswered) if (since < latest) socket.destroy()
  }, RESPONSE_CHECK_MS).unref()
  server.on('close', () => clearInterval(check))
  // more would end in EMFILE, which breaks the log and the key ring too
  const allConnections = maxConnections + RESERVED_CONNECTIONS
  server.maxConnections = allConnections
  server.on('connection', (socket: Socket) => {
    load.connections++
    if (load.connections > maxConnections) {
      // makes room for later connections; this one still gets a response
      closeIdle()
      beyondLimit.add(socket)
      socket.setTimeout(REQUEST_TIMEOUT_MS, () => socket.destroy())
      // browsers connect ahead of a request, and the next connection may be a health probe
      if (load.connections >= allConnections) silent.destroyOldest()
    }
    silent.add(socket)
    server.keepAliveTimeout = load.connections > maxConnections / 2 ? BUSY_KEEP_ALIVE_MS : KEEP_ALIVE_MS
    socket.once('close', () => {
      load.connections--
      silent.delete(socket)
      // of pipelined requests, Node closes only the first response
      const open = unanswered.get(socket)
      if (!open) return
      load.inFlight -= open.requests
      open.requests = 0
      unanswered.delete(socket)
    })
  })
  server.on('drop', () => {
    closeIdle()
    silent.destroyOldest()
  })
  server.on('clientError', (error: Error, stream) => {
    const socket = stream as Socket
    const peer = socket.remoteAddress
    const rejected = answerClientError(error, socket, origins)
    if (!rejected) return
    // which visitor a proxy spoke for was in the headers
    const address = peer === undefined || isTrusted(peer) ? null : peer
    onRefused(refusedOutcome(rejected.refusal, { ...rejected, address }), rejected.url)
  })
  // Node would respond by itself here too; RFC 9110, section 10.1.1 lets us ignore what we don't know
  server.on('checkExpectation', listener)
  return server
}

/** HTTP/1.0 needs no `Host`. */
const lacksHost = ({ headers, httpVersionMinor }: IncomingMessage): boolean =>
  headers.host === undefined && httpVersionMinor > 0

/** The current load of a server. */
export interface ServerLoad {
  connections: number
  /** Requests that have arrived and not ended. */
  inFlight: number
}

const loads = new WeakMap<object, ServerLoad>()

export const loadOf = (app: FastifyInstance): ServerLoad =>
  loads.get(app.server) ?? { connections: 0, inFlight: 0 }

/**
 * Limits how many requests start per event-loop tick, for every route except the token endpoint, which has its own
 * limit. So token requests in the queue don't delay a health probe.
 */
export function limitStarts(
  app: FastifyInstance,
  tokenPath: string,
  admission = new AdmissionQueue(),
  report: RefusalReport = { isTrusted: () => false, onRefused: () => undefined },
): void {
  app.addHook('onRequest', (request, reply, done) => {
    // most requests have no query, and cutting a path costs more than comparing it
    if (request.url === tokenPath || pathOf(request.url) === tokenPath) return done()
    if (admission.admit(() => done())) return
    const retryAfter = 1 + Math.floor(Math.random() * 10)
    void refuse(request, reply, new Refusal('overloaded', { reason: 'queue', retryAfter }), report)
  })
}

type RefusalReport = Required<Pick<AppOptions, 'isTrusted' | 'onRefused'>>

function refuse(
  request: FastifyRequest,
  reply: FastifyReply,
  refusal: Refusal,
  { isTrusted, onRefused }: RefusalReport,
) {
  const { id: requestId, headers, raw } = request
  const traceparent = traceparentOf(raw, isTrusted)
  const address = visitorAddress(request)
  onRefused(refusedOutcome(refusal, { requestId, traceparent, origin: headers.origin ?? null, address }))
  return send(reply, refusalAnswer(refusal, requestId))
}

export interface RequestLog {
  /** Called for each response, with the pattern of the route. */
  onResponse: (request: FastifyRequest, route: string, status: number, ms: number) => void
}

/** Observes each response of the public port. Scripts with a version in their name count as one route. */
export function observeRequests(app: FastifyInstance, basePath: string, { onResponse }: RequestLog): void {
  app.addHook('onResponse', (request, reply, done) => {
    const { url } = request.routeOptions
    const route = url?.startsWith(basePath) ? url.slice(basePath.length) : 'other'
    const name = /^\/kinescope-chat\..*\.js$/.test(route) ? '/kinescope-chat.js' : route
    onResponse(request, name, reply.statusCode, reply.elapsedTime)
    done()
  })
}

/**
 * Shuts down without losing a request. It answers the requests in flight with `Connection: close`. It closes keep-alive
 * connections as they become idle (Node alone would wait for their timeout), and all connections after the deadline.
 */
export function closeOnce(
  app: FastifyInstance,
  { giveUp, cleanUp }: { giveUp: () => void; cleanUp: () => Promise<void> },
): () => Promise<void> {
  let closing: Promise<void> | null = null
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (closing) void reply.header('Connection', 'close')
    done(null, payload)
  })
  return () =>
    (closing ??= (async () => {
      const idle = setInterval(() => app.server.closeIdleConnections(), 50)
      const late = setTimeout(giveUp, FINISH_MS)
      const deadline = setTimeout(() => app.server.closeAllConnections(), CLOSE_MS)
      try {
        await app.close()
      } finally {
        clearInterval(idle)
        clearTimeout(late)
        clearTimeout(deadline)
        await cleanUp()
      }
    })())
}

/**
 * Warns once about `X-Forwarded-For` from an untrusted peer: all visitors behind it count as one. Checks only private
 * addresses, where a proxy of ours can be; any client may send the header.
 */
export function warnOfUnknownProxy(
  app: FastifyInstance,
  isTrusted: AddressTest,
  logger: FastifyBaseLogger,
): void {
  let warned = false
  app.addHook('onRequest', ({ raw, headers }, _reply, done) => {
    const peer = raw.socket.remoteAddress
    if (!warned && headers['x-forwarded-for'] !== undefined && !isTrusted(peer) && isPrivateAddress(peer)) {
      warned = true
      const todo = `If it is your proxy, set CHAT_TRUSTED_PROXIES=${peer}. Until then all its visitors count as one.`
      logger.warn({ peer, todo }, 'X-Forwarded-For from untrusted peer ignored')
    }
    done()
  })
}

/** The address that the server listens on, such as `http://127.0.0.1:8080`. */
export function addressOf(app: FastifyInstance): string {
  const address = app.server.address()
  if (address === null || typeof address === 'string') return String(address)
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address
  return `http://${host}:${address.port}`
}
