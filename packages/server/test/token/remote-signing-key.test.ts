import { spawn, type ChildProcess } from 'node:child_process'
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import jsonwebtoken from 'jsonwebtoken'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTokenHandler, fixedKeySource } from '../../src/web.js'
import { mintToken } from '../../src/token/mint-token.js'
import { remoteSigningKey } from '../../src/token/remote-signing-key.js'

let signer: ChildProcess
let url: string
let publicKey: string
beforeAll(async () => {
  signer = spawn(process.execPath, [fileURLToPath(new URL('remote-signer.mjs', import.meta.url))], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(signer.stdout!, 'data')) as [Buffer]
  const hello = JSON.parse(String(line)) as { port: number; publicKey: string }
  url = `http://127.0.0.1:${hello.port}`
  publicKey = hello.publicKey
})
afterAll(() => void signer.kill())

const ask = (path: string) => async (data: Uint8Array, signal: AbortSignal) => {
  const response = await fetch(url + path, { method: 'POST', body: new Uint8Array(data), signal })
  if (!response.ok) throw new Error(await response.text())
  return new Uint8Array(await response.arrayBuffer())
}
const asked = { userId: 'u', username: 'N', eventId: 'e', ttl: 60 }
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => null,
    ({ code, message }: { code: string; message: string }) => ({ code, message }),
  )

describe('a signer in another process', () => {
  it('issues tokens that verify with the public key, and this process has no private key', async () => {
    const key = await remoteSigningKey({ kid: 'k', publicKey, sign: ask('/sign') })
    const { token } = await mintToken({ key, ...asked })
    expect(jsonwebtoken.verify(token, publicKey, { algorithms: ['RS256'] })).toMatchObject({
      aud: 'chat',
      user_id: 'u',
    })
    expect(jsonwebtoken.decode(token, { complete: true })!.header).toEqual({
      alg: 'RS256',
      typ: 'JWT',
      kid: 'k',
    })
    const jwk = createPublicKey(publicKey).export({ format: 'jwk' })
    for (const form of [jwk, JSON.stringify(jwk)]) {
      await expect(
        remoteSigningKey({ kid: 'k', publicKey: form as string, sign: ask('/sign') }),
      ).resolves.toBeTruthy()
    }
  })

  it('limits exp to the key’s expires_at', async () => {
    const now = Date.UTC(2026, 10, 25)
    const key = await remoteSigningKey({
      kid: 'k',
      publicKey,
      sign: ask('/sign'),
      expiresAt: new Date(now + 30_000),
    })
    expect((await mintToken({ key, ...asked, now })).expiresIn).toBe(30)
  })

  it.each([
    ['fails, and what it said stays inside', '/fail'],
    ['signs with another padding (RSA-PSS)', '/pss'],
    ['hangs', '/hang'],
  ])('that %s gives key-unavailable when the key is created', async (_what, path) => {
    const failure = await codeOf(remoteSigningKey({ kid: 'k', publicKey, sign: ask(path), timeoutMs: 300 }))
    expect(failure?.code).toBe('key-unavailable')
    expect(failure?.message).not.toContain('hunter2')
  })

  it('that ignores its abort signal is abandoned', async () => {
    const stubborn = () => new Promise<Uint8Array>(() => undefined)
    expect(
      await codeOf(remoteSigningKey({ kid: 'k', publicKey, sign: stubborn, timeoutMs: 50 })),
    ).toMatchObject({ code: 'key-unavailable' })
  })

  it('is rejected with another, a too small or an invalid public key', async () => {
    const other = (bits: number) =>
      generateKeyPairSync('rsa', { modulusLength: bits }).publicKey.export({
        type: 'spki',
        format: 'pem',
      }) as string
    for (const wrong of [other(2048), other(1024), 'nonsense', '{}', '']) {
      expect((await codeOf(remoteSigningKey({ kid: 'k', publicKey: wrong, sign: ask('/sign') })))?.code).toBe(
        'key-unavailable',
      )
    }
  })

  it('that fails later gives 503 key-unavailable, and issues tokens again when it recovers', async () => {
    let path = '/sign'
    const keys = fixedKeySource(
      await remoteSigningKey({ kid: 'k', publicKey, sign: (data, signal) => ask(path)(data, signal) }),
    )
    const handler = createTokenHandler({ keys, events: ['e'], authenticate: () => ({ id: 'u', name: 'N' }) })
    const get = async () => {
      const response = await handler(
        new Request('https://chat.example.com/token', {
          method: 'POST',
          headers: { 'content-type': 'application/json', origin: 'https://chat.example.com' },
          body: '{"event_id":"e"}',
        }),
      )
      return [response.status, ((await response.json()) as { code?: string }).code]
    }
    expect(await get()).toEqual([200, undefined])
    path = '/fail'
    expect(await get()).toEqual([503, 'key-unavailable'])
    path = '/sign'
    expect(await get()).toEqual([200, undefined])
  })
})
