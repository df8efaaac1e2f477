import type { IncomingMessage } from 'node:http'
import { addressesIn } from '../identity/proxy-header.js'

/** What proxies add. Where one of them came along, the other end of the socket is no visitor. */
const FORWARDED = ['x-forwarded-for', 'forwarded', 'x-real-ip', 'via', 'cf-connecting-ip']
/** A chain of proxies that is longer is somebody's invention. */
const MAX_CHAIN = 2000

/**
 * The visitor's address, where it is known: by the word of proxies that are trusted, or because nothing stands between.
 * Behind a proxy that nobody named, all visitors would seem to be one.
 *
 * @param trustedProxies addresses and CIDR ranges. @throws TypeError naming an entry that is neither
 */
export function clientAddressBy(
  trustedProxies: readonly string[] | undefined,
): (request: IncomingMessage) => string | null {
  if (trustedProxies === undefined) {
    return ({ headers, socket }) => {
      const forwarded = FORWARDED.some((name) => headers[name] !== undefined)
      // an adapter of a serverless platform has no real socket
      return forwarded ? null : ((socket as IncomingMessage['socket'] | undefined)?.remoteAddress ?? null)
    }
  }
  const isTrusted = readList(trustedProxies)
  return ({ headers, socket }) => {
    const header = headers['x-forwarded-for'] ?? ''
    const chain = (Array.isArray(header) ? header.join(',') : header).slice(-MAX_CHAIN).split(',')
    let address: string | undefined = (socket as IncomingMessage['socket'] | undefined)?.remoteAddress
    // each trusted hop vouches for the one before it
    while (isTrusted(address) && chain.length > 0) address = chain.pop()?.trim() || address
    return address ?? null
  }
}

function readList(trustedProxies: readonly string[]) {
  try {
    return addressesIn(trustedProxies)
  } catch (cause) {
    throw new TypeError('trustedProxies must hold addresses or CIDR ranges, such as "10.0.0.0/8"', { cause })
  }
}
