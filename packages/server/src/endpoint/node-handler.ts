import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { endpointFor, type TokenHandlerOptions } from './fetch-handler.js'
import { MAX_BODY_BYTES, readBody, type BodyText } from './token-request.js'

export interface NodeHandlerOptions<R extends IncomingMessage> extends TokenHandlerOptions<R> {
  /** The visitor's address behind a trusted proxy (Express: `(request) => request.ip`); the socket's by default. */
  clientAddress?: (request: R) => string | null | undefined
}

/**
 * The token endpoint as a handler of `node:http`, and so of Express, Connect, Koa and Next.js' pages: `authenticate` gets
 * the request with whatever session the framework has put on it.
 */
export function createNodeHandler<R extends IncomingMessage>(
  options: NodeHandlerOptions<R>,
): (request: R, response: ServerResponse) => Promise<void> {
  const { clientAddress, ...rest } = options
  const endpoint = endpointFor<R>(rest)
  return async (request, response) => {
    const header = (name: string) => {
      const value = request.headers[name]
      return Array.isArray(value) ? value.join(', ') : (value ?? null)
    }
    const scheme = (request.socket as TLSSocket).encrypted ? 'https' : 'http'
    const { status, headers, body } = await endpoint.answer({
      method: request.method ?? 'GET',
      header,
      address: (clientAddress ? clientAddress(request) : request.socket.remoteAddress) ?? null,
      ownOrigin: request.headers.host === undefined ? null : `${scheme}://${request.headers.host}`,
      requestId: crypto.randomUUID(),
      readBody: () => bodyOf(request),
      request,
    })
    response.writeHead(status, headers).end(status === 204 || request.method === 'HEAD' ? undefined : body)
  }
}

function bodyOf(request: IncomingMessage & { body?: unknown }): Promise<BodyText> {
  if (Number(request.headers['content-length']) > MAX_BODY_BYTES)
    return Promise.resolve({ problem: 'too-large' })
  // a body parser came first and has emptied the stream
  if (request.readableEnded && request.body !== undefined) {
    const { body } = request
    return Promise.resolve({ text: typeof body === 'string' ? body : JSON.stringify(body) })
  }
  return readBody(request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>)
}
