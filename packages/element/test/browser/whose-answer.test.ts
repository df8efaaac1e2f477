import { expect } from '@open-wc/testing'
import type { ElementCode } from '../../src/contract.js'
import type { KinescopeChatElement } from '../../src/index.js'
import { PROBLEMS } from '../../src/problems.js'
import {
  type Answer,
  chatOrigin,
  chatWith,
  clean,
  endpoint,
  EVENT,
  fakeTime,
  frames,
  makeReply,
  part,
  place,
  problem,
  record,
  shownFrame,
  until,
  whenState,
} from './bench.js'

afterEach(clean)

/** The page may have replaced the platform's `fetch` by its own. */
it('reads the response of a page’s own fetch, without streams', async () => {
  const { fetch } = window
  let body = JSON.stringify(makeReply())
  window.fetch = async (...request) => {
    const { type, status, headers, ok } = await fetch(...request)
    return { type, status, headers, ok, text: () => Promise.resolve(body) } as Response
  }
  try {
    const { url } = await endpoint({ body: {} })
    await whenState(place({ tokenUrl: url }), 'ready')
    body = JSON.stringify(makeReply()).padEnd(70_000)
    const chat = place({ tokenUrl: url, eventId: `${EVENT}-2` })
    await until(() => chat.problem)
    expect(chat.problem!.code).to.equal('endpoint-bad-reply')
  } finally {
    window.fetch = fetch
  }
})

for (const name of ['json', 'text'] as const)
  for (const ok of [undefined, true, false])
    it(`needs no status of a page’s own fetch: ok ${ok}, ${name}() alone`, async () => {
      const { fetch } = window
      const reply = makeReply()
      const read = () => Promise.resolve(name === 'json' ? reply : JSON.stringify(reply))
      window.fetch = () => Promise.resolve({ ok, [name]: read } as unknown as Response)
      try {
        const chat = place({ tokenUrl: '/token' })
        await until(() => chat.state === 'ready' || chat.problem)
        expect(chat.problem?.code).to.equal(ok === false ? 'endpoint-bad-reply' : undefined)
      } finally {
        window.fetch = fetch
      }
    })

it('needs only get() of the headers of a page’s own fetch', async () => {
  const { fetch } = window
  const refusal = { status: 403, headers: { get: () => null }, text: () => Promise.resolve('') }
  window.fetch = () => Promise.resolve(refusal as unknown as Response)
  try {
    const chat = place({ tokenUrl: '/token' })
    await until(() => chat.problem)
    expect(chat.problem!.code).to.equal('access-denied')
  } finally {
    window.fetch = fetch
  }
})

it('reads a response only up to the longest valid reply', async () => {
  const { fetch } = window
  let cancelled = false
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(16_384).fill(0x78)),
    cancel: () => void (cancelled = true),
  })
  window.fetch = () => Promise.resolve(new Response(endless))
  try {
    const chat = place({ tokenUrl: '/token' })
    await until(() => chat.problem)
    expect(chat.problem!.code).to.equal('endpoint-bad-reply')
    expect(cancelled).to.equal(true)
  } finally {
    window.fetch = fetch
  }
})

for (const eventId of [Symbol('id'), Object.create(null), [[]], () => 1])
  it(`reports an event-id that isn’t text: ${typeof eventId}`, async () => {
    const chat = place({ fetchToken: () => Promise.resolve(makeReply()), eventId: eventId as string })
    await until(() => chat.problem)
    expect(chat.problem!.code).to.equal('event-id-missing')
  })

const PAGE =
  '<!doctype html><html><head><title>Just a moment...</title></head><body>Checking you</body></html>'
const page = (status: number, type = 'text/html; charset=UTF-8'): Answer => ({
  status,
  headers: { 'Content-Type': type },
  body: PAGE,
})

