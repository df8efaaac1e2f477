// @engines
import { expect } from '@open-wc/testing'
import { KinescopeChatElement } from '../../src/index.js'
import { messagesIn } from '../../src/view/language.js'
import {
  clean,
  endpoint,
  EVENT,
  fakeTime,
  makeReply,
  part,
  place,
  problem,
  shownFrame,
  until,
  whenState,
} from './bench.js'

const root = document.documentElement
beforeEach(() => (root.lang = 'en'))
afterEach(clean)

const status = (code: number) => Object.assign(new Error(), { status: code })
const never = () => new Promise<never>(() => {})

describe('the element’s view', () => {
  it('paints nothing in the first 300 ms, then a skeleton for at least 400 ms', async () => {
    const time = fakeTime()
    let answer!: () => void
    const chat = place({ fetchToken: () => new Promise((_, reject) => (answer = () => reject(status(404)))) })
    await time.tickAsync(280)
    expect(part(chat, 'message')).to.be.null
    await time.tickAsync(40)
    expect(part(chat, 'message')!.textContent).to.equal('Loading chat…')
    answer()
    await time.tickAsync(300)
    expect(chat.state).to.equal('error')
    expect(part(chat, 'heading')).to.be.null
    await time.tickAsync(120)
    expect(part(chat, 'heading')).to.exist
  })

  it('paints no skeleton if the response is quick', async () => {
    const time = fakeTime()
    const chat = place({ fetchToken: () => Promise.reject(status(404)) })
    await time.tickAsync(10)
    expect(part(chat, 'heading')).to.exist
  })

  it('shows that the chat is still loading after eight seconds', async () => {
    const time = fakeTime()
    const chat = place({ fetchToken: never })
    await time.tickAsync(8_100)
    expect(part(chat, 'message')!.textContent).to.equal('Still loading…')
  })

  it('has the same size in every state', async () => {
    const chats = [
      place({ fetchToken: never }),
      place({ fetchToken: () => Promise.reject(status(401)) }),
      place({ fetchToken: () => Promise.resolve(makeReply()) }),
      place({ preview: true }),
      place({ fetchToken: never, loading: 'lazy' }),
    ]
    await whenState(chats[2]!, 'ready')
    for (const chat of chats) expect(chat.getBoundingClientRect().height).to.equal(600)
    chats[0]!.style.setProperty('--kinescope-chat-height', '100px')
    expect(chats[0]!.getBoundingClientRect().height).to.equal(100)
  })

  it('counts down from five seconds up, announced only once, with a button', async () => {
    const { url } = await endpoint(problem(429, 'rate-limited', { 'Retry-After': '30' }))
    const chat = place({ tokenUrl: url })
    await whenState(chat, 'error')
    const region = chat.shadowRoot!.querySelector('[role=status]')!
    let spoken = 0
    new MutationObserver(() => spoken++).observe(region, {
      childList: true,
      characterData: true,
      subtree: true,
    })
    const count = await until(() => chat.shadowRoot!.querySelector('.countdown'))
    const first = count.textContent
    expect(first).to.match(/^ · \d+ sec$/)
    await until(() => count.textContent !== first)
    expect(spoken).to.equal(0)
    expect(part(chat, 'button')!.firstElementChild!.textContent).to.equal('Retry')
  })

  it('uses the language of the nearest lang through shadow roots, of the attribute, or an added one', async () => {
    const section = document.createElement('section')
    section.lang = 'ru-RU'
    const shadow = section.appendChild(document.createElement('div')).attachShadow({ mode: 'open' })
    document.body.append(section)
    const chat = place({ fetchToken: () => Promise.reject(status(401)) }, shadow)
    await whenState(chat, 'error')
    await until(() => part(chat, 'heading')?.textContent === 'Войдите, чтобы писать в чат')
    chat.language = 'en'
    await until(() => part(chat, 'heading')?.textContent === 'Sign in to chat')
    KinescopeChatElement.addMessages('eo', { signInButton: 'Ensalutu' })
    chat.language = 'eo'
    await until(() => part(chat, 'button')?.textContent === 'Ensalutu')
    expect(part(chat, 'heading')!.textContent).to.equal('Sign in to chat')
    section.remove()
  })

  for (const html of ['<img name="host">', '<form name="host"></form>', '<iframe name="host"></iframe>'])
    it(`ignores ${html} when it looks for its shadow host`, async () => {
      const box = document.createElement('div')
      box.innerHTML = html
      document.body.append(box)
      root.removeAttribute('lang')
      await whenState(place({ fetchToken: () => Promise.resolve(makeReply()) }), 'ready')
      box.remove()
    })

  it('finds the texts of a language by the longest part of its tag that has texts', async () => {
    const added = [
      ['zh-Hant', 'zh_hant-TW'],
      ['sl-rozaj', 'sl-rozaj-biske-1994'],
      ['de', 'de-AT-1996'],
    ] as const
    for (const [language, wanted] of added) {
      KinescopeChatElement.addMessages(language, { problems: { denied: { heading: language } } })
      const chat = place({ language: wanted, fetchToken: () => Promise.reject(status(403)) })
      await until(() => part(chat, 'heading')?.textContent === language)
    }
    // a very long tag causes no delay
    const endless = place({ language: 'x-'.repeat(100_000), fetchToken: () => Promise.reject(status(403)) })
    await until(() => part(endless, 'heading'))
  })

  it('keeps texts of any length within its box', async () => {
    const long = 'Ж'.repeat(200)
    const { problems } = messagesIn('en')
    const words = Object.keys({ ...messagesIn('en') }).filter((name) => name !== 'problems')
    KinescopeChatElement.addMessages('ql', {
      ...Object.fromEntries(words.map((name) => [name, long])),
      problems: Object.fromEntries(
        Object.keys(problems).map((category) => [category, { heading: long, message: long }]),
      ),
    })
    const failure = Object.assign(status(503), { retryAfterMs: 60_000 })
    const chat = place({ language: 'ql', help: true, debug: true, fetchToken: () => Promise.reject(failure) })
    chat.style.cssText = 'width: 280px; height: 300px'
    await until(() => part(chat, 'heading'))
    for (const details of chat.shadowRoot!.querySelectorAll('details')) details.open = true
    for (const name of ['.all', '.box', '.panel', '.help', '.site', '.debug']) {
      const element = chat.shadowRoot!.querySelector(name)!
      expect(element.scrollWidth, name).to.be.at.most(element.clientWidth)
    }
  })

  it('changes its language with the page', async () => {
    const chat = place({ fetchToken: () => Promise.reject(status(403)) })
    await until(() => part(chat, 'heading'))
    root.lang = 'ru'
    await until(() => part(chat, 'heading')!.textContent === 'Нет доступа к чату')
  })

  it('changes its language when moveBefore moves it', async () => {
    const parent = document.createElement('div') as HTMLElement & {
      moveBefore?: (node: Node, before: Node | null) => void
    }
    if (!parent.moveBefore) return // this browser doesn't have the method
    const chat = place({ fetchToken: () => Promise.reject(status(403)) })
    await until(() => part(chat, 'heading'))
    const host = document.createElement('div')
    document.body.append(host)
    host.lang = 'ru'
    host.attachShadow({ mode: 'open' }).append(parent)
    parent.moveBefore(chat, null)
    await until(() => part(chat, 'heading')!.textContent === 'Нет доступа к чату')
    parent.lang = 'en'
    await until(() => part(chat, 'heading')!.textContent === 'No access to this chat')
    host.remove()
  })

  it('shows its placeholder until the chat is ready, and the content of a self-closed tag always', async () => {
    let answer!: () => void
    const chat = place({ fetchToken: () => new Promise((resolve) => (answer = () => resolve(makeReply()))) })
    chat.innerHTML = '<a slot="placeholder" href="#x">Open the chat</a><p>after</p>'
    const [link, after] = [...chat.children] as HTMLElement[]
    await until(() => link!.checkVisibility())
    answer()
    await whenState(chat, 'ready')
    await until(() => !link!.checkVisibility())
    expect(after!.checkVisibility()).to.be.true
    expect(after!.getBoundingClientRect().top).to.be.at.least(
      shownFrame(chat)!.getBoundingClientRect().bottom,
    )
  })

  it('offers help by its attribute or after a second reload, and never a token in its report', async () => {
    const reply = makeReply()
    const chat = place({ fetchToken: () => Promise.resolve(reply) })
    await whenState(chat, 'ready')
    const help = chat.shadowRoot!.querySelector<HTMLDetailsElement>('details.help')!
    expect(help.hidden).to.be.true
    for (let times = 0; times < 2; times++) {
      chat.reload()
      await whenState(chat, 'refreshing')
      await whenState(chat, 'ready')
    }
    expect(help.hidden).to.be.false
    let copied = ''
    Object.defineProperty(navigator, 'clipboard', {
      configurable: true,
      value: { writeText: (text: string) => Promise.resolve(void (copied = text)) },
    })
    help.open = true
    ;[...help.querySelectorAll('button')].at(-1)!.click()
    Reflect.deleteProperty(navigator, 'clipboard')
    expect(copied).to.contain(EVENT)
    const [, payload, signature] = reply.token.split('.')
    for (const secret of [payload!, signature!, 'Жанна']) expect(copied.includes(secret)).to.be.false
  })

  it('shows the claims to the developer, and never the signature', async () => {
    const reply = makeReply()
    const chat = place({ fetchToken: () => Promise.resolve(reply), debug: true })
    await whenState(chat, 'ready')
    await until(() => part(chat, 'details')?.textContent?.includes('Жанна 😀'))
    expect(chat.shadowRoot!.textContent.includes(reply.token.split('.')[2]!)).to.be.false
  })

  it('is a static placeholder with preview: no request, no frame, no trace in its markup', async () => {
    let asked = 0
    const holder = document.createElement('div')
    document.body.append(holder)
    holder.innerHTML = `<kinescope-chat event-id="${EVENT}" preview></kinescope-chat>`
    const chat = holder.querySelector('kinescope-chat')!
    chat.fetchToken = () => {
      asked++
      return never()
    }
    await whenState(chat, 'preview')
    chat.reload()
    expect(chat.shadowRoot!.textContent).to.contain(EVENT)
    expect(asked).to.equal(0)
    expect(holder.innerHTML).to.equal(`<kinescope-chat event-id="${EVENT}" preview=""></kinescope-chat>`)
    holder.remove()
  })

  for (const language of ['en', 'ru'])
    it(`passes axe in every state, in ${language}`, async () => {
      root.lang = language
      const box = document.body.appendChild(document.createElement('div'))
      const look = (properties: Partial<KinescopeChatElement>) => place({ language, ...properties }, box)
      const looks = {
        loading: look({ fetchToken: never }),
        ready: look({ fetchToken: () => Promise.resolve(makeReply()), help: true }),
        second: look({ fetchToken: () => Promise.resolve(makeReply()) }),
        signIn: look({ fetchToken: () => Promise.reject(status(401)), signinUrl: '/sign-in' }),
        denied: look({ fetchToken: () => Promise.reject(status(403)) }),
        busy: look({
          tokenUrl: (await endpoint(problem(429, 'overloaded', { 'Retry-After': '20' }))).url,
        }),
        setup: look({ eventId: undefined }),
        preview: look({ preview: true }),
        debug: look({ fetchToken: () => Promise.reject(status(500)), debug: true }),
      }
      await Promise.all([whenState(looks.ready, 'ready'), whenState(looks.second, 'ready')])
      await until(() => part(looks.busy, 'heading') && part(looks.loading, 'message'))
      // one run for all of them, because each run goes through the whole page
      await expect(box).to.be.accessible({ ignoredRules: ['region', 'page-has-heading-one'] })
      const titles = [looks.ready, looks.second].map((chat) => shownFrame(chat)!.title)
      expect(new Set(titles).size).to.equal(2)
      for (const button of looks.signIn.shadowRoot!.querySelectorAll<HTMLElement>('.button'))
        if (button.checkVisibility()) expect(button.getBoundingClientRect().height).to.be.at.least(24)
      box.remove()
    })
})
