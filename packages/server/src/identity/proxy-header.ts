import type { IncomingMessage } from 'node:http'
import type { AddressTest } from '../net/request-facts.js'
import { rejected, userFrom, type IdentityAnswer, type IdentitySource } from './identity.js'

export interface ProxyHeaderOptions {
  idHeader: string
  nameHeader: string
  /** Trusted peers, by the address of the socket. `X-Forwarded-For` has no influence. */
  isTrusted: AddressTest
}

/** Trusts the headers of a proxy that signed the visitor in (oauth2-proxy, auth_request, ForwardAuth). */
export function proxyHeaderIdentity(options: ProxyHeaderOptions): IdentitySource<{ raw: IncomingMessage }> {
  const { idHeader, nameHeader, isTrusted } = options
  const answer = ({ socket, headersDistinct }: IncomingMessage): IdentityAnswer => {
    const ids = headersDistinct[idHeader.toLowerCase()] ?? []
    const names = headersDistinct[nameHeader.toLowerCase()] ?? []
    // without the header, a chain may go on
    const isPresented = ids.length + names.length > 0
    if (!isTrusted(socket.remoteAddress)) {
      return {
        refused: 'sign-in-required',
        reason: 'untrusted-peer',
        ...(isPresented ? { rejected: true } : {}),
      }
    }
    // a copy beside the proxy's own came from the visitor
    if (ids.length > 1 || names.length > 1) return rejected('header-repeated')
    if (ids.length === 0 && (names[0] ?? '').trim() !== '') return rejected('name-without-id')
    return userFrom(utf8(ids[0]), utf8(names[0]))
  }
  return ({ request }) => Promise.resolve(answer(request.raw))
}

/** Proxies write UTF-8 into headers, and Node reads them as Latin-1. */
function utf8(value: string | undefined): string | undefined {
  if (value === undefined) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(value, 'latin1'))
  } catch {
    return value
  }
}
