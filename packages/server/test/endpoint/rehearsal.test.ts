import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { PROOF_LIFETIME_S, RehearsalSecret } from '../../src/endpoint/rehearsal.js'

const secret = new RehearsalSecret(randomBytes(32).toString('base64'))
const other = new RehearsalSecret(randomBytes(32).toString('base64'))
const NOW = Date.UTC(2026, 10, 29)
const nonce = randomBytes(16).toString('hex')

describe('RehearsalSecret', () => {
  it('answers a challenge with a proof that only the same secret accepts', async () => {
    const answer = (await secret.answer(nonce))!
    expect(await secret.isAnswer(nonce, answer)).toBe(true)
    expect(await other.isAnswer(nonce, answer)).toBe(false)
    expect(await secret.isAnswer(randomBytes(16).toString('hex'), answer)).toBe(false)
  })

  it.each(['', 'short', 'client 1790000000 198.18.0.1', nonce.toUpperCase(), `${nonce} `, 'f'.repeat(65)])(
    'answers no challenge of another form: %j',
    async (text) => expect(await secret.answer(text)).toBeNull(),
  )

  it('proves an address for an hour', async () => {
    const header = await secret.headerFor('198.18.0.7', NOW)
    expect(await secret.addressIn(header, NOW)).toBe('198.18.0.7')
    expect(await secret.addressIn(header, NOW + (PROOF_LIFETIME_S - 1) * 1000)).toBe('198.18.0.7')
    expect(await secret.addressIn(header, NOW + (PROOF_LIFETIME_S + 1) * 1000)).toBeNull()
    expect(await other.addressIn(header, NOW)).toBeNull()
  })

  it('rejects a changed header', async () => {
    const header = await secret.headerFor('198.18.0.7', NOW)
    const [expires, address, proof] = header.split(' ')
    for (const changed of [
      '',
      'x',
      `${expires} 198.18.0.8 ${proof}`,
      `${Number(expires) + 1} ${address} ${proof}`,
      `${expires} ${address} ${proof!.slice(2)}`,
      `${expires} ${address} ${'0'.repeat(64)}`,
      `${header} more`,
      `9e12345678 ${address} ${proof}`,
      `${expires} ${await secret.answer(nonce)} ${proof}`,
      'a'.repeat(10_000),
    ])
      expect(await secret.addressIn(changed, NOW), changed).toBeNull()
  })
})
