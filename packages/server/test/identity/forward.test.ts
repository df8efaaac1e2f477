import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { forwardIdentity, type ForwardOptions } from '../../src/identity/forward.js'
import { listen } from '../running-server.js'

let close: (() => Promise<void>) | undefined
afterEach(() => close?.())

async function siteThat(
  answers: (response: ServerResponse, request: IncomingMessage) => void,
  options: Partial<ForwardOptions> = {},
) {
  const seen: IncomingMessage[] = []
  const site = await listen((request, response) => {
    seen.push(request)
    answers(response, request)
  })
  close = site.close
  const identify = forwardIdentity({ url: `${site.url}/me?fixed=1`, ...options })
  const ask = (headers: Record<string, string> = { cookie: 'sid=1' }, eventId = 'stream') =>
    identify({ header: (name) => headers[name] ?? null, address: null, request: null }, eventId)
  return { ask, seen }
}

const json =
  (body: unknown, status = 200) =>
  (response: ServerResponse) =>
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))

describe('asking the site', () => {
  it('sends the cookie, the authorization and the stream, and nothing else of the visitor', async () => {
    const { ask, seen } = await siteThat(json({ id: 42, name: 'Ann' }))
    const answer = await ask({
      cookie: 'sid=1; other=2',
      authorization: 'Bearer x',
      'user-agent': 'Browser/1',
      'x-forwarded-user': 'victim',
      referer: 'https://www.example.com/private',
    })
    expect(answer).toEqual({ user: { id: '42', name: 'Ann' } })
    expect(seen).toHaveLength(1)
    expect([seen[0]!.method, seen[0]!.url]).toEqual(['GET', '/me?fixed=1'])
    const { cookie, authorization, referer, ...rest } = seen[0]!.headers
    expect([cookie, authorization, referer]).toEqual(['sid=1; other=2', 'Bearer x', undefined])
    expect(rest['x-chat-event-id']).toBe('stream')
    expect(rest['user-agent']).toBe('Browser/1')
    expect(rest).not.toHaveProperty('x-forwarded-user')
  })

  it('puts any stream’s id into the header safely', async () => {
    const { ask, seen } = await siteThat(json({ id: 1, name: 'A' }))
    await ask({ cookie: 'a=1' }, 'поток\r\nX-Evil: 1')
    expect(seen[0]!.headers['x-chat-event-id']).toBe(encodeURIComponent('поток\r\nX-Evil: 1'))
    expect(seen[0]!.headers).not.toHaveProperty('x-evil')
  })

  it('does not ask for somebody who brings nothing, and says why that may be', async () => {
    const { ask, seen } = await siteThat(json({ id: 1 }))
    const answer = await ask({})
    expect(answer).toMatchObject({ refused: 'sign-in-required', reason: 'no-credentials' })
    expect('detail' in answer && answer.detail).toBeTruthy()
    expect(seen).toHaveLength(0)
  })

  it('reads nested fields', async () => {
    const { ask } = await siteThat(json({ data: { user: { uid: 'u', display: 'Жанна' } } }), {
      idField: 'data.user.uid',
      nameField: 'data.user.display',
    })
    expect(await ask()).toEqual({ user: { id: 'u', name: 'Жанна' } })
  })

  const answers: [string, (response: ServerResponse) => void, string][] = [
    ['401', json({}, 401), 'sign-in-required'],
    ['204', (response) => response.writeHead(204).end(), 'sign-in-required'],
    [
      'a redirect to a sign-in page',
      (response) => response.writeHead(302, { Location: 'http://127.0.0.1:1/login' }).end(),
      'sign-in-required',
    ],
    ['null', json(null), 'sign-in-required'],
    ['nobody', json({ id: null }), 'sign-in-required'],
    ['403', json({}, 403), 'access-denied'],
    ['404', json({}, 404), 'identity-unavailable'],
    ['500', json({}, 500), 'identity-unavailable'],
    ['a page', (response) => response.end('<html>Sign in</html>'), 'identity-unavailable'],
    [
      'too much',
      (response) => response.end(JSON.stringify({ id: 'u', x: 'y'.repeat(300_000) })),
      'identity-unavailable',
    ],
    ['a broken connection', (response) => response.destroy(), 'identity-unavailable'],
    [
      'half an answer',
      (response) => void response.writeHead(200, { 'Content-Length': '100' }).write('{"id":'),
      'identity-unavailable',
    ],
    ['nothing', () => undefined, 'identity-unavailable'],
  ]
  it.each(answers)('takes %s for what it is', async (_what, answer, code) => {
    const { ask } = await siteThat(answer, { timeoutMs: 200 })
    expect(await ask()).toMatchObject({ refused: code })
  })

  it('says that nobody is there', async () => {
    const identify = forwardIdentity({ url: 'http://127.0.0.1:1/me' })
    expect(await identify({ header: () => 'sid=1', address: null, request: null }, 'stream')).toMatchObject({
      refused: 'identity-unavailable',
      reason: 'unreachable',
    })
  })
})
