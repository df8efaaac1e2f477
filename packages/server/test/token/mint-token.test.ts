import { createPrivateKey } from 'node:crypto'
import fc from 'fast-check'
import jsonwebtoken from 'jsonwebtoken'
import { describe, expect, it } from 'vitest'
import { checkToken } from 'kinescope-chat/check-token'
import { OperatorProblem } from '../../src/problem.js'
import { importSigningKey } from '../../src/token/signing-key.js'
import { chatClaims, mintToken, type MintTokenInput } from '../../src/token/mint-token.js'
import { makeKey } from '../running-server.js'

const { kid, pem, publicKey } = makeKey()
const asked = { userId: 'u-1', username: 'Жанна 😀', eventId: 'stream', ttl: 3600 }

describe('a minted token', () => {
  it('is accepted by another JWT library and by the element’s checks', async () => {
    const key = await importSigningKey({ kid, privateKey: pem })
    const { token, expiresIn, kid: signedWith } = await mintToken({ key, ...asked })
    expect([expiresIn, signedWith]).toEqual([3600, kid])
    expect(token).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/)
    const publicPem = publicKey.export({ type: 'spki', format: 'pem' })
    const claims = jsonwebtoken.verify(token, publicPem, { algorithms: ['RS256'], audience: 'chat' })
    expect(claims).toMatchObject({ user_id: 'u-1', username: 'Жанна 😀', event_id: 'stream', aud: 'chat' })
    expect(checkToken(token, { eventId: 'stream', now: Date.now() / 1000 }).fault).toBeNull()
  })

  it('is not made with a lifetime or an id that no token has', async () => {
    const key = await importSigningKey({ kid, privateKey: pem })
    const wrong = [
      ...['60', 59, 86_401, 60.5, NaN, undefined].map((ttl) => ({ ttl })),
      ...['', ' ', 7, null, undefined].flatMap((id) => [{ userId: id }, { eventId: id }]),
      ...['0', ' 0 ', '\u200b', 'a\nb'].map((id) => ({ userId: id })),
    ]
    for (const fields of wrong) {
      const input = { key, ...asked, ...fields } as MintTokenInput
      await expect(mintToken(input), JSON.stringify(fields)).rejects.toThrow(TypeError)
    }
    for (const ttl of [60, 86_400]) expect((await mintToken({ key, ...asked, ttl })).expiresIn).toBe(ttl)
  })

  it('has a shorter lifetime if the key expires first, and none once the key has expired', async () => {
    const now = Date.UTC(2026, 0, 1)
    const lifeWith = async (left: number) => {
      const key = await importSigningKey({ kid, privateKey: pem, expiresAt: new Date(now + left) })
      return (await mintToken({ key, ...asked, now })).expiresIn
    }
    expect(await lifeWith(90_000)).toBe(90)
    expect(await lifeWith(-1000)).toBeLessThan(0)
  })
})

describe('a signing key', () => {
  it('is read from PKCS#8, also quoted and escaped, from a JWK, its JSON, or a CryptoKey', async () => {
    const jwk = createPrivateKey(pem).export({ format: 'jwk' }) as Record<string, string>
    const known = await importSigningKey({ kid, privateKey: pem })
    if (!('privateKey' in known)) throw new Error('held elsewhere')
    const imported = known.privateKey
    for (const privateKey of [pem, `"${pem.replaceAll('\n', '\\n')}"`, jwk, JSON.stringify(jwk), imported]) {
      const key = await importSigningKey({ kid, privateKey, expiresAt: '2099-01-01T00:00:00Z' })
      expect(key.expiresAt).toBe(Date.UTC(2099, 0, 1))
      const { token } = await mintToken({ key, ...asked })
      expect(jsonwebtoken.verify(token, publicKey.export({ type: 'spki', format: 'pem' }))).toBeTruthy()
    }
  })

  it('is rejected with a remedy if it is weak, public, unreadable or without a kid', async () => {
    const small = makeKey(1024).pem
    const publicPem = publicKey.export({ type: 'spki', format: 'pem' }) as string
    const cases = [
      { kid, privateKey: small },
      { kid, privateKey: publicPem },
      { kid, privateKey: 'nonsense' },
      { kid, privateKey: publicKey.export({ format: 'jwk' }) as Record<string, string> },
      { kid: '', privateKey: pem },
      { kid, privateKey: pem, expiresAt: 'tomorrow' },
    ]
    for (const input of cases) {
      const error = await importSigningKey(input).catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(OperatorProblem)
      expect((error as OperatorProblem).remediation).not.toBe('')
      expect((error as OperatorProblem).message).not.toContain('BEGIN')
    }
  })
})

const NOW = Date.UTC(2026, 10, 25, 12, 0, 0, 999)
const input = { userId: 'u-1', username: 'Ann', eventId: 'stream', ttl: 3600, now: NOW }

describe('the claims', () => {
  it('are the documented ones, in whole seconds', () => {
    const nowS = Math.floor(NOW / 1000)
    expect(chatClaims(input)).toEqual({
      aud: 'chat',
      user_id: 'u-1',
      username: 'Ann',
      event_id: 'stream',
      iat: nowS - 30,
      exp: nowS + 3600,
    })
  })

  it('contain nbf, back-dated, only on request', () => {
    const { nbf, iat } = chatClaims({ ...input, notBefore: true })
    expect(nbf).toBe(iat)
  })

  it('never have an exp after the key’s end, and never a needlessly early one', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 60, max: 86_400 }),
        fc.integer({ min: -100_000, max: 200_000_000 }),
        (ttl, left) => {
          const cap = NOW + left
          const { exp } = chatClaims({ ...input, ttl, expiresAtCap: cap })
          expect(Number.isInteger(exp)).toBe(true)
          expect(exp * 1000).toBeLessThanOrEqual(cap)
          if (left > (ttl + 1) * 1000) expect(exp).toBe(Math.floor(NOW / 1000) + ttl)
        },
      ),
    )
  })
})