/** Responses of an intermediary between the page and its endpoint. */
const FOREIGN: [name: string, Answer, ElementCode][] = [
  ['a challenge', page(403), 'endpoint-bad-reply'],
  ['a challenge that is called plain text', page(403, 'text/plain'), 'endpoint-bad-reply'],
  ['a challenge that is called JSON', page(401, 'application/json'), 'endpoint-bad-reply'],
  ['XHTML with 401', page(401, 'application/xhtml+xml'), 'endpoint-bad-reply'],
  ['a page with 200', page(200), 'endpoint-bad-reply'],
  ['an empty 200', { body: '' }, 'endpoint-bad-reply'],
  [
    'a redirect to a sign-in form',
    { status: 302, headers: { Location: '/bench/page' }, body: '' },
    'endpoint-bad-reply',
  ],
  [
    'a redirect that would say no',
    { status: 307, headers: { Location: '/bench/endpoint/none' }, body: '' },
    'endpoint-bad-reply',
  ],
  ['a code of ours at 200', { body: { code: 'access-denied' } }, 'endpoint-bad-reply'],
  ['JSON that breaks off', { status: 403, body: '{"code":"access-den' }, 'endpoint-bad-reply'],
  ['a list', { body: [] }, 'endpoint-bad-reply'],
  ['an answer without an end', { body: 'x'.repeat(70_000) }, 'endpoint-bad-reply'],
  ['a teapot', { status: 418, body: {} }, 'endpoint-bad-reply'],
  ['a page that isn’t there', page(404), 'endpoint-not-found'],
]
/** Responses of an intermediary with a temporary problem: the element retries without a limit. */
const PASSING: [name: string, Answer, ElementCode][] = [
  ['a limit of a CDN', page(429), 'rate-limited'],
  ['a proxy’s error', page(502), 'endpoint-error'],
  ['a code of ours at another status', problem(502, 'key-expired'), 'endpoint-error'],
]
/** Rejections by the endpoint itself. */
const REFUSALS: [name: string, Answer, ElementCode][] = [
  ['a ban', problem(403, 'access-denied'), 'access-denied'],
  ['a ban by hand, in JSON', { status: 403, body: { error: 'banned' } }, 'access-denied'],
  [
    'a ban by hand, in words',
    { status: 403, headers: { 'Content-Type': 'text/plain' }, body: 'Banned' },
    'access-denied',
  ],
  ['an empty 401', { status: 401, body: '' }, 'sign-in-required'],
]

const good = (expires_in: number, refresh_in: number): Answer => ({
  body: makeReply({ expires_in, refresh_in }),
})
const shows = (chat: KinescopeChatElement) => shownFrame(chat) !== null

describe('an intermediary’s response on the first load', () => {
  for (const [name, answer, code] of FOREIGN)
    it(`${name}: is ${code}, retried three times with growing delays, and then waits for the visitor`, async () => {
      const { url, asked } = await endpoint(answer)
      const time = fakeTime()
      const chat = place({ tokenUrl: url })
      const settle = (condition: () => unknown) => until(async () => (await time.tickAsync(5), condition()))
      const waits: number[] = []
      for (let tries = 0; tries < 3; tries++) {
        await settle(() => chat.state === 'error' && chat.problem!.retryInMs !== null)
        waits.push(chat.problem!.retryInMs!)
        await time.tickAsync(chat.problem!.retryInMs!)
      }
      await settle(() => chat.state === 'error' && chat.problem!.retryInMs === null)
      await time.tickAsync(300_000)
      expect(chat.problem!.code).to.equal(code)
      expect(chat.problem!.remediation).to.match(/answer is/)
      expect([...waits].sort((a, b) => a - b)).to.deep.equal(waits)
      expect(await asked()).to.have.length(4)
      expect(frames(chat)).to.have.length(0)
      await settle(() => part(chat, 'button'))
    })

  it('stops blocking the visitor as soon as the endpoint answers', async () => {
    const { url } = await endpoint(page(403), page(403), { body: makeReply() })
    const time = fakeTime()
    const chat = place({ tokenUrl: url })
    await until(async () => (await time.tickAsync(50), chat.state === 'ready'))
    expect(chat.problem).to.be.null
  })

  for (const [name, answer, code] of REFUSALS)
    it(`is not ${name}: that is ${code} at once, after one request`, async () => {
      const { url, asked } = await endpoint(answer)
      const time = fakeTime()
      const chat = place({ tokenUrl: url })
      await until(async () => (await time.tickAsync(5), chat.state === 'error'))
      await time.tickAsync(300_000)
      expect(chat.problem!.code).to.equal(code)
      expect(chat.problem!.retryInMs).to.be.null
      expect(await asked()).to.have.length(1)
    })

  it('is described with its content and its sender', async () => {
    const { url } = await endpoint({ ...page(403), headers: { ...page(403).headers, Server: 'cloudgate' } })
    const chat = place({ tokenUrl: url })
    await whenState(chat, 'error')
    for (const found of ['HTML', '403', 'Just a moment...', 'cloudgate'])
      expect(chat.problem!.remediation).to.contain(found)
  })
})

