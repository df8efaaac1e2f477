import type { ElementCode } from '../contract.js'

/** What the developer should do about each code. */
export const REMEDIATIONS: Record<ElementCode, string> = {
  'sign-in-required':
    'Sign the visitor in. If they are: their cookie did not reach the token server (SameSite, another site, third-party cookies blocked). Serve it under the site’s own domain, or pass `identity`.',
  'access-denied': 'The token server’s authorize or the site’s answer says no.',
  'event-not-allowed': 'Add the stream to CHAT_EVENTS.',
  'origin-not-allowed': 'Add this page’s origin to CHAT_ALLOWED_ORIGINS.',
  'bad-request': 'Send POST with JSON {"event_id": "…"}; see the token server’s log.',
  'rate-limited': 'Wait, or raise CHAT_RATE_LIMIT.',
  'identity-unavailable': 'CHAT_IDENTITY_URL failed or timed out: check it.',
  overloaded: 'Add replicas of the token server.',
  'server-error': 'Look up the request id in the token server’s log.',
  'key-unavailable': 'Run `kinescope-chat keys list`, then `keys generate` and `keys register`.',
  'key-not-registered': 'Run `kinescope-chat keys register`.',
  'key-expired': 'Run `kinescope-chat keys rotate`.',
  'event-not-found': 'Check the stream’s id at Kinescope.',
  'token-malformed': 'Check the token with `kinescope-chat token verify`.',
  'claim-missing': 'Add the claim to the token.',
  'bad-algorithm': 'Sign with RS256.',
  'bad-audience': 'Set `aud` to "chat", in lower case.',
  'wrong-event': 'Set `event_id` to the stream’s id, or reply with `event_id`.',
  'token-expired': 'Check the server’s clock, its TTL, and that nothing caches the answer.',
  'token-not-yet-valid': 'Leave `nbf` out, or check the server’s clock.',
  offline: 'The browser has no network.',
  'endpoint-unreachable': 'Check `token-url`, its CORS and TLS, and the page’s connect-src.',
  'endpoint-timeout': 'The token endpoint took over 10 s.',
  'endpoint-not-found': 'Check `token-url`.',
  'endpoint-error': 'See the log of the token endpoint or of the proxy before it.',
  'endpoint-bad-reply':
    'Reply with JSON {"token": "…"}; a page of HTML is often a redirect to a sign-in form.',
  'frame-blocked': 'Change the page’s policy to allow',
  'frame-timeout': 'Check the network, the domains allowed at Kinescope, and COEP.',
  'event-id-missing': 'Set `event-id`; an editor may have removed it.',
  'token-url-missing': 'Set `token-url` or `fetchToken`.',
}
