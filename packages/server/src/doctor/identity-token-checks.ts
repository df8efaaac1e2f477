import { DEFAULT_AUDIENCE, DEFAULT_MAX_AGE_S, jwtIdentity } from '../identity/jwt.js'
import { decodeJwt, decodeProtectedHeader, jwtVerify, type JWTPayload } from 'jose'
import { formatOf } from '../identity/credentials.js'
import type { IdentityConfig, SourceConfig } from '../identity/identity-config.js'
import { readField, type IdentityAnswer } from '../identity/identity.js'
import { openIdentity } from '../identity/open-identity.js'
import { findingsAbout, type Finding } from './finding.js'
import type { Visitor } from './visitor.js'

const found = findingsAbout('identity')
const LEEWAY_S = 60

type SiteJwt = Extract<SourceConfig, { kind: 'jwt' }>

export interface IdentityTokenQuestion {
  /** null: the server's settings are not known here, so its defaults are assumed. */
  identity: SiteJwt | null
  eventId: string | undefined
  /** ms since the epoch */
  now: number
  signal: AbortSignal
}

/** Checks the site's identity token as the server does. Returns the first fault. */
export async function checkIdentityToken(
  identityToken: string,
  question: IdentityTokenQuestion,
): Promise<{ findings: Finding[]; known: boolean | null }> {
  const fault = await identityTokenFault(identityToken, question)
  if (fault) return { findings: [fault], known: false }
  if (!question.identity) return { findings: [], known: null }
  // the last word is the server's own reader
  const { identity, eventId, now, signal } = question
  const call = {
    header: (name: string) => (name === 'authorization' ? `Bearer ${identityToken}` : null),
    address: null,
    request: null,
  }
  const answer = await jwtIdentity({ ...identity, now: () => now })(call, eventId ?? 'doctor', { signal })
  return 'refused' in answer ? { findings: [refusal(answer)], known: false } : VALID
}

const VALID = {
  findings: [found.ok('identity-token', 'the given identity token is valid with these settings')],
  known: true,
}

/** What a link for some browsers only is rejected for here: all else of it was right, and this is no opening. */
const NOT_OPENED = 'link-browser-missing'

/** Asks the server's own sources for a token that is no JWT of the site. */
export async function checkTokenOf(
  identity: IdentityConfig,
  visitor: Visitor,
  { eventId, signal }: Pick<IdentityTokenQuestion, 'eventId' | 'signal'>,
): Promise<{ findings: Finding[]; known: boolean }> {
  const { identify } = openIdentity({ identity, trustedProxies: [] })
  const header = (name: string) => visitor.headers[name] ?? null
  const call = { header, address: null, request: null } as unknown as Parameters<typeof identify>[0]
  const answer = await identify(call, eventId ?? 'doctor', { signal })
  const isRefused = 'refused' in answer && answer.reason !== NOT_OPENED
  return isRefused ? { findings: [refusal(answer)], known: false } : VALID
}

function refusal({ refused, reason, detail }: Extract<IdentityAnswer, { refused: string }>): Finding {
  if (refused === 'identity-unavailable') {
    return found.fail(
      'identity-keys-unreachable',
      `the identity token can’t be verified: the key set doesn’t respond (${reason})`,
      'Open CHAT_IDENTITY_JWKS_URL from this machine with curl: it must return a JWK Set.',
    )
  }
  return found.fail(
    'identity-token-refused',
    `the server rejects the given identity token (${reason})`,
    reason === 'no-identity-token'
      ? 'The given cookies have none with the name in CHAT_IDENTITY_COOKIE. Copy all cookies of the site.'
      : (detail ??
          'Compare how the site signs it with CHAT_IDENTITY…: key, algorithm, issuer, audience, times.'),
  )
}

