import { identityFromCode, pseudonymWith, type ChatUser } from '../identity/identity.js'
import type { KeySource } from '../token/signing-key.js'
import type { AllowedEvents } from './event-list.js'
import { isOrigin } from './origin-policy.js'
import type { AuthorizeQuestion, IssuedToken, RateLimit, TokenOutcome } from './token-call.js'
import { createTokenEndpoint } from './token-endpoint.js'
import { MAX_BODY_BYTES, readBody } from './token-request.js'

/** What a token endpoint in code is made of; the same under every server. */
export interface TokenHandlerOptions<R> {
  keys: KeySource
  /** The streams tokens may be made for; `*` lets a page ask for any. */
  events: AllowedEvents
  /** Who is behind the request: null where nobody is signed in. Never believe anything the body says. */
  authenticate: (request: R) => ChatUser | null | undefined | Promise<ChatUser | null | undefined>
  authorize?: (question: AuthorizeQuestion<R>) => boolean | Promise<boolean>
  /** Exact origins of pages on other hosts, such as `https://www.example.com`. */
  allowedOrigins?: readonly string[]
  /** Seconds a token lives: 60 to 86400, an hour by default. */
  tokenTtl?: number
  /** Makes `user_id` an HMAC of the site's id. */
  userIdSecret?: string
  limits?: { address?: RateLimit; visitor?: RateLimit }
  onOutcome?: (outcome: TokenOutcome) => void
  /** For an audit: called once for each token that was made. */
  onToken?: (issued: IssuedToken) => void
}

export interface FetchHandlerOptions extends TokenHandlerOptions<Request> {
  /** The visitor's address, where the platform knows it (`CF-Connecting-IP` …); used for `limits.address` alone. */
  clientAddress?: (request: Request) => string | null
}

/** Turns the options of code into the endpoint's own; refuses what would be unsafe. @throws TypeError */
export function endpointFor<R>(options: TokenHandlerOptions<R>) {
  const { authenticate, tokenTtl = 3600, userIdSecret, allowedOrigins, ...rest } = options
  if (!Number.isInteger(tokenTtl) || tokenTtl < 60 || tokenTtl > 86_400) {
    throw new TypeError('tokenTtl must be a whole number of seconds from 60 to 86400')
  }
  for (const origin of allowedOrigins ?? []) {
    if (!isOrigin(origin)) {
      throw new TypeError(
        'allowedOrigins must hold exact origins, such as "https://www.example.com": no path, no "*"',
      )
    }
  }
  return createTokenEndpoint<R>({
    ...rest,
    allowedOrigins,
    tokenTtl,
    identify: identityFromCode(authenticate),
    pseudonym: userIdSecret === undefined ? undefined : pseudonymWith(userIdSecret),
  })
}

/**
 * The token endpoint for servers that speak the Web's `Request` and `Response`: Workers, Deno, Bun, Hono, Next.js.
 * Mount it at any path; it answers every method itself.
 */
export function createTokenHandler(options: FetchHandlerOptions): (request: Request) => Promise<Response> {
  const { clientAddress, ...rest } = options
  const endpoint = endpointFor<Request>(rest)
  return async (request) => {
    const { status, headers, body } = await endpoint.answer({
      method: request.method,
      header: (name) => request.headers.get(name),
      address: clientAddress?.(request) ?? null,
      ownOrigin: new URL(request.url).origin,
      requestId: crypto.randomUUID(),
      readBody: async () => {
        if (Number(request.headers.get('content-length')) > MAX_BODY_BYTES) return { problem: 'too-large' }
        return readBody(chunksOf(request.body))
      },
      request,
    })
    return new Response(status === 204 ? null : body, { status, headers })
  }
}

/** Streams are async iterable by the standard, but not in every runtime. */
async function* chunksOf(body: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array> {
  const reader = body?.getReader()
  if (!reader) return
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) yield part.value
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}