describe('an intermediary’s response while a chat is shown', () => {
  for (const [name, answer, code] of [...FOREIGN, ...PASSING])
    it(`${name}: keeps the chat, is retried, and recovers`, async () => {
      const { url, asked } = await endpoint(good(600, 10), answer, answer, good(600, 300))
      const time = fakeTime()
      const chat = place({ tokenUrl: url })
      const events = record(chat)
      const settle = (condition: () => unknown) =>
        until(async () => {
          await time.tickAsync(100)
          return condition()
        })
      await settle(() => chat.state === 'ready')
      const frame = shownFrame(chat)
      await time.tickAsync(9_800)
      await settle(() => chat.problem)
      expect(chat.problem!.code).to.equal(code)
      expect(chat.problem!.retryInMs).to.be.greaterThan(0)
      expect(shownFrame(chat)).to.equal(frame)
      await settle(() => {
        expect(shows(chat)).to.be.true
        return events.includes('refresh')
      })
      expect(chat.problem).to.be.null
      expect(events.filter((event) => event.startsWith('error'))).to.deep.equal([`error:${code}`])
      expect(await asked()).to.have.length(4)
    })

  for (const [name, answer, code] of REFUSALS)
    it(`is not ${name}: that removes the chat at once`, async () => {
      const { url, asked } = await endpoint(good(600, 10), answer)
      const time = fakeTime()
      const chat = place({ tokenUrl: url })
      await until(async () => (await time.tickAsync(20), chat.state === 'ready'))
      await time.tickAsync(9_800)
      await until(async () => (await time.tickAsync(20), chat.problem))
      expect(chat.problem!.code).to.equal(code)
      expect(frames(chat)).to.have.length(0)
      await time.tickAsync(300_000)
      expect(await asked()).to.have.length(2)
    })

  it('is retried until the token expires, then reported as token-expired, over a chat that stays', async () => {
    const { url, asked } = await endpoint(good(120, 10), page(403))
    const time = fakeTime()
    const chat = place({ tokenUrl: url })
    const events = record(chat)
    await until(async () => (await time.tickAsync(20), chat.state === 'ready'))
    await until(async () => (await time.tickAsync(500), chat.problem?.code === 'token-expired'))
    const before = (await asked()).length
    expect(before).to.be.greaterThan(4)
    expect(shows(chat)).to.be.true
    expect(events.filter((event) => event.startsWith('error'))).to.deep.equal([
      'error:endpoint-bad-reply',
      'error:token-expired',
    ])
    await until(async () => (await time.tickAsync(500), part(chat, 'banner')))
    await time.tickAsync(600_000)
    expect((await asked()).length).to.be.within(before, before + 1)
    expect(shows(chat)).to.be.true
  })

  for (const status of [200, 401, 403])
    it(`keeps the chat and is retried if it ends early at ${status}`, async () => {
      const { fetch } = window
      const { url } = await endpoint(good(600, 10))
      const time = fakeTime()
      try {
        const chat = place({ tokenUrl: url })
        await until(async () => (await time.tickAsync(20), chat.state === 'ready'))
        const broken = () =>
          new ReadableStream({
            start(body) {
              body.enqueue(new TextEncoder().encode('{"code":"access-denied"'))
              body.error(new TypeError('network error'))
            },
          })
        window.fetch = () => Promise.resolve(new Response(broken(), { status }))
        await until(async () => (await time.tickAsync(100), chat.problem))
        expect(chat.problem!.code).to.equal('endpoint-unreachable')
        expect(chat.problem!.retryInMs).to.be.greaterThan(0)
        expect(shows(chat)).to.be.true
      } finally {
        window.fetch = fetch
      }
    })

  const { fetch } = window
  const WRAPPERS: [name: string, thrown: (response: Response) => unknown, hasResponse: boolean][] = [
    ['the response', (response) => response, true],
    ['an error that has the response', (response) => Object.assign(new Error('HTTP'), { response }), true],
    ['an error of its status', ({ status }) => Object.assign(new Error('HTTP'), { status }), false],
    ['an error of our code', () => Object.assign(new Error('HTTP'), { code: 'access-denied' }), false],
  ]
  const ANSWERS: [name: string, Answer, ElementCode][] = [
    ['a challenge', page(403), 'endpoint-bad-reply'],
    ['identity-expired', problem(401, 'identity-expired'), 'identity-expired'],
  ]
  for (const [wrapper, thrown, hasResponse] of WRAPPERS)
    for (const [name, answer, code] of ANSWERS)
      it(`keeps the chat if a page’s own fetch rejects with ${wrapper}: ${name}`, async () => {
        const { url } = await endpoint({ body: makeReply() }, answer)
        const chat = place({ tokenUrl: url })
        await whenState(chat, 'ready')
        window.fetch = async (...request) => {
          const response = await fetch(...request)
          if (response.ok) return response
          throw thrown(response)
        }
        try {
          chat.reload()
          await until(() => chat.problem)
          expect(chat.problem!.code).to.equal(hasResponse ? code : 'endpoint-unreachable')
          if (!hasResponse) expect(chat.problem!.remediation).to.contain('has replaced fetch')
          expect(frames(chat)).to.have.length(1)
        } finally {
          window.fetch = fetch
        }
      })

  it('keeps the chat and causes no further request for identity-expired of the endpoint', async () => {
    const { url, asked } = await endpoint(good(120, 10), problem(401, 'identity-expired'))
    const time = fakeTime()
    const chat = place({ tokenUrl: url })
    await until(async () => (await time.tickAsync(20), chat.state === 'ready'))
    await until(async () => (await time.tickAsync(100), chat.problem))
    expect(chat.problem!.code).to.equal('identity-expired')
    expect(chat.problem!.retryInMs).to.be.null
    await time.tickAsync(60_000)
    expect(shows(chat)).to.be.true
    expect(await asked()).to.have.length(2)
  })

  it('has the same effect from a page’s own fetchToken', async () => {
    const status = (code: number) => Promise.reject(Object.assign(new Error(), { status: code }))
    for (const [code, name] of [
      [404, 'endpoint-not-found'],
      [302, 'endpoint-bad-reply'],
      [418, 'endpoint-bad-reply'],
    ] as const) {
      const { chat, time, settle } = await chatWith([
        () => makeReply({ expires_in: 600, refresh_in: 10 }),
        () => status(code),
        () => makeReply(),
      ])
      await time.tickAsync(10_500)
      expect(chat.problem!.code).to.equal(name)
      expect(shows(chat)).to.be.true
      await settle(() => chat.problem === null)
      time.restore()
      clean()
    }
  })
})

