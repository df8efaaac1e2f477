import type { IncomingMessage } from 'node:http'
import type { AddressTest } from '../net/client-address.js'
import { userFrom, type IdentitySource } from './identity.js'

export interface ProxyHeaderOptions {
  idHeader: string
  nameHeader: string
  /** Peers whose word counts: the socket's other end, whatever X-Forwarded-For says. */
  isTrusted: AddressTest
}

/** Believes the headers of a proxy that has signed the visitor in (oauth2-proxy, auth_request, ForwardAuth). */
export function proxyHeaderIdentity(options: ProxyHeaderOptions): IdentitySource<{ raw: IncomingMessage }> {
  const { idHeader, nameHeader, isTrusted } = options
  return ({ request: { raw } }) => {
    if (!isTrusted(raw.socket.remoteAddress)) {
      return Promise.resolve({ refused: 'sign-in-required', reason: 'untrusted-peer' })
    }
    const ids = raw.headersDistinct[idHeader.toLowerCase()] ?? []
    const names = raw.headersDistinct[nameHeader.toLowerCase()] ?? []
    // a copy beside the proxy's own came from the visitor
    if (ids.length > 1 || names.length > 1) {
      return Promise.resolve({ refused: 'sign-in-required', reason: 'header-repeated' })
    }
    return Promise.resolve(userFrom(utf8(ids[0]), utf8(names[0])))
  }
}

/** Proxies put UTF-8 into headers, which HTTP hands over byte by byte. */
function utf8(value: string | undefined): string | undefined {
  if (value === undefined) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(value, 'latin1'))
  } catch {
    return value
  }
}
