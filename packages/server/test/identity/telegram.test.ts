import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { telegramIdentity, type InitDataBot } from '../../src/identity/telegram.js'

const TOKEN = `42:${'t'.repeat(35)}`
const NOW = Date.UTC(2026, 10, 29)
const { publicKey, privateKey } = generateKeyPairSync('ed25519')
const publicKeyHex = Buffer.from(
  (publicKey.export({ format: 'jwk' }) as { x: string }).x,
  'base64url',
).toString('hex')

const good = {
  query_id: 'AAHdF6IQAAAAAN0XohDhrOrc',
  user: JSON.stringify({ id: 279058397, first_name: 'Vlad + - ? / &', last_name: 'Ö', username: 'v' }),
  auth_date: String(NOW / 1000 - 60),
}

const lines = (fields: Record<string, string>) =>
  Object.keys(fields)
    .sort()
    .map((name) => `${name}=${fields[name]}`)
    .join('\n')

function hashed(fields: Record<string, string>, token = TOKEN): URLSearchParams {
  const key = createHmac('sha256', 'WebAppData').update(token).digest()
  return new URLSearchParams({
    ...fields,
    hash: createHmac('sha256', key).update(lines(fields)).digest('hex'),
  })
}

function signed(fields: Record<string, string>, botId = '42'): URLSearchParams {
  const signature = sign(null, Buffer.from(`${botId}:WebAppData\n${lines(fields)}`), privateKey)
  return new URLSearchParams({ ...fields, signature: signature.toString('base64url'), hash: 'f'.repeat(64) })
}

const byToken: InitDataBot = { platform: 'telegram', token: TOKEN }
const byKey: InitDataBot = { platform: 'telegram', botId: '42', publicKey: publicKeyHex }

function ask(
  text: string | URLSearchParams,
  bots: InitDataBot[] = [byToken],
  { scheme = 'tma', now = NOW } = {},
) {
  const header = (name: string) => (name === 'authorization' ? `${scheme} ${text.toString()}` : null)
  const identify = telegramIdentity({ bots, now: () => now })
  return identify({ header, address: null, request: null }, 'stream', {
    signal: new AbortController().signal,
  })
}

describe('init data of a mini app', () => {
  const user = { user: { id: 'telegram:279058397', name: 'Vlad + - ? / & Ö' } }

  it('is accepted with the bot token or Telegram’s key, as tma or bearer, with any field order', async () => {
    expect(await ask(hashed(good))).toEqual(user)
    expect(await ask(hashed(good), [byToken], { scheme: 'Bearer' })).toEqual(user)
    expect(await ask(signed(good), [byKey])).toEqual(user)
    const reversed = new URLSearchParams([...hashed(good)].reverse())
    expect(await ask(reversed)).toEqual(user)
    const withSignature = hashed({ ...good, signature: 'of-the-third-party' })
    expect(await ask(withSignature), 'the hash covers the signature').toEqual(user)
    const max: InitDataBot = { platform: 'max', token: 'of-max' }
    expect(await ask(hashed(good, 'of-max'), [byToken, max])).toEqual({
      user: { id: 'max:279058397', name: 'Vlad + - ? / & Ö' },
    })
  })

  it('can be reused for a day, and then expires', async () => {
    const data = hashed(good)
    const at = (seconds: number) => ask(data, [byToken], { now: NOW + seconds * 1000 })
    expect(await at(86_300)).toEqual(user)
    expect(await at(86_400)).toMatchObject({ refused: 'identity-expired' })
    expect(await at(-200)).toMatchObject({ refused: 'sign-in-required', reason: 'init-data-date' })
  })

  it('is rejected if a field is changed, added, removed or repeated, or signed by another bot', async () => {
    const changed = hashed(good)
    changed.set('user', JSON.stringify({ id: 1, first_name: 'Admin' }))
    const added = hashed(good)
    added.set('a', '1')
    const removed = hashed(good)
    removed.delete('query_id')
    const repeated = hashed(good)
    repeated.append('user', '{"id":1}')
    const noHash = hashed(good)
    noHash.delete('hash')
    const late = hashed(good)
    late.set('auth_date', String(NOW / 1000))
    const cases = { changed, added, removed, repeated, noHash, late, other: hashed(good, '43:other') }
    for (const [name, data] of Object.entries(cases)) {
      expect(await ask(data), name).toMatchObject({ refused: 'sign-in-required', rejected: true })
      expect(await ask(data, [byKey]), name).toMatchObject({ refused: 'sign-in-required', rejected: true })
    }
    expect(await ask(signed(good, '43'), [byKey]), 'another bot').toMatchObject({ rejected: true })
    expect(await ask(signed(good), [{ platform: 'telegram', botId: '42' }]), 'not Telegram').toMatchObject({
      rejected: true,
    })
    for (const malformed of [
      { ...good, user: '[]' },
      { ...good, user: 'x' },
      { ...good, auth_date: '1e9' },
    ]) {
      expect(await ask(hashed(malformed))).toMatchObject({ refused: 'sign-in-required', rejected: true })
    }
  })

  it('is left to the next source if the credential has another form', async () => {
    for (const text of ['a.b.c', 'opaque']) {
      expect(await ask(text, [byToken], { scheme: 'Bearer' })).toEqual({
        refused: 'sign-in-required',
        reason: 'no-init-data',
      })
    }
  })
})
