import type { ElementCode } from 'kinescope-chat/contract'
import type { HttpFault } from './fault-proxy.js'

/** How the page names each fault of its token endpoint; `null`: it gets in all the same. */
export const ENDPOINT: Record<HttpFault, ElementCode | null> = {
  delayed: null,
  hangs: 'endpoint-timeout',
  dropped: 'endpoint-unreachable',
  reset: 'endpoint-unreachable',
  'broken off': 'endpoint-unreachable',
  'asked twice': null,
  garbage: 'endpoint-unreachable',
  'a proxy’s 502': 'endpoint-error',
  'a 500 in HTML': 'endpoint-error',
  'a challenge, 403': 'endpoint-bad-reply',
  'a page, 200': 'endpoint-bad-reply',
  'nothing, 200': 'endpoint-bad-reply',
  'half of the JSON': 'endpoint-bad-reply',
  'a sign-in form, 302': 'endpoint-bad-reply',
  'a 404 page': 'endpoint-not-found',
  'a 429 of somebody else': 'rate-limited',
}

/** What a visitor is told when the site's who-is-it answer meets a fault; `null`: they get a token. */
export const SITE: Record<HttpFault, 'identity-unavailable' | 'sign-in-required' | null> = {
  delayed: null,
  hangs: 'identity-unavailable',
  dropped: 'identity-unavailable',
  reset: 'identity-unavailable',
  'broken off': 'identity-unavailable',
  'asked twice': null,
  garbage: 'identity-unavailable',
  'a proxy’s 502': 'identity-unavailable',
  'a 500 in HTML': 'identity-unavailable',
  'a challenge, 403': 'identity-unavailable',
  'a page, 200': 'identity-unavailable',
  'nothing, 200': 'identity-unavailable',
  'half of the JSON': 'identity-unavailable',
  // a site sends those whom it doesn't know to its form
  'a sign-in form, 302': 'sign-in-required',
  'a 404 page': 'identity-unavailable',
  'a 429 of somebody else': 'identity-unavailable',
}
