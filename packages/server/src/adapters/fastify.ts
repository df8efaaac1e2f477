import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { WireCode } from 'kinescope-chat/contract'
import { AdmissionQueue } from '../endpoint/admission.js'
import { endpointFor, type TokenEndpoint, type TokenHandlerOptions } from '../endpoint/handler.js'
import { Refusal, notFound, type TokenAnswer } from '../endpoint/refusal.js'
import { bodyReadAlready, readNodeBody, type TokenCall } from '../endpoint/request.js'
import { clientAddressBy, requestHost } from '../net/request-facts.js'
import { loadScripts, mountScripts } from '../routes/scripts.js'

export interface KinescopeChatOptions extends TokenHandlerOptions<FastifyRequest> {
  /** Serve the element's script files beside the token endpoint, where their default `token-url` points. True by default. */
  scripts?: boolean | undefined
}

/** How long requests in flight may take when the application closes, before a 503. Milliseconds. */
const GRACE_MS = 3000

/**
 * The token endpoint and the element's script files for a Fastify application. Encapsulated: its error handler and body
 * parsing don't affect the application. The application's decorators and hooks apply to it, and `prefix` is honored.
 *
 * @example app.register(kinescopeChat, { prefix: '/chat', keys, events: ['EVENT'], authenticate: (request) => request.user })
 */
export const kinescopeChat = fp(
  async (app: FastifyInstance, { scripts = true, ...options }: KinescopeChatOptions) => {
    const endpoint = endpointFor(options, new AdmissionQueue())
    mountToken(app, endpoint, (request) => ({ address: addressWhereKnown(request) }))
    // Fastify waits for requests in flight before onClose: a hanging hook of the host would block it forever
    let ending: NodeJS.Timeout | undefined
    app.addHook('onSend', (request, reply, payload, done) => {
      // a kept-alive connection would keep the application open (HTTP/2 has no such header)
      if (ending && request.raw.httpVersionMajor === 1) void reply.header('Connection', 'close')
      done(null, payload)
    })
    app.addHook('preClose', (done) => {
      ending = setTimeout(() => endpoint.close(), GRACE_MS)
      done()
    })
    app.addHook('onClose', (_instance, done) => {
      clearTimeout(ending)
      endpoint.close()
      done()
    })
    if (scripts) mountScripts(app, await loadScripts())
  },
  { name: 'kinescope-chat', fastify: '5.x', encapsulate: true },
)

const directAddress = clientAddressBy(undefined)

/**
 * Fastify's own address if the application trusts proxies, else the peer's address if there is no proxy. A Unix socket has
 * none.
 */
function addressWhereKnown(request: FastifyRequest): string | null {
  return request.ips === undefined ? directAddress(request.raw) : visitorAddress(request)
}

/** Fastify's types hide that the address is unknown for a Unix socket, and once the client has left. */
export const visitorAddress = ({ ip }: { ip: string | undefined }): string | null => ip ?? null

/** What Fastify rejects by itself before it reads the body. */
const MALFORMED_TYPE = new Set<unknown>([
  'FST_ERR_CTP_INVALID_MEDIA_TYPE',
  'FST_ERR_ROUTE_MISSING_CONTENT_TYPE',
])

/**
 * Puts the token endpoint at `/token` of a Fastify scope. Fastify's own body parsing, coercion, CORS and error responses
 * are bypassed: every method and every error goes through the endpoint.
 */
export function mountToken(
  app: FastifyInstance,
  endpoint: TokenEndpoint<FastifyRequest>,
  factsOf: (request: FastifyRequest) => RequestFacts = (request) => ({ address: visitorAddress(request) }),
): void {
  app.register((scope, _options, done) => {
    const callOf = (request: FastifyRequest, reply: FastifyReply): TokenCall<FastifyRequest> => {
      const call = tokenCall(request, reply, factsOf(request))
      return request.routeOptions.url?.endsWith('/guest') ? { ...call, route: 'guest' } : call
    }
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, payload, parsed) => parsed(null, payload))
    scope.setErrorHandler(async (error, request, reply) => {
      const call = callOf(request, reply)
      // the endpoint judges the method and the origin before the type
      const isType = MALFORMED_TYPE.has((error as { code?: unknown } | null)?.code)
      return send(reply, isType ? await endpoint.answer(call) : endpoint.refuse(call, translate(error)))
    })
    for (const path of ['/token', '/guest'])
      scope.all(path, async (request, reply) => send(reply, await endpoint.answer(callOf(request, reply))))
    scope.all('/token/*', (request, reply) => send(reply, notFound(request.id)))
    done()
  })
}

/** Sends a response of the endpoint through Fastify. */
export function send(reply: FastifyReply, { status, headers, body }: TokenAnswer): FastifyReply {
  return reply
    .code(status)
    .headers(headers)
    .send(status === 204 ? undefined : body)
}

/** The request data that depends on the proxies in front. */
export interface RequestFacts {
  address: string | null
  traceparent?: string | undefined
}

/** The endpoint's call for a Fastify request. */
export function tokenCall(
  request: FastifyRequest,
  reply: FastifyReply,
  { address, traceparent }: RequestFacts,
): TokenCall<FastifyRequest> {
  return {
    method: request.method,
    header: (name) => {
      const value = request.headers[name]
      return Array.isArray(value) ? value.join(', ') : (value ?? null)
    },
    address,
    // HTTP/1.0 may name no host, and then no page has the server's own origin; computed only on use
    get ownOrigin() {
      const host = hostOf(request)
      return host ? `${request.protocol}://${host}` : null
    },
    hostIsAmbiguous: requestHost(request.raw).ambiguous,
    requestId: request.id,
    traceparent,
    readBody: () => {
      const { body, headers } = request
      if (body instanceof Readable) return readNodeBody(body, headers['content-length'])
      // without a body; or a hook of the host has replaced it
      return Promise.resolve(body === undefined ? { text: '' } : bodyReadAlready(body))
    },
    // a request closes as soon as its body has arrived
    onDisconnect: (listener) => void reply.raw.once('close', listener),
    request,
  }
}

/** As Fastify reads it, and of the absolute form, which counts instead of `Host` (RFC 9112, section 3.2.2). */
function hostOf({ host, headers, originalUrl: url }: FastifyRequest): string | null {
  return host === headers.host ? requestHost({ headers, url }).host : host
}

/** Turns an error of the host application's hooks or of Fastify into one of the wire's codes. */
function translate(error: unknown): unknown {
  const status = (error as { statusCode?: unknown } | null)?.statusCode
  if (typeof status !== 'number' || status >= 500) return error
  const codes: Record<number, WireCode> = {
    401: 'sign-in-required',
    403: 'access-denied',
    429: 'rate-limited',
  }
  const code = codes[status]
  if (code) return new Refusal(code, { reason: 'host', cause: error })
  return new Refusal('bad-request', {
    reason: 'host',
    status: [413, 415].includes(status) ? status : 400,
    cause: error,
  })
}
