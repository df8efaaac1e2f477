import { createPublicKey, type JsonWebKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { request as send } from 'node:http'
import jwt from 'jsonwebtoken'
import { expect } from 'vitest'

export interface ContractCase {
  name: string
  visitor?: string
  needs?: string[]
  request: { method: string; headers: Record<string, string>; body?: string; base64?: boolean }
  status: number
  code?: string
  responseHeaders?: Record<string, string>
  absentHeaders?: string[]
  claims?: Record<string, unknown>
}

interface IdentityTokenCase {
  name: string
  header?: Record<string, unknown>
  /** The claims that differ from a valid token's. */
  claims?: Record<string, unknown>
  /** The claim that is missing. */
  without?: string
  /** The visitor's id, or a code. */
  expected: string
}

/** The cases that the Node server and the PHP server have in common. */
export const contract = JSON.parse(
  readFileSync(new URL('../../../packages/php/test/cases.json', import.meta.url), 'utf8'),
) as {
  events: string[]
  origins: string[]
  visitors: Record<string, { id: string; name: string }>
  cases: ContractCase[]
  userIds: [raw: unknown, expected: string][]
  siteOrigins: [address: string, expected: string | null][]
  identityTokens: IdentityTokenCase[]
  /** Texts of which the element and the WordPress plugin read the id of the first stream. */
  pastedIds: string[]
  names: [raw: string, expected: string][]
}

export type PublicKey = JsonWebKey & { kid: string }

/** The cases that a deployment can hold that lacks something. */
export const casesFor = (lacks: readonly string[] = []): [string, ContractCase][] =>
  contract.cases
    .filter(({ needs = [] }) => !needs.some((need) => lacks.includes(need)))
    .map((test) => [test.name, test])

/** A server that the cases are sent to. */
export interface Contestant {
  url: string
  /** What `{own}` stands for. */
  ownOrigin: string
  /** Public keys with their `kid`. */
  keys: () => PublicKey[]
  /** Headers that make a request come from a visitor of the table. */
  visitorHeaders: (visitor: string) => Record<string, string>
}

interface Reply {
  status: number
  headers: Record<string, string>
  body: string
}

/** Not by `fetch`, which sets `Sec-Fetch-*` and forbids some headers. */
function exchange(
  url: string,
  method: string,
  headers: Record<string, string>,
  body?: Buffer,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const length = body || method === 'POST' ? { 'content-length': String(body?.length ?? 0) } : {}
    const request = send(url, { method, headers: { ...headers, ...length }, agent: false }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('error', reject)
      response.on('end', () => {
        const found = Object.entries(response.headers).map(([name, value]) => [name, String(value)])
        resolve({
          status: response.statusCode!,
          headers: Object.fromEntries(found) as Record<string, string>,
          body: Buffer.concat(parts).toString(),
        })
      })
    })
    request.on('error', reject)
    request.end(body)
  })
}

/** Sends a case and checks the whole response. */
export async function hold(server: Contestant, test: ContractCase): Promise<void> {
  const { method, headers, body, base64 } = test.request
  const sent = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, value.replace('{own}', server.ownOrigin)]),
  )
  if (test.visitor) Object.assign(sent, server.visitorHeaders(test.visitor))
  const bytes = body === undefined ? undefined : Buffer.from(body, base64 ? 'base64' : 'utf8')
  const reply = await exchange(server.url, method, sent, bytes)
  expect([reply.status, reply.body.slice(0, 300)], test.name).toEqual([test.status, reply.body.slice(0, 300)])

  expect(reply.headers).toMatchObject({
    'cache-control': 'no-store',
    vary: 'Origin',
    'x-content-type-options': 'nosniff',
    ...test.responseHeaders,
  })
  expect(reply.headers['x-request-id']).toMatch(/^[\w-]{8,}$/)
  for (const name of ['etag', 'last-modified', 'set-cookie', 'x-powered-by', ...(test.absentHeaders ?? [])])
    expect(reply.headers, name).not.toHaveProperty(name)
  const isListed = contract.origins.includes(sent['origin'] ?? '')
  if (!isListed && !['GET', 'HEAD'].includes(method))
    expect(reply.headers).not.toHaveProperty('access-control-allow-origin')

  if (test.code) {
    expect(reply.headers['content-type']).toBe('application/problem+json')
    const problem = JSON.parse(reply.body) as Record<string, unknown>
    expect(problem).toEqual({
      type: `urn:kinescope-chat:problem:${test.code}`,
      title: expect.stringMatching(/./) as string,
      status: test.status,
      detail: expect.stringMatching(/./) as string,
      code: test.code,
      request_id: reply.headers['x-request-id'],
    })
  }
  if (test.status === 200) checkToken(server, test, reply)
}

function checkToken(server: Contestant, test: ContractCase, reply: Reply): void {
  expect(reply.headers['content-type']).toBe('application/json')
  const answer = JSON.parse(reply.body) as { token: string; expires_in: number; refresh_in: number }
  expect(Object.keys(answer)).toEqual(['token', 'expires_in', 'refresh_in'])
  const { header: protectedHeader } = jwt.decode(answer.token, { complete: true })!
  const jwk = server.keys().find(({ kid }) => kid === protectedHeader.kid)!
  const payload = jwt.verify(answer.token, createPublicKey({ key: jwk, format: 'jwk' }), {
    algorithms: ['RS256'],
  }) as jwt.JwtPayload
  expect(protectedHeader).toEqual({ alg: 'RS256', typ: 'JWT', kid: expect.stringMatching(/./) as string })
  expect(Object.keys(payload).sort()).toEqual(['aud', 'event_id', 'exp', 'iat', 'user_id', 'username'])
  expect(payload).toMatchObject(test.claims ?? {})
  expect(payload['user_id']).toMatch(/^[\w-]{1,64}$/)
  const now = Date.now() / 1000
  expect(Math.abs(now - 30 - payload.iat!)).toBeLessThan(5)
  expect(Math.abs(payload.exp! - now - answer.expires_in)).toBeLessThan(5)
  expect(answer.refresh_in).toBeGreaterThanOrEqual(Math.floor(answer.expires_in * 0.6))
  expect(answer.refresh_in).toBeLessThanOrEqual(answer.expires_in * 0.9)
}
