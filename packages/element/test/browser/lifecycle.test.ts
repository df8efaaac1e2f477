import { expect } from '@open-wc/testing'
import sinon from 'sinon'
import type { KinescopeChatElement } from '../../src/index.js'
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
  record,
  shownFrame,
  until,
  whenState,
} from './bench.js'

afterEach(clean)

/** A token source that counts its requests, and responds when the test calls `answer`. */
function source() {
  const asked: { eventId: string; signal: AbortSignal; answer: (reply?: unknown) => void }[] = []
  const fetchToken: KinescopeChatElement['fetchToken'] = ({ eventId, signal }) =>
    new Promise((resolve) =>
      asked.push({
        eventId,
        signal,
        answer: (reply = makeReply({}, { event_id: eventId })) => resolve(reply as never),
      }),
    )
  return { asked, fetchToken }
}

/** A lazy chat, far below the visible part of the page. */
function placeFar(fetchToken: KinescopeChatElement['fetchToken']) {
  const room = document.createElement('div')
  room.style.paddingTop = '5000px'
  document.body.append(room)
  return { room, chat: place({ fetchToken, loading: 'lazy' }, room) }
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 20))

describe('an element that connects, disconnects and changes', () => {
  it('uses the last event-id, and ignores the result of the first', async () => {
    const { asked, fetchToken } = source()
    const chat = place({ fetchToken })
    await until(() => asked.length === 1)
    const events = record(chat)
    chat.eventId = 'second'
    await until(() => asked.length === 2)
    expect(asked[0]!.signal.aborted).to.be.true
    asked[0]!.answer({ token: 'garbage' })
    asked[1]!.answer()
    await whenState(chat, 'ready')
    expect((await askPage(shownFrame(chat)!)).path).to.equal('/chat/second')
    expect(events.filter((event) => event.startsWith('error'))).to.deep.equal([])
  })

  it('sends one request for several changes in one task', async () => {
    const { asked, fetchToken } = source()
    const chat = place({ fetchToken })
    chat.eventId = 'a'
    chat.eventId = 'b'
    chat.identity = 'x.y.z'
    await turn()
    expect(asked.map(({ eventId }) => eventId)).to.deep.equal(['b'])
  })

  it('aborts a shared request only when the last chat that waits for it is removed', async () => {
    const { asked, fetchToken } = source()
    const chats = [place({ fetchToken }), place({ fetchToken, refresh: 'hold' })]
    await until(() => asked.length === 1)
    chats[0]!.remove()
    await whenState(chats[0]!, 'idle')
    expect(asked[0]!.signal.aborted).to.be.false
    chats[1]!.remove()
    await whenState(chats[1]!, 'idle')
    expect(asked[0]!.signal.aborted).to.be.true
  })

  it('ignores a response that only another chat still waits for', async () => {
    const { asked, fetchToken } = source()
    const chat = place({ fetchToken })
    const other = place({ fetchToken })
    await until(() => asked.length === 1)
    chat.identity = 'x.y.z'
    await until(() => asked.length === 2)
    asked[0]!.answer()
    await whenState(other, 'ready')
    expect(chat.diagnostics().claims).to.be.null
    asked[1]!.answer()
    await whenState(chat, 'ready')
  })

  it('starts again for another visitor, and removes the old chat at once', async () => {
    const { url } = await endpoint({ body: makeReply() }, { body: makeReply(), delay: 200 })
    const chat = place({ tokenUrl: url, identity: 'a.b.c' })
    await whenState(chat, 'ready')
    chat.identity = 'd.e.f'
    await turn()
    expect(frames(chat)).to.have.length(0)
    await whenState(chat, 'ready')
  })

  it('removes the token and the frame on reset, and starts again', async () => {
    const { asked, fetchToken } = source()
    const chat = place({ fetchToken })
    await until(() => asked.length === 1)
    asked[0]!.answer()
    await whenState(chat, 'ready')
    chat.reset()
    expect(frames(chat)).to.have.length(0)
    expect(chat.expiresAt).to.be.null
    await until(() => asked.length === 2)
  })

  for (const [way, change] of Object.entries<(chat: KinescopeChatElement) => void>({
    'no token is null': (chat) => Object.assign(chat, { token: null }),
    'no identity token is an empty text': (chat) => (chat.identity = ''),
    'no address is null': (chat) => Object.assign(chat, { tokenUrl: null }),
    'no option is null': (chat) => Object.assign(chat, { credentials: null, loading: null }),
    'a switch is off by the word': (chat) => Object.assign(chat, { preview: 'False' }),
    'a switch is undefined': (chat) => Object.assign(chat, { preview: undefined }),
    'a stream has spaces around it': (chat) => (chat.eventId = ` ${EVENT}\u200b`),
  }))
    it(`keeps a chat if the setting means the same: ${way}`, async () => {
      const fetchToken = () => Promise.resolve(makeReply())
      const chat = place({ fetchToken })
      await whenState(chat, 'ready')
      const frame = shownFrame(chat)
      change(chat)
      await turn()
      expect(chat.state).to.equal('ready')
      expect(shownFrame(chat)).to.equal(frame)
    })

  for (const [property, value] of Object.entries<(times: number) => unknown>({
    eventId: (times) => `stream-${times}`,
    identity: (times) => `a.b.${times}`,
    token: () => makeToken(),
  }))
    it(`doesn't keep the page busy if a listener sets another ${property} at each change of state`, async () => {
      const chat = document.createElement('kinescope-chat')
      let times = 0
      chat.addEventListener('kinescope-chat-statechange', () => {
        if (times++ < 500) Object.assign(chat, { [property]: value(times) })
      })
      Object.assign(chat, { eventId: EVENT, chatOrigin, fetchToken: () => new Promise(() => {}) })
      document.body.append(chat)
      await turn()
      expect(times).to.be.within(1, 50)
      // meanwhile, the element shows something
      expect(chat.shadowRoot!.querySelector('.box')).to.not.equal(null)
      chat.remove()
    })

  for (const [method, call] of [
    ['reset()', (chat) => chat.reset()],
    ['reload()', (chat) => chat.reload()],
    ['KinescopeChat.reset()', (chat) => (chat.constructor as typeof KinescopeChatElement).reset()],
  ] as [string, (chat: KinescopeChatElement) => void][])
    it(`sends few requests if a listener calls ${method} at each error`, async () => {
      const chat = document.createElement('kinescope-chat')
      let asked = 0
      chat.addEventListener('kinescope-chat-statechange', ({ state }) => {
        if (state === 'error' && asked < 200) call(chat)
      })
      const fetchToken = () => Promise.reject(Object.assign(new Error(`${asked++}`), { status: 503 }))
      Object.assign(chat, { eventId: EVENT, chatOrigin, fetchToken })
      document.body.append(chat)
      await until(() => asked > 9)
      await turn()
      expect(asked).to.be.below(15)
      chat.remove()
    })

  for (const [then, call] of [
    ['', () => {}],
    [', also if reset() follows', (chat) => chat.reset()],
    [', also if reload() follows', (chat) => chat.reload()],
  ] as [string, (chat: KinescopeChatElement) => void][])
    it(`uses the last of very many changes${then}`, async () => {
      const streams: string[] = []
      const fetchToken: KinescopeChatElement['fetchToken'] = ({ eventId }) => {
        streams.push(eventId)
        return Promise.resolve(makeReply({}, { event_id: eventId }))
      }
      const chat = place({ fetchToken })
      for (let times = 0; times < 30; times++) {
        chat.eventId = `stream-${times}`
        await chat.updateComplete
      }
      call(chat)
      await until(() => streams.at(-1) === 'stream-29')
      await whenState(chat, 'ready')
      expect(streams.length).to.be.below(20)
    })

  it('retries at once on a page that sets another function at each render', async () => {
    let asked = 0
    const recreated = () => () => Promise.reject(Object.assign(new Error(`${asked++}`), { status: 403 }))
    const chat = place({ fetchToken: recreated() })
    await whenState(chat, 'error')
    for (let times = 0; times < 15; times++) {
      chat.fetchToken = recreated()
      await chat.updateComplete
      await Promise.resolve()
    }
    expect(asked).to.equal(1)
    chat.reload()
    expect(asked).to.equal(2)
  })

  it('applies a change that came while a restart was delayed, also if the chat came back meanwhile', async () => {
    const time = fakeTime()
    const streams: string[] = []
    const fetchToken: KinescopeChatElement['fetchToken'] = ({ eventId }) => {
      streams.push(eventId)
      return new Promise(() => {})
    }
    const chat = place({ fetchToken })
    await chat.updateComplete
    for (let times = 0; times < 15; times++) chat.reset()
    chat.remove()
    await time.tickAsync(1)
    document.body.append(chat)
    await until(() => chat.state === 'loading')
    chat.eventId = 'second'
    await chat.updateComplete
    await time.tickAsync(1_000)
    expect(streams.at(-1)).to.equal('second')
  })

  it('sends requests to the same address after a soft navigation', async () => {
    const { url, asked } = await endpoint({ body: makeReply() })
    const here = location.href
    history.replaceState(null, '', url.replace(/token$/, 'page'))
    try {
      const chat = place({ tokenUrl: url.split('/').at(-1)! })
      await whenState(chat, 'ready')
      history.replaceState(null, '', '/elsewhere/page')
      chat.reload()
      await until(async () => (await asked()).length === 2)
    } finally {
      history.replaceState(null, '', here)
    }
  })

  for (const [way, begin] of Object.entries<
    (chat: KinescopeChatElement, set: () => void, home: HTMLElement) => unknown
  >({
    'set in the task in which it comes': (chat, set, home) => {
      home.append(chat)
      set()
    },
    'set in a microtask': (chat, set, home) => {
      home.append(chat)
      queueMicrotask(set)
    },
    'set after two microtasks': async (chat, set, home) => {
      home.append(chat)
      await Promise.resolve()
      await Promise.resolve()
      set()
    },
    'set a task later': async (chat, set, home) => {
      home.append(chat)
      await turn()
      set()
    },
    'removed and put back before its first picture': (chat, set, home) => {
      set()
      home.append(chat)
      chat.remove()
      home.append(chat)
    },
    'removed for a task before its first picture': async (chat, set, home) => {
      set()
      home.append(chat)
      chat.remove()
      await turn()
      home.append(chat)
    },
    'moved between documents before its first picture': (chat, set, home) => {
      set()
      home.append(chat)
      document.implementation.createHTMLDocument().body.append(chat)
      home.append(chat)
    },
    'used before it connects and after': (chat, set, home) => {
      const all = () => [chat.reload(), chat.reset(), chat.focus(), chat.diagnostics()]
      all()
      set()
      home.append(chat)
      all()
    },
    'a picture at first': async (chat, set, home) => {
      chat.preview = true
      home.append(chat)
      await Promise.resolve()
      chat.preview = false
      set()
    },
    'updated again and again': (chat, set, home) => {
      set()
      home.append(chat)
      for (let times = 0; times < 9; times++) chat.requestUpdate()
    },
  }))
    it(`sends one request, and renders rarely, for a chat that is ${way}`, async () => {
      const { asked, fetchToken } = source()
      const chat = document.createElement('kinescope-chat')
      const home = document.createElement('div')
      document.body.append(home)
      let updates = 0
      chat.addController({ hostUpdated: () => updates++ })
      await begin(chat, () => Object.assign(chat, { eventId: EVENT, chatOrigin, fetchToken }), home)
      await until(() => asked.length)
      asked[0]!.answer()
      await whenState(chat, 'ready')
      await turn()
      expect(asked).to.have.length(1)
      expect(updates).to.be.within(1, 10)
      home.remove()
    })

  it('sends no request for a move in one task', async () => {
    const { asked, fetchToken } = source()
    const chat = place({ fetchToken })
    await until(() => asked.length === 1)
    const other = document.createElement('div')
    document.body.append(other)
    other.append(chat) // while loading
    await turn()
    expect(asked).to.have.length(1)
    asked[0]!.answer()
    await whenState(chat, 'ready')
    document.body.append(chat) // while ready: the browser empties the frame
    await turn()
    await until(() => chat.state === 'ready' && shownFrame(chat))
    expect((await askPage(shownFrame(chat)!)).path).to.equal(`/chat/${EVENT}`)
    expect(asked).to.have.length(1)
    other.remove()
  })

  it('keeps its state over moveBefore, and the frame where the browser can', async () => {
    const parent = document.body as HTMLElement & { moveBefore?: (node: Node, before: Node | null) => void }
    if (!parent.moveBefore) return // this browser doesn't have the method
    const { asked, fetchToken } = source()
    const box = document.createElement('div') as typeof parent
    document.body.append(box)
    const chat = place({ fetchToken })
    await until(() => asked.length === 1)
    asked[0]!.answer()
    await whenState(chat, 'ready')
    const frame = shownFrame(chat)
    box.moveBefore(chat, null)
    await turn()
    await until(() => chat.state === 'ready' && shownFrame(chat))
    if (/Chrome/.test(navigator.userAgent)) expect(shownFrame(chat)).to.equal(frame)
    expect((await askPage(shownFrame(chat)!)).path).to.equal(`/chat/${EVENT}`)
    expect(asked).to.have.length(1)
    box.remove()
  })

  it('stops everything when removed, and requests a token first when it returns', async () => {
    const { asked, fetchToken } = source()
    const chat = place({ fetchToken })
    await until(() => asked.length === 1)
    chat.remove()
    await turn()
    expect(asked[0]!.signal.aborted).to.be.true
    document.body.append(chat)
    await until(() => asked.length === 2)
    asked[1]!.answer()
    await whenState(chat, 'ready')
    chat.remove()
    await turn()
    expect(chat.state).to.equal('idle')
    expect(frames(chat)).to.have.length(0)
    document.body.append(chat)
    await until(() => asked.length === 3)
    expect(frames(chat)).to.have.length(0)
    asked[2]!.answer()
    await whenState(chat, 'ready')
  })

  for (const debug of [false, true])
    it(`renders no more once it is removed: debug is ${debug}`, async () => {
      const { chat, time } = await chatWith([() => makeReply()], { debug })
      chat.remove()
      await time.tickAsync(100)
      let updates = 0
      chat.addController({ hostUpdated: () => updates++ })
      await time.tickAsync(60_000)
      expect(updates).to.equal(0)
    })

  it('shows no frame and fires no error when the token arrives just after the element was removed', async () => {
    const { asked, fetchToken } = source()
    const chat = place({ fetchToken })
    await until(() => asked.length === 1)
    const events = record(chat)
    asked[0]!.answer()
    chat.remove()
    // the token arrives in the same task, before the element knows whether it returns
    for (let turns = 0; turns < 20; turns++) await Promise.resolve()
    expect(frames(chat)).to.have.length(0)
    document.body.append(chat)
    await whenState(chat, 'ready')
    expect(events.filter((event) => event.startsWith('error'))).to.deep.equal([])
    expect(asked).to.have.length(1)
  })

  it('applies a new initial token without a request', async () => {
    const { asked, fetchToken } = source()
    const chat = place({ fetchToken, token: makeToken() })
    await whenState(chat, 'ready')
    const old = shownFrame(chat)
    chat.token = makeToken()
    await until(() => shownFrame(chat) && shownFrame(chat) !== old && chat.state === 'ready')
    expect(asked).to.have.length(0)
  })

  it('shows no empty box while the chat of a new initial token loads for another visitor', async () => {
    const eventId = 'slow-700'
    const { fetchToken } = source()
    const chat = place({ eventId, fetchToken, token: makeToken({ event_id: eventId }) })
    await whenState(chat, 'ready')
    const events = record(chat)
    chat.token = makeToken({ event_id: eventId, user_id: 'u-2' })
    await until(() => frames(chat).length === 1 && !shownFrame(chat))
    expect(chat.state).to.equal('loading')
    await chat.updateComplete
    expect(chat.shadowRoot!.querySelector<HTMLElement>('.panel')!.hidden).to.be.false
    await whenState(chat, 'ready')
    await turn()
    expect(events).to.deep.equal(['statechange:loading', 'statechange:ready', 'ready'])
  })

  for (const [state, event] of [
    ['ready', 'ready'],
    ['error', 'error:access-denied'],
  ] as const)
    it(`fires no ${state} event of a session that a listener has reset`, async () => {
      let asked = 0
      const chat = document.createElement('kinescope-chat')
      const events = record(chat)
      chat.addEventListener('kinescope-chat-statechange', (event) => {
        if (event.state === state) chat.reset()
      })
      const fetchToken = () => {
        if (asked++) return new Promise(() => {})
        return state === 'ready'
          ? Promise.resolve(makeReply())
          : Promise.reject(Object.assign(new Error(), { status: 403 }))
      }
      Object.assign(chat, { eventId: EVENT, chatOrigin, fetchToken })
      document.body.append(chat)
      await until(() => asked === 2)
      await turn()
      expect(events).not.to.include(event)
      expect(chat.state).to.equal('loading')
      chat.remove()
    })

  it('sends one request when a listener resets the chat as it starts to load', async () => {
    let resets = 0
    const { asked, fetchToken } = source()
    const chat = document.createElement('kinescope-chat')
    chat.addEventListener('kinescope-chat-statechange', ({ state }) => {
      if (state === 'loading' && !resets++) chat.reset()
    })
    Object.assign(chat, { eventId: EVENT, chatOrigin, fetchToken })
    document.body.append(chat)
    await until(() => asked.length > 0)
    await turn()
    expect(asked).to.have.length(1)
    chat.remove()
    await turn()
    expect(asked[0]!.signal.aborted).to.be.true
  })

  for (const [method, call] of [
    ['reset()', (chat) => chat.reset()],
    ['reload()', (chat) => chat.reload()],
  ] as [string, (chat: KinescopeChatElement) => void][])
    it(`sends one request when a listener calls ${method} as the chat ends`, async () => {
      const { asked, fetchToken } = source()
      const chat = place({ fetchToken })
      await until(() => asked.length === 1)
      asked[0]!.answer()
      await whenState(chat, 'ready')
      const listen = sinon.spy(Document.prototype, 'addEventListener')
      chat.addEventListener('kinescope-chat-statechange', ({ state }) => {
        if (state === 'idle') call(chat)
      })
      chat.reset()
      await until(() => asked.length > 1)
      await turn()
      expect(asked).to.have.length(2)
      // a session listens for what wakes the page, until it ends
      const sessions = listen.args.filter(([name]) => String(name) === 'resume')
      expect(
        sessions.filter(([, , options]) => !(options as AddEventListenerOptions).signal!.aborted),
      ).to.have.length(1)
    })

  it('waits with loading="lazy" until the element comes near the viewport', async () => {
    const { asked, fetchToken } = source()
    const { chat, room } = placeFar(fetchToken)
    await turn()
    expect(chat.state).to.equal('idle')
    expect(asked).to.have.length(0)
    chat.scrollIntoView()
    await until(() => asked.length === 1)
    room.remove()
  })

  it('sends no second request for a lazy chat that was reloaded before it came near the viewport', async () => {
    const { asked, fetchToken } = source()
    const { chat, room } = placeFar(fetchToken)
    await Promise.resolve() // it begins in a microtask
    chat.reload()
    await until(() => asked.length === 1)
    chat.scrollIntoView()
    // this observer runs after the chat's own, which is older
    await new Promise<void>((resolve) =>
      new IntersectionObserver((entries) => entries.at(-1)!.isIntersecting && resolve()).observe(chat),
    )
    expect(asked).to.have.length(1)
    expect(asked[0]!.signal.aborted).to.be.false
    room.remove()
  })

  it('reflects no property to an attribute, and has one state for CSS', async () => {
    const chat = place({ fetchToken: () => Promise.resolve(makeReply()) })
    await whenState(chat, 'ready')
    expect(chat.matches(':state(ready)')).to.be.true
    expect(chat.matches(':state(loading)')).to.be.false
    expect(chat.outerHTML).to.equal('<kinescope-chat></kinescope-chat>')
  })

  it('exposes no signature of a token in events, diagnostics or text', async () => {
    const reply = makeReply()
    const chat = document.createElement('kinescope-chat')
    const seen: string[] = []
    for (const name of ['statechange', 'ready', 'refresh', 'error'])
      chat.addEventListener(`kinescope-chat-${name}`, (event) => {
        for (const key in event)
          seen.push(
            JSON.stringify((event as unknown as Record<string, unknown>)[key] ?? '', (_, value: unknown) =>
              value instanceof Node || value instanceof Window ? undefined : value,
            ),
          )
      })
    Object.assign(chat, { eventId: EVENT, chatOrigin, debug: true, fetchToken: () => Promise.resolve(reply) })
    document.body.append(chat)
    await whenState(chat, 'ready')
    await turn()
    const signature = reply.token.split('.')[2]!
    const exposed = [JSON.stringify(chat.diagnostics()), chat.shadowRoot!.textContent, ...seen].join()
    expect(exposed.includes(signature)).to.be.false
    expect(chat.diagnostics().claims!['username']).to.equal('Жанна 😀')
    chat.remove()
  })

  it('leaks nothing after two hundred connections and removals', async () => {
    const gc = (globalThis as { gc?: () => void }).gc
    const { fetchToken } = source()
    const refs: WeakRef<Element>[] = []
    for (let times = 0; times < 200; times++) {
      const chat = document.createElement('kinescope-chat')
      Object.assign(chat, { eventId: `e${times}`, chatOrigin, fetchToken })
      document.body.append(chat)
      await Promise.resolve() // it begins in a microtask
      chat.remove()
      refs.push(new WeakRef(chat))
    }
    await turn()
    expect(document.querySelectorAll('kinescope-chat')).to.have.length(0)
    if (!gc) return
    gc()
    await until(() => {
      gc()
      return refs.every((ref) => !ref.deref())
    })
  })
})
