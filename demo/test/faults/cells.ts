import type { ElementCode } from 'kinescope-chat/contract'
import type { HttpFault, TcpFault } from './fault-proxy.js'

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

/** What a visitor is told while the servers' common count is out of reach: nothing, each server counts for itself. */
export const REDIS: Record<TcpFault, null> = {
  delayed: null,
  hangs: null,
  dropped: null,
  reset: null,
  garbage: null,
}

/** The names under which the command line ends when Kinescope's API meets a fault; none: it succeeds all the same. */
export const API: Record<HttpFault, readonly string[]> = {
  delayed: [],
  hangs: ['api-timeout'],
  dropped: ['api-unreachable'],
  reset: ['api-unreachable'],
  'broken off': ['api-unreachable'],
  'asked twice': [],
  garbage: ['api-unreachable'],
  'a proxy’s 502': ['api-unavailable'],
  'a 500 in HTML': ['api-unavailable'],
  'a challenge, 403': ['api-forbidden'],
  'a page, 200': ['api-bad-answer'],
  'nothing, 200': ['api-bad-answer'],
  'half of the JSON': ['api-bad-answer'],
  'a sign-in form, 302': ['api-bad-answer'],
  'a 404 page': ['event-not-found', 'key-not-found'],
  'a 429 of somebody else': ['api-rate-limited'],
}

/**
 * How the page names a fault of the chat page; `null`: its frame is shown. A page may not see what a frame of another
 * site holds, nor its status: what came in the chat's place is shown until the next token brings a new frame.
 */
export const CHAT: Record<HttpFault, ElementCode | null> = {
  delayed: null,
  hangs: 'frame-timeout',
  dropped: null,
  reset: null,
  // its page never says that it has loaded
  'broken off': 'frame-timeout',
  'asked twice': null,
  garbage: null,
  'a proxy’s 502': null,
  'a 500 in HTML': null,
  'a challenge, 403': null,
  'a page, 200': null,
  'nothing, 200': null,
  'half of the JSON': null,
  'a sign-in form, 302': null,
  'a 404 page': null,
  'a 429 of somebody else': null,
}
