import { decodeJwt, decodeProtectedHeader, type JWTPayload } from 'jose'
import { identityTokenOf, MAX_IDENTITY_TOKEN_LENGTH } from './credentials.js'
import { rejected, userFrom, type IdentityAnswer, type IdentitySource } from './identity.js'
import { answerFor, DEFAULT_MAX_AGE_S, otherEvent } from './jwt.js'
import { KeySet, PUBLIC_KEY_ALGORITHMS, type FetchJson, type KeySetEvent } from './key-set.js'

const LEEWAY_S = 30

/** An OpenID provider, and the client whose sign-ins are accepted. */
export interface OidcIssuer {
  /** Exactly as in the provider's `iss` claim. */
  issuer: string
  clientId: string
}

export interface OidcIdentityOptions {
  issuers: readonly OidcIssuer[]
  /** Seconds that `exp` may be ahead: a day by default. */
  maxAge?: number | undefined
  /** Called after each fetch of a provider's keys. */
  onKeySet?: ((event: KeySetEvent) => void) | undefined
  fetch?: typeof fetch | undefined
  /** Milliseconds since the epoch. */
  now?: () => number
}

/**
 * Verifies ID tokens of OpenID providers (OpenID Connect Core 1.0, section 3.1.3.7). Verifies each issuer's tokens with
 * that issuer's keys and for its client ids alone.
 */
export function oidcIdentity(options: OidcIdentityOptions): IdentitySource {
  const { maxAge = DEFAULT_MAX_AGE_S, now = Date.now, onKeySet, fetch } = options
  const providers = new Map<string, { set: KeySet; clientIds: string[] }>()
  for (const { issuer, clientId } of options.issuers) {
    const known = providers.get(issuer)
    if (known) known.clientIds.push(clientId)
    else {
      const set = new KeySet({
        name: issuer,
        locate: discoveryOf(issuer),
        onFetch: onKeySet,
        fetch,
        now: options.now,
      })
      providers.set(issuer, { set, clientIds: [clientId] })
    }
  }

  return async (call, eventId) => {
    const token = identityTokenOf(call)
    if (token?.format !== 'jwt') return { refused: 'sign-in-required', reason: 'no-id-token' }
    const { text } = token
    if (text.length > MAX_IDENTITY_TOKEN_LENGTH) return rejected('identity-token-too-long')
    const claimed = unverifiedClaims(text)
    if (claimed === null) return rejected('identity-token-malformed')
    const provider = typeof claimed.iss === 'string' ? providers.get(claimed.iss) : undefined
    // a later source of the chain may accept another issuer's token
    if (!provider) return { refused: 'sign-in-required', reason: 'issuer-unknown' }
    const { set, clientIds } = provider
    const nowMs = now()
    const rules = {
      algorithms: PUBLIC_KEY_ALGORITHMS,
      issuer: set.name,
      audience: clientIds,
      clockTolerance: LEEWAY_S,
      requiredClaims: ['exp', 'sub'],
      currentDate: new Date(nowMs),
    }
    const userOf = (claims: JWTPayload) =>
      partyFault(claims, clientIds) ?? otherEvent(claims, eventId) ?? userIn(claims)
    return answerFor(() => set.verify(text, rules), { userOf, nowS: nowMs / 1000, maxAge })
  }
}

/**
 * Claims for choosing the issuer only; null for a token that isn't an ID token. Access and logout tokens have another
 * `typ`.
 */
function unverifiedClaims(token: string): JWTPayload | null {
  try {
    const { typ } = decodeProtectedHeader(token)
    return typ === undefined || /^(?:application\/)?jwt$/i.test(typ) ? decodeJwt(token) : null
  } catch {
    return null
  }
}

/** A token for several audiences names the client that it was issued to. */
function partyFault({ aud, azp }: JWTPayload, clientIds: readonly string[]): IdentityAnswer | null {
  if (azp === undefined) {
    return Array.isArray(aud) && aud.length > 1 ? rejected('azp-missing') : null
  }
  return clientIds.some((id) => id === azp) ? null : rejected('azp-other')
}

/**
 * The user of a token. The id includes the issuer: two providers may give one `sub` to two people. An email address is
 * never the name.
 */
function userIn(claims: JWTPayload): IdentityAnswer {
  const name = [claims['name'], claims['given_name']].find(
    (text) => typeof text === 'string' && text.trim() !== '',
  )
  const answer = userFrom(claims.sub, name)
  if ('refused' in answer) return { ...answer, rejected: true }
  return { user: { ...answer.user, id: `${idPrefix(claims.iss!)}${answer.user.id}` } }
}

/** The prefix of an issuer's users, before their `sub`. */
export const idPrefix = (issuer: string): string => `${issuer.replace(/^https?:\/\/|\/$/g, '')}:`

/** OpenID Connect Discovery 1.0, section 4. While discovery fails, the last known address of the keys is used. */
function discoveryOf(issuer: string) {
  const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  let lastKnown: string | null = null
  return async (fetchJson: FetchJson, signal: AbortSignal): Promise<string> => {
    try {
      const found = (await fetchJson(address, signal)) as { issuer?: unknown; jwks_uri?: unknown }
      if (found.issuer !== issuer) throw new Error('the discovery document is for another issuer')
      lastKnown = keysAddress(found.jwks_uri, issuer)
    } catch (error) {
      if (lastKnown === null) throw error
    }
    return lastKnown
  }
}

/** The address of the keys. It must use TLS, except for an issuer on http, which only loopback addresses may have. */
function keysAddress(uri: unknown, issuer: string): string {
  const { protocol } = new URL(issuer)
  if (typeof uri !== 'string' || !URL.canParse(uri)) throw new Error('the discovery document has no jwks_uri')
  if (new URL(uri).protocol !== 'https:' && protocol === 'https:') throw new Error('jwks_uri is not https')
  return uri
}
