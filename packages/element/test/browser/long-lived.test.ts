// @engines
import { expect } from '@open-wc/testing'
import sinon from 'sinon'
import { KinescopeChatElement } from '../../src/index.js'
import {
  askPage,
  chatOrigin,
  chatWith,
  clean,
  endpoint,
  EVENT,
  fakeTime,
  frames,
  makeReply,
  makeToken,
  place,
  problem,
  record,
  type Answer,
  setHidden,
  shownFrame,
  until,
  whenState,
} from './bench.js'
import { closePages, openPage } from './open-page.js'

afterEach(() => {
  KinescopeChatElement.defaults = {}
  clean()
})

const turn = (ms = 20) => new Promise((resolve) => setTimeout(resolve, ms))
const HTML = { 'Content-Type': 'text/html' }
const status = (code: number) => Object.assign(new Error(), { status: code })
const jwt = (claims: object, signature: string) =>
  `${btoa('{"alg":"HS256"}')}.${btoa(JSON.stringify(claims))}.${signature}`.replaceAll('=', '')

describe('a visitor who may have signed out', () => {
  for (const [way, leave, comeBack] of [
    [
      'a restore from the back/forward cache',
      () => window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true })),
      () => window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })),
    ],
    [
      'a restore that only another event tells of',
      () => window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true })),
      () => window.dispatchEvent(new Event('focus')),
    ],
    [
      'a return to the page',
      (chat: Element) => chat.remove(),
      (chat: Element) => void document.body.append(chat),
    ],
    [
      'a return elsewhere on the page',
      (chat: Element) => chat.remove(),
      (chat: Element) => void document.querySelector('body > div, body')!.prepend(chat),
    ],
  ] as [string, (chat: Element) => void, (chat: Element) => void][])
    it(`sees no frame before the endpoint has answered: ${way}`, async () => {
      const { url, asked } = await endpoint({ body: makeReply() }, problem(401, 'sign-in-required'))
      const chat = place({ tokenUrl: url, token: makeToken() })
      await whenState(chat, 'ready')
      expect(await asked()).to.have.length(0)
      chat.reload()
      await until(async () => (await asked()).length === 1 && chat.state === 'ready')
      leave(chat)
      await turn()
      let made = 0
      const watch = new MutationObserver(() => (made += frames(chat).length))
      watch.observe(chat.shadowRoot!.querySelector('.stage')!, { childList: true })
      comeBack(chat)
      await until(() => chat.problem)
      watch.disconnect()
      expect(chat.problem!.code).to.equal('sign-in-required')
      expect(made).to.equal(0)
      expect(frames(chat)).to.have.length(0)
    })

  const room = document.createElement('div')
  afterEach(() => room.remove())

  /** A lazy chat with a rendered token, far below the visible part of the page. */
  function placeFar(tokenUrl: string, token: string) {
    document.body.append(room)
    room.style.paddingTop = '9000px'
    return place({ tokenUrl, token, loading: 'lazy' }, room)
  }

  for (const [way, show] of [
    [
      'a page from the HTTP cache',
      (tokenUrl, token) => {
        sinon
          .stub(performance, 'getEntriesByType')
          .returns([{ type: 'back_forward' } as unknown as PerformanceEntry])
        return place({ tokenUrl, token })
      },
    ],
    [
      'a copy of the tag, as a snapshot cache keeps it',
      async (tokenUrl, token) => {
        const first = place({ tokenUrl, token })
        await whenState(first, 'ready')
        first.remove()
        return place({ tokenUrl, token })
      },
    ],
    [
      'a lazy chat that waited in the back/forward cache',
      async (tokenUrl, token) => {
        const chat = placeFar(tokenUrl, token)
        await turn()
        window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))
        window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))
        chat.scrollIntoView()
        return chat
      },
    ],
    [
      'a lazy chat that was away from the page',
      async (tokenUrl, token) => {
        const chat = placeFar(tokenUrl, token)
        await turn()
        chat.remove()
        await turn()
        room.before(chat)
        chat.scrollIntoView()
        return chat
      },
    ],
  ] as [string, (tokenUrl: string, token: string) => KinescopeChatElement | Promise<KinescopeChatElement>][])
    it(`gets no chat by a token that the page rendered before: ${way}`, async () => {
      const { url } = await endpoint(problem(401, 'sign-in-required'))
      const chat = await show(url, makeToken())
      const events = record(chat)
      await until(() => chat.problem ?? chat.state === 'ready')
      expect(chat.problem?.code).to.equal('sign-in-required')
      expect(events).not.to.include('ready')
    })

  it('keeps the chat that a rendered token opens where no endpoint can issue another', async () => {
    const chat = place({ token: makeToken() })
    await whenState(chat, 'ready')
    chat.remove()
    await turn()
    document.body.append(chat)
    await whenState(chat, 'ready')
  })

  it('causes one request by a restore with all its events', async () => {
    const { chat, asked } = await chatWithSource()
    window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))
    window.dispatchEvent(new Event('resume'))
    document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))
    window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))
    await whenState(chat, 'ready')
    expect(asked).to.have.length(2)
  })

  for (const [way, again] of [
    ['KinescopeChat.reset()', () => KinescopeChatElement.reset()],
    [
      'a restore from the back/forward cache',
      () => {
        window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))
        window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))
      },
    ],
  ] as [string, () => void][])
    for (const ready of [false, true])
      it(`gets no reply to a request of before: ${way}, ${ready ? 'one chat is ready' : 'two chats wait'}`, async () => {
        const replies = ready ? [{ body: makeReply() }] : []
        const { url, asked } = await endpoint(
          ...replies,
          { body: makeReply({}, { user_id: 'before' }), delay: 500 },
          { body: makeReply({}, { user_id: 'after' }) },
        )
        const first = place({ tokenUrl: url })
        if (ready) await whenState(first, 'ready')
        const chats = [first, place({ tokenUrl: url })]
        await until(async () => (await asked()).length === replies.length + 1)
        again()
        await Promise.all(chats.map((chat) => whenState(chat, 'ready')))
        expect(chats.map((chat) => chat.diagnostics().claims!['user_id'])).to.deep.equal(['after', 'after'])
        expect(await asked()).to.have.length(replies.length + 2)
      })

  it('gets no chat back with a token that the page rendered, after a reset', async () => {
    const chat = place({ token: makeToken() })
    await whenState(chat, 'ready')
    chat.reset()
    await until(() => chat.problem)
    expect(chat.problem!.code).to.equal('token-url-missing')
    expect(frames(chat)).to.have.length(0)
  })

  it('gets no chat with a token that the page rendered into an element before a reset', async () => {
    const { asked, fetchToken } = source()
    const chat = document.createElement('kinescope-chat')
    Object.assign(chat, { eventId: EVENT, chatOrigin, token: makeToken(), fetchToken })
    KinescopeChatElement.reset()
    document.body.append(chat)
    await whenState(chat, 'ready')
    chat.remove()
    expect(asked).to.have.length(1)
  })

  it('is signed out in the site’s other tabs too by reset()', async () => {
    const { asked } = await chatWithSource()
    const heard: unknown[] = []
    const channel = new BroadcastChannel('kinescope-chat')
    channel.onmessage = ({ data }) => heard.push(data)
    KinescopeChatElement.reset()
    await until(() => asked.length === 2 && heard.length === 1)
    channel.postMessage('reset') // another tab
    await until(() => asked.length === 3)
    channel.close()
    await turn(50)
    expect(asked).to.have.length(3)
  })

  it('keeps no page out of the back/forward cache, and hears of a sign-out again after a restore', async () => {
    const { asked } = await chatWithSource()
    const close = sinon.spy(BroadcastChannel.prototype, 'close')
    window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))
    expect(close.callCount).to.equal(1)
    const other = new BroadcastChannel('kinescope-chat')
    other.postMessage('reset')
    await turn(100)
    expect(asked).to.have.length(1)
    window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))
    await until(() => asked.length === 2)
    other.postMessage('reset')
    await until(() => asked.length === 3)
    other.close()
  })

  /** A chat whose focused frame is gone, as the new token is another visitor's. */
  async function chatOfAnother() {
    const { chat, time, ...others } = await chatWith([
      () => makeReply({ refresh_in: 60 }),
      () => makeReply({}, { user_id: 'u-2' }),
    ])
    const old = shownFrame(chat)!
    chat.focus()
    await time.tickAsync(61_000)
    await until(() => !old.isConnected)
    return { chat, ...others }
  }

  it('sees no other visitor’s chat while theirs loads', async () => {
    const { chat, settle, events } = await chatOfAnother()
    await settle(() => chat.state === 'ready')
    expect(events.filter((event) => event === 'ready')).to.have.length(2)
  })

  it('takes no focus from a field that the visitor has gone to meanwhile', async () => {
    const { chat, settle } = await chatOfAnother()
    const input = document.body.appendChild(document.createElement('input'))
    input.focus()
    await settle(() => chat.state === 'ready')
    expect(document.activeElement).to.equal(input)
    input.remove()
  })
})

