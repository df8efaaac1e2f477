import { expect } from '@open-wc/testing'
import { sendMouse } from '@web/test-runner-commands'
import sinon from 'sinon'
import {
  askPage,
  chatOrigin,
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

describe('the first load', () => {
  it('requests one token, shows the chat with the token, and fires the events', async () => {
    const reply = makeReply()
    const { url, asked } = await endpoint({ body: reply })
    const chat = place({ tokenUrl: url })
    const events = record(chat)
    await whenState(chat, 'ready')
    expect(events).to.deep.equal(['statechange:loading', 'statechange:ready', 'ready'])
    const page = await askPage(shownFrame(chat)!)
    expect(page.search).to.equal(`?token=${reply.token}`)
    expect(page.path).to.equal(`/chat/${EVENT}`)
    expect(page.referrer).to.equal(`${location.origin}/`)
    const requests = await asked()
    expect(requests).to.have.length(1)
    expect(requests[0]).to.include({ body: JSON.stringify({ event_id: EVENT }), type: 'application/json' })
    expect(frames(chat)).to.have.length(1)
  })

  it('requests the token before the first render, which is complete with updateComplete', async () => {
    const picture = () => chat.shadowRoot!.querySelector('[part=panel]')
    const drawn: boolean[] = []
    const fetchToken = () => {
      drawn.push(!!picture())
      return Promise.resolve(makeReply())
    }
    const chat = place({ fetchToken })
    await chat.updateComplete
    expect(drawn).to.deep.equal([false])
    expect(picture()).to.not.equal(null)
    await whenState(chat, 'ready')
  })

  it('starts another session for a setting that a listener changes as the first session begins', async () => {
    const streams: string[] = []
    const fetchToken = ({ eventId }: { eventId: string }) => {
      streams.push(eventId)
      return Promise.resolve(makeReply({}, { event_id: eventId }))
    }
    const chat = place({ fetchToken })
    chat.addEventListener('kinescope-chat-statechange', () => (chat.eventId = 'second'), { once: true })
    await whenState(chat, 'ready')
    expect(streams.at(-1)).to.equal('second')
  })

  it('exposes the token in no attribute, no resource timing and no history entry', async () => {
    const reply = makeReply()
    const history = window.history.length
    const seen: string[] = []
    const observer = new MutationObserver((records) => {
      for (const { target, addedNodes } of records)
        for (const node of [target, ...addedNodes]) seen.push((node as Element).outerHTML ?? '')
    })
    const { url } = await endpoint({ body: reply })
    const chat = place({ tokenUrl: url })
    observer.observe(chat.shadowRoot!, { subtree: true, childList: true, attributes: true })
    await whenState(chat, 'ready')
    observer.disconnect()
    const signature = reply.token.split('.')[2]!
    const timing = JSON.stringify(performance.getEntriesByType('resource'))
    for (const place of [seen.join(), chat.shadowRoot!.innerHTML, chat.outerHTML, timing])
      expect(place.includes(signature)).to.be.false
    expect(window.history.length).to.equal(history)
  })

  it('gives the frame only what the chat needs', async () => {
    const { url } = await endpoint({ body: makeReply() })
    const chat = place({ tokenUrl: url })
    await whenState(chat, 'ready')
    const frame = shownFrame(chat)!
    expect(frame.allow).to.equal(`fullscreen ${chatOrigin}; clipboard-write ${chatOrigin}`)
    expect(frame.referrerPolicy).to.equal('strict-origin-when-cross-origin')
    expect(frame.hasAttribute('sandbox')).to.be.false
    expect(frame.title).to.equal('Stream chat')
  })

  it('lets the chat page go fullscreen and write to the clipboard, which a frame without permission can’t', async () => {
    const chat = place({ fetchToken: () => Promise.resolve(makeReply()) })
    await whenState(chat, 'ready')
    const other = document.createElement('iframe')
    other.src = `${chatOrigin}/chat/${EVENT}`
    document.body.prepend(other)
    await new Promise((resolve) => other.addEventListener('load', resolve))
    try {
      expect((await askPage(shownFrame(chat)!)).fullscreen).to.be.true
      expect((await askPage(other)).fullscreen).to.be.false
      // only Chromium has a permission for the clipboard, and needs no window manager there for fullscreen
      if (!navigator.userAgent.includes('Chrome/')) return
      expect(await click(shownFrame(chat)!)).to.include({ copied: true, fullscreen: true })
      expect(await click(other)).to.include({ copied: false, fullscreen: false })
    } finally {
      other.remove()
    }
  })

  it('uses chat_id for the address and event_id for the claim if the server sends both', async () => {
    const uuid = '088105cf-1f5b-4b3f-9d0c-5c1f8b7a2d11'
    const { url } = await endpoint({
      body: makeReply({ chat_id: 'public', event_id: uuid }, { event_id: uuid }),
    })
    const chat = place({ tokenUrl: url })
    await whenState(chat, 'ready')
    expect((await askPage(shownFrame(chat)!)).path).to.equal('/chat/public')
  })

  for (const id of [
    '088105cf-1f5b-4b3f-9d0c-5c1f8b7a2d11',
    EVENT,
    '202589431',
    'a b/ü?#',
    ` ${EVENT} `,
    `${chatOrigin}/chat/${EVENT}`,
    `https://kinescope.io/${EVENT}`,
  ])
    it(`accepts ${JSON.stringify(id)} as a stream`, async () => {
      const asked: string[] = []
      const chat = place({
        eventId: id,
        fetchToken: ({ eventId }) => {
          asked.push(eventId)
          return Promise.resolve(makeReply({}, { event_id: eventId }))
        },
      })
      await whenState(chat, 'ready')
      const wanted = id.startsWith('http') ? EVENT : id.trim()
      expect(asked).to.deep.equal([wanted])
      expect((await askPage(shownFrame(chat)!)).path).to.equal(`/chat/${encodeURIComponent(wanted)}`)
    })

  it('sends the identity token that the page has set', async () => {
    const { url, asked } = await endpoint({ body: makeReply() })
    const chat = place({ tokenUrl: url, identity: 'a.b.c' })
    await whenState(chat, 'ready')
    expect((await asked())[0]!.authorization).to.equal('Bearer a.b.c')
  })

  it('keeps properties that were set before the class is defined', async () => {
    const { KinescopeChatElement } = await import('../../src/index.js')
    const chat = document.createElement('late-chat') as InstanceType<typeof KinescopeChatElement>
    Object.assign(chat, { eventId: EVENT, chatOrigin, fetchToken: () => Promise.resolve(makeReply()) })
    document.body.append(chat)
    customElements.define('late-chat', class extends KinescopeChatElement {})
    await whenState(chat, 'ready')
    chat.remove()
  })

  it('sends no request without the properties that were set before the class is defined', async () => {
    const { KinescopeChatElement } = await import('../../src/index.js')
    const { url, asked } = await endpoint({ body: makeReply() })
    const chat = document.createElement('later-chat') as InstanceType<typeof KinescopeChatElement>
    chat.setAttribute('event-id', EVENT)
    chat.setAttribute('token-url', url)
    Object.assign(chat, { chatOrigin, identity: 'a.b.c' })
    const events = record(chat)
    document.body.append(chat)
    const sent = sinon.spy(window, 'fetch')
    // a subclass needn't call lit's empty method
    const Later = class extends KinescopeChatElement {
      override willUpdate() {}
    }
    customElements.define('later-chat', Later)
    await whenState(chat, 'ready')
    expect(sent.callCount).to.equal(1)
    expect((await asked()).map(({ authorization }) => authorization)).to.deep.equal(['Bearer a.b.c'])
    await until(() => events.includes('ready'))
    expect(events).to.deep.equal(['statechange:loading', 'statechange:ready', 'ready'])
    chat.remove()
  })

  it('uses an initial token without a request, and requests one if the initial token expires too soon', async () => {
    const { url, asked } = await endpoint({ body: makeReply() })
    const now = Math.floor(Date.now() / 1000)
    const chat = place({ tokenUrl: url, token: makeToken() })
    await whenState(chat, 'ready')
    expect(await asked()).to.have.length(0)
    const stale = place({ tokenUrl: url, token: makeToken({ iat: now - 3590, exp: now + 10 }) })
    await whenState(stale, 'ready')
    expect(await asked()).to.have.length(1)
  })

  it('uses an initial token alone until its end, and then names the missing setting', async () => {
    const time = fakeTime()
    const chat = place({ token: makeToken() })
    await until(async () => {
      await time.tickAsync(5)
      return chat.state === 'ready'
    })
    await time.tickAsync(3_500_000)
    expect(chat.problem).to.be.null
    await time.tickAsync(200_000)
    expect(chat.problem!.code).to.equal('token-expired')
    expect(chat.problem!.remediation).to.contain('token-url-missing')
    expect(shownFrame(chat)).to.exist
  })

  it('shares one request among elements with the same settings at the same time', async () => {
    const { url, asked } = await endpoint({ body: makeReply(), delay: 50 })
    const chats = [1, 2, 3, 4, 5].map(() => place({ tokenUrl: url }))
    await Promise.all(chats.map((chat) => whenState(chat, 'ready')))
    expect(await asked()).to.have.length(1)
    expect(new Set(chats.map((chat) => shownFrame(chat)!.title)).size).to.equal(5)
  })

  it('shows the sign-in in five elements after one request', async () => {
    const { url, asked } = await endpoint({ ...problem(401, 'sign-in-required'), delay: 50 })
    const chats = [1, 2, 3, 4, 5].map(() => place({ tokenUrl: url }))
    await Promise.all(chats.map((chat) => whenState(chat, 'error')))
    expect(await asked()).to.have.length(1)
    for (const chat of chats) {
      expect(chat.problem).to.include({
        code: 'sign-in-required',
        status: 401,
        retryInMs: null,
        requestId: 'req-1',
      })
      await until(() => part(chat, 'button'))
    }
  })
})

/** Clicks into a chat page, and returns its report of the click. */
async function click(frame: HTMLIFrameElement): Promise<object> {
  let reported: object | undefined
  const hear = ({ source, data }: MessageEvent<{ clicked?: boolean }>) => {
    if (source === frame.contentWindow && data.clicked) reported = data
  }
  addEventListener('message', hear)
  frame.scrollIntoView()
  const { x, y } = frame.getBoundingClientRect()
  const position: [number, number] = [Math.round(x) + 60, Math.round(y) + 100]
  try {
    // the browser sends no click to another site's frame before its first paint
    return await until(async () => {
      await sendMouse({ type: 'click', position })
      return reported
    })
  } finally {
    removeEventListener('message', hear)
  }
}
