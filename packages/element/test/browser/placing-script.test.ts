import { expect } from '@open-wc/testing'
import {
  askPage,
  chatOrigin,
  endpoint,
  EVENT,
  makeReply,
  problem,
  shownFrame,
  until,
  whenState,
} from './bench.js'
import { closePages, openPage, type Page } from './open-page.js'

afterEach(closePages)

const MODULE = '/bench/dist/kinescope-chat.js'
const CLASSIC = '/bench/dist/kinescope-chat.classic.js'
const TAG = `<kinescope-chat event-id="${EVENT}"></kinescope-chat>`

async function settings() {
  const { url, asked } = await endpoint({ body: makeReply() })
  return { asked, data: `data-token-url="${url}" data-chat-origin="${chatOrigin}"` }
}

async function chatOf(page: Page) {
  const chat = await until(() => page.chat()?.shadowRoot && page.chat())
  await whenState(chat, 'ready')
  return chat
}

/** The ways in which pages load the script, in any order. */
const WAYS: Record<string, (data: string) => { head?: string; body: string }> = {
  'a module in the head': (data) => ({
    head: `<script type="module" src="${MODULE}" ${data}></script>`,
    body: TAG,
  }),
  'an async module': (data) => ({
    head: `<script type="module" async src="${MODULE}" ${data}></script>`,
    body: TAG,
  }),
  'a module after the tag': (data) => ({
    body: `${TAG}<script type="module" src="${MODULE}" ${data}></script>`,
  }),
  'a classic script in the head': (data) => ({
    head: `<script src="${CLASSIC}" ${data}></script>`,
    body: TAG,
  }),
  'a classic script with async': (data) => ({
    head: `<script async src="${CLASSIC}" ${data}></script>`,
    body: TAG,
  }),
  'a classic script with defer': (data) => ({
    head: `<script defer src="${CLASSIC}" ${data}></script>`,
    body: TAG,
  }),
  'a classic script after the tag': (data) => ({ body: `${TAG}<script src="${CLASSIC}" ${data}></script>` }),
  'a classic script twice': (data) => ({
    head: `<script src="${CLASSIC}" ${data}></script>`,
    body: `${TAG}<script src="${CLASSIC}"></script>`,
  }),
  'a module twice': (data) => ({
    head: `<script type="module" src="${MODULE}" ${data}></script>`,
    body: `${TAG}<script type="module" src="${MODULE}?again"></script>`,
  }),
  'a classic script and a module': (data) => ({
    head: `<script src="${CLASSIC}" ${data}></script>`,
    body: `${TAG}<script type="module" src="${MODULE}"></script>`,
  }),
}

