import type { ElementCode } from 'kinescope-chat/contract'
import type { HttpFault } from './http-faults.js'
import type { TcpFault } from './tcp-proxy.js'

/** How the page names each fault of its token endpoint; `null`: it gets in all the same. */
export const ENDPOINT: Record<HttpFault, ElementCode | null> = {
  delayed: null,
  hangs: 'endpoint-timeout',
  dropped: 'endpoint-unreachable',
  reset: 'endpoint-unreachable',
  'broken off': 'endpoint-unreachable',
  'stands still': 'endpoint-timeout',
  drips: 'endpoint-timeout',
  'never ends': 'endpoint-bad-reply',
  'asked twice': null,
  'answered twice': null,
  'early hints': null,
  garbage: 'endpoint-unreachable',
  'broken chunks': 'endpoint-unreachable',
  'too short a length': 'endpoint-bad-reply',
  'packed, it says': 'endpoint-unreachable',
  'a flood of headers': 'endpoint-unreachable',
  'a proxy’s 502': 'endpoint-error',
  'a 500 in HTML': 'endpoint-error',
  'a challenge, 403': 'endpoint-bad-reply',
  'a page, 200': 'endpoint-bad-reply',
  'nothing, 200': 'endpoint-bad-reply',
  'nothing, 204': 'endpoint-bad-reply',
  'half of the JSON': 'endpoint-bad-reply',
  'another’s JSON, 200': 'endpoint-bad-reply',
  'a sign-in form, 302': 'endpoint-bad-reply',
  'a redirect loop': 'endpoint-bad-reply',
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
  'stands still': 'identity-unavailable',
  drips: 'identity-unavailable',
  'never ends': 'identity-unavailable',
  'asked twice': null,
  'answered twice': null,
  'early hints': null,
  garbage: 'identity-unavailable',
  'broken chunks': 'identity-unavailable',
  'too short a length': 'identity-unavailable',
  'packed, it says': 'identity-unavailable',
  'a flood of headers': 'identity-unavailable',
  'a proxy’s 502': 'identity-unavailable',
  'a 500 in HTML': 'identity-unavailable',
  'a challenge, 403': 'identity-unavailable',
  'a page, 200': 'identity-unavailable',
  'nothing, 200': 'identity-unavailable',
  // nobody, say those who have no words for it
  'nothing, 204': 'sign-in-required',
  'half of the JSON': 'identity-unavailable',
  // an object without an id is a site's way to say the same
  'another’s JSON, 200': 'sign-in-required',
  // a site sends those whom it doesn't know to its form
  'a sign-in form, 302': 'sign-in-required',
  'a redirect loop': 'sign-in-required',
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
  'stands still': ['api-timeout'],
  drips: ['api-timeout'],
  'never ends': ['api-bad-answer'],
  'asked twice': [],
  'answered twice': [],
  'early hints': [],
  garbage: ['api-unreachable'],
  'broken chunks': ['api-unreachable'],
  'too short a length': ['api-bad-answer'],
  'packed, it says': ['api-unreachable'],
  'a flood of headers': ['api-unreachable'],
  'a proxy’s 502': ['api-unavailable'],
  'a 500 in HTML': ['api-unavailable'],
  'a challenge, 403': ['api-forbidden'],
  'a page, 200': ['api-bad-answer'],
  'nothing, 200': ['api-bad-answer'],
  'nothing, 204': ['api-bad-answer'],
  'half of the JSON': ['api-bad-answer'],
  'another’s JSON, 200': ['api-bad-answer'],
  'a sign-in form, 302': ['api-bad-answer'],
  'a redirect loop': ['api-bad-answer'],
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
  // a page that breaks off never says that it has loaded, nor does one that can't be unpacked
  'broken off': 'frame-timeout',
  'stands still': 'frame-timeout',
  drips: 'frame-timeout',
  'never ends': 'frame-timeout',
  'asked twice': null,
  'answered twice': null,
  'early hints': null,
  garbage: null,
  'broken chunks': 'frame-timeout',
  'too short a length': null,
  'packed, it says': 'frame-timeout',
  'a flood of headers': null,
  'a proxy’s 502': null,
  'a 500 in HTML': null,
  'a challenge, 403': null,
  'a page, 200': null,
  'nothing, 200': null,
  'nothing, 204': 'frame-timeout',
  'half of the JSON': null,
  'another’s JSON, 200': null,
  'a sign-in form, 302': null,
  'a redirect loop': null,
  'a 404 page': null,
  'a 429 of somebody else': null,
}
