import { generateKeyPairSync } from 'node:crypto'
import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020 } from 'ajv/dist/2020.js'
import {
  createTokenHandler,
  fixedKeySource,
  importSigningKey,
  type ChatUser,
} from 'kinescope-chat-server/web'
import { describe, expect, it } from 'vitest'
import { openApi } from '../endpoint-page.js'

const EVENT = '0csUJYzAHfe3PcyMEVScmQ'
const ORIGIN = 'https://www.example.com'
const description = openApi()

async function handler(authenticate: () => ChatUser | null) {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  return createTokenHandler({
    keys: fixedKeySource(await importSigningKey({ privateKey: pem, kid: 'test' })),
    events: [EVENT],
    allowedOrigins: [ORIGIN],
    authenticate,
  })
}

const request = (body: unknown, init: RequestInit = {}) =>
  new Request('https://chat.example.com/token', {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: ORIGIN },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...init,
  })

describe('the token endpoint’s OpenAPI', () => {
  it('is valid', async () => {
    const { valid, errors } = await new Validator().validate(description)
    expect(errors).toBeUndefined()
    expect(valid).toBe(true)
  })

  const ann = () => ({ id: '7', name: 'Ann' })
  const asked = { event_id: EVENT }
  it.each([
    ['a token', ann, request(asked), 200],
    ['nobody', () => null, request(asked), 401],
    ['another stream', ann, request({ event_id: 'x' }), 403],
    [
      'another origin',
      ann,
      request(asked, { headers: { 'content-type': 'application/json', origin: 'https://x.example' } }),
      403,
    ],
    ['a broken body', ann, request('{'), 400],
    [
      'a body of another type',
      ann,
      request('event_id=1', {
        headers: { 'content-type': 'application/x-www-form-urlencoded', origin: ORIGIN },
      }),
      415,
    ],
    ['too large a body', ann, request({ event_id: 'x'.repeat(5000) }), 413],
  ])('describes the real response to %s', async (_title, authenticate, asks, status) => {
    const reply = await (await handler(authenticate))(asks)
    expect(reply.status).toBe(status)
    type Responses = Record<string, { content: Record<string, { schema: object }> }>
    const { responses } = (description['paths'] as { '/token': { post: { responses: Responses } } })['/token']
      .post
    const type = reply.headers.get('content-type')!.split(';')[0]!
    const { schema } = responses[status]!.content[type]!
    const ajv = new Ajv2020({ strict: false, validateFormats: false })
    const validate = ajv.compile({ ...schema, components: description['components'] })
    expect(validate(await reply.json()), JSON.stringify(validate.errors)).toBe(true)
  })
})
