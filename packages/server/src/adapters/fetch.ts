import { answerWith, endpointFor, type TokenHandlerOptions } from '../endpoint/handler.js'
import { originOf } from '../endpoint/origin.js'
import { MAX_BODY_BYTES, readStreamBody, routeOf, type TokenCall } from '../endpoint/request.js'

export interface FetchHandlerOptions extends TokenHandlerOptions<Request> {
  /** The visitor's address, where the platform knows it (`CF-Connecting-IP` …); used for `limits.address` and `onToken`. */
  clientAddress?: ((request: Request) => string | null) | undefined
}

/**
 * The token endpoint for servers that use the Web's `Request` and `Response`: Workers, Deno, Bun, Hono, Next.js.
 * Mount it at any path; it responds to every method itself and never rejects.
 */
export function createTokenHandler(options: FetchHandlerOptions): (request: Request) => Promise<Response> {
  const { clientAddress, ...rest } = options
  const endpoint = endpointFor<Request>(rest)
  return async (request) => {
    const call: Omit<TokenCall<Request>, 'address'> = {
      method: request.method,
      route: routeOf(request.url),
      header: (name) => request.headers.get(name),
      ownOrigin: originOf(request.url),
      requestId: crypto.randomUUID(),
      readBody: async ({ signal }) => {
        if (Number(request.headers.get('content-length')) > MAX_BODY_BYTES) return { problem: 'too-large' }
        if (request.bodyUsed) return { problem: 'read-already' }
        return readStreamBody(request.body, signal)
      },
      onDisconnect: (listener) => request.signal.addEventListener('abort', listener, { once: true }),
      request,
    }
    const { status, headers, body } = await answerWith(endpoint, call, () => clientAddress?.(request))
    return new Response(status === 204 || request.method === 'HEAD' ? null : body, { status, headers })
  }
}
