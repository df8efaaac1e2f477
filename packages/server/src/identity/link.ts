import { sealedTokens } from './hmac.js'
import { identityTokenOf, MAX_IDENTITY_TOKEN_LENGTH } from './credentials.js'
import { rejected, userFrom, type IdentitySource } from './identity.js'
import { otherEvent } from './jwt.js'
import { memoryLinkStore, type LinkStore } from './link-store.js'

/** The contents of a personal link. */
export interface LinkClaims {
  /** Names the link for revocation. */
  id: string
  sub: string
  name: string
  event_id: string
  /** Seconds since the epoch. */
  exp: number
  /** Browsers that may use the link; without it, any number. */
  devices?: number
  /** Whether it stays usable only for some hours after its first use. */
  once?: true
}

export interface LinkIdentityOptions {
  /** Signs the links. 32 bytes or more. */
  secret: string
  /** Knows revoked links and the browsers that used one; in memory by default. */
  store?: LinkStore | undefined
  /** Milliseconds since the epoch. */
  now?: () => number
}

/** Signs the token of a personal link. */
export function linkSigner(secret: string): (claims: LinkClaims) => Promise<string> {
  const tokens = sealedTokens('link', secret)
  return (claims) => tokens.seal(claims)
}

/** Reads the claims of a link's token; null if this secret didn't sign it. */
export function linkClaimsWith(secret: string): (token: string) => Promise<LinkClaims | null> {
  const tokens = sealedTokens('link', secret)
  return async (token) => (await tokens.open(token)) as LinkClaims | null
}

/** A browser's own part of a link's token: 22 characters of base64url that the element made at the first opening. */
const DEVICE = /^[\w-]{16,64}$/

/** Admits the holders of personal links. The element adds its browser's id to the token: `link.<claims>.<MAC>.<browser>`. */
export function linkIdentity({
  secret,
  store = memoryLinkStore(),
  now = Date.now,
}: LinkIdentityOptions): IdentitySource {
  const claimsOf = linkClaimsWith(secret)
  return async (call, eventId) => {
    const token = identityTokenOf(call)
    if (token?.format !== 'link') return { refused: 'sign-in-required', reason: 'no-link' }
    if (token.text.length > MAX_IDENTITY_TOKEN_LENGTH) return rejected('identity-token-too-long')
    const [kind, payload, mac, device] = token.text.split('.', 5)
    const claims = await claimsOf(`${kind}.${payload}.${mac}`)
    if (claims === null) {
      return rejected(
        'link-broken',
        'The link is incomplete or was changed on its way. Open it from the message again.',
      )
    }
    const other = otherEvent({ ...claims }, eventId)
    if (other) return other
    const answer = userFrom(claims.sub, claims.name)
    if ('refused' in answer) return { ...answer, rejected: true }
    if (await store.isRevoked(claims.id)) {
      return {
        refused: 'access-denied',
        reason: 'link-revoked',
        detail: 'The organizer revoked this link. Ask for a new one.',
      }
    }
    const time = now()
    if (claims.exp * 1000 <= time) {
      return {
        refused: 'access-denied',
        reason: 'link-expired',
        detail: 'The link has expired. Ask the organizer for a new one.',
      }
    }
    if (claims.devices === undefined) return answer
    if (device === undefined || !DEVICE.test(device)) {
      return rejected(
        'link-browser-missing',
        'The page sent the link without a browser id. Load the current kinescope-chat.js.',
      )
    }
    const use = await store.use(claims.id, device, {
      devices: claims.devices,
      once: claims.once ?? false,
      now: time,
    })
    if (use === 'ok') return answer
    return use === 'over'
      ? {
          refused: 'access-denied',
          reason: 'link-used',
          detail: 'The link was for one visit. Ask the organizer for a new one.',
        }
      : {
          refused: 'access-denied',
          reason: 'link-other-browser',
          detail:
            'The link is already used in another browser. Open it there, or ask the organizer for a new one.',
        }
  }
}