function source() {
  const asked: string[] = []
  const fetchToken: KinescopeChatElement['fetchToken'] = ({ reason }) => {
    asked.push(reason)
    return Promise.resolve(makeReply())
  }
  return { asked, fetchToken }
}

async function chatWithSource(properties: object = {}) {
  const { asked, fetchToken } = source()
  const chat = place({ fetchToken, ...properties })
  await whenState(chat, 'ready')
  return { chat, asked, fetchToken }
}

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
      await turn(60)
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
      await turn()
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
      await turn()
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
        await turn(50)
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

describe('time that passes unseen', () => {
  for (const slept of [700_000, 86_400_000])
    it(`loads no expired token where a swap waits for the visitor and the device sleeps ${slept / 1000} s`, async () => {
      const second = makeReply({ expires_in: 600 })
      const { chat, time, asked, settle } = await chatWith([
        () => makeReply({ expires_in: 600, refresh_in: 300 }),
        () => second,
        () => makeReply(),
      ])
      const old = shownFrame(chat)!
      chat.focus()
      await time.tickAsync(301_000)
      expect(asked).to.have.length(2)
      expect(frames(chat)).to.deep.equal([old])
      time.setSystemTime(Date.now() + slept)
      window.dispatchEvent(new Event('focus'))
      await settle(() => shownFrame(chat) !== old && chat.state === 'ready')
      expect(asked).to.have.length(3)
      expect((await askPage(shownFrame(chat)!)).search).not.to.contain(second.token)
    })

  for (const [way, replies] of [
    ['first chat', []],
    ['chat behind the one that the visitor is in', [makeReply({ expires_in: 600, refresh_in: 300 })]],
  ] as const)
    it(`shows no frame whose token expired while it loaded: the ${way}`, async () => {
      const gate = `gate-sleep-${Math.random()}`
      const time = fakeTime()
      const tokens = [...replies, makeReply({ expires_in: 600, chat_id: gate }), makeReply()]
      const chat = place({ fetchToken: () => Promise.resolve(tokens.shift()!) })
      const settle = (condition: () => unknown) =>
        until(async () => {
          await time.tickAsync(5)
          return condition()
        })
      if (replies.length) {
        await settle(() => chat.state === 'ready')
        await time.tickAsync(301_000)
      }
      await settle(() => frames(chat).length > replies.length)
      const late = frames(chat).at(-1)!
      const events = record(chat)
      if (replies.length) chat.focus()
      time.setSystemTime(Date.now() + 86_400_000)
      await fetch(`${chatOrigin}/open/${gate}`, { mode: 'no-cors' })
      await settle(() => chat.state === 'ready')
      expect(tokens).to.have.length(0)
      expect(late.isConnected).to.be.false
      expect(events.filter((event) => /^re/.test(event))).to.have.length(1)
      expect((await askPage(shownFrame(chat)!)).path).to.equal(`/chat/${EVENT}`)
    })

  it('asks once more where the device slept during the request', async () => {
    const time = fakeTime()
    let asked = 0
    let answer: (reply: object) => void = () => {}
    const chat = place({
      fetchToken: () => {
        asked++
        return new Promise((resolve) => (answer = resolve as never))
      },
    })
    await time.tickAsync(10)
    time.setSystemTime(Date.now() + 3_600_000)
    answer(makeReply({ expires_in: 600 }))
    await time.tickAsync(10)
    expect(asked).to.equal(2)
    expect(frames(chat)).to.have.length(0)
  })

  for (const [way, streamAt, last] of [
    ['always another one', (times: number) => `stream-${times}`, 'stream-13'],
    ['two in turns', (times: number) => `stream-${times % 2}`, 'stream-1'],
    ['back to the first', (times: number) => (times < 13 ? `stream-${times}` : EVENT), EVENT],
    ['links', (times: number) => `https://kinescope.io/chat/stream-${times}`, 'stream-13'],
  ] as const)
    it(`judges an answer by the stream that its request was for: ${way}`, async () => {
      const chat = place({
        fetchToken: ({ eventId }) =>
          new Promise((resolve) => setTimeout(() => resolve(makeReply({}, { event_id: eventId })), 100)),
      })
      const events = record(chat)
      for (let times = 0; times < 14; times++) {
        chat.eventId = streamAt(times)
        await turn(30)
      }
      await until(() => chat.state === 'ready' && chat.diagnostics().eventId === last)
      expect(events.filter((event) => event.startsWith('error'))).to.deep.equal([])
    })

  it('does nothing on a prerendered page until it is activated', async () => {
    let prerendering = true
    // Firefox and WebKit have no such property
    if (!('prerendering' in Document.prototype))
      Object.defineProperty(Document.prototype, 'prerendering', { configurable: true, get: () => false })
    sinon.stub(Document.prototype, 'prerendering' as 'hidden').get(() => prerendering)
    const asked: string[] = []
    const fetchToken: KinescopeChatElement['fetchToken'] = ({ reason }) => {
      asked.push(reason)
      return Promise.resolve(makeReply())
    }
    const chats = [
      place({ fetchToken }),
      place({ fetchToken, loading: 'lazy' }),
      place({ fetchToken, token: makeToken() }),
      place({ fetchToken, identity: () => (asked.push('identity'), 'a.b.c') }),
    ]
    await turn(50)
    chats[0]!.reload()
    chats[3]!.reset()
    chats[0]!.eventId = `${EVENT}#`
    chats[0]!.eventId = EVENT
    await turn(50)
    expect(asked).to.have.length(0)
    expect(chats.map(({ state }) => state)).to.deep.equal(['idle', 'idle', 'idle', 'idle'])
    expect(chats.flatMap(frames)).to.deep.equal([])
    prerendering = false
    document.dispatchEvent(new Event('prerenderingchange'))
    await Promise.all(chats.map((chat) => whenState(chat, 'ready')))
  })

  for (const [way, css] of [
    ['display: none', 'display:none'],
    ['content-visibility: hidden', 'content-visibility:hidden'],
    ['a closed accordion', ''],
  ] as const)
    it(`creates no frame before its box has a size: ${way}`, async () => {
      if (css.startsWith('content') && !CSS.supports(css)) return
      const box = document.createElement(css ? 'div' : 'details')
      box.style.cssText = css
      document.body.append(box)
      const chat = place({ fetchToken: () => Promise.resolve(makeReply()) }, box)
      await turn(400)
      expect(frames(chat)).to.have.length(0)
      expect(chat.state).to.equal('loading')
      box.style.cssText = ''
      if (!css) Object.assign(box, { open: true })
      await whenState(chat, 'ready')
      box.remove()
    })

  it('adds no listener while its box has no size', async () => {
    const box = document.createElement('div')
    box.hidden = true
    document.body.append(box)
    const add = sinon.spy(AbortSignal.prototype, 'addEventListener')
    const time = fakeTime()
    const chat = place({ fetchToken: () => Promise.resolve(makeReply()) }, box)
    await time.tickAsync(1_000)
    expect(chat.state).to.equal('loading')
    const before = add.callCount
    await time.tickAsync(60_000)
    expect(add.callCount).to.equal(before)
    box.remove()
  })

  it('asks once on a return to the tab after sign-in-required, and not after a ban', async () => {
    for (const [code, more] of [
      [401, 1],
      [403, 0],
    ] as const) {
      let asked = 0
      const chat = place({
        fetchToken: () => {
          asked++
          return Promise.reject(status(code))
        },
      })
      await until(() => chat.problem)
      window.dispatchEvent(new Event('focus'))
      await turn()
      expect(asked).to.equal(1)
      setHidden(true)
      setHidden(false)
      window.dispatchEvent(new Event('focus'))
      await turn(50)
      expect(asked).to.equal(1 + more)
      setHidden(true)
      setHidden(false)
      await turn(50)
      expect(asked).to.equal(1 + 2 * more)
      const hasFocus = sinon.stub(Document.prototype, 'hasFocus').returns(true)
      const comeBack = () => ['blur', 'focus', 'focus'].map((name) => window.dispatchEvent(new Event(name)))
      comeBack() // from a frame of the page
      await turn(50)
      expect(asked).to.equal(1 + 2 * more)
      hasFocus.returns(false)
      comeBack() // from a pop-up window
      await turn(50)
      window.dispatchEvent(new Event('focus'))
      await turn(50)
      expect(asked).to.equal(1 + 3 * more)
      hasFocus.restore()
      chat.remove()
    }
  })
})

