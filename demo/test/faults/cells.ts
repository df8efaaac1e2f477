import type { ElementCode } from 'kinescope-chat/contract'
import type { HttpFault } from './http-faults.js'
import type { TcpFault } from './tcp-proxy.js'

/** The page's code for each fault of its token endpoint. `null`: the chat opens anyway. */
export const ENDPOINT: Record<HttpFault, ElementCode | null> = {
  delayed: null,
  hangs: 'endpoint-timeout',
  dropped: 'endpoint-unreachable',
  reset: 'endpoint-unreachable',
  truncated: 'endpoint-unreachable',
  stalls: 'endpoint-timeout',
  drips: 'endpoint-timeout',
  'never ends': 'endpoint-bad-reply',
  'request twice': null,
  'response twice': null,
  'early hints': null,
  garbage: 'endpoint-unreachable',
  'broken chunks': 'endpoint-unreachable',
  'short length': 'endpoint-bad-reply',
  'wrong encoding': 'endpoint-unreachable',
  'huge headers': 'endpoint-unreachable',
  'a proxy’s 502': 'endpoint-error',
  'a 500 in HTML': 'endpoint-error',
  'a challenge, 403': 'endpoint-bad-reply',
  'a page, 200': 'endpoint-bad-reply',
  'nothing, 200': 'endpoint-bad-reply',
  'nothing, 204': 'endpoint-bad-reply',
  'half of the JSON': 'endpoint-bad-reply',
  'other JSON, 200': 'endpoint-bad-reply',
  'a sign-in form, 302': 'endpoint-bad-reply',
  'a redirect loop': 'endpoint-bad-reply',
  'a 404 page': 'endpoint-not-found',
  'another server’s 429': 'rate-limited',
}

/** The visitor's code if the response of the site's identity endpoint has a fault. `null`: the visitor gets a token. */
export const SITE: Record<HttpFault, 'identity-unavailable' | 'sign-in-required' | null> = {
  delayed: null,
  hangs: 'identity-unavailable',
  dropped: 'identity-unavailable',
  reset: 'identity-unavailable',
  truncated: 'identity-unavailable',
  stalls: 'identity-unavailable',
  drips: 'identity-unavailable',
  'never ends': 'identity-unavailable',
  'request twice': null,
  'response twice': null,
  'early hints': null,
  garbage: 'identity-unavailable',
  'broken chunks': 'identity-unavailable',
  'short length': 'identity-unavailable',
  'wrong encoding': 'identity-unavailable',
  'huge headers': 'identity-unavailable',
  'a proxy’s 502': 'identity-unavailable',
  'a 500 in HTML': 'identity-unavailable',
  'a challenge, 403': 'identity-unavailable',
  'a page, 200': 'identity-unavailable',
  'nothing, 200': 'identity-unavailable',
  // an empty response means that the visitor isn't signed in
  'nothing, 204': 'sign-in-required',
  'half of the JSON': 'identity-unavailable',
  // an object without an id means the same
  'other JSON, 200': 'sign-in-required',
  // a site redirects signed-out visitors to its sign-in form
  'a sign-in form, 302': 'sign-in-required',
  'a redirect loop': 'sign-in-required',
  'a 404 page': 'identity-unavailable',
  'another server’s 429': 'identity-unavailable',
}

/** The visitor's code while Redis is unreachable. None, since each server then counts alone. */
export const REDIS: Record<TcpFault, null> = {
  delayed: null,
  hangs: null,
  dropped: null,
  reset: null,
  garbage: null,
}

/** The codes of the failed command if Kinescope's API has a fault. None: the command succeeds anyway. */
export const API: Record<HttpFault, readonly string[]> = {
  delayed: [],
  hangs: ['api-timeout'],
  dropped: ['api-unreachable'],
  reset: ['api-unreachable'],
  truncated: ['api-unreachable'],
  stalls: ['api-timeout'],
  drips: ['api-timeout'],
  'never ends': ['api-bad-answer'],
  'request twice': [],
  'response twice': [],
  'early hints': [],
  garbage: ['api-unreachable'],
  'broken chunks': ['api-unreachable'],
  'short length': ['api-bad-answer'],
  'wrong encoding': ['api-unreachable'],
  'huge headers': ['api-unreachable'],
  'a proxy’s 502': ['api-unavailable'],
  'a 500 in HTML': ['api-unavailable'],
  'a challenge, 403': ['api-forbidden'],
  'a page, 200': ['api-bad-answer'],
  'nothing, 200': ['api-bad-answer'],
  'nothing, 204': ['api-bad-answer'],
  'half of the JSON': ['api-bad-answer'],
  'other JSON, 200': ['api-bad-answer'],
  'a sign-in form, 302': ['api-bad-answer'],
  'a redirect loop': ['api-bad-answer'],
  'a 404 page': ['event-not-found', 'key-not-found'],
  'another server’s 429': ['api-rate-limited'],
}

/**
 * The page's code for each fault of the chat page. `null`: the page shows the frame. A page can't read the content or
 * the status of another site's frame. So an unexpected response stays visible until the next token brings a new frame.
 */
export const CHAT: Record<HttpFault, ElementCode | null> = {
  delayed: null,
  hangs: 'frame-timeout',
  dropped: null,
  reset: null,
  // no load event follows a response that breaks off, or one that the browser can't decompress
  truncated: 'frame-timeout',
  stalls: 'frame-timeout',
  drips: 'frame-timeout',
  'never ends': 'frame-timeout',
  'request twice': null,
  'response twice': null,
  'early hints': null,
  garbage: null,
  'broken chunks': 'frame-timeout',
  'short length': null,
  'wrong encoding': 'frame-timeout',
  'huge headers': null,
  'a proxy’s 502': null,
  'a 500 in HTML': null,
  'a challenge, 403': null,
  'a page, 200': null,
  'nothing, 200': null,
  'nothing, 204': 'frame-timeout',
  'half of the JSON': null,
  'other JSON, 200': null,
  'a sign-in form, 302': null,
  'a redirect loop': null,
  'a 404 page': null,
  'another server’s 429': null,
}
