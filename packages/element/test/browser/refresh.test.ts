// @engines
import { expect } from '@open-wc/testing'
import {
  askPage,
  chatOrigin,
  chatWith,
  clean,
  endpoint,
  EVENT,
  frames,
  makeReply,
  makeToken,
  part,
  setHidden,
  shownFrame,
  until,
  whenState,
} from './bench.js'
import { closePages, openPage } from './open-page.js'

afterEach(clean)

const status = (code: number) => Object.assign(new Error(), { status: code })

/** A chat whose next token request fails without a network. */
async function chatOffline() {
  let down = true
  const bench = await chatWith([
    () => makeReply({ refresh_in: 600 }),
    () => (down ? Promise.reject(new TypeError('no network')) : makeReply()),
  ])
  Object.defineProperty(navigator, 'onLine', { configurable: true, value: false })
  await bench.time.tickAsync(900_000)
  expect(bench.chat.problem!.code).to.equal('offline')
  const back = () => {
    down = false
    Reflect.deleteProperty(navigator, 'onLine')
  }
  return { ...bench, network: { back } }
}

describe('a token refresh', () => {
  it('sends one request between 60 and 90 % of the token’s life, and replaces the old chat with the new one', async () => {
    const fresh = makeReply()
    const { chat, time, asked, events, settle, start } = await chatWith([() => makeReply(), () => fresh])
    const old = shownFrame(chat)
    await time.tickAsync(0.59 * 3600_000)
    expect(asked).to.have.length(1)
    await time.tickAsync(0.32 * 3600_000)
    expect(asked).to.have.length(2)
    expect(asked[1]!.reason).to.equal('refresh')
    expect(asked[1]!.at - start).to.be.within(0.6 * 3600_000, 0.9 * 3600_000 + 10_000)
    await settle(() => shownFrame(chat) !== old && chat.state === 'ready')
    expect((await askPage(shownFrame(chat)!)).search).to.equal(`?token=${fresh.token}`)
    await time.tickAsync(200)
    expect(frames(chat)).to.have.length(1)
    expect(events.filter((event) => event === 'refresh' || event === 'ready')).to.deep.equal([
      'ready',
      'refresh',
    ])
  })

  it('follows refresh_in of the server', async () => {
    const { time, asked } = await chatWith([() => makeReply({ refresh_in: 600 })])
    await time.tickAsync(590_000)
    expect(asked).to.have.length(1)
    await time.tickAsync(20_000)
    expect(asked).to.have.length(2)
  })

  for (const wrong of [-7200, -600, 3600, 7200])
    it(`works with a browser clock that is ${wrong} s off`, async () => {
      const iat = Math.floor(Date.now() / 1000) + wrong
      const { chat, time, asked } = await chatWith([
        () => makeReply({ expires_in: 300 }, { iat, exp: iat + 300 }),
      ])
      expect(chat.state).to.equal('ready')
      await time.tickAsync(175_000)
      expect(asked).to.have.length(1)
      await time.tickAsync(110_000)
      expect(asked).to.have.length(2)
    })

  it('neither loops with a token of thirty days nor forgets the refresh', async () => {
    const life = 30 * 86_400
    const now = Math.floor(Date.now() / 1000)
    const { time, asked } = await chatWith([() => makeReply({ expires_in: life }, { exp: now + life })])
    await time.tickAsync(60_000)
    expect(asked).to.have.length(1)
    time.setSystemTime(Date.now() + 17 * 86_400_000)
    await time.tickAsync(61_000)
    expect(asked).to.have.length(1)
    time.setSystemTime(Date.now() + 11 * 86_400_000)
    await time.tickAsync(61_000)
    expect(asked).to.have.length(2)
  })

  it('neither loops nor swaps when the same token arrives again', async () => {
    const same = makeReply({ expires_in: 300 })
    const { chat, time, asked } = await chatWith([() => same])
    const frame = shownFrame(chat)
    await time.tickAsync(600_000)
    expect(asked.length).to.be.within(2, 14)
    expect(shownFrame(chat) === frame).to.be.true
    // a token that is sent again doesn't live longer
    expect(chat.problem!.code).to.equal('token-expired')
  })

  it('spreads a thousand viewers who arrived together: no second has more than 2 % of them', async () => {
    const { refreshDelay } = await import('../../src/token/life.js')
    const seconds = new Map<number, number>()
    for (let viewer = 0; viewer < 1000; viewer++) {
      const second = Math.floor(refreshDelay(3_600_000, undefined, Math.random()) / 1000)
      seconds.set(second, (seconds.get(second) ?? 0) + 1)
    }
    expect(Math.max(...seconds.values())).to.be.at.most(20)
  })

  it('sends no request in a hidden tab, and one at once when the tab is shown', async () => {
    const { chat, time, asked } = await chatWith([() => makeReply()])
    setHidden(true)
    await time.tickAsync(7_200_000)
    expect(asked).to.have.length(1)
    setHidden(false)
    await time.tickAsync(100)
    expect(asked).to.have.length(2)
    expect(chat.problem).to.be.null
  })

  it('replaces an expired token before any frame after the device slept', async () => {
    const { chat, time, asked, settle } = await chatWith([() => makeReply()])
    const old = shownFrame(chat)!
    time.setSystemTime(Date.now() + 4_200_000) // the machine slept: no timer ran
    window.dispatchEvent(new Event('focus'))
    await time.tickAsync(0)
    expect(asked).to.have.length(2)
    expect(shownFrame(chat) === old).to.be.true
    await settle(() => shownFrame(chat) !== old)
    expect(chat.state).to.equal('ready')
  })

  for (const [token, slept] of [
    ['a token that is still good', 0],
    ['an expired token', 4_200_000],
  ] as const)
    it(`requests a token before any frame when the page is restored from the back/forward cache, with ${token}`, async () => {
      const { chat, time, asked, settle } = await chatWith([() => makeReply()])
      const old = shownFrame(chat)
      time.setSystemTime(Date.now() + slept)
      window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))
      expect(frames(chat)).to.have.length(0)
      await settle(() => chat.state === 'ready')
      expect(asked).to.have.length(2)
      expect(shownFrame(chat) === old).to.be.false
    })

  it('sends one request when a timer, a wake-up and the visitor trigger it at the same moment', async () => {
    const { chat, time, asked } = await chatWith([() => makeReply(), () => new Promise(() => {})])
    await time.tickAsync(3_300_000)
    const before = asked.length
    window.dispatchEvent(new Event('online'))
    window.dispatchEvent(new Event('focus'))
    document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))
    await time.tickAsync(0)
    expect(asked.length - before).to.be.at.most(1)
    expect(chat.state).to.equal('refreshing')
  })

  it('holds a new token with refresh="hold", and shows a new chat at the next reload', async () => {
    const { chat, time, asked, events, settle } = await chatWith([() => makeReply()], { refresh: 'hold' })
    const frame = shownFrame(chat)
    await time.tickAsync(3_300_000)
    expect(asked).to.have.length(2)
    await settle(() => events.includes('refresh'))
    expect(shownFrame(chat) === frame).to.be.true
    expect(chat.state).to.equal('ready')
    chat.reload()
    await settle(() => shownFrame(chat) !== frame && chat.state === 'ready')
    expect(asked).to.have.length(3)
  })
})

