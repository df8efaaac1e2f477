import type { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { WireCode } from 'kinescope-chat/contract'
import { readNodeBody } from './node-body.js'
import { Refusal } from './refusal.js'
import { alwaysHeaders, type TokenAnswer, type TokenCall } from './token-call.js'
import type { TokenEndpoint } from './token-endpoint.js'
import { MAX_BODY_BYTES } from './token-request.js'

/**
 * Puts the token endpoint at `/token` of a Fastify scope. Fastify's own body parsing, coercion, CORS and error answers
 * stay out of it: every method and every error goes through the endpoint.
 */
export function mountToken(
  app: FastifyInstance,
  endpoint: TokenEndpoint<FastifyRequest>,
  addressOf: (request: FastifyRequest) => string | null = ({ ip }) => ip,
): void {
  app.register((scope, _options, done) => {
    const tokenCall = (request: FastifyRequest) => callOf(request, addressOf(request))
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, payload, parsed) => parsed(null, payload))
    scope.setErrorHandler((error, request, reply) =>
      send(reply, endpoint.refuse(tokenCall(request), translate(error))),
    )
    scope.all('/token', async (request, reply) => send(reply, await endpoint.answer(tokenCall(request))))
    scope.all('/token/*', (request, reply) => send(reply, notFound(request.id)))
    done()
  })
}

/** The facts of a Fastify request. */
export function tokenCall(request: FastifyRequest): TokenCall<FastifyRequest> {
  return callOf(request, request.ip)
}

function callOf(request: FastifyRequest, address: string | null): TokenCall<FastifyRequest> {
  return {
    method: request.method,
    header: (name) => {
      const value = request.headers[name]
      return Array.isArray(value) ? value.join(', ') : (value ?? null)
    },
    address,
    // HTTP/1.0 may name no host, and an origin of nothing is nobody's own
    ownOrigin: request.host ? `${request.protocol}://${request.host}` : null,
    requestId: request.id,
    readBody: () => {
      if (Number(request.headers['content-length']) > MAX_BODY_BYTES)
        return Promise.resolve({ problem: 'too-large' })
      const stream = request.body as Readable | undefined
      return stream ? readNodeBody(stream) : Promise.resolve({ text: '' })
    },
    whenGone: (listener) => void request.raw.once('close', listener),
    request,
  }
}

export function send(reply: FastifyReply, { status, headers, body }: TokenAnswer): FastifyReply {
  return reply
    .code(status)
    .headers(headers)
    .send(status === 204 ? undefined : body)
}

/**
 * There is nothing at this address. Without a code on purpose: the element then says `endpoint-not-found`, as it does
 * for anybody's 404.
 */
export function notFound(requestId: string): TokenAnswer {
  const headers = alwaysHeaders(requestId)
  headers['Content-Type'] = 'application/problem+json'
  return {
    status: 404,
    headers,
    body: JSON.stringify({
      type: 'about:blank',
      title: 'Not found',
      status: 404,
      detail: 'There is nothing at this address.',
      request_id: requestId,
    }),
  }
}

/** An error thrown around the endpoint, by a hook of the host application or by Fastify, in the words of the wire. */
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
