import { Agent, request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { jwtVerify } from 'jose'
import type { TokenReply } from 'kinescope-chat/contract'
import {
  askToken,
  EVENT,
  forwardEnv,
  makeKey,
  SITE_ORIGIN,
  startSite,
  startTestServer,
  type TestServer,
} from '../running-server.js'

const VISITORS = 1000
const key = makeKey()
let site: Awaited<ReturnType<typeof startSite>>
let server: TestServer

beforeAll(async () => {
  site = await startSite()
  server = await startTestServer(forwardEnv(site.url, key))
})
afterAll(async () => {
  await server.close()
  await site.close()
})

/** One POST on a pooled connection, since a thousand sockets at once would only measure the machine. */
function post(agent: Agent, headers: Record<string, string>): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const call = request(`${server.url}/token`, {
      agent,
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Origin: SITE_ORIGIN, ...headers },
    })
    call.on('response', (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (part: string) => (body += part))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
    })
    call.on('error', reject)
    call.end(JSON.stringify({ event_id: EVENT }))
  })
}

const userOf = async (token: string) =>
  (await jwtVerify(token, key.publicKey, { audience: 'chat' })).payload['user_id']

describe('a thousand visitors at once', () => {
  it('each get their own token, and none gets another visitor’s', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 100 })
    const visitors = Array.from({ length: VISITORS }, (_, index) => {
      const isUnknown = index % 10 === 9
      const id = `visitor-${index}`
      return { id, isUnknown, cookie: isUnknown ? `sid=unknown-${index}` : site.signIn(id, `Name ${index}`) }
    })
    // as the element: if the machine stops for seconds, the site is late
    const tokenFor = async (cookie: string): ReturnType<typeof post> => {
      const answer = await post(agent, { Cookie: cookie })
      return answer.status === 503 ? tokenFor(cookie) : answer
    }
    const answers = await Promise.all(visitors.map(({ cookie }) => tokenFor(cookie)))
    agent.destroy()
    const wrong: string[] = []
    await Promise.all(
      visitors.map(async ({ id, isUnknown }, index) => {
        const { status, body } = answers[index]!
        if (isUnknown) {
          if (status !== 401 || body.includes('eyJ')) wrong.push(`${id}: ${status}`)
          return
        }
        const user =
          status === 200 ? await userOf((JSON.parse(body) as TokenReply).token) : `status ${status}`
        if (user !== id) wrong.push(`${id} got ${String(user)}`)
      }),
    )
    expect(wrong).toEqual([])
  })
})

describe('a browser', () => {
  it('can’t choose its identity: not by body, query, headers or another cookie', async () => {
    const cookie = site.signIn('real', 'Real')
    const attempts: [string, Promise<Response>][] = [
      ['body', askToken(server.url, { Cookie: cookie }, { event_id: EVENT, user_id: 'victim' })],
      ['nested body', askToken(server.url, { Cookie: cookie }, { event_id: EVENT, user: { id: 'victim' } })],
      [
        'headers',
        askToken(server.url, {
          Cookie: cookie,
          'X-User-Id': 'victim',
          'X-Forwarded-User': 'victim',
          Forwarded: 'for=victim',
        }),
      ],
      ['second cookie', askToken(server.url, { Cookie: `user_id=victim; ${cookie}; id=victim` })],
      ['guessed session', askToken(server.url, { Cookie: 'sid=victim' })],
      ['own identity token', askToken(server.url, { Authorization: 'Basic dmljdGltOng=' })],
      [
        'query',
        fetch(`${server.url}/token?user_id=victim&id=victim`, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json', Origin: SITE_ORIGIN, Cookie: cookie },
          body: JSON.stringify({ event_id: EVENT }),
        }),
      ],
    ]
    for (const [name, attempt] of attempts) {
      const response = await attempt
      const body = (await response.json()) as Partial<TokenReply>
      const user = body.token === undefined ? null : await userOf(body.token)
      expect([null, 'real'], name).toContain(user)
      expect(response.status, name).toBe(
        { body: 400, 'nested body': 400, 'guessed session': 401, 'own identity token': 401 }[name] ?? 200,
      )
    }
  })
})
