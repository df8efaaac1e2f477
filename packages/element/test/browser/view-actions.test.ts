import { expect } from '@open-wc/testing'
import sinon from 'sinon'
import { KinescopeChatElement } from '../../src/index.js'
import {
  chatOrigin,
  chatWith,
  clean,
  EVENT,
  frames,
  makeReply,
  makeToken,
  part,
  place,
  record,
  shownFrame,
  until,
  whenState,
} from './bench.js'

const root = document.documentElement
const status = (code: number) => Object.assign(new Error(), { status: code })
const failing = (code: string, details = {}) => Object.assign(new Error(), { code, ...details })
const region = (chat: Element) => chat.shadowRoot!.querySelector('[role=status]')!

describe('the element’s buttons', () => {
  beforeEach(() => (root.lang = 'en'))
  afterEach(clean)

  it('retry on "Sign in" if that has no effect, and then tell the visitor to sign in on the site first', async () => {
    let asked = 0
    const chat = place({ fetchToken: () => Promise.reject((asked++, status(401))) })
    const events = record(chat)
    const button = await until(() => part(chat, 'button'))
    const before = part(chat, 'message')!.textContent
    button.focus()
    button.click()
    await until(() => part(chat, 'message')!.textContent !== before)
    expect(asked).to.equal(2)
    expect(events).to.include('signin')
    expect(region(chat).textContent).to.contain(part(chat, 'message')!.textContent)
    // a second press retries again: the visitor may have signed in meanwhile
    chat.fetchToken = () => Promise.resolve(makeReply())
    await chat.updateComplete
    await new Promise((resolve) => setTimeout(resolve))
    part(chat, 'button')!.click()
    await whenState(chat, 'ready')
  })

  it('retry at once for a visitor who has signed in meanwhile', async () => {
    let signedIn = false
    const chat = place({
      fetchToken: () => (signedIn ? Promise.resolve(makeReply()) : Promise.reject(status(401))),
    })
    const button = await until(() => part(chat, 'button'))
    signedIn = true
    button.click()
    await whenState(chat, 'ready')
  })

  it('don’t open a link around the chat', async () => {
    const link = document.createElement('a')
    link.href = '#elsewhere'
    document.body.append(link)
    for (const code of [401, 403, 500]) {
      let asked = 0
      const chat = place({ fetchToken: () => Promise.reject((asked++, status(code))) }, link)
      ;(await until(() => part(chat, 'button'))).click()
      await until(() => asked === 2)
      expect(location.hash).to.equal('')
    }
    link.remove()
  })

  it('leave the sign-in to a page that handles it, with the page’s own button or ours', async () => {
    let asked = 0
    const chat = place({ fetchToken: () => Promise.reject((asked++, status(401))) })
    chat.addEventListener('kinescope-chat-signin', (event) => event.preventDefault())
    ;(await until(() => part(chat, 'button'))).click()
    chat.innerHTML = '<button slot="signin">Enter</button>'
    chat.querySelector('button')!.click()
    await chat.updateComplete
    expect(asked).to.equal(1)
    expect(chat.state).to.equal('error')
  })

  it('reload a page that is too old, over a chat that stays', async () => {
    const page = document.createElement('iframe')
    page.src = `/bench/page?${new URLSearchParams({
      head: '<script type="module" src="/bench/dist/kinescope-chat.js"></script>',
      body: `<kinescope-chat event-id="${EVENT}"></kinescope-chat>`,
    })}`
    document.body.append(page)
    const chat = await until(() => {
      const found = page.contentDocument?.querySelector('kinescope-chat')
      return found?.matches(':defined') ? found : null
    })
    let asked = 0
    Object.assign(chat, {
      chatOrigin: place().chatOrigin,
      fetchToken: () =>
        asked++ ? Promise.reject(failing('identity-expired', { status: 401 })) : Promise.resolve(makeReply()),
    })
    await whenState(chat, 'ready')
    const frame = shownFrame(chat)
    chat.reload()
    const banner = await until(() => part(chat, 'banner'))
    expect(shownFrame(chat)).to.equal(frame)
    expect(chat.problem!.code).to.equal('identity-expired')
    const loaded = new Promise((resolve) => page.addEventListener('load', resolve, { once: true }))
    banner.querySelector('button')!.click()
    await loaded
    page.remove()
  })

  /** Presses "Open in new tab", and returns the opened addresses. */
  function openInTab(chat: Element): string[] {
    const opened: string[] = []
    sinon.stub(HTMLAnchorElement.prototype, 'click').callsFake(function (this: HTMLAnchorElement) {
      opened.push(this.href)
    })
    const buttons = [...chat.shadowRoot!.querySelectorAll<HTMLElement>('button')]
    buttons.find(({ textContent }) => textContent.includes('new tab'))!.click()
    return opened
  }

  it('open a chat that the page blocks in a tab, with its token', async () => {
    const eventId = 'hang'
    const chat = place({
      eventId,
      fetchToken: () => Promise.resolve(makeReply({}, { event_id: eventId })),
    })
    await until(() => frames(chat).length === 1)
    document.dispatchEvent(
      new SecurityPolicyViolationEvent('securitypolicyviolation', {
        disposition: 'enforce',
        blockedURI: chatOrigin,
        effectiveDirective: 'frame-src',
        violatedDirective: 'frame-src',
        originalPolicy: '',
        documentURI: location.href,
        statusCode: 200,
      }),
    )
    await until(() => chat.problem?.code === 'frame-blocked' && part(chat, 'button'))
    expect(frames(chat)).to.have.length(0)
    expect(openInTab(chat).join()).to.match(/\/chat\/hang\?token=./)
  })

  it('open no tab with an expired token, but request a new one', async () => {
    const { chat, time, asked } = await chatWith([
      () => makeReply({ expires_in: 120, refresh_in: 60 }),
      () => ({ token: makeToken({ aud: 'Chat' }) }),
      () => makeReply(),
    ])
    await time.tickAsync(200_000)
    expect(chat.problem!.code).to.equal('token-expired')
    expect(openInTab(chat)).to.deep.equal([])
    sinon.restore()
    await until(() => asked.length === 3)
  })

  it('copy a report and announce it, visibly and to screen readers; or show the report to be copied', async () => {
    const copied: string[] = []
    const clipboard = { writeText: (text: string) => Promise.resolve(void copied.push(text)) }
    Object.defineProperty(navigator, 'clipboard', { configurable: true, value: clipboard })
    try {
      const chat = place({ fetchToken: () => Promise.reject(status(403)) })
      const site = await until(() => part(chat, 'panel')?.querySelector('details'))
      expect(site.open).to.be.false
      site.open = true
      expect(site.textContent).to.contain('access-denied')
      const button = site.querySelector('button')!
      const words = button.textContent
      button.click()
      await until(() => button.textContent !== words)
      expect(copied).to.have.length(1)
      expect(region(chat).textContent).to.equal(button.textContent.trim())
      clipboard.writeText = () => Promise.reject(new Error('not allowed'))
      button.click()
      const area = await until(() => site.querySelector('textarea'))
      expect(area.value).to.equal(copied[0])
    } finally {
      Reflect.deleteProperty(navigator, 'clipboard')
    }
  })
})

