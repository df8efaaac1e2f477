import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { AdmissionQueue } from '../endpoint/admission.js'
import { answerWith, endpointFor, type TokenHandlerOptions } from '../endpoint/handler.js'
import { readNodeBody, routeOf, type TokenCall } from '../endpoint/request.js'
import { clientAddressBy, requestHost } from '../net/request-facts.js'

export interface NodeHandlerOptions<R extends IncomingMessage> extends TokenHandlerOptions<R> {
  /** The visitor's address behind a trusted proxy (Express: `(request) => request.ip`). */
  clientAddress?: ((request: R) => string | null | undefined) | undefined
  /** Addresses and CIDR ranges whose `X-Forwarded-For` is trusted, in place of `clientAddress`. */
  trustedProxies?: readonly string[] | undefined
}

/**
 * @param parsedBody what a body parser made of the body, where it doesn't leave it at `request.body` (Koa:
 * `ctx.request.body`); Express' `next` is ignored here
 */
export type NodeHandler<R extends IncomingMessage> = (
  request: R,
  response: ServerResponse,
  parsedBody?: unknown,
) => Promise<void>

/**
 * The token endpoint as a handler of `node:http` and `node:http2`, and so of Express, Connect, Koa and Next.js' pages:
 * `authenticate` gets the request with the framework's session on it. Never rejects.
 */
export function createNodeHandler<R extends IncomingMessage>(options: NodeHandlerOptions<R>): NodeHandler<R> {
  const { clientAddress, trustedProxies, ...rest } = options
  const addressOf = clientAddress ?? clientAddressBy(trustedProxies)
  const endpoint = endpointFor<R>(rest, new AdmissionQueue())
  return async (request, response, parsedBody) => {
    const { headers: sent, method = 'GET' } = request
    // serverless adapters make requests without a socket
    const isTls = (request.socket as TLSSocket | undefined)?.encrypted || sent[':scheme'] === 'https'
    const { host, ambiguous } = requestHost(request)
    const call: Omit<TokenCall<R>, 'address'> = {
      method,
      route: routeOf((request as { originalUrl?: string }).originalUrl ?? request.url ?? ''),
      header: (name) => {
        const value = sent[name]
        return Array.isArray(value) ? value.join(', ') : (value ?? null)
      },
      ownOrigin: host === null ? null : `${isTls ? 'https' : 'http'}://${host}`,
      hostIsAmbiguous: ambiguous,
      requestId: crypto.randomUUID(),
      readBody: () =>
        readNodeBody(
          request,
          sent['content-length'],
          typeof parsedBody === 'function' ? undefined : parsedBody,
        ),
      onDisconnect: (listener) => void response.once('close', listener),
      request,
    }
    const { status, headers, body } = await answerWith(endpoint, call, () => addressOf(request))
    try {
      if (response.headersSent || response.destroyed) return
      // not chained: middleware and adapters replace both, and return nothing
      response.writeHead(status, headers)
      response.end(status === 204 || method === 'HEAD' ? undefined : body)
    } catch {
      response.destroy()
    }
  }
}
