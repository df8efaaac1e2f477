import { identityFromCode, pseudonymWith, type ChatUser } from '../identity/identity.js'
import { isWeakSecret } from '../identity/shared-secret.js'
import type { KeySource } from '../token/signing-key.js'
import type { AllowedEvents } from './event-list.js'
import { DEFAULT_RATES, localLimit } from './local-limit.js'
import { isOrigin } from './origin-policy.js'
import type {
  AuthorizeQuestion,
  IssuedToken,
  RateLimit,
  TokenAnswer,
  TokenCall,
  TokenOutcome,
  Until,
} from './token-call.js'
import { createTokenEndpoint, type TokenEndpoint } from './token-endpoint.js'
import { BodyChunks, MAX_BODY_BYTES, type RequestBody } from './token-request.js'
import type { Turns } from './turns.js'

/** What a token endpoint in code is made of; the same under every server. */
export interface TokenHandlerOptions<R> {
  keys: KeySource
  /** The streams tokens may be made for; `*` lets a page ask for any. */
  events: AllowedEvents
  /**
   * Who is behind the request: null where nobody is signed in. Never believe anything the body says. A rejection, or
   * no answer in time, is `identity-unavailable`.
   */
  authenticate: (
    request: R,
    until: Until,
  ) => ChatUser | null | undefined | Promise<ChatUser | null | undefined>
  authorize?: (question: AuthorizeQuestion<R>) => boolean | Promise<boolean>
  /** Exact origins of pages on other hosts, such as `https://www.example.com`. */
  allowedOrigins?: readonly string[]
  /** Seconds a token lives: 60 to 86400, an hour by default. */
  tokenTtl?: number
  /** Makes `user_id` an HMAC of the site's id. 32 bytes or more. */
  userIdSecret?: string
  /**
   * Tokens a minute. By default as `serve` has them, counted in this process: 20 for a visitor and 3000 for an address,
   * where one is known. null is no limit.
   */
  limits?: { address?: RateLimit | null; visitor?: RateLimit | null } | null
  /** Milliseconds a request may take in all: 8000 by default, less than the ten seconds that an element waits. */
  deadlineMs?: number
  /** Ends what is under way when the application stops. */
  signal?: AbortSignal
  /** For logs and metrics. Neither this nor `onToken` is waited for; what they throw is dropped. */
  onOutcome?: (outcome: TokenOutcome) => void
  /** For an audit: called once for each token that was made. */
  onToken?: (issued: IssuedToken) => void
}

export interface FetchHandlerOptions extends TokenHandlerOptions<Request> {
  /** The visitor's address, where the platform knows it (`CF-Connecting-IP` …); used for `limits.address` and `onToken`. */
  clientAddress?: (request: Request) => string | null
}

/** Turns the options of code into the endpoint's own; refuses what would be unsafe. @throws TypeError */
export function endpointFor<R>(options: TokenHandlerOptions<R>, turns?: Turns): TokenEndpoint<R> {
  const { authenticate, tokenTtl = 3600, userIdSecret, allowedOrigins, limits, signal, ...rest } = options
  if (!Number.isInteger(tokenTtl) || tokenTtl < 60 || tokenTtl > 86_400) {
    throw new TypeError('tokenTtl must be a whole number of seconds from 60 to 86400')
  }
  if (userIdSecret !== undefined && isWeakSecret(userIdSecret)) {
    throw new TypeError('userIdSecret must be a random text of 32 bytes or more')
  }
  for (const origin of allowedOrigins ?? []) {
    if (!isOrigin(origin)) {
      throw new TypeError(
        'allowedOrigins must hold exact origins, such as "https://www.example.com": no path, no "*"',
      )
    }
  }
  const limit = (of: 'address' | 'visitor') => {
    const chosen = limits === null ? null : limits?.[of]
    return chosen === undefined ? localLimit({ points: DEFAULT_RATES[of] }) : (chosen ?? undefined)
  }
  const endpoint = createTokenEndpoint<R>({
    ...rest,
    turns,
    allowedOrigins,
    tokenTtl,
    limits: { address: limit('address'), visitor: limit('visitor') },
    identify: identityFromCode(authenticate),
    pseudonym: userIdSecret === undefined ? undefined : pseudonymWith(userIdSecret),
  })
  if (signal?.aborted) endpoint.close()
  signal?.addEventListener('abort', () => endpoint.close(), { once: true })
  return endpoint
}

/**
 * Asks the endpoint with an address that a host's own callback knows. What that throws ends the request and nothing else.
 */
export function answerWith<R>(
  endpoint: TokenEndpoint<R>,
  call: Omit<TokenCall<R>, 'address'>,
  addressOf: () => unknown,
): Promise<TokenAnswer> {
  try {
    const address = addressOf()
    return endpoint.answer({ ...call, address: typeof address === 'string' ? address : null })
  } catch (error) {
    return Promise.resolve(endpoint.refuse({ ...call, address: null }, error))
  }
}

/**
 * The token endpoint for servers that speak the Web's `Request` and `Response`: Workers, Deno, Bun, Hono, Next.js.
 * Mount it at any path; it answers every method itself and never rejects.
 */
export function createTokenHandler(options: FetchHandlerOptions): (request: Request) => Promise<Response> {
  const { clientAddress, ...rest } = options
  const endpoint = endpointFor<Request>(rest)
  return async (request) => {
    const call: Omit<TokenCall<Request>, 'address'> = {
      method: request.method,
      header: (name) => request.headers.get(name),
      ownOrigin: URL.canParse(request.url) ? new URL(request.url).origin : null,
      requestId: crypto.randomUUID(),
      readBody: async ({ signal }) => {
        if (Number(request.headers.get('content-length')) > MAX_BODY_BYTES) return { problem: 'too-large' }
        if (request.bodyUsed) return { problem: 'read-already' }
        return readStream(request.body, signal)
      },
      whenGone: (listener) => request.signal.addEventListener('abort', listener, { once: true }),
      request,
    }
    const { status, headers, body } = await answerWith(endpoint, call, () => clientAddress?.(request))
    return new Response(status === 204 || request.method === 'HEAD' ? null : body, { status, headers })
  }
}

/** By the reader: streams are async iterable by the standard, but not in every runtime. */
async function readStream(
  body: ReadableStream<Uint8Array> | null,
  signal: AbortSignal,
): Promise<RequestBody> {
  const chunks = new BodyChunks()
  if (!body) return chunks.body()
  if (body.locked) return { problem: 'read-already' }
  const reader = body.getReader()
  const cancel = () => void reader.cancel().catch(() => undefined)
  signal.addEventListener('abort', cancel, { once: true })
  try {
    for (let part = await reader.read(); !part.done && chunks.add(part.value);) part = await reader.read()
    return chunks.body()
  } catch {
    return { problem: 'broken-off' }
  } finally {
    signal.removeEventListener('abort', cancel)
    cancel()
  }
}
