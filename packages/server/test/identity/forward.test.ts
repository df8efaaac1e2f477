import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { forwardIdentity, type ForwardOptions } from '../../src/identity/forward.js'
import { listen } from '../running-server.js'

/** A request that never ends. */
const NEVER = { signal: new AbortController().signal }

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
    identify({ header: (name) => headers[name] ?? null, address: null, request: null }, eventId, NEVER)
  return { ask, seen, identify }
}

const json =
  (body: unknown, status = 200) =>
  (response: ServerResponse) =>
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))

describe('a request to the identity endpoint', () => {
  it('contains the cookie, authorization, user agent and stream, and no other visitor data', async () => {
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

  it('encodes any stream’s id in its header', async () => {
    const { ask, seen } = await siteThat(json({ id: 1, name: 'A' }))
    await ask({ cookie: 'a=1' }, 'поток\r\nX-Evil: 1')
    expect(seen[0]!.headers['x-chat-event-id']).toBe(encodeURIComponent('поток\r\nX-Evil: 1'))
    expect(seen[0]!.headers).not.toHaveProperty('x-evil')
  })

  it('is not sent for a visitor without credentials, and the rejection explains this', async () => {
    const { ask, seen } = await siteThat(json({ id: 1 }))
    const answer = await ask({})
    expect(answer).toMatchObject({ refused: 'sign-in-required', reason: 'no-credentials' })
    expect('detail' in answer && answer.detail).toBeTruthy()
    expect(seen).toHaveLength(0)
  })

  it('reads nested fields of the response', async () => {
    const { ask } = await siteThat(json({ data: { user: { uid: 'u', display: 'Жанна' } } }), {
      idField: 'data.user.uid',
      nameField: 'data.user.display',
    })
    expect(await ask()).toEqual({ user: { id: 'u', name: 'Жанна' } })
  })

  const typed = (status: number, type: string, body: string) => (response: ServerResponse) =>
    response.writeHead(status, { 'Content-Type': type }).end(body)
  const page = (status: number) =>
    typed(status, 'text/html; charset=utf-8', '<!doctype html><title>x</title>')
  const moved = (status: number) => (response: ServerResponse) =>
    response.writeHead(status, { Location: 'http://127.0.0.1:1/elsewhere' }).end()
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
    ['a sign-in page of status 401', page(401), 'identity-unavailable'],
    ['a challenge', page(403), 'identity-unavailable'],
    ['a page of the proxy', page(502), 'identity-unavailable'],
    ['a redirect after a form', moved(303), 'sign-in-required'],
    ['a redirect that keeps the method', moved(307), 'sign-in-required'],
    ['an address that has moved', moved(301), 'identity-unavailable'],
    ['an address that has moved, kept method', moved(308), 'identity-unavailable'],
    ['a choice', moved(300), 'identity-unavailable'],
    ['not modified', (response) => response.writeHead(304).end(), 'identity-unavailable'],
    ['another success', json({ id: 1 }, 201), 'identity-unavailable'],
    ['a plain 401', (response) => response.writeHead(401).end('no'), 'sign-in-required'],
    ['an empty 403', (response) => response.writeHead(403).end(), 'access-denied'],
    ['an empty 401 of PHP', typed(401, 'text/html', ''), 'sign-in-required'],
    ['a list', json([{ id: 1 }]), 'identity-unavailable'],
    ['a word', json('admin'), 'identity-unavailable'],
    ['a number', json(7), 'identity-unavailable'],
    ['an empty 200', (response) => response.end(), 'identity-unavailable'],
    ['bytes that are no text', (response) => response.end(Buffer.from([0xff, 0xfe])), 'identity-unavailable'],
    ['nought', json({ id: 0 }), 'sign-in-required'],
    ['nought as text', json({ id: '0' }), 'sign-in-required'],
    ['nought with spaces around it', json({ id: ' 0 ' }), 'sign-in-required'],
    ['a blank', json({ id: ' \u3164' }), 'sign-in-required'],
    ['a control character', json({ id: 'a\u0000' }), 'sign-in-required'],
    ['half a character', json({ id: 'a\ud800' }), 'sign-in-required'],
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
  it.each(answers)('rejects %s with its own code', async (_what, answer, code) => {
    const { ask } = await siteThat(answer, { timeoutMs: 200 })
    expect(await ask()).toMatchObject({ refused: code })
  })

  it('is repeated once if an idle connection ends when it is reused, and never twice', async () => {
    const used = new Set<unknown>()
    let cut = 0
    const { ask, seen } = await siteThat((response, { socket }) => {
      const again = used.has(socket)
      used.add(socket)
      if (again && !cut++) socket.resetAndDestroy()
      else json({ id: 42 })(response)
    })
    // the client chooses the connection to reuse
    for (let turn = 0; turn < 6; turn++) expect(await ask()).toMatchObject({ user: { id: '42' } })
    expect([cut > 0, seen.length]).toEqual([true, 7])
    await close!()
    const broken = await siteThat((response) => response.destroy())
    expect(await broken.ask()).toMatchObject({ refused: 'identity-unavailable' })
    expect(broken.seen).toHaveLength(2)
  })

  it('reports an unreachable site', async () => {
    const identify = forwardIdentity({ url: 'http://127.0.0.1:1/me' })
    expect(
      await identify({ header: () => 'sid=1', address: null, request: null }, 'stream', NEVER),
    ).toMatchObject({
      refused: 'identity-unavailable',
      reason: 'unreachable',
    })
  })
})

describe('many concurrent requests to the identity endpoint', () => {
  it('are sent a few at a time, and those beyond the queue are rejected with Retry-After', async () => {
    const waiting: ServerResponse[] = []
    let most = 0
    const { ask, seen } = await siteThat(
      (response) => {
        most = Math.max(most, waiting.push(response))
      },
      { limit: { concurrent: 4, queued: 6 } },
    )
    const answers = Array.from({ length: 30 }, () => ask())
    const rejected = await Promise.all(answers.slice(10))
    expect(rejected.every((answer) => 'refused' in answer && answer.refused === 'overloaded')).toBe(true)
    expect(rejected.every((answer) => 'refused' in answer && answer.retryAfter! >= 1)).toBe(true)
    // from here on, the site sends its responses one by one
    while (seen.length < 10 || waiting.length > 0) {
      const response = waiting.shift()
      if (response) json({ id: 'u', name: 'U' })(response)
      await new Promise((resolve) => setImmediate(resolve))
    }
    const known = await Promise.all(answers.slice(0, 10))
    expect(known).toEqual(Array.from({ length: 10 }, () => ({ user: { id: 'u', name: 'U' } })))
    expect(most).toBeLessThanOrEqual(4)
    expect(seen).toHaveLength(10)
  })

  it('don’t stay in the queue of a hanging site', async () => {
    const { ask, seen } = await siteThat(() => undefined, {
      limit: { concurrent: 1, queued: 5 },
      timeoutMs: 100,
    })
    const refusals = await Promise.all(Array.from({ length: 6 }, () => ask()))
    expect(refusals.map((answer) => 'refused' in answer && answer.reason)).toEqual([
      'timeout',
      ...Array.from({ length: 5 }, () => 'site-busy'),
    ])
    expect(seen).toHaveLength(1)
  })

  it.each([1, 4, 9])(
    'are rejected before their deadline, and a hanging site gets no second burst (%d at once)',
    async (concurrent) => {
      const { ask, seen } = await siteThat(() => undefined, {
        timeoutMs: 600,
        limit: { concurrent, queued: 40 },
      })
      const begun = performance.now()
      const first = Array.from({ length: concurrent }, () => ask())
      const waiting = Array.from({ length: 20 }, () => ask())
      for (const answer of await Promise.all(waiting)) {
        expect(answer).toMatchObject({ refused: 'overloaded', reason: 'site-busy' })
        expect((answer as { retryAfter: number }).retryAfter).toBeGreaterThan(0)
      }
      const waitedMs = performance.now() - begun
      for (const answer of await Promise.all(first)) expect(answer).toMatchObject({ reason: 'timeout' })
      // the rejected requests ended first, so none of them was sent
      expect(performance.now() - begun).toBeGreaterThan(waitedMs)
      await new Promise((resolve) => setImmediate(resolve))
      expect(seen).toHaveLength(concurrent)
    },
  )

  it('end with the visitor’s request', async () => {
    const gone = new AbortController()
    let closed: Promise<unknown> | undefined
    const { seen, identify } = await siteThat((_response, request) => {
      closed = new Promise((resolve) => request.once('close', resolve))
      gone.abort(new Error('shutdown'))
    })
    const answer = await identify({ header: () => 'sid=1', address: null, request: null }, 'stream', gone)
    expect(answer).toMatchObject({ refused: 'identity-unavailable' })
    await closed
    expect(seen).toHaveLength(1)
  })
})