describe('a failed refresh', () => {
  it('keeps the chat, shows a banner after 1.5 s, and announces the recovery once', async () => {
    let down = true
    const { chat, time, settle, start } = await chatWith([
      () => makeReply({ refresh_in: 600 }),
      () => (down ? Promise.reject(status(503)) : makeReply()),
    ])
    const frame = shownFrame(chat)
    const region = chat.shadowRoot!.querySelector('[role=status]')!
    const announced: string[] = []
    new MutationObserver(() => announced.push(region.textContent)).observe(region, { childList: true })
    // the first chat may have taken a second
    await time.tickAsync(start + 601_000 - Date.now())
    expect(chat.state).to.equal('refreshing')
    expect(chat.problem!.code).to.equal('endpoint-error')
    expect(part(chat, 'banner')).to.be.null
    await time.tickAsync(2_000)
    expect(part(chat, 'banner')).to.exist
    expect(shownFrame(chat) === frame).to.be.true
    await time.tickAsync(30_000)
    expect(announced).to.have.length(1)
    down = false
    window.dispatchEvent(new Event('online'))
    await settle(() => chat.state === 'ready')
    await time.tickAsync(0)
    expect(part(chat, 'banner')).to.be.null
    expect(announced).to.have.length(2)
  })

  it('waits for the network while offline, and sends a request at once when it returns', async () => {
    const { chat, asked, settle, network } = await chatOffline()
    expect(chat.problem!.retryInMs).to.be.null
    expect(asked).to.have.length(2)
    network.back()
    window.dispatchEvent(new Event('online'))
    await settle(() => chat.state === 'ready')
    expect(asked).to.have.length(3)
  })

  it('announces nothing when the refresh succeeds', async () => {
    const { chat, time, settle } = await chatWith([() => makeReply({ refresh_in: 60 })])
    const region = chat.shadowRoot!.querySelector('[role=status]')!
    let changes = 0
    new MutationObserver(() => changes++).observe(region, {
      childList: true,
      characterData: true,
      subtree: true,
    })
    for (let times = 0; times < 5; times++) {
      const old = shownFrame(chat)
      await time.tickAsync(61_000)
      await settle(() => shownFrame(chat) !== old && chat.state === 'ready')
    }
    expect(changes).to.equal(0)
  })

  it('ends in one token-expired over a chat that stays, and recovers automatically', async () => {
    let down = true
    const { chat, time, events, settle } = await chatWith([
      () => makeReply({ expires_in: 60 }),
      () => (down ? Promise.reject(status(503)) : makeReply()),
    ])
    const frame = shownFrame(chat)
    await time.tickAsync(400_000)
    expect(chat.state).to.equal('error')
    expect(events.filter((event) => event === 'error:token-expired')).to.have.length(1)
    expect(shownFrame(chat) === frame).to.be.true
    expect(part(chat, 'banner')).to.exist
    down = false
    await time.tickAsync(150_000)
    await settle(() => chat.state === 'ready')
    expect(chat.problem).to.be.null
  })

  for (const [code, name] of [
    [401, 'sign-in-required'],
    [403, 'access-denied'],
  ] as const)
    it(`removes the chat at once on ${code}, and sends no further request`, async () => {
      const { chat, time, asked } = await chatWith([() => makeReply(), () => Promise.reject(status(code))])
      await time.tickAsync(3_300_000)
      expect(chat.problem!.code).to.equal(name)
      expect(frames(chat)).to.have.length(0)
      expect(chat.expiresAt).to.be.null
      await time.tickAsync(7_200_000)
      expect(asked).to.have.length(2)
    })

  it('keeps the chat after a reply with a bad token, and leaves the next attempt to the visitor', async () => {
    const { chat, time, asked } = await chatWith([
      () => makeReply(),
      () => ({ token: makeToken({ aud: 'Chat' }) }),
    ])
    await time.tickAsync(3_300_000)
    expect(chat.problem!.code).to.equal('bad-audience')
    expect(shownFrame(chat)).to.exist
    expect(asked).to.have.length(2)
  })
})

