import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { readable } from '../../src/masked.js'

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const signature = `${randomUUID()}${randomUUID()}`.replaceAll('-', '')
const token = [
  part({ alg: 'RS256', kid: 'k1' }),
  part({ username: 'Анна', user_id: '12345', aud: 'chat' }),
  signature,
].join('.')

describe('the bench’s view of a body', () => {
  it('shows a token’s header and masked claims, without the signature', () => {
    const shown = readable(JSON.stringify({ token, expires_in: 60 }))
    expect(JSON.parse(shown)).toEqual({
      token: {
        header: { alg: 'RS256', kid: 'k1' },
        claims: { username: 'Ан…', user_id: '12…', aud: 'chat' },
      },
      expires_in: 60,
    })
    expect(shown).not.toContain(signature)
  })

  it.each([
    ['text', `the token is ${token}, keep it`],
    ['JSON that is cut off', `{"token":"${token}`],
    ['a token under another name, in a page', `<input value="${token}">`],
  ])('shows no token in %s', (_title, body) => {
    expect(readable(body)).not.toContain(signature)
  })

  it.each([
    ['a plain HMAC token', `hmac.${part({ name: 'Анна' })}.${signature}`],
    ['a personal link', `link.${part({ name: 'Анна' })}.${signature}`],
    ['init data', `user=%7B%22first_name%22%3A%22%D0%90%D0%BD%D0%BD%D0%B0%22%7D&hash=${signature}`],
    ['a JWT', token],
  ])('hides the signature and the name of an identity token: %s', (_title, identity) => {
    const shown = readable(JSON.stringify({ event_id: 'e', identity }))
    expect(shown).toContain('"event_id": "e"')
    expect(shown).not.toContain(signature)
    expect(shown).not.toContain('Анна')
  })

  it('cuts a long body', () => {
    expect(readable('x'.repeat(100_000)).length).toBeLessThan(5000)
  })
})