describe('an element with values from frameworks and page authors', () => {
  afterEach(clean)

  for (const value of ['false', 'FALSE', ' false ', '“false”', '«false»'])
    it(`reads ${JSON.stringify(value)} as off, as an attribute and as a property`, async () => {
      const chat = place({ fetchToken: () => Promise.resolve(makeReply()) })
      for (const name of ['preview', 'help', 'debug'] as const) {
        chat.setAttribute(name, value)
        expect(chat[name]).to.be.false
        chat[name] = value as never
      }
      await whenState(chat, 'ready')
      expect(chat.shadowRoot!.querySelector('.debug')).to.be.null
      expect(chat.shadowRoot!.querySelector<HTMLElement>('.help')!.hidden).to.be.true
    })

  for (const value of ['', 'true', 'preview', '1'])
    it(`reads ${JSON.stringify(value)} as on`, async () => {
      const chat = place({ fetchToken: () => Promise.resolve(makeReply()) })
      chat.setAttribute('preview', value)
      await whenState(chat, 'preview')
    })

  it('treats null and undefined as not set, and a number as a stream', async () => {
    let asked = ''
    const chat = place({
      eventId: 202589431 as never,
      label: null as never,
      language: null as never,
      identity: null as never,
      signinUrl: null as never,
      fetchToken: ({ eventId }) => {
        asked = eventId
        return Promise.resolve(makeReply({}, { event_id: eventId }))
      },
    })
    await whenState(chat, 'ready')
    expect(asked).to.equal('202589431')
    expect(shownFrame(chat)!.title).not.to.equal('')
  })

  it('keeps the chat if a property changes and changes back in one task', async () => {
    let asked = 0
    const chat = place({ fetchToken: () => Promise.resolve((asked++, makeReply())) })
    await whenState(chat, 'ready')
    const frame = shownFrame(chat)
    chat.eventId = 'other'
    chat.eventId = EVENT
    await chat.updateComplete
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(shownFrame(chat)).to.equal(frame)
    expect(asked).to.equal(1)
  })
})

describe('two chats', () => {
  afterEach(clean)

  it('have two names, as frames and as landmarks, with the same label or not, and keep them', async () => {
    const named = (label?: string) => place({ label, fetchToken: () => Promise.resolve(makeReply()) })
    const chats = [named(), named(), named('Зал'), named('Зал')]
    await Promise.all(chats.map((chat) => whenState(chat, 'ready')))
    const names = () =>
      chats.map((chat) => chat.shadowRoot!.querySelector('section')!.getAttribute('aria-label'))
    expect(new Set(names()).size).to.equal(4)
    expect(chats.map((chat) => shownFrame(chat)!.title)).to.deep.equal(names())
    const before = names()
    chats[0]!.remove()
    chats.push(named())
    await whenState(chats.at(-1)!, 'ready')
    expect(names().slice(1, 4)).to.deep.equal(before.slice(1))
    expect(new Set(names().slice(1)).size).to.equal(4)
    await expect(document.body).to.be.accessible({
      ignoredRules: [
        'region',
        'page-has-heading-one',
        'html-has-lang',
        'document-title',
        'landmark-one-main',
      ],
    })
  })
})

describe('the texts of a language that is added while chats are on the page', () => {
  afterEach(clean)

  it('are rendered at once', async () => {
    const chat = place({ language: 'tlh', fetchToken: () => Promise.reject(status(403)) })
    await until(() => part(chat, 'button'))
    KinescopeChatElement.addMessages('tlh', { retry: 'yInIDqa’' })
    await until(() => part(chat, 'button')!.textContent === 'yInIDqa’')
  })
})
