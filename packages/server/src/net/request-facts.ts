import proxyAddress from '@fastify/proxy-addr'
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { plainAddress } from './addresses.js'

/** Tests whether an address is in a list of addresses and CIDR ranges. */
export type AddressTest = (address: string | undefined) => boolean

/** @throws where an entry is neither an address nor a CIDR range, with the entry as message */
export function addressesIn(list: readonly string[]): AddressTest {
  const tests = list.map((entry) => {
    // the library also takes names and net masks
    if (!/^[\da-f:.]+(\/\d{1,3})?$/i.test(entry) || !/[.:]/.test(entry)) throw new Error(entry)
    try {
      return proxyAddress.compile([entry])
    } catch (cause) {
      throw new Error(entry, { cause })
    }
  })
  return (text = '') => {
    // proxies also write the hop before them with its port
    const address = isIP(text) === 0 ? plainAddress(text) : text
    return address !== null && tests.some((test) => test(address, 0))
  }
}

/** What proxies add. Where one of them is present, the peer of the socket is no visitor. */
const FORWARDED_HEADERS = ['x-forwarded-for', 'forwarded', 'x-real-ip', 'via', 'cf-connecting-ip']
/** No chain of real proxies is longer. Characters. */
const MAX_CHAIN = 2000

/**
 * Makes a function that finds the visitor's address: from trusted proxies, or from the socket where no proxy is between.
 * Behind a proxy that isn't listed, all visitors would seem to be one.
 *
 * @param trustedProxies addresses and CIDR ranges. @throws TypeError naming an entry that is neither
 */
export function clientAddressBy(
  trustedProxies: readonly string[] | undefined,
): (request: IncomingMessage) => string | null {
  if (trustedProxies === undefined) {
    return (request) => {
      const forwarded = FORWARDED_HEADERS.some((name) => request.headers[name] !== undefined)
      return forwarded ? null : (peerOf(request) ?? null)
    }
  }
  const isTrusted = readList(trustedProxies)
  return (request) => forwardedAddress(request, isTrusted)
}

/** The visitor's address: the last one of the chain that is no trusted proxy. */
export function forwardedAddress(request: IncomingMessage, isTrusted: AddressTest): string | null {
  const peer = peerOf(request)
  if (peer === undefined) return null
  const header = request.headers['x-forwarded-for'] ?? ''
  const chain = (Array.isArray(header) ? header.join(',') : header).slice(-MAX_CHAIN)
  const facts = { headers: { 'x-forwarded-for': chain }, socket: { remoteAddress: peer } }
  return proxyAddress(facts as unknown as IncomingMessage, isTrusted)
}

/** An adapter of a serverless platform has no real socket. */
const peerOf = (request: IncomingMessage): string | undefined =>
  (request.socket as IncomingMessage['socket'] | undefined)?.remoteAddress

function readList(trustedProxies: readonly string[]) {
  try {
    return addressesIn(trustedProxies)
  } catch (cause) {
    throw new TypeError('trustedProxies must hold addresses or CIDR ranges, such as "10.0.0.0/8"', { cause })
  }
}

export interface RequestHost {
  /** Host and port; null where the request names none (HTTP/1.0). */
  host: string | null
  /** Whether the request names it twice, or not as one: RFC 9112, section 3.2, and RFC 9113, section 8.3.1, demand a 400. */
  ambiguous: boolean
}

/** The host a request is for: `:authority` of HTTP/2, the absolute form of HTTP/1.1, else `Host`. */
export function requestHost(
  request: Pick<IncomingMessage, 'headers' | 'url'> & { rawHeaders?: string[] },
): RequestHost {
  const { headers, url = '', rawHeaders = [] } = request
  const authority = headers[':authority'] as string | undefined
  const [, absolute] = /^[a-z][a-z\d+.-]*:\/\/([^/?#]*)/i.exec(url) ?? []
  let lines = 0
  for (let at = 0; at < rawHeaders.length; at += 2) if (rawHeaders[at]!.toLowerCase() === 'host') lines++
  const host = authority ?? absolute ?? headers.host
  const differs =
    authority !== undefined && headers.host !== undefined && sameHost(authority) !== sameHost(headers.host)
  const malformed = host !== undefined && !HOST.test(host)
  return { host: host ? host : null, ambiguous: lines > 1 || differs || malformed }
}

/** RFC 3986, section 3.2, without a user and without a comma, by which proxies join two values. */
const HOST = /^(?:\[[\da-f:.]+\]|[\w.~%!$&'()*+;=-]*)(?::\d{0,5})?$/i

/** One spelling of a host: names have no case, and both default ports may be left out. */
const sameHost = (host: string): string => host.toLowerCase().replace(/:(?:80|443)?$/, '')

/** A path without query and fragment. */
export function pathOf(url: string): string {
  return url.split(/[?#]/, 1)[0]!
}

/** A segment too short for a token, of the characters that routes and the ids of streams have. A UUID has 36. */
const LOGGED_SEGMENT = /^[\w.-]{0,36}$/

/**
 * A path as a log may show it, up to the first segment that could hold a token. Click trackers encode `?` and `#`, so an
 * identity token can become part of the path.
 */
export function loggedPath(url: string): string {
  const segments = pathOf(url).split('/')
  const cut = segments.findIndex((segment) => !LOGGED_SEGMENT.test(segment))
  return (cut < 0 ? segments : [...segments.slice(0, cut), '…']).join('/')
}

/** Ids that proxies make: UUIDs, hex, base64url, `Root=1-…`. Nothing that could forge a line. */
const REQUEST_ID = /^[\w.:=+/-]{1,128}$/

/** The id of a request in log and response: a trusted proxy's `X-Request-ID`, else a new one. */
export function requestIdOf({ headers, socket }: IncomingMessage, isTrusted: AddressTest): string {
  const given = headers['x-request-id']
  if (typeof given === 'string' && REQUEST_ID.test(given) && isTrusted(socket.remoteAddress)) return given
  return crypto.randomUUID()
}

/** W3C Trace Context, section 3.2. */
const TRACEPARENT = /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/

/** A trusted proxy's `traceparent`, so that log lines can be found by trace. */
export function traceparentOf(
  { headers, socket }: IncomingMessage,
  isTrusted: AddressTest,
): string | undefined {
  const given = headers['traceparent']
  return typeof given === 'string' && TRACEPARENT.test(given) && isTrusted(socket.remoteAddress)
    ? given
    : undefined
}