const throwing = (name: string) =>
  Object.defineProperty({}, name, {
    get() {
      throw new Error('mine')
    },
  })
function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

/** A `fetchToken` that rejects with a value that isn't an error. */
const rejecting = (reason: Error) => () => Promise.reject(reason)

describe('a page’s own fetchToken', () => {
  let asked = 0
  const FINE: Record<string, () => unknown> = {
    'a promise of another library, kept twice': () => ({
      then(keep: (value: unknown) => void, refuse: (error: unknown) => void) {
        keep(makeReply())
        refuse(new Error())
        keep(null)
      },
    }),
    'a reply without a prototype': () =>
      Object.freeze(Object.assign(Object.create(null) as object, makeReply())),
    'a reply whose members change on being read': () => ({
      ...makeReply(),
      get chat_id() {
        return asked++ > 1 ? {} : EVENT
      },
    }),
  }
  for (const [name, fetchToken] of Object.entries(FINE))
    it(`is used as intended: ${name}`, async () => {
      asked = 0
      await whenState(place({ fetchToken: fetchToken as never }), 'ready')
    })

  const BAD: [name: string, fetchToken: () => unknown, ElementCode][] = [
    ['an error that throws on being read', rejecting(throwing('code') as Error), 'endpoint-unreachable'],
    ['an error whose status throws', rejecting(throwing('status') as Error), 'endpoint-unreachable'],
    ['a proxy that is dead', rejecting(revoked() as Error), 'endpoint-unreachable'],
    [
      'an error whose name throws',
      () => Promise.reject(Object.defineProperties(new Error(), { name: { get: () => revoked() } })),
      'endpoint-unreachable',
    ],
    ['a promise that throws', () => throwing('then'), 'endpoint-unreachable'],
    ['a reply that throws', () => throwing('token'), 'endpoint-unreachable'],
    ['a symbol', rejecting(Symbol('x') as never), 'endpoint-unreachable'],
    ['a Response', () => new Response(JSON.stringify(makeReply())), 'endpoint-bad-reply'],
    ['a Response that is thrown', rejecting(new Response('', { status: 502 }) as never), 'endpoint-error'],
    ['a bare token', () => makeReply().token, 'endpoint-bad-reply'],
    ['nothing', () => undefined, 'endpoint-bad-reply'],
  ]
  for (const [name, fetchToken, code] of BAD)
    it(`causes a problem that names fetchToken: ${name}`, async () => {
      const chat = place({ fetchToken: fetchToken as never })
      await whenState(chat, 'error')
      expect(chat.problem!.code).to.equal(code)
      expect(chat.problem!.remediation).to.match(/^fetchToken/)
      expect(chat.problem!.retryInMs).to.be.greaterThan(0)
    })

  for (const code of Object.keys(PROBLEMS))
    it(`causes no loop with the code ${code}, with or without a chat`, async () => {
      for (const first of [() => makeReply({ expires_in: 600, refresh_in: 10 }), undefined]) {
        const fails = () => Promise.reject(Object.assign(new Error(), { code }))
        const { chat, time, asked } = await chatWith(first ? [first, fails] : [fails])
        await time.tickAsync(60_000)
        expect(asked.length).to.be.lessThan(8)
        expect(chat.problem).not.to.be.null
        time.restore()
        clean()
      }
    })
})

