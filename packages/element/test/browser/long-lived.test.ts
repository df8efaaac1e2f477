// @engines
import { expect } from '@open-wc/testing'
import sinon from 'sinon'
import { KinescopeChatElement } from '../../src/index.js'
import {
  askPage,
  chatOrigin,
  chatWith,
  chatWithSource,
  clean,
  endpoint,
  EVENT,
  fakeTime,
  frames,
  makeReply,
  makeToken,
  pause,
  place,
  problem,
  record,
  setHidden,
  shownFrame,
  source,
  until,
  whenState,
} from './bench.js'

afterEach(clean)

const status = (code: number) => Object.assign(new Error(), { status: code })

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
      await pause()
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
        await pause()
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
        await pause()
        chat.remove()
        await pause()
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
    await pause()
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
    await pause(50)
    expect(asked).to.have.length(3)
  })

  it('keeps no page out of the back/forward cache, and hears of a sign-out again after a restore', async () => {
    const { asked } = await chatWithSource()
    const close = sinon.spy(BroadcastChannel.prototype, 'close')
    window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))
    expect(close.callCount).to.equal(1)
    const other = new BroadcastChannel('kinescope-chat')
    other.postMessage('reset')
    await pause(100)
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
        await pause(30)
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
    await pause(50)
    chats[0]!.reload()
    chats[3]!.reset()
    chats[0]!.eventId = `${EVENT}#`
    chats[0]!.eventId = EVENT
    await pause(50)
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
      await pause(400)
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
      await pause()
      expect(asked).to.equal(1)
      setHidden(true)
      setHidden(false)
      window.dispatchEvent(new Event('focus'))
      await pause(50)
      expect(asked).to.equal(1 + more)
      setHidden(true)
      setHidden(false)
      await pause(50)
      expect(asked).to.equal(1 + 2 * more)
      const hasFocus = sinon.stub(Document.prototype, 'hasFocus').returns(true)
      const comeBack = () => ['blur', 'focus', 'focus'].map((name) => window.dispatchEvent(new Event(name)))
      comeBack() // from a frame of the page
      await pause(50)
      expect(asked).to.equal(1 + 2 * more)
      hasFocus.returns(false)
      comeBack() // from a pop-up window
      await pause(50)
      window.dispatchEvent(new Event('focus'))
      await pause(50)
      expect(asked).to.equal(1 + 3 * more)
      hasFocus.restore()
      chat.remove()
    }
  })
})
