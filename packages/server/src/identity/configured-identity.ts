import type { IncomingMessage } from 'node:http'
import { forwardIdentity } from './forward.js'
import { guestIdentity } from './guest.js'
import type { IdentityConfig } from './identity-config.js'
import type { IdentitySource } from './identity.js'
import { addressesIn } from '../net/client-address.js'
import { proxyHeaderIdentity } from './proxy-header.js'
import { siteJwtIdentity } from './site-jwt.js'

/** The identity source that the configuration names. */
export function identitySource(config: {
  identity: IdentityConfig
  trustedProxies: readonly string[]
}): IdentitySource<{ raw: IncomingMessage }> {
  const { identity, trustedProxies } = config
  switch (identity.kind) {
    case 'forward':
      return forwardIdentity(identity)
    case 'jwt':
      return siteJwtIdentity(identity)
    case 'header':
      return proxyHeaderIdentity({ ...identity, isTrusted: addressesIn(trustedProxies) })
    case 'guest':
      return guestIdentity(identity)
  }
}
