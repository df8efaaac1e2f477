import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { WIRE_CODES } from 'kinescope-chat/contract'
import { sanitizeForLog } from '../../src/endpoint/request.js'
import { bodyReadAlready } from '../../src/endpoint/request.js'
import { readCookie } from '../../src/identity/credentials.js'
import { userFrom } from '../../src/identity/identity.js'
import { readForwardReply } from '../../src/identity/forward.js'
import { jwtIdentity } from '../../src/identity/jwt.js'
import { describeError, withoutSecrets } from '../../src/serve/log.js'
import type { SigningKey } from '../../src/token/signing-key.js'
import { endpointWith, makeSigningKey, tokenCall } from './callee.js'
import { runs } from '../../../../scripts/test-tier.js'

let key: SigningKey
beforeAll(async () => {
  key = await makeSigningKey()
})

/** Untrusted text: any code units, lone surrogates, and input that confuses parsers. */
const outside = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 100 })
    .map((units) => String.fromCharCode(...units)),
  fc.constantFrom(
    '__proto__',
    '\ud800',
    '\u0000',
    '0',
    '-0',
    'NaN',
    'null',
    '[]',
    '{}',
    'eyJ.eyJ.x',
    '\ufeff',
  ),
  fc
    .tuple(
      fc.constantFrom('a', '.', '-', ' ', '=', ';', '"', '\u0301', '\ud800'),
      fc.integer({ min: 1, max: 20_000 }),
    )
    .map(([unit, times]) => unit.repeat(times)),
)

describe('any untrusted input', () => {
  it('in a body gets a documented status and code', async () => {
    const { endpoint } = endpointWith(key)
    const text = fc.oneof(
      outside,
      fc.json(),
      fc.jsonValue().map((value) => JSON.stringify({ event_id: value })),
    )
    const body = fc.oneof(
      text.map((given) => ({ text: given })),
      fc.anything().map((given) => bodyReadAlready(given)),
      fc.uint8Array({ maxLength: 5000 }).map((given) => bodyReadAlready(given)),
    )
    await fc.assert(
      fc.asyncProperty(body, async (given) => {
        const answer = await endpoint.answer(tokenCall({}, { readBody: () => Promise.resolve(given) }))
        const { code } = JSON.parse(answer.body) as { code?: string }
        expect(answer.status === 200 || WIRE_CODES.includes(code as 'bad-request')).toBe(true)
        // only a body that was read already is a server error
        expect(answer.status === 500).toBe('problem' in given && given.problem === 'read-already')
      }),
      { numRuns: runs(400) },
    )
  })

  it('in headers and the method gets a response, and no token for another site', async () => {
    const { endpoint, outcomes } = endpointWith(key)
    const names = [
      'origin',
      'sec-fetch-site',
      'content-type',
      'content-encoding',
      'access-control-request-headers',
    ]
    const headers = fc.record(Object.fromEntries(names.map((name) => [name, outside])))
    await fc.assert(
      fc.asyncProperty(headers, outside, outside, async (given, method, address) => {
        outcomes.length = 0
        const answer = await endpoint.answer(tokenCall(given, { method, address }))
        expect(answer.status).toBeGreaterThanOrEqual(400)
        expect(answer.status).toBeLessThan(500)
        for (const value of Object.values(answer.headers)) expect(value).toMatch(/^[\x20-\x7e]*$/)
        const [refused] = outcomes
        expect(refused).toMatchObject({ kind: 'refused', reason: expect.any(String) as string })
        const { origin, address: from } = refused as { origin: string | null; address: string | null }
        for (const text of [origin, from]) {
          expect((text ?? '').length).toBeLessThanOrEqual(201)
          expect(text ?? '').not.toMatch(/\p{C}/u)
        }
      }),
      { numRuns: runs(300) },
    )
  })

  it('as an identity token is rejected, and its log text is bounded', async () => {
    const identify = jwtIdentity({
      key: { secret: 'a-secret-of-thirty-two-bytes-and-more' },
      cookie: 'session',
    })
    const part = fc.oneof(
      outside,
      fc.json().map((text) => Buffer.from(text).toString('base64url')),
      fc
        .record(
          {
            alg: fc.constantFrom('HS256', 'none', 'RS256'),
            crit: fc.anything(),
            zip: fc.anything(),
            b64: fc.boolean(),
          },
          { requiredKeys: [] },
        )
        .map((header) => Buffer.from(JSON.stringify(header) ?? '').toString('base64url')),
    )
    const identityToken = fc.array(part, { maxLength: 5 }).map((parts) => parts.join('.'))
    const until = { signal: new AbortController().signal }
    await fc.assert(
      fc.asyncProperty(identityToken, fc.boolean(), async (given, asCookie) => {
        const headers: Record<string, string> = asCookie
          ? { cookie: `session=${given}` }
          : { authorization: `Bearer ${given}` }
        const call = { header: (name: string) => headers[name] ?? null, address: null, request: null }
        const answer = await identify(call, 'stream', until)
        expect(answer).toMatchObject({ refused: 'sign-in-required' })
        const logged = JSON.stringify(describeError('cause' in answer ? answer.cause : null))
        expect(logged.length).toBeLessThan(20_000)
      }),
      { numRuns: runs(400) },
    )
  })

  it('as the site’s response names a visitor with an id, or no visitor', () => {
    const answer = fc.record({
      status: fc.integer({ min: 100, max: 599 }),
      contentType: fc.option(outside),
      body: fc.option(
        fc.oneof(
          outside,
          fc.json(),
          fc.anything().map((id) => JSON.stringify({ id, name: id }) ?? ''),
        ),
      ),
    })
    fc.assert(
      fc.property(answer, (given) => {
        const judged = readForwardReply(given, { idField: 'id', nameField: 'name' })
        if ('user' in judged) {
          expect(given.status).toBe(200)
          expect(judged.user.id.trim()).not.toBe('')
        } else expect(judged.reason).not.toBe('')
      }),
      { numRuns: runs(1000) },
    )
  })

  it('as an id, a cookie or a log text is read without an exception, and cut', () => {
    fc.assert(
      fc.property(outside, fc.anything(), (text, anything) => {
        for (const id of [text, anything]) {
          const answer = userFrom(id, text)
          if ('user' in answer) expect(answer.user.id).not.toMatch(/[\p{Cc}\p{Cs}]|^0?$/u)
        }
        readCookie(text, 'a')
        readCookie(`a=${text}`, 'a')
        expect(sanitizeForLog(text).length).toBeLessThanOrEqual(201)
        expect(withoutSecrets(text).length).toBeLessThanOrEqual(3000)
      }),
      { numRuns: runs(1000) },
    )
  })
})
