import { BlockList, isIP } from 'node:net'
import type { IncomingMessage } from 'node:http'
import { userFrom, type IdentitySource } from './identity.js'

/** Says whether an address is one of a list of addresses and CIDR ranges. */
export type AddressTest = (address: string | undefined) => boolean

/** @throws where an entry is neither an address nor a CIDR range, with the entry as message */
export function addressesIn(list: readonly string[]): AddressTest {
  const blocks = new BlockList()
  for (const entry of list) {
    const [address = '', prefix] = entry.split('/')
    const family = isIP(address)
    const bits = Number(prefix)
    if (
      family === 0 ||
      (prefix !== undefined && !(/^\d+$/.test(prefix) && bits >= 1 && bits <= (family === 4 ? 32 : 128)))
    ) {
      throw new Error(entry)
    }
    if (prefix === undefined) blocks.addAddress(address, family === 4 ? 'ipv4' : 'ipv6')
    else blocks.addSubnet(address, bits, family === 4 ? 'ipv4' : 'ipv6')
  }
  return (address = '') => {
    // a dual-stack socket shows IPv4 peers as ::ffff:192.0.2.1
    const plain = address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '')
    const family = isIP(plain)
    return family !== 0 && blocks.check(plain, family === 4 ? 'ipv4' : 'ipv6')
  }
}

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