describe('a page whose events a third party has renamed', () => {
  it('wakes up through the platform’s own method, and through other events of the page', async () => {
    // the renaming that WP Rocket does on the window while it delays scripts
    const rename = (type: string) => (type === 'pageshow' ? 'rocket-pageshow' : type)
    Object.defineProperty(window, 'addEventListener', {
      configurable: true,
      value(type: string, ...rest: [EventListener, AddEventListenerOptions?]) {
        EventTarget.prototype.addEventListener.call(window, rename(type), ...rest)
      },
    })
    const { chat, asked, settle } = await chatWith([() => makeReply()])
    Reflect.deleteProperty(window, 'addEventListener')
    for (const wake of [
      () => window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })),
      () => {
        // no event announces the return; only the page goes on
        window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))
        window.dispatchEvent(new Event('focus'))
      },
    ]) {
      const old = shownFrame(chat)
      wake()
      await settle(() => shownFrame(chat) !== old && chat.state === 'ready')
    }
    expect(asked).to.have.length(3)
  })

  it('hears of a sign-out in another tab after a restore', async () => {
    const { url, asked } = await endpoint({ body: makeReply() })
    const { window: page, chat } = await openPage({
      head: `<script>{ const add = window.addEventListener; window.addEventListener = (name, ...rest) => add('rocket-' + name, ...rest) }</script>`,
      body: `<script src="/bench/dist/kinescope-chat.js" data-token-url="${url}" data-chat-origin="${chatOrigin}"></script><kinescope-chat event-id="${EVENT}"></kinescope-chat>`,
    })
    await whenState(chat()!, 'ready')
    for (const name of ['pagehide', 'pageshow'])
      page.dispatchEvent(new page.PageTransitionEvent(name, { persisted: true }))
    await until(async () => (await asked()).length === 2)
    const other = new BroadcastChannel('kinescope-chat')
    other.postMessage('reset')
    await until(async () => (await asked()).length === 3)
    other.close()
    closePages()
  })

  it('detects the network again without an event', async () => {
    const { chat, time, asked, settle, network } = await chatOffline()
    network.back()
    await time.tickAsync(6_000)
    await settle(() => chat.state === 'ready')
    expect(asked).to.have.length(3)
  })
})
