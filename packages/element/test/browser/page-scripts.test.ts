import { expect } from '@open-wc/testing'
import { KinescopeChatElement } from '../../src/index.js'
import {
  askPage,
  clean,
  endpoint,
  EVENT,
  makeReply,
  makeToken,
  place,
  problem,
  shownFrame,
  until,
  whenState,
} from './bench.js'

afterEach(() => {
  KinescopeChatElement.defaults = {}
  clean()
})

const status = (code: number) => Object.assign(new Error(), { status: code })
const jwt = (claims: object, signature: string) =>
  `${btoa('{"alg":"HS256"}')}.${btoa(JSON.stringify(claims))}.${signature}`.replaceAll('=', '')

describe('a page with a hostile or helpful script', () => {
  it('reads nothing from Object.prototype', async () => {
    const { url, asked } = await endpoint({ body: makeReply() })
    const evil = await endpoint({ body: makeReply() })
    const polluted = {
      tokenUrl: evil.url,
      identity: 'evil',
      chatOrigin: 'https://evil.example',
      code: 'access-denied',
    }
    const { prototype } = Object
    for (const [name, value] of Object.entries(polluted))
      Object.defineProperty(prototype, name, { configurable: true, value, writable: true })
    try {
      KinescopeChatElement.defaults = {}
      await whenState(place({ tokenUrl: url }), 'ready')
      const chat = place({ fetchToken: () => Promise.reject(status(500)) })
      await until(() => chat.problem)
      expect(chat.problem!.code).to.equal('endpoint-error')
      expect((await asked())[0]!.authorization).to.be.undefined
      const without = place()
      await until(() => without.problem)
      expect(without.problem!.code).to.equal('token-url-missing')
      expect(await evil.asked()).to.have.length(0)
    } finally {
      for (const name of Object.keys(polluted)) Reflect.deleteProperty(prototype, name)
    }
  })

  /** Runs a test while `Object.prototype` has these properties. */
  async function polluted(properties: object, work: () => Promise<void>) {
    for (const [name, value] of Object.entries(properties))
      Object.defineProperty(Object.prototype, name, {
        configurable: true,
        value: value as unknown,
        writable: true,
      })
    try {
      await work()
    } finally {
      for (const name of Object.keys(properties)) Reflect.deleteProperty(Object.prototype, name)
    }
  }

  it('reads nothing of a token reply from Object.prototype', () =>
    polluted(
      { expires_in: 1, refresh_in: 1, chat_id: 'evil', event_id: 'evil', warning: 'evil' },
      async () => {
        const chat = place({ fetchToken: () => Promise.resolve({ token: makeToken() }) })
        await whenState(chat, 'ready')
        expect((await askPage(shownFrame(chat)!)).path).to.equal(`/chat/${EVENT}`)
        expect(chat.diagnostics().timeLeftMs).to.be.greaterThan(3_000_000)
      },
    ))

  it('reads no token and no code of an answer from Object.prototype', () =>
    polluted({ token: 'a.b.c', code: 'access-denied', data: {}, message: 'x', errors: [{}] }, async () => {
      const { url } = await endpoint({ body: { other: 1 } })
      const chat = place({ tokenUrl: url })
      await until(() => chat.problem)
      expect(chat.problem!.code).to.equal('endpoint-bad-reply')
    }))

  it('reads no guest’s identity token from Object.prototype', () =>
    polluted({ identity: 'evil' }, async () => {
      const { url } = await endpoint(problem(401, 'name-required'))
      await fetch(url.replace(/token$/, 'guest'), { method: 'PUT', body: JSON.stringify([{ body: {} }]) })
      const chat = place({ tokenUrl: url })
      const button = await until(() => chat.shadowRoot?.querySelector<HTMLElement>('form .button'))
      chat.shadowRoot!.querySelector('input')!.value = 'Ada'
      button.click()
      await until(() => chat.shadowRoot!.querySelector('[role=alert]')?.textContent)
      expect(chat.problem!.code).to.equal('name-required')
    }))

  it('reads nothing of an error or of an identity token from Object.prototype', () =>
    polluted(
      { nbf: 'evil', iat: 4e9, status: 403, retryAfterMs: 9_000_000, requestId: 'evil', sub: 'evil' },
      async () => {
        const { url, asked } = await endpoint({ body: makeReply() })
        const chat = place({ tokenUrl: url, identity: jwt({ x: 1 }, 'a') })
        await whenState(chat, 'ready')
        chat.identity = jwt({ x: 2 }, 'a')
        await until(async () => (await asked()).length === 2)
        const failing = place({ fetchToken: () => Promise.reject(new Error('x')) })
        await until(() => failing.problem)
        expect(failing.problem).to.include({ code: 'endpoint-unreachable', requestId: null })
        expect(failing.problem!.retryInMs).to.be.lessThan(10_000)
      },
    ))

  const real = window.fetch
  for (const [way, wrap, works] of [
    ['has read the body', (response: Response) => response.text().then(() => response), false],
    [
      'has read the body and gives it as json() alone',
      async (response: Response) => {
        const value: unknown = await response.json()
        return { ok: true, status: response.status, json: () => Promise.resolve(value) }
      },
      true,
    ],
    [
      'gives text() alone',
      async (response: Response) => {
        const value = await response.text()
        return { status: response.status, text: () => Promise.resolve(value) }
      },
      true,
    ],
    ['gives nothing', () => Promise.resolve(undefined), false],
  ] as [string, (response: Response) => Promise<unknown>, boolean][])
    it(`${works ? 'works with' : 'names'} a fetch of the page that ${way}`, async () => {
      const { url } = await endpoint({ body: makeReply() })
      window.fetch = async (...request) => (await wrap(await real(...request))) as Response
      try {
        const chat = place({ tokenUrl: url })
        await until(() => chat.state === 'ready' || chat.problem)
        expect(chat.state === 'ready').to.equal(works)
        if (works) return
        expect(chat.problem!.code).to.equal('endpoint-unreachable')
        expect(chat.problem!.remediation).to.contain('Something on this page has replaced fetch')
      } finally {
        window.fetch = real
      }
    })

  const refuse = () => Promise.reject(new Error('not before consent'))
  for (const [name, replaced] of Object.entries<unknown>({
    'takes no redirect mode': (input: string, init?: RequestInit) =>
      init?.redirect === 'manual' ? refuse() : real(input, init),
    'is a proxy that rejects': new Proxy(real, { apply: refuse }),
    'is a bound function that rejects': refuse.bind(window),
    'is gone': undefined,
    'is no function': { get: refuse },
  }))
    it(`names a fetch of the page that ${name}`, async () => {
      const { url } = await endpoint({ body: makeReply() })
      window.fetch = replaced as typeof fetch
      try {
        const chat = place({ tokenUrl: url })
        await until(() => chat.problem)
        expect(chat.problem!.code).to.equal('endpoint-unreachable')
        expect(chat.problem!.remediation).to.contain('Something on this page has replaced fetch')
      } finally {
        window.fetch = real
      }
    })

  for (const [whose, given] of [
    ['the browser', real],
    [
      'a fetch of the page that passes on the error',
      async (...request: Parameters<typeof real>) => real(...request),
    ],
  ] as const)
    for (const [what, address] of Object.entries({
      'a connection that breaks in the answer': '/bench/broken',
      'an answer that ends too early': '/bench/broken?ends',
      'an answer in another encoding': '/bench/broken?encoded',
      'a server that nothing reaches': 'http://127.0.0.1:1/token',
      ...(given === real ? { 'an address with a password': 'http://name:password@127.0.0.1/token' } : {}),
    }))
      it(`blames no fetch for the error of ${whose}: ${what}`, async () => {
        window.fetch = given
        try {
          const chat = place({ tokenUrl: address })
          await until(() => chat.problem)
          expect(chat.problem!.code).to.equal('endpoint-unreachable')
          expect(chat.problem!.remediation).not.to.contain('replaced fetch')
        } finally {
          window.fetch = real
        }
      })
})
