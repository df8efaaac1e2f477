import { expect } from '@open-wc/testing'
import type { ElementCode } from '../../src/contract.js'
import {
  type Answer,
  chatWith,
  clean,
  endpoint,
  EVENT,
  fakeTime,
  frames,
  makeReply,
  makeToken,
  part,
  place,
  problem,
  record,
  shownFrame,
  until,
  whenState,
} from './bench.js'

afterEach(clean)

const now = Math.floor(Date.now() / 1000)
const tokenWith = (claims: Record<string, unknown>, header: Record<string, unknown> = {}): Answer => ({
  body: { token: makeToken(claims, header), expires_in: 3600 },
})

const CASES: [name: string, Answer, ElementCode, retried: boolean][] = [
  ['401', problem(401), 'sign-in-required', false],
  ['403', problem(403), 'access-denied', false],
  ['404', problem(404), 'endpoint-not-found', true],
  ['429', problem(429), 'rate-limited', true],
  ['500', problem(500), 'endpoint-error', true],
  ['400', problem(400, 'bad-request'), 'bad-request', false],
  ['400 without a code', problem(400), 'endpoint-bad-reply', true],
  ['event-not-allowed', problem(403, 'event-not-allowed'), 'event-not-allowed', false],
  ['origin-not-allowed', problem(403, 'origin-not-allowed'), 'origin-not-allowed', false],
  ['event-not-found', problem(404, 'event-not-found'), 'event-not-found', false],
  ['identity-unavailable', problem(503, 'identity-unavailable'), 'identity-unavailable', true],
  ['overloaded', problem(503, 'overloaded'), 'overloaded', true],
  ['server-error', problem(500, 'server-error'), 'server-error', true],
  ['key-unavailable', problem(503, 'key-unavailable'), 'key-unavailable', true],
  ['key-not-registered', problem(503, 'key-not-registered'), 'key-not-registered', true],
  ['key-expired', problem(503, 'key-expired'), 'key-expired', false],
  ['a page of HTML', { body: '<!doctype html><p>Sign in' }, 'endpoint-bad-reply', true],
  ['identity-expired', problem(401, 'identity-expired'), 'identity-expired', false],
  ['JSON without a token', { body: { ok: true } }, 'endpoint-bad-reply', true],
  ['garbage for a token', { body: { token: 'garbage' } }, 'token-malformed', false],
  ['two parts', { body: { token: 'a.b' } }, 'token-malformed', false],
  [
    'bytes that are not UTF-8',
    { body: { token: `${btoa('\xff\xfe').replaceAll('=', '')}.e30.e30` } },
    'token-malformed',
    false,
  ],
  [
    'a JSON array for claims',
    { body: { token: `${makeToken().split('.')[0]}.W10.e30` } },
    'token-malformed',
    false,
  ],
  ['exp in milliseconds', tokenWith({ exp: Date.now() + 3.6e6 }), 'token-malformed', false],
  ['exp as a string', tokenWith({ exp: `${now + 3600}` }), 'token-malformed', false],
  ['no exp', tokenWith({ exp: undefined }), 'claim-missing', false],
  ['no username', tokenWith({ username: '' }), 'claim-missing', false],
  ['no kid', tokenWith({}, { kid: undefined }), 'claim-missing', false],
  ['HS256', tokenWith({}, { alg: 'HS256' }), 'bad-algorithm', false],
  ['aud in capitals', tokenWith({ aud: 'Chat' }), 'bad-audience', false],
  ['another audience', tokenWith({ aud: ['x'] }), 'bad-audience', false],
  ['another stream', tokenWith({ event_id: 'other' }), 'wrong-event', false],
  [
    'a dead token',
    { body: { token: makeToken({ iat: now - 7200, exp: now - 3600 }), expires_in: 0 } },
    'token-expired',
    false,
  ],
  ['nbf ahead', tokenWith({ nbf: now + 1800 }), 'token-not-yet-valid', false],
]