async function identityTokenFault(
  identityToken: string,
  question: IdentityTokenQuestion,
): Promise<Finding | null> {
  const { identity } = question
  let claims: JWTPayload
  let alg: string | undefined
  try {
    claims = decodeJwt(identityToken)
    alg = decodeProtectedHeader(identityToken).alg
  } catch {
    // the server's own reader names it
    if (formatOf(identityToken) === 'jwe') return null
    return found.fail(
      'identity-token-malformed',
      'the given identity token is not a JWT',
      'Copy the whole token: three parts between dots.',
    )
  }
  const secret = identity && 'secret' in identity.key ? identity.key.secret : null
  if (secret !== null && alg !== 'HS256') {
    return found.fail(
      'identity-token-algorithm',
      `the identity token is signed with ${alg ?? 'nothing'}, but CHAT_IDENTITY_SECRET requires HS256`,
      'Sign it with HS256, or set CHAT_IDENTITY_PUBLIC_KEY instead of the secret.',
    )
  }
  if (secret !== null && !(await isSignedWith(identityToken, secret))) {
    return found.fail(
      'identity-token-signature',
      'the identity token’s signature doesn’t match CHAT_IDENTITY_SECRET',
      'Site and token server must have the same secret, byte for byte: look for a line end, quotes, or base64 on one side only.',
    )
  }
  return claimFault(claims, question)
}

function claimFault(claims: JWTPayload, { identity, eventId, now }: IdentityTokenQuestion): Finding | null {
  const audience = identity?.audience ?? DEFAULT_AUDIENCE
  const given = [claims.aud].flat().filter((aud) => aud !== undefined)
  if (!given.includes(audience)) {
    return found.fail(
      'identity-token-audience',
      `the identity token is for another audience: aud is ${given.length > 0 ? JSON.stringify(claims.aud) : 'missing'}, expected is "${audience}"`,
      `Put "aud": "${audience}" into it, or write the site’s into CHAT_IDENTITY_AUDIENCE.`,
    )
  }
  if (identity?.issuer !== undefined && claims.iss !== identity.issuer) {
    return found.fail(
      'identity-token-issuer',
      `the identity token’s iss is ${JSON.stringify(claims.iss) ?? 'missing'}, expected is "${identity.issuer}"`,
      'Make iss and CHAT_IDENTITY_ISSUER the same.',
    )
  }
  if (typeof claims.exp !== 'number') {
    return found.fail(
      'identity-token-endless',
      'the identity token has no exp',
      'Add exp in seconds, at most a day ahead.',
    )
  }
  if (claims.exp > 1e11) {
    return found.fail(
      'identity-token-endless',
      'the identity token’s exp is in milliseconds',
      'Write exp in seconds since 1970.',
    )
  }
  const seconds = now / 1000
  const maxAge = identity?.maxAge ?? DEFAULT_MAX_AGE_S
  if (claims.exp > seconds + maxAge + LEEWAY_S) {
    return found.fail(
      'identity-token-too-long',
      `the identity token is valid until ${new Date(claims.exp * 1000).toISOString()}, more than ${maxAge} s ahead`,
      'Make it expire earlier: an hour is enough. CHAT_IDENTITY_MAX_AGE allows more.',
    )
  }
  if (claims.exp + LEEWAY_S < seconds) {
    return found.fail(
      'identity-token-expired',
      `the identity token expired at ${new Date(claims.exp * 1000).toISOString()}`,
      'Use a new one. If the page’s own is as old, a cache keeps the page. Exclude pages of signed-in visitors.',
    )
  }
  const otherEvent =
    claims['event_id'] !== undefined && eventId !== undefined && claims['event_id'] !== eventId
  if (otherEvent) {
    return found.fail(
      'identity-token-event',
      `the identity token is only for the stream ${JSON.stringify(claims['event_id'])}`,
      'Omit event_id, or make one for each stream.',
    )
  }
  const idField = identity?.idField ?? 'sub'
  if (readField(claims, idField) === undefined) {
    return found.fail(
      'identity-token-no-id',
      `the identity token has no ${idField}`,
      `Put the visitor’s id into ${idField}, or name its claim in CHAT_IDENTITY_ID_FIELD.`,
    )
  }
  return null
}

async function isSignedWith(identityToken: string, secret: string): Promise<boolean> {
  try {
    // times are judged by themselves
    await jwtVerify(identityToken, new TextEncoder().encode(secret), {
      algorithms: ['HS256'],
      currentDate: new Date(0),
      clockTolerance: Number.MAX_SAFE_INTEGER,
    })
    return true
  } catch (error) {
    return (error as { code?: unknown }).code !== 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED'
  }
}
