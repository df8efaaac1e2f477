import ipaddr from 'ipaddr.js'

/** The longest spelling: brackets, 39 characters, a zone and a port. */
const MAX_LENGTH = 100
/** RFC 6052, section 2.1: IPv4 addresses behind NAT64. */
const NAT64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96')

/** An address in any spelling that headers use: quotes, brackets, port and zone are dropped, mapped IPv4 is IPv4. */
function parseAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | null {
  if (text.length > MAX_LENGTH) return null
  let bare = text.trim().replace(/^"|"$/g, '')
  if (bare.startsWith('[')) bare = bare.slice(1, Math.max(1, bare.indexOf(']')))
  else if (/^[\d.]+:\d+$/.test(bare)) bare = bare.slice(0, bare.indexOf(':'))
  if (ipaddr.IPv4.isValidFourPartDecimal(bare)) return ipaddr.IPv4.parse(bare)
  const [withoutZone = ''] = bare.split('%', 1)
  if (!/^[\da-f:.]+$/i.test(withoutZone) || !ipaddr.IPv6.isValid(withoutZone)) return null
  const address = ipaddr.IPv6.parse(withoutZone)
  if (address.isIPv4MappedAddress()) return address.toIPv4Address()
  return address.match(NAT64) ? new ipaddr.IPv4(address.toByteArray().slice(12)) : address
}

/** The address without quotes, brackets, port and zone; null where the text is no address. */
export const plainAddress = (text: string): string | null => parseAddress(text)?.toString() ?? null

/** The common spelling, which needs no parser. */
const PLAIN_IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/

/**
 * The network that one visitor has to themselves, in one spelling: an IPv4 address, or the /64 of an IPv6 address, of
 * which every subscriber has 18 quintillion.
 *
 * @returns null where the text is no address
 */
export function networkOf(text: string): string | null {
  if (PLAIN_IPV4.test(text)) return text
  const address = parseAddress(text)
  if (address === null) return null
  if (address.kind() === 'ipv4') return address.toString()
  const groups = (address as ipaddr.IPv6).parts.slice(0, 4).map((part) => part.toString(16))
  return `${groups.join(':')}::/64`
}

/** The network that an audit keeps of an address: /24 of IPv4, /48 of IPv6; null where the text is no address. */
export function cutAddress(text: string): string | null {
  const network = networkOf(text)
  if (network === null) return null
  if (!network.includes(':')) return `${network.split('.').slice(0, 3).join('.')}.0/24`
  return `${network.split(':').slice(0, 3).join(':')}::/48`
}

/** RFC 1918, 3927, 4193, 4291, 6598. */
const PRIVATE_RANGES = new Set([
  'loopback',
  'private',
  'linkLocal',
  'uniqueLocal',
  'carrierGradeNat',
  'unspecified',
])

/** Whether only a local network can reach this address. */
export function isPrivateAddress(text: string | undefined): boolean {
  const address = parseAddress(text ?? '')
  return address !== null && PRIVATE_RANGES.has(address.range())
}

/** Whether a host of a URL is this machine. */
export function isLoopbackHost(hostname: string): boolean {
  if (/^(?:.*\.)?localhost\.?$/i.test(hostname)) return true
  return parseAddress(hostname)?.range() === 'loopback'
}