describe('a token that cannot be had', () => {
  for (const [name, answer, code, retried] of CASES)
    it(`${name}: ends in ${code}, ${retried ? 'to be tried again' : 'and waits for a hand'}, with a message and no frame`, async () => {
      const { url, asked } = await endpoint(answer)
      const chat = place({ tokenUrl: url })
      const events = record(chat)
      await whenState(chat, 'error')
      expect(chat.problem!.code).to.equal(code)
      expect(chat.problem!.message).not.to.equal('')
      expect(chat.problem!.remediation).not.to.equal('')
      expect(chat.problem!.retryInMs !== null).to.equal(retried)
      expect(frames(chat)).to.have.length(0)
      expect(events.filter((event) => event.startsWith('error'))).to.deep.equal([`error:${code}`])
      await until(() => part(chat, 'heading'))
      expect(part(chat, 'button')).to.exist
      // a token that arrives dead is asked for once more: it may have been kept by something in between
      expect(await asked()).to.have.length(code === 'token-expired' ? 2 : 1)
    })

  it('names a missing event-id, and the attribute that was meant', async () => {
    const chat = place({ eventId: undefined, tokenUrl: '/nowhere' })
    chat.setAttribute('eventid', EVENT)
    await whenState(chat, 'error')
    expect(chat.problem!.code).to.equal('event-id-missing')
    chat.remove()
    document.body.append(chat)
    await whenState(chat, 'error')
    expect(chat.problem!.remediation).to.contain('eventid')
  })

  it('names a missing token-url', async () => {
    const chat = place()
    await whenState(chat, 'error')
    expect(chat.problem!.code).to.equal('token-url-missing')
  })

  it('names what is wrong with a rendered token if there is no endpoint', async () => {
    const chat = place({ token: makeToken({ aud: 'Chat' }) })
    await whenState(chat, 'error')
    expect(chat.problem!.code).to.equal('bad-audience')
    expect(chat.diagnostics().claims!['aud']).to.equal('Chat')
    chat.reset()
    await until(() => chat.problem?.code === 'token-url-missing')
    expect(chat.diagnostics().claims).to.equal(null)
  })

  it('names an endpoint that no network reaches', async () => {
    const chat = place({ tokenUrl: 'http://127.0.0.1:1/token' })
    await whenState(chat, 'error')
    expect(chat.problem!.code).to.equal('endpoint-unreachable')
  })

  it('gives up on an endpoint that is silent for ten seconds', async () => {
    const { url } = await endpoint({ hang: true })
    const time = fakeTime()
    const chat = place({ tokenUrl: url })
    await whenState(chat, 'loading')
    await time.tickAsync(9_800)
    expect(chat.state).to.equal('loading')
    await time.tickAsync(400)
    expect(chat.problem!.code).to.equal('endpoint-timeout')
  })

  it('takes the words of a page’s own fetchToken, and its silence', async () => {
    const refused = place({
      fetchToken: () => Promise.reject(Object.assign(new Error(), { code: 'access-denied' })),
    })
    await whenState(refused, 'error')
    expect(refused.problem!.code).to.equal('access-denied')
    const status = place({ fetchToken: () => Promise.reject(Object.assign(new Error(), { status: 401 })) })
    await whenState(status, 'error')
    expect(status.problem!.code).to.equal('sign-in-required')
    const time = fakeTime()
    const silent = place({ fetchToken: () => new Promise(() => {}) })
    await time.tickAsync(10_100)
    expect(silent.problem!.code).to.equal('endpoint-timeout')
  })
})

describe('trying again', () => {
  it('obeys Retry-After in seconds and as a date', async () => {
    for (const value of ['7', new Date(Math.ceil(Date.now() / 1000) * 1000 + 7_000).toUTCString()]) {
      const { url } = await endpoint(problem(429, 'rate-limited', { 'Retry-After': value }))
      const chat = place({ tokenUrl: url })
      await whenState(chat, 'error')
      expect(chat.problem!.retryInMs).to.be.within(6_000, 10_000)
    }
  })

  it('obeys Retry-After when the network returns', async () => {
    const busy = Object.assign(new Error(), { status: 429, retryAfterMs: 300_000 })
    const { chat, time, asked } = await chatWith([() => Promise.reject(busy)])
    window.dispatchEvent(new Event('online'))
    await time.tickAsync(290_000)
    expect(asked).to.have.length(1)
    expect(chat.state).to.equal('error')
    await time.tickAsync(60_000)
    expect(asked).to.have.length(2)
  })

  it('comes back by itself, at most 14 times in ten minutes of an outage, with growing gaps', async () => {
    const time = fakeTime()
    const asked: number[] = []
    let down = true
    const chat = place({
      fetchToken: () => {
        asked.push(Date.now())
        return down
          ? Promise.reject(Object.assign(new Error(), { status: 503 }))
          : Promise.resolve(makeReply())
      },
    })
    await time.tickAsync(600_000)
    expect(asked.length).to.be.within(8, 14)
    const gaps = asked.slice(1).map((at, index) => at - asked[index]!)
    for (let index = 1; index < 5; index++) expect(gaps[index]).to.be.greaterThan(gaps[index - 1]!)
    down = false
    await time.tickAsync(160_000)
    time.restore()
    await whenState(chat, 'ready')
    expect(chat.problem).to.be.null
  })

  it('tries at once when the network returns', async () => {
    let down = true
    let asked = 0
    const chat = place({
      fetchToken: () => {
        asked++
        return down ? Promise.reject(new TypeError('network')) : Promise.resolve(makeReply())
      },
    })
    await whenState(chat, 'error')
    down = false
    window.dispatchEvent(new Event('online'))
    await whenState(chat, 'ready')
    expect(asked).to.equal(2)
  })

  it('tries when the visitor asks, and keeps the focus on its way', async () => {
    const { url } = await endpoint(problem(404), { body: makeReply(), delay: 30 })
    const chat = place({ tokenUrl: url })
    await whenState(chat, 'error')
    const button = await until(() => part(chat, 'button'))
    button.focus()
    button.click()
    await whenState(chat, 'ready')
    await until(() => chat.shadowRoot!.activeElement === shownFrame(chat))
  })

  it('sends the visitor to the sign-in, unless the page takes that over', async () => {
    const { url } = await endpoint(problem(401))
    const chat = place({ tokenUrl: url, signinUrl: '/sign-in' })
    const events = record(chat)
    await whenState(chat, 'error')
    const link = (await until(() => part(chat, 'button'))) as HTMLAnchorElement
    expect(new URL(link.href).pathname).to.equal('/sign-in')
    chat.addEventListener('kinescope-chat-signin', (event) => event.preventDefault())
    link.click()
    expect(events).to.include('signin')
    expect(location.pathname).not.to.equal('/sign-in')
    const scripted = place({ tokenUrl: url, signinUrl: 'javascript:alert(1)' })
    await whenState(scripted, 'error')
    expect(((await until(() => part(scripted, 'button'))) as HTMLAnchorElement).href ?? '').to.equal('')
  })
})
