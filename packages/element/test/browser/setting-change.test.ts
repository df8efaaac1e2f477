import { expect } from '@open-wc/testing'
import sinon from 'sinon'
import type { KinescopeChatElement } from '../../src/index.js'
import {
  type Answer,
  chatOrigin,
  chatWithSource,
  clean,
  endpoint,
  EVENT,
  frames,
  makeReply,
  makeToken,
  pause,
  place,
  problem,
  record,
  shownFrame,
  until,
  whenState,
} from './bench.js'

afterEach(clean)

const jwt = (claims: object, signature: string) =>
  `${btoa('{"alg":"HS256"}')}.${btoa(JSON.stringify(claims))}.${signature}`.replaceAll('=', '')

describe('a setting that means the same', () => {
  for (const [way, before, after] of [
    [
      'a newer identity token of the same visitor',
      { identity: jwt({ sub: 7, exp: 1 }, 'a') },
      { identity: jwt({ sub: 7, exp: 2 }, 'b') },
    ],
    ['the stream as a link', {}, { eventId: `https://kinescope.io/chat/${EVENT}` }],
    ['the stream as a link without a scheme', {}, { eventId: `kinescope.io/${EVENT}` }],
    ['another identity function', { identity: () => 'a.b.c' }, { identity: () => 'd.e.f' }],
    ['other credentials', {}, { credentials: 'omit' }],
    ['another loading', {}, { loading: 'lazy' }],
    ['the address with another query', {}, { query: '?nonce=2' }],
  ] as [string, object, object][])
    it(`keeps the chat: ${way}`, async () => {
      const { url, asked } = await endpoint({ body: makeReply() })
      const chat = place({ tokenUrl: url, ...before })
      await whenState(chat, 'ready')
      const frame = shownFrame(chat)
      const events = record(chat)
      Object.assign(chat, after, 'query' in after ? { tokenUrl: `${url}${String(after.query)}` } : {})
      await pause(60)
      expect(shownFrame(chat) === frame).to.be.true
      expect(events).to.deep.equal([])
      expect(await asked()).to.have.length(1)
    })

  it('uses a recreated fetchToken at the next request, and warns once', async () => {
    const warn = sinon.stub(console, 'warn')
    const { chat, asked } = await chatWithSource()
    const frame = shownFrame(chat)
    const later: string[] = []
    for (let times = 0; times < 3; times++) {
      chat.fetchToken = ({ reason }) => {
        later.push(reason)
        return Promise.resolve(makeReply())
      }
      await pause()
    }
    expect(shownFrame(chat) === frame).to.be.true
    expect(warn.args.filter(([text]) => String(text).includes('fetchToken'))).to.have.length(1)
    chat.reload()
    await until(() => later.length === 1)
    expect(asked).to.deep.equal(['load'])
  })

  for (const [way, after] of [
    ['an identity token of another visitor', { identity: jwt({ sub: 8 }, 'a') }],
    ['an identity token of another issuer', { identity: jwt({ sub: 7, iss: 'x' }, 'a') }],
    ['no identity token', { identity: undefined }],
    ['another stream', { eventId: 'other' }],
  ] as [string, object][])
    it(`ends for ${way}: the old chat is gone at once`, async () => {
      const { url, asked } = await endpoint({ body: makeReply() }, { body: makeReply(), delay: 200 })
      const chat = place({ tokenUrl: url, identity: jwt({ sub: 7 }, 'a') })
      await whenState(chat, 'ready')
      Object.assign(chat, after)
      await pause()
      expect(frames(chat)).to.have.length(0)
      await until(async () => (await asked()).length === 2)
    })

  for (const [way, change, reasons] of [
    ['another visitor', { identity: jwt({ sub: 8 }, 'b') }, ['b', 'frames: 0']],
    ['a newer token of the same visitor', { identity: jwt({ sub: 7 }, 'b') }, ['b', 'frames: 1']],
    ['a visitor who isn’t known any more', { identity: undefined }, ['', 'frames: 0']],
  ] as [string, Partial<KinescopeChatElement>, string[]][])
    it(`counts for a reload() in the same task: ${way}`, async () => {
      const { url, asked } = await endpoint({ body: makeReply() }, { body: makeReply(), delay: 200 })
      const chat = place({ tokenUrl: url, identity: jwt({ sub: 7 }, 'a') })
      await whenState(chat, 'ready')
      Object.assign(chat, change)
      chat.reload()
      const left = `frames: ${frames(chat).length}`
      await until(async () => (await asked()).length > 1)
      await whenState(chat, 'ready')
      const requests = await asked()
      expect(requests).to.have.length(2)
      const signature = (requests[1]!.authorization ?? '').split('.')[2] ?? ''
      expect([signature, left]).to.deep.equal(reasons)
    })

  it('counts for a reload() in the same task: another function, another stream, a rendered token', async () => {
    const { chat, asked } = await chatWithSource()
    const later: string[] = []
    chat.fetchToken = ({ eventId }) => {
      later.push(eventId)
      return Promise.resolve(makeReply({}, { event_id: eventId }))
    }
    chat.reload()
    await until(() => later.length === 1 && chat.state === 'ready')
    chat.eventId = 'other'
    chat.reload()
    await until(() => later.length === 2 && chat.state === 'ready')
    expect(later).to.deep.equal([EVENT, 'other'])
    chat.token = makeToken({ event_id: 'other', user_id: 'u-9' })
    chat.reload()
    await until(() => chat.state === 'ready' && chat.diagnostics().claims!['user_id'] === 'u-9')
    expect([asked.length, later.length]).to.deep.equal([1, 2])
  })

  for (const [way, answer] of [
    ['sign-in-required', problem(401, 'sign-in-required')],
    ['identity-expired', problem(401, 'identity-expired')],
    ['Retry-After', problem(429, 'rate-limited', { 'Retry-After': '300' })],
  ] as [string, Answer][])
    it(`repeats no request for an identity function that each render recreates: ${way}`, async () => {
      const { url, asked } = await endpoint(answer)
      const chat = document.createElement('kinescope-chat')
      const render = () => (chat.identity = () => 'a.b.c')
      chat.addEventListener('kinescope-chat-statechange', render)
      render()
      Object.assign(chat, { eventId: EVENT, chatOrigin, tokenUrl: url })
      document.body.append(chat)
      await until(() => chat.problem)
      for (let times = 0; times < 3; times++) {
        render()
        await pause(50)
      }
      expect(await asked()).to.have.length(1)
      chat.remove()
    })

  it('asks again with a renewed identity token after identity-expired, and keeps the chat', async () => {
    const { url, asked } = await endpoint({ body: makeReply() }, problem(401, 'identity-expired'), {
      body: makeReply(),
    })
    const chat = place({ tokenUrl: url, identity: jwt({ sub: 7 }, 'a') })
    await whenState(chat, 'ready')
    chat.reload()
    await until(() => chat.problem?.code === 'identity-expired')
    expect(shownFrame(chat)).to.exist
    chat.identity = jwt({ sub: 7 }, 'b')
    await until(() => chat.state === 'ready')
    expect(await asked()).to.have.length(3)
  })
})
