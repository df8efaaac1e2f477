import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { generateKey, loadPrivateKey } from '../../src/keys/private-key.js'
import { runs } from '../../../../scripts/test-tier.js'
import { useNodeKeys } from './quick-keys.js'

const pairsOf = (count: number) =>
  Array.from({ length: count }, () => generateKeyPairSync('rsa', { modulusLength: 2048 }))
const primesOf = (pairs: ReturnType<typeof pairsOf>) =>
  new Set(pairs.map(({ privateKey }) => privateKey.export({ format: 'jwk' })).flatMap(({ p, q }) => [p, q]))

const now = Date.parse('2026-11-25T12:00:00Z')

describe('generateKey', () => {
  let giveBack: () => void
  beforeAll(() => void (giveBack = useNodeKeys()))
  afterAll(() => giveBack())

  it('is tested with keys that Node generates', () => {
    expect(primesOf(pairsOf(3)).size).toBe(6)
  })

  const COUNT = runs(200)
  it(`generates ${COUNT} keys with an n of 256 bytes, without padding, each with its own kid`, async () => {
    const keys = []
    for (let batch = 0; batch < COUNT / 4; batch += 1) {
      keys.push(...(await Promise.all(Array.from({ length: 4 }, () => generateKey({ now })))))
    }
    for (const { publicJwk, kid } of keys) {
      expect(publicJwk.n).toMatch(/^[\w-]{342}$/)
      const bytes = Buffer.from(publicJwk.n, 'base64url')
      expect(bytes.length).toBe(256)
      expect(bytes[0]! & 0x80).toBe(0x80)
      expect(publicJwk.e).toBe('AQAB')
      expect(kid).toMatch(/^20261125-[\w-]{16}$/)
    }
    expect(new Set(keys.map(({ kid }) => kid)).size).toBe(COUNT)
  }, 120_000)

  it.each([3072, 4096])('generates a key of %i bits', async (bits) => {
    const { pem, publicJwk } = await generateKey({ bits, now })
    expect(Buffer.from(publicJwk.n, 'base64url').length).toBe(bits / 8)
    expect((await loadPrivateKey(pem)).bits).toBe(bits)
  })

  it.each([1024, 2047, 2049, 8192])('rejects a size of %i bits', async (bits) => {
    await expect(generateKey({ bits, now })).rejects.toMatchObject({ code: 'key-size' })
  })

  it('encrypts the private key with a passphrase, and rejects a weak one', async () => {
    const { pem } = await generateKey({ passphrase: 'a long enough passphrase', now })
    expect(pem).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----/)
    expect((await loadPrivateKey(pem, { passphrase: 'a long enough passphrase' })).bits).toBe(2048)
    await expect(generateKey({ passphrase: 'short', now })).rejects.toMatchObject({
      code: 'passphrase-short',
    })
  })
})

it('combined test keys differ, and each signs for its own public key only', () => {
  const pairs = pairsOf(20)
  expect(primesOf(pairs).size).toBeLessThan(40)
  const data = Buffer.from('data')
  const signatures = pairs.map(({ privateKey }) => sign('sha256', data, privateKey))
  pairs.forEach(({ publicKey }, index) => {
    expect(publicKey.asymmetricKeyDetails).toMatchObject({ modulusLength: 2048, publicExponent: 65537n })
    expect(signatures.map((signature) => verify('sha256', data, publicKey, signature)).indexOf(true)).toBe(
      index,
    )
  })
  expect(new Set(pairs.map(({ publicKey }) => publicKey.export({ format: 'jwk' }).n)).size).toBe(20)
})
