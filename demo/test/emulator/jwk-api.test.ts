import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { buildEmulator, type Emulator } from '../../emulator/emulator.js'
import type { Variants } from '../../emulator/variants.js'
import { callApi, type AnswerBody } from './call-api.js'
import { makeKey, type CraftKey } from '../../site/craft-token.js'

describe('the JWK API', () => {
  let emulator: Emulator
  let key: CraftKey
  const variants = (changes: Partial<Variants>) => Object.assign(emulator.state.variants, changes)
  const register = (changes: Record<string, unknown> = {}) =>
    callApi(emulator, 'POST', '/v1/jwk', { ...key.registration, ...changes })

  beforeAll(() => {
    key = makeKey('key-2024-12-25')
  })
  beforeEach(async () => {
    emulator = buildEmulator()
    await emulator.listen()
  })
  afterEach(() => emulator.close())

  it('responds to a registration with the article’s five fields, without an envelope', async () => {
    const { status, body, headers } = await register()
    expect(status).toBe(200)
    expect(Object.keys(body)).toEqual(['id', 'kty', 'kid', 'created_at', 'expires_at'])
    expect(body.id).toMatch(/^jwk_[\da-f]{12}$/)
    expect(headers.get('x-request-id')).toBeTruthy()
    expect(headers.get('date')).toBeTruthy()
  })

  it('responds in the envelope of the API rules if configured', async () => {
    variants({ keyEnvelope: 'data', createStatus: 201, keyIdForm: 'uuid', keyFields: 'full' })
    const { status, body } = await register()
    expect(status).toBe(201)
    expect(body.data).toMatchObject({ kid: key.kid, n: key.registration['n'], alg: 'RS256' })
    expect((await callApi(emulator, 'GET', `/v1/jwk/${String(body.data['id'])}`)).body.data['kid']).toBe(
      key.kid,
    )
    expect((await callApi(emulator, 'GET', '/v1/jwk/jwk_1')).body.error.code).toBe(400301)
  })

  it.each<[Variants['keyList'], (body: AnswerBody) => unknown]>([
    ['data', (body) => body.data],
    ['bare', (body) => body],
    ['keys', (body) => body.keys],
    ['paged', (body) => body.data],
  ])('lists keys in the shape "%s"', async (keyList, rows) => {
    variants({ keyList })
    await register()
    const { body } = await callApi(emulator, 'GET', '/v1/jwk')
    expect(rows(body)).toHaveLength(1)
    expect(body.meta?.pagination).toEqual(
      keyList === 'paged' ? { page: 1, per_page: 10, total: 1 } : undefined,
    )
  })

  it('names the missing fields of a registration', async () => {
    const { status, body } = await register({ n: undefined, expires_at: undefined })
    expect(status).toBe(400)
    expect(body.error.code).toBe(400400)
    expect(body.error.invalid_params).toMatchObject([{ name: 'n' }, { name: 'expires_at' }])
  })

  it.each([
    ['invalid key format', { kty: 'EC' }],
    ['invalid key format', { alg: 'RS512' }],
    ['invalid key format', { n: 'with+padding==' }],
    ['invalid key format', { expires_at: '31.12.2026' }],
    ['invalid key format', { d: 'a-private-member' }],
    ['key expired', { expires_at: '2020-01-01T00:00:00Z' }],
  ])('rejects a registration with "%s": %o', async (message, changes) => {
    const { status, body } = await register(changes)
    expect([status, body.error.message]).toEqual([400, message])
    expect(emulator.state.keys).toHaveLength(0)
  })

  it('rejects a key of 1024 bits and accepts one of 3072', async () => {
    const post = (small: CraftKey) => callApi(emulator, 'POST', '/v1/jwk', small.registration)
    expect((await post(makeKey('small', 1024))).body.error.message).toBe('key size too small')
    expect((await post(makeKey('large', 3072))).status).toBe(200)
  })

  it.each([
    ['400201', 400, 1],
    ['409', 409, 1],
    ['creates-duplicate', 200, 2],
  ] as const)(
    'responds to a second key with the same kid by the switch: %s',
    async (duplicateKid, status, count) => {
      variants({ duplicateKid })
      await register()
      expect((await register()).status).toBe(status)
      expect(emulator.state.keys).toHaveLength(count)
    },
  )

  it.each([
    ['body', 200, { data: { success: true } }],
    ['empty', 204, undefined],
  ] as const)('deletes a key by id, with the response "%s"', async (deleteAnswer, status, expected) => {
    variants({ deleteAnswer })
    const { id } = (await register()).body
    expect((await callApi(emulator, 'DELETE', `/v1/jwk/${key.kid}`)).status).toBe(404)
    const reply = await callApi(emulator, 'DELETE', `/v1/jwk/${id}`)
    expect([reply.status, reply.body]).toEqual([status, expected])
    expect(emulator.state.keys).toHaveLength(0)
  })

  it('rejects more keys than the limit', async () => {
    variants({ keyLimit: 1 })
    await register()
    expect((await register({ kid: 'another' })).body.error.code).toBe(100106)
  })

  it('omits expired keys from the list if configured', async () => {
    await register()
    emulator.state.keys[0]!.expiresAt = '2020-01-01T00:00:00Z'
    expect((await callApi(emulator, 'GET', '/v1/jwk')).body.data).toHaveLength(1)
    variants({ keyListShows: 'active' })
    expect((await callApi(emulator, 'GET', '/v1/jwk')).body.data).toHaveLength(0)
  })

  it.each([
    ['a missing header', '', 100101],
    ['a token that is no UUID', 'Bearer secret', 100102],
    ['an unknown UUID', 'Bearer 5b0c7c1e-0d5a-4c1b-9a52-6a4a0b7f3d11', 100102],
  ])('rejects %s', async (_title, authorization, code) => {
    const reply = await fetch(`${emulator.url}/v1/jwk`, authorization ? { headers: { authorization } } : {})
    expect(reply.status).toBe(401)
    expect(await reply.json()).toMatchObject({ error: { code } })
  })

  it('distinguishes an empty body, invalid JSON and a wrong type', async () => {
    const code = async (body: string) => (await callApi(emulator, 'POST', '/v1/jwk', body)).body.error.code
    expect(await code(' ')).toBe(1)
    expect(await code('{"kty":')).toBe(400101)
    expect(await code('[]')).toBe(400102)
    expect(await code(JSON.stringify({ ...key.registration, kid: 7 }))).toBe(400102)
  })

  it('rejects a wrong method with 405 and an unknown path with 404', async () => {
    expect((await callApi(emulator, 'PUT', '/v1/jwk', {})).body.error.code).toBe(400405)
    expect((await callApi(emulator, 'GET', '/v1/jwks')).body.error.code).toBe(404404)
  })
})