describe('a page that the server doesn’t list', () => {
  let serial = 0
  const server = (kind: string) => {
    const name = `${kind}-${++serial}-${Math.random().toString(36).slice(2)}`
    const asked = async () =>
      (await (await fetch(`${chatOrigin}/asked/${kind}/${name}`)).json()) as {
        method: string
        cookie: string | null
        authorization: string | null
      }[]
    return { url: `${chatOrigin}/token/${kind}/${name}`, asked }
  }

  it('requests the reason once, without credentials, from a server on another origin, and reports the reason', async () => {
    const { url, asked } = server('unlisted')
    const chat = place({ tokenUrl: url, identity: 'a.b.c' })
    await whenState(chat, 'error')
    expect(chat.problem).to.include({
      code: 'origin-not-allowed',
      status: 403,
      requestId: 'req-9',
      retryInMs: null,
    })
    expect(chat.problem!.remediation).to.contain(location.origin)
    const questions = (await asked()).filter(({ method }) => method === 'GET')
    expect(questions).to.deep.equal([{ method: 'GET', cookie: null, authorization: null }])
  })

  for (const kind of ['mute', 'page', 'elsewhere', 'wrong-status', 'banned', 'signed-out', 'endless'])
    it(`reports endpoint-unreachable for any other response: ${kind}`, async () => {
      const { url, asked } = server(kind)
      const chat = place({ tokenUrl: url })
      await whenState(chat, 'error')
      expect(chat.problem!.code).to.equal('endpoint-unreachable')
      expect(chat.problem!.retryInMs).to.be.greaterThan(0)
      expect((await asked()).filter(({ method }) => method === 'GET')).to.have.length(1)
    })

  const PAGES: [name: string, origin: string, sandbox: string | null, attribute: 'src' | 'srcdoc'][] = [
    ['a page in a sandbox, which has no origin', 'null', 'allow-scripts', 'src'],
    ['a page out of srcdoc, which has that of its owner', location.origin, null, 'srcdoc'],
    ['a page out of srcdoc in a sandbox', 'null', 'allow-scripts', 'srcdoc'],
  ]
  for (const [name, origin, sandbox, attribute] of PAGES)
    it(`reports the origin that the server received: ${name}`, async () => {
      const { url } = server('unlisted')
      const page = `<script>addEventListener('kinescope-chat-error', ({ problem }) => parent.postMessage(problem, '*'))</script>
        <script src="${location.origin}/bench/dist/kinescope-chat.js" data-token-url="${url}"></script><kinescope-chat event-id="${EVENT}"></kinescope-chat>`
      const frame = document.createElement('iframe')
      if (sandbox) frame.setAttribute('sandbox', sandbox)
      frame[attribute] = attribute === 'src' ? `/bench/page?${new URLSearchParams({ body: page })}` : page
      const heard = new Promise<{ code: string; remediation: string }>((resolve) =>
        addEventListener('message', ({ data, source }) => {
          if (source === frame.contentWindow) resolve(data as never)
        }),
      )
      document.body.append(frame)
      const { code, remediation } = await heard
      frame.remove()
      expect(code).to.equal('origin-not-allowed')
      expect(remediation).to.contain(`does not list ${origin}.`)
    })

  it('keeps its chat, and retries while the token is valid', async () => {
    const { url, asked } = server('turning')
    const reply = JSON.stringify(makeReply({ expires_in: 600, refresh_in: 10 }))
    const time = fakeTime()
    const chat = place({ tokenUrl: `${url}?reply=${encodeURIComponent(reply)}` })
    await until(async () => (await time.tickAsync(20), chat.state === 'ready'))
    const frame = shownFrame(chat)
    await until(async () => (await time.tickAsync(100), chat.problem))
    expect(chat.problem!.code).to.equal('origin-not-allowed')
    expect(chat.problem!.retryInMs).to.be.greaterThan(0)
    const questions = async () => (await asked()).filter(({ method }) => method === 'GET').length
    await until(async () => (await time.tickAsync(100), (await questions()) > 1))
    expect(shownFrame(chat)).to.equal(frame)
  })
})
