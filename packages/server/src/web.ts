/**
 * `kinescope-chat-server/web`: the parts that need nothing but Web standards, for Workers, Deno, Bun and bundlers.
 */
export { createTokenHandler, type FetchHandlerOptions } from './adapters/fetch.js'
export type { TokenHandlerOptions } from './endpoint/handler.js'
export type { RateLimit } from './endpoint/rate-limit.js'
export type {
  AllowedEvent,
  AllowedEvents,
  AuthenticateContext,
  AuthorizeQuestion,
  IssuedToken,
  TokenOutcome,
  Until,
} from './endpoint/request.js'
export type { ChatUser } from './identity/identity.js'
export { fixedKeySource } from './token/signing-key.js'
export { importSigningKey, type SigningKeyInput } from './token/signing-key.js'
export { mintToken, type MintedToken, type MintTokenInput } from './token/mint-token.js'
export {
  verifyToken,
  type Verification,
  type VerifyFault,
  type VerifyKey,
  type VerifyTokenOptions,
} from './token/verify-token.js'
export { remoteSigningKey, type RemoteSigningKeyInput } from './token/remote-signing-key.js'
export type { KeyChoice, KeySource, SignFunction, SigningKey } from './token/signing-key.js'
export { chainIdentity } from './identity/identity.js'
export { forwardIdentity, type ForwardOptions } from './identity/forward.js'
export { guestIdentity, guests, type GuestOptions, type Guests } from './identity/guest.js'
export { hmacIdentity, type HmacIdentityOptions } from './identity/hmac-token.js'
export type { IdentityAnswer, IdentityCall, IdentityRefusal, IdentitySource } from './identity/identity.js'
export { jwtIdentity, type JwtIdentityOptions, type SiteKey } from './identity/jwt.js'
export type { KeySetEvent } from './identity/key-set.js'
export { linkIdentity, linkSigner, type LinkClaims, type LinkIdentityOptions } from './identity/link.js'
export type { LinkStore, LinkUse, LinkResult } from './identity/link-store.js'
export { oidcIdentity, type OidcIdentityOptions, type OidcIssuer } from './identity/oidc.js'
export { telegramIdentity, type InitDataBot, type InitDataOptions } from './identity/telegram.js'