describe('an unattended screen', () => {
  it('does by itself what a person would do, with growing delays', async () => {
    const time = fakeTime()
    const at: number[] = []
    const chat = place({
      unattended: true,
      fetchToken: () => {
        at.push(Date.now())
        return Promise.reject(status(403))
      },
    })
    await time.tickAsync(900_000)
    expect(chat.problem!.code).to.equal('access-denied')
    expect(at.length).to.be.within(5, 9)
    const gaps = at.slice(1).map((moment, index) => moment - at[index]!)
    expect(gaps[0]).to.be.within(10_000, 20_000)
    expect(gaps[3]! > gaps[0]!).to.be.true
    expect(Math.min(...gaps)).to.equal(gaps[0])
  })

  it('waits for a person elsewhere, until the screen is unattended', async () => {
    const time = fakeTime()
    let asked = 0
    const chat = place({
      fetchToken: () => {
        asked++
        return Promise.reject(status(403))
      },
    })
    await time.tickAsync(3_600_000)
    expect(asked).to.equal(1)
    chat.unattended = true
    await time.tickAsync(25_000)
    expect(asked).to.equal(2)
    chat.unattended = false
    await time.tickAsync(3_600_000)
    expect(asked).to.equal(2)
  })
})

describe('an unattended screen whose page is too old', () => {
  afterEach(closePages)

  /** Time passes so many times as fast on the page: its ten seconds for a request must be enough on a busy machine. */
  const FASTER = 20
  const clock = `<script>
    for (const [owner, name] of [[Date, 'now'], [performance, 'now']]) {
      const real = owner[name].bind(owner), start = real()
      owner[name] = () => start + (real() - start) * ${FASTER}
    }
    { const real = setTimeout; window.setTimeout = (work, ms, ...rest) => real(work, ms / ${FASTER}, ...rest) }
  </script>`

  /** Opens a page with a chat in it, and notes when it loads again, in seconds of its own time. */
  async function watched(answers: Answer[], attributes: string) {
    const { url } = await endpoint(...answers)
    const page = await openPage({
      head: `${clock}<script src="/bench/dist/kinescope-chat.js" data-token-url="${url}" data-chat-origin="${chatOrigin}"></script>`,
      body: `<kinescope-chat event-id="${EVENT}" ${attributes}></kinescope-chat>`,
    })
    const loads: number[] = []
    const frame = page.window.frameElement as HTMLIFrameElement
    let last = performance.now()
    frame.addEventListener('load', () => {
      loads.push(((performance.now() - last) * FASTER) / 1000)
      last = performance.now()
    })
    const chat = () => frame.contentDocument!.querySelector<KinescopeChatElement>('kinescope-chat')
    return { loads, chat }
  }

  beforeEach(() => sessionStorage.removeItem('kinescope-chat-reloads'))

  for (const [name, answer] of [
    ['identity-expired', problem(401, 'identity-expired')],
    [
      'a sign-in page in the endpoint’s place',
      { status: 403, headers: HTML, body: '<title>Sign in</title>' },
    ],
    ['no token endpoint there', { status: 404, headers: HTML, body: '<title>Not found</title>' }],
  ] as [string, Answer][])
    it(`loads it again, each time later: ${name}`, async () => {
      const { loads } = await watched([answer], 'unattended')
      await until(() => loads.length === 3, 17_000)
      const [first, second, third] = loads as [number, number, number]
      // a busy machine loads later, never earlier
      expect(first).to.be.at.least(11)
      expect(second).to.be.at.least(22)
      expect(third).to.be.at.least(44)
    })

  it('doesn’t load it again while offline, or once the screen is attended', async () => {
    const { loads, chat } = await watched([problem(401, 'identity-expired')], 'unattended')
    const { navigator } = (await until(() => chat()?.problem && chat())).ownerDocument.defaultView!
    Object.defineProperty(navigator, 'onLine', { configurable: true, value: false })
    await turn(2_000)
    expect(loads).to.deep.equal([])
    chat()!.unattended = false
    Reflect.deleteProperty(navigator, 'onLine')
    await turn(2_000)
    expect(loads).to.deep.equal([])
  })

  it('begins anew with short pauses once the chat was there', async () => {
    const { chat } = await watched([problem(401, 'identity-expired'), { body: makeReply() }], 'unattended')
    // on a busy machine, the page may have loaded again before the test could count it
    await until(() => chat()?.state === 'ready', 17_000)
    const [{ type }] = chat()!.ownerDocument.defaultView!.performance.getEntriesByType('navigation') as [
      PerformanceNavigationTiming,
    ]
    expect(type).to.equal('reload')
    expect(sessionStorage.getItem('kinescope-chat-reloads')).to.equal('0')
  })

  for (const [name, attributes] of [
    ['elsewhere', ''],
    ['where the attribute says false', 'unattended="false"'],
  ] as const)
    it(`waits for a person ${name}`, async () => {
      const { loads, chat } = await watched([problem(401, 'identity-expired')], attributes)
      await until(() => chat()?.problem?.code === 'identity-expired')
      await turn(1_500)
      expect(loads).to.deep.equal([])
    })
})

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

  it('keeps the chat where the page’s policy blocks another frame of its origin, or only reports', async () => {
    const { chat } = await chatWithSource()
    const frame = shownFrame(chat)
    for (const [disposition, blockedURI] of [
      ['enforce', `${chatOrigin}/embed/x`],
      ['enforce', chatOrigin],
      ['report', `${chatOrigin}/chat/${EVENT}`],
    ] as const)
      document.dispatchEvent(
        new SecurityPolicyViolationEvent('securitypolicyviolation', {
          bubbles: true,
          disposition,
          blockedURI,
          effectiveDirective: 'frame-src',
          violatedDirective: 'frame-src',
          originalPolicy: '',
          documentURI: location.href,
          statusCode: 200,
        }),
      )
    await turn()
    expect(shownFrame(chat) === frame).to.be.true
    expect(chat.problem).to.be.null
  })

  it('keeps the chat under a report-only embedder policy', async () => {
    const { ReportingObserver: Real } = window as { ReportingObserver?: unknown }
    let hear: (reports: object[]) => void = () => {}
    Object.assign(window, {
      ReportingObserver: class {
        constructor(callback: typeof hear) {
          hear = callback
        }
        observe() {}
        disconnect() {}
      },
    })
    try {
      const { chat } = await chatWithSource()
      const url = `${chatOrigin}/chat/${EVENT}?token=x`
      hear([{ type: 'coep', body: { disposition: 'reporting', blockedURL: url } }])
      hear([{ type: 'coep', body: { disposition: 'enforce', blockedURL: `${chatOrigin}/embed/x` } }])
      expect(chat.problem).to.be.null
      expect(shownFrame(chat)).to.exist
    } finally {
      Object.assign(window, { ReportingObserver: Real })
    }
  })
})
