import type { IncomingMessage } from 'node:http'
import { chainIdentity, rejected, type IdentitySource } from './identity.js'
import { forwardIdentity } from './forward.js'
import { GUEST_ID_PREFIX, guests, type Guests } from './guest.js'
import { hmacIdentity } from './hmac-token.js'
import type { IdentityConfig, SourceConfig } from './identity-config.js'
import { jwtIdentity } from './jwt.js'
import type { KeySetEvent } from './key-set.js'
import { linkFiles } from './link-files.js'
import { linkIdentity } from './link.js'
import { idPrefix, oidcIdentity } from './oidc.js'
import { addressesIn } from '../net/request-facts.js'
import { proxyHeaderIdentity } from './proxy-header.js'
import { telegramIdentity } from './telegram.js'

type NodeSource = IdentitySource<{ raw: IncomingMessage }>

export interface OpenIdentity {
  identify: NodeSource
  /** Null where no guest is admitted. */
  guests: Guests | null
  /** Key sets whose address fails at the moment, by issuer or origin. */
  failingKeySets(): string[]
}

export interface IdentityReports {
  onKeySet?: (event: KeySetEvent) => void
  onLinkTrouble?: (error: unknown) => void
}

/** Opens the identity sources of the configuration. */
export function openIdentity(
  config: { identity: IdentityConfig; trustedProxies: readonly string[] },
  { onKeySet, onLinkTrouble }: IdentityReports = {},
): OpenIdentity {
  const failing = new Set<string>()
  const noteKeySet = (event: KeySetEvent) => {
    if (event.ok) failing.delete(event.name)
    else failing.add(event.name)
    onKeySet?.(event)
  }
  const { identity } = config
  const guestConfig = identity.find((source) => source.kind === 'guest')
  const admitted = guestConfig ? guests({ ...guestConfig, inChain: identity.length > 1 }) : null

  function sourceOf(source: SourceConfig): NodeSource {
    switch (source.kind) {
      case 'forward':
        return forwardIdentity(source)
      case 'jwt':
        return jwtIdentity({ ...source, onKeySet: noteKeySet })
      case 'header':
        return proxyHeaderIdentity({ ...source, isTrusted: addressesIn(config.trustedProxies) })
      case 'oidc':
        return oidcIdentity({ ...source, onKeySet: noteKeySet })
      case 'hmac':
        return hmacIdentity(source)
      case 'telegram':
        return telegramIdentity(source)
      case 'link':
        return linkIdentity({
          secret: source.secret,
          store: linkFiles({ dir: source.dir, onTrouble: onLinkTrouble }),
        })
      case 'guest':
        return admitted!.identify
    }
  }

  const prefixes = identity.flatMap(prefixesOf)
  const chain = chainIdentity(
    ...identity.map((source) =>
      prefixesOf(source).length > 0 ? sourceOf(source) : withoutPrefixes(sourceOf(source), prefixes),
    ),
  )
  return {
    // it takes as long as a token, and numbers need no list of names
    identify: admitted?.asks ? notingMembers(chain, admitted) : chain,
    guests: admitted,
    failingKeySets: () => [...failing],
  }
}

/** Tells the guests' source the names of members: no guest may take one. */
function notingMembers(identify: NodeSource, admitted: Guests): NodeSource {
  return async (call, eventId, until) => {
    const answer = await identify(call, eventId, until)
    if ('user' in answer && !answer.user.id.startsWith(GUEST_ID_PREFIX)) admitted.noteMember(answer.user.name)
    return answer
  }
}

/** What the ids of a source begin with, if the source and not the site chooses it. */
function prefixesOf(source: SourceConfig): string[] {
  switch (source.kind) {
    case 'oidc':
      return source.issuers.map(({ issuer }) => idPrefix(issuer))
    case 'telegram':
      return ['telegram:', 'max:']
    case 'guest':
      return [GUEST_ID_PREFIX]
    default:
      return []
  }
}

/** At some sites members choose their id, and one must not be another source's visitor. */
function withoutPrefixes(identify: NodeSource, prefixes: readonly string[]): NodeSource {
  if (prefixes.length === 0) return identify
  return async (call, eventId, until) => {
    const answer = await identify(call, eventId, until)
    const isTaken = 'user' in answer && prefixes.some((prefix) => answer.user.id.startsWith(prefix))
    return isTaken ? rejected('id-of-another-source') : answer
  }
}
