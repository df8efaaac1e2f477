const DECIMAL = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/
/** The longest spelling: brackets, 39 characters, a zone and a port. */
const MAX_LENGTH = 100
/** RFC 4291, section 2.5.5.2 and RFC 6052, section 2.1: IPv4 in other clothes. */
const MAPPED = /^(?:0:0:0:0:0:ffff|64:ff9b:0:0:0:0):([\da-f]{1,4}):([\da-f]{1,4})$/

/**
 * The network that one visitor has to themselves, in one spelling: an IPv4 address, or the /64 of an IPv6 address, of
 * which every subscriber has 18 quintillion. Ports, brackets, zones, quotes and letter case are no part of it.
 *
 * @returns null where the text is no address
 */
export function networkOf(address: string): string | null {
  if (DECIMAL.test(address)) return address
  if (address.length > MAX_LENGTH) return null
  const text = address.trim().replace(/^"|"$/g, '').toLowerCase()
  if (text.startsWith('[')) return sixOf(text.slice(1, Math.max(1, text.indexOf(']'))))
  const parts = text.split(':')
  if (parts.length > 2) return sixOf(text)
  const [four = '', port] = parts
  return DECIMAL.test(four) && (port === undefined || /^\d+$/.test(port)) ? four : null
}

function sixOf(text: string): string | null {
  const [bare = ''] = text.split('%', 1)
  const url = `http://[${bare}]/`
  if (!/^[\da-f:.]+$/.test(bare) || !URL.canParse(url)) return null
  // the URL standard writes every address in one way (RFC 5952)
  const [head = '', tail] = new URL(url).hostname.slice(1, -1).split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const groups = [...before, ...Array<string>(8 - before.length - after.length).fill('0'), ...after]
  const mapped = MAPPED.exec(groups.join(':'))
  if (!mapped) return `${groups.slice(0, 4).join(':')}::/64`
  const [high = 0, low = 0] = mapped.slice(1).map((group) => parseInt(group, 16))
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}