describe('the script on a page', () => {
  for (const [way, parts] of Object.entries(WAYS))
    it(`works as ${way}`, async () => {
      const { asked, data } = await settings()
      const page = await openPage(parts(data))
      const chat = await chatOf(page)
      expect((await askPage(shownFrame(chat)!)).path).to.equal(`/chat/${EVENT}`)
      expect(page.errors).to.deep.equal([])
      expect(page.warnings).to.deep.equal([])
      expect(await asked()).to.have.length(1)
    })

  it('works in two versions: the first stays in charge, and one warning names both', async () => {
    const { asked, data } = await settings()
    const page = await openPage({
      head: `<script src="${CLASSIC}?version=7.7.7" ${data}></script>`,
      body: `${TAG}<script type="module" src="${MODULE}?version=8.8.8"></script>`,
    })
    const chat = await chatOf(page)
    expect(chat.diagnostics().version).to.equal('7.7.7')
    expect(page.errors).to.deep.equal([])
    expect(page.warnings).to.have.length(1)
    expect(page.warnings[0]).to.contain('7.7.7').and.to.contain('8.8.8')
    expect(await asked()).to.have.length(1)
  })

  it('sets its defaults on an element that a bundle has defined before', async () => {
    const { data } = await settings()
    const page = await openPage({
      head: '<script type="module" src="/src/define.ts"></script>',
      body: `<script type="module" src="${MODULE}" ${data}></script>`,
    })
    await until(() => page.window.KinescopeChat)
    page.document.body.insertAdjacentHTML('beforeend', TAG)
    await chatOf(page)
    expect(page.errors).to.deep.equal([])
  })

  for (const [kind, script] of [
    ['module', `<script type="module" src="${MODULE}"></script>`],
    ['classic', `<script src="${CLASSIC}"></script>`],
  ])
    it(`requests the token beside itself if the page names no endpoint (${kind})`, async () => {
      const page = await openPage({ head: script!, body: TAG })
      await until(() => page.fetched.length)
      expect(page.fetched).to.deep.equal([`${location.origin}/bench/dist/token`])
    })

  it('reads the identity token and the language for the whole page from its own tag', async () => {
    const { asked, data } = await settings()
    const page = await openPage({
      head: `<script type="module" src="${MODULE}" ${data} data-identity="a.b.c" data-language="ru"></script>`,
      body: TAG,
    })
    const chat = await chatOf(page)
    expect((await asked())[0]!.authorization).to.equal('Bearer a.b.c')
    expect(chat.shadowRoot!.querySelector('[lang]')!.getAttribute('lang')).to.equal('ru')
  })

  it('sends that identity token only to the page’s own token server, whatever address a tag names', async () => {
    const { data } = await settings()
    const page = await openPage({
      head: `<script type="module" src="${MODULE}" ${data} data-identity="a.b.c"></script>`,
    })
    await until(() => page.window.KinescopeChat)
    const sent = new Map<string, string | undefined>()
    page.window.fetch = (url, { headers } = {}) => {
      sent.set(new Request(url).url, (headers as Record<string, string>)['Authorization'])
      return new Promise(() => {})
    }
    const urls = ['https://elsewhere.example/token', `${location.origin}/bench/endpoint/own`]
    page.document.body.innerHTML = urls
      .map((url) => `<kinescope-chat event-id="${EVENT}" token-url="${url}"></kinescope-chat>`)
      .join('')
    await until(() => sent.size === 2)
    expect(urls.map((url) => sent.get(url))).to.deep.equal([undefined, 'Bearer a.b.c'])
  })

  it('prefers the element’s own attributes over the page’s', async () => {
    const { data } = await settings()
    const own = await endpoint({ body: makeReply() })
    const page = await openPage({
      head: `<script src="${CLASSIC}" ${data.replace(/data-token-url="[^"]*"/, 'data-token-url="/nowhere"')}></script>`,
      body: TAG.replace('>', ` token-url="${own.url}">`),
    })
    await chatOf(page)
    expect(await own.asked()).to.have.length(1)
  })

  for (const name of [
    'var KinescopeChat = window.KinescopeChat || {}',
    'function KinescopeChat() {}',
    'const KinescopeChat = 1',
    'Object.defineProperty(window, "KinescopeChat", { get: () => 1 })',
    'Object.defineProperty(window, "KinescopeChat", { value: 1 })',
  ])
    it(`works if the page already uses a name of its own: ${name}`, async () => {
      const { data } = await settings()
      const page = await openPage({
        head: `<script>${name}</script><script src="${CLASSIC}" ${data} data-upgrade="main"></script>`,
        body: `<main><a href="https://kinescope.io/chat/${EVENT}#kinescope-chat">Chat</a></main>`,
      })
      await chatOf(page)
      const own = name.includes('define') ? 1 : page.window.customElements.get('kinescope-chat')
      expect(page.window.KinescopeChat).to.equal(own)
      expect(page.errors).to.deep.equal([])
    })

  for (const own of [
    'Error.prepareStackTrace = (_, frames) => frames',
    'Error.prepareStackTrace = () => Object.create(null)',
    'Error.prepareStackTrace = () => { throw new Error("no stack") }',
    'Error.stackTraceLimit = 0',
    'Error.stackTraceLimit = 7',
    'delete Error.stackTraceLimit',
    'Object.defineProperty(Error, "stackTraceLimit", { value: 3 })',
    'Object.defineProperty(Error, "stackTraceLimit", { get: () => 3, set() { throw new Error("mine") } })',
    'Object.freeze(Error)',
  ])
    it(`finds its tag if the page changes the stack traces, and leaves that setting alone: ${own}`, async () => {
      const { asked, data } = await settings()
      const page = await openPage({
        head: `<script>${own}; limit = Error.stackTraceLimit</script><script type="module" src="${MODULE}" ${data}></script>`,
        body: TAG,
      })
      await chatOf(page)
      expect(await asked()).to.have.length(1)
      // with two tags of the same name, the script reads the stack
      const two = await openPage({
        head: `<script>${own}</script><script type="text/held" src="${CLASSIC}"></script><script type="module" src="${MODULE}" ${data}></script>`,
        body: TAG,
      })
      await until(() => two.window.customElements.get('kinescope-chat'))
      expect(two.errors).to.deep.equal([])
      expect(page.errors).to.deep.equal([])
      expect(page.window.eval('Error.stackTraceLimit === limit')).to.equal(true)
    })

  it('shows its texts in the right letters on a page in another encoding, from a host without a charset', async () => {
    const { data } = await settings()
    const titleOf = async (query: string) => {
      const page = await openPage({
        head: `<script src="${CLASSIC}?${query}" ${data}></script>`,
        body: TAG,
        encoding: 'windows-1251',
        lang: 'ru',
      })
      const chat = await chatOf(page)
      expect(page.document.characterSet).to.equal('windows-1251')
      expect(page.errors).to.deep.equal([])
      return shownFrame(chat)!.title
    }
    expect(await titleOf('bare')).to.equal('Чат трансляции')
    // without the byte order mark, the texts are garbled, but the chat works
    expect(await titleOf('bare=unmarked')).to.not.equal('Чат трансляции')
  })

  /** A `<base>` that would redirect the identity token, which only the page's own server may receive. */
  const BASE = '<base href="https://evil.example/app/">'
  const BASES: Record<string, (data: string) => { head: string; body: string }> = {
    'a classic script with defer': (data) => ({
      head: `<script defer src="${CLASSIC}" ${data}></script>`,
      body: BASE + TAG,
    }),
    'a module': (data) => ({
      head: `<script type="module" src="${MODULE}" ${data}></script>`,
      body: BASE + TAG,
    }),
    'a module by its whole address': (data) => ({
      head: `<script type="module" src="${location.origin}${MODULE}" ${data}></script>`,
      body: BASE + TAG,
    }),
    'a script that came before it': (data) => ({
      head: `<script src="${CLASSIC}" ${data}></script>`,
      body: TAG + BASE,
    }),
    'an optimizer that runs the code in its own time': (data) => ({
      head: `<script type="text/held" src="${MODULE}" ${data}></script>`,
      body: `${TAG}<script>fetch('${location.origin}${MODULE}').then((r) => r.text()).then((code) => (0, eval)(code))</script>${BASE}`,
    }),
  }
  for (const [way, parts] of Object.entries(BASES))
    for (const named of [true, false])
      it(`sends requests to its own server, ${named ? 'at the address that the tag names' : 'beside the file'}, whatever <base> the content has: ${way}`, async () => {
        const { data } = await settings()
        const given = named ? data : data.replace(/data-token-url="[^"]*"/, '')
        const page = await openPage(parts(`${given} data-identity="a.b.c"`))
        await until(() => page.fetched.some((url) => !url.endsWith('.js')))
        const asked = page.fetched.filter((url) => !url.endsWith('.js'))
        expect(asked.map((url) => new URL(url).origin)).to.deep.equal([location.origin])
        if (named) await chatOf(page)
      })

  it('opens the page’s own sign-in, whatever <base> the content has', async () => {
    const { url } = await endpoint(problem(401, 'sign-in-required'))
    const page = await openPage({
      head: `<script type="module" src="${MODULE}" data-token-url="${url}"></script>`,
      body: BASE + TAG.replace('>', ' signin-url="/sign-in">'),
    })
    const link = await until(() => page.chat()?.shadowRoot?.querySelector<HTMLAnchorElement>('a[href]'))
    expect(link.href).to.equal(`${location.origin}/sign-in`)
  })

  it('uses a <base> of the page’s own origin, like everything on the page', async () => {
    const page = await openPage({
      head: `<base href="/app/"><script src="${MODULE}" data-token-url="token"></script>`,
      body: TAG,
    })
    await until(() => page.fetched.length)
    expect(page.fetched).to.deep.equal([`${location.origin}/app/token`])
  })

  it('keeps the settings of an element that was created and inserted before the script', async () => {
    const { data } = await settings()
    const page = await openPage({})
    const early = page.document.createElement('kinescope-chat')
    early.eventId = EVENT
    page.document.body.append(early)
    const script = page.document.createElement('script')
    script.src = CLASSIC
    const attributes = page.document.createElement('template')
    attributes.innerHTML = `<i ${data}></i>`
    Object.assign(script.dataset, (attributes.content.firstElementChild as HTMLElement).dataset)
    page.document.head.append(script)
    await chatOf(page)
    expect(page.errors).to.deep.equal([])
  })
})

