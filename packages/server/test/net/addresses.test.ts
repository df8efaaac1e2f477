import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isPrivateAddress, networkOf } from '../../src/net/addresses.js'

describe('the network of an address', () => {
  const same: [string, string[]][] = [
    ['192.0.2.1', ['192.0.2.1', '192.0.2.1:4711', '"192.0.2.1:4711"', ' 192.0.2.1 ', '::ffff:192.0.2.1']],
    [
      '192.0.2.1',
      ['::FFFF:192.0.2.1', '::ffff:c000:201', '[::ffff:192.0.2.1]:80', '0:0:0:0:0:ffff:c000:0201'],
    ],
    ['192.0.2.1', ['64:ff9b::192.0.2.1', '64:ff9b::c000:201']],
    [
      '2001:db8:0:7::/64',
      [
        '2001:db8:0:7::1',
        '2001:DB8:0:7:ffff:ffff:ffff:ffff',
        '2001:0db8:0000:0007:0000:0000:0000:0001',
        '[2001:db8:0:7::1]',
        '[2001:db8:0:7::9]:4711',
        '"[2001:db8:0:7::9]:4711"',
        '2001:db8:0:7::192.0.2.1',
        '2001:db8:0:7::1%eth0',
      ],
    ],
    ['fe80:0:0:0::/64', ['fe80::1%en0', 'fe80::2%25en0', '[fe80::3%1]']],
    ['0:0:0:0::/64', ['::1', '::', '0:0:0:0:0:0:0:1']],
  ]
  it.each(same)('is %s in all these spellings', (network, spellings) => {
    for (const spelling of spellings) expect(networkOf(spelling), spelling).toBe(network)
  })

  it('differs from that of neighbouring networks', () => {
    const networks = ['192.0.2.1', '192.0.2.2', '2001:db8:0:7::1', '2001:db8:0:8::1', '2001:db8:1:7::1'].map(
      networkOf,
    )
    expect(new Set(networks).size).toBe(networks.length)
  })

  it('is missing if the text is no address', () => {
    const none = [
      '',
      'unknown',
      '_hidden',
      'localhost',
      '192.0.2',
      '192.0.2.256',
      '192.0.2.1.1',
      '1.2.3.4, 5.6.7.8',
    ]
    const odd = [
      '::1::',
      '2001:db8',
      ':::',
      '[',
      '[]',
      '%',
      '192.0.2.1:x',
      'g::1',
      '::ffff:300.1.1.1',
      'x'.repeat(1e6),
    ]
    for (const text of [...none, ...odd]) expect(networkOf(text), text.slice(0, 20)).toBeNull()
  })

  it('is the same for all addresses of a /64', () => {
    const group = fc.integer({ min: 0, max: 0xffff })
    fc.assert(
      fc.property(fc.tuple(group, group, group), fc.tuple(group, group, group, group), (net, host) => {
        const prefix = [0x2001, ...net].map((part) => part.toString(16)).join(':')
        const address = `${prefix}:${host.map((part) => part.toString(16).padStart(4, '0')).join(':')}`
        expect(networkOf(address)).toBe(networkOf(`${prefix}:0:0:0:1`))
        expect(networkOf(`[${address.toUpperCase()}]:443`)).toBe(networkOf(address))
      }),
    )
  })

  it('is returned without an exception, for any text', () => {
    const piece = fc.oneof(
      fc.string(),
      fc.ipV4(),
      fc.ipV6(),
      fc.constantFrom('[', ']', ':', '%', '"', ',', '::ffff:'),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
        const network = networkOf(pieces.join(''))
        if (network !== null) expect(network).toMatch(/^[\da-f:.]+(\/64)?$/)
      }),
    )
  })
})

describe('isPrivateAddress', () => {
  it.each([
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '127.0.0.1',
    '169.254.1.1',
    '100.64.0.1',
    '::1',
    'fd00::1',
    'fe80::1',
  ])('is true for %s', (address) => expect(isPrivateAddress(address)).toBe(true))
  it.each(['203.0.113.9', '172.32.0.1', '100.128.0.1', '2001:db8::1', 'example.com'])(
    'is false for %s',
    (address) => expect(isPrivateAddress(address)).toBe(false),
  )
})
