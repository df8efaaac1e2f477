import { webcrypto } from 'node:crypto'
import { createTokenEndpoint, type TokenEndpointOptions } from '../../src/endpoint/handler.js'
import type { TokenCall, TokenOutcome } from '../../src/endpoint/request.js'
import { fixedKeySource, type SigningKey } from '../../src/token/signing-key.js'

export const LISTED = 'https://www.example.com'

export async function makeSigningKey(): Promise<SigningKey> {
  const algorithm = {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
  }
  const { privateKey } = await webcrypto.subtle.generateKey(algorithm, false, ['sign', 'verify'])
  return { kid: 'key-1', privateKey, expiresAt: null }
}

/** An endpoint that admits every visitor, and the outcomes that it has reported. */
export function endpointWith(key: SigningKey, options: Partial<TokenEndpointOptions<null>> = {}) {
  const outcomes: TokenOutcome[] = []
  const endpoint = createTokenEndpoint<null>({
    identify: () => Promise.resolve({ user: { id: 'u-1', name: 'Ann' } }),
    events: ['stream'],
    allowedOrigins: [LISTED],
    keys: fixedKeySource(key),
    tokenTtl: 3600,
    limits: null,
    onOutcome: (outcome) => outcomes.push(outcome),
    ...options,
  })
  return { endpoint, outcomes }
}

/** A request of a listed page for its stream. */
export function tokenCall(
  headers: Record<string, string> = {},
  rest: Partial<TokenCall<null>> = {},
): TokenCall<null> {
  const all: Record<string, string> = { 'content-type': 'application/json', origin: LISTED, ...headers }
  return {
    method: 'POST',
    header: (name) => all[name] || null,
    address: '192.0.2.1',
    ownOrigin: null,
    requestId: 'request-1',
    readBody: () => Promise.resolve({ text: '{"event_id":"stream"}' }),
    request: null,
    ...rest,
  }
}