describe('the tag as page authors write it', () => {
  it('leaves the page after it visible in every state if it is closed like an XML tag', async () => {
    const { data } = await settings()
    const page = await openPage({
      head: `<script src="${CLASSIC}" ${data}></script>`,
      body: `<kinescope-chat event-id="${EVENT}" /><p id="after">The page goes on.</p>`,
    })
    const after = page.document.getElementById('after')!
    const visible = () => after.getBoundingClientRect().height > 0 && after.offsetParent !== null
    const seen: Record<string, boolean> = {}
    const chat = page.chat()!
    expect(chat.contains(after)).to.be.true
    chat.addEventListener('kinescope-chat-statechange', () => (seen[chat.state] = visible()))
    await chatOf(page)
    chat.preview = true
    await whenState(chat, 'preview')
    chat.preview = false
    chat.eventId = ''
    await whenState(chat, 'error')
    expect(seen).to.include({ loading: true, ready: true, preview: true, error: true })
    expect(after.getBoundingClientRect().top).to.be.at.least(
      chat.shadowRoot!.querySelector('section')!.getBoundingClientRect().bottom,
    )
  })

  it('names the missing attribute if there is none, or if an editor or a framework renamed it', async () => {
    const { data } = await settings()
    const page = await openPage({
      head: `<script src="${CLASSIC}" ${data}></script>`,
      body: `<kinescope-chat id="bare"></kinescope-chat><kinescope-chat id="renamed" eventId="${EVENT}"></kinescope-chat>`,
    })
    for (const id of ['bare', 'renamed']) {
      const chat = page.chat(`#${id}`)!
      await whenState(chat, 'error')
      expect(chat.problem!.code).to.equal('event-id-missing')
      expect(chat.problem!.remediation).to.contain('event-id')
    }
    expect(page.chat('#renamed')!.problem!.remediation).to.contain('`eventid`')
    expect(page.chat('#bare')!.problem!.remediation).not.to.contain('`eventid`')
    expect(page.fetched).to.deep.equal([])
    expect(page.errors).to.deep.equal([])
  })
})
