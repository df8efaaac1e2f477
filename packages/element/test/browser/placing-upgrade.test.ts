import { expect, fixture } from '@open-wc/testing'
import { KinescopeChatElement } from '../../src/define.js'
import {
  askPage,
  chatOrigin,
  clean,
  endpoint,
  EVENT,
  makeReply,
  shownFrame,
  until,
  whenState,
} from './bench.js'
import { closePages, openPage } from './open-page.js'

let defaults: typeof KinescopeChatElement.defaults
let asked: Awaited<ReturnType<typeof endpoint>>['asked']
beforeEach(async () => {
  const { url, asked: list } = await endpoint({ body: makeReply() })
  asked = list
  defaults = KinescopeChatElement.defaults
  KinescopeChatElement.defaults = { tokenUrl: url, chatOrigin }
})
afterEach(() => {
  KinescopeChatElement.defaults = defaults
  clean()
  closePages()
})

const LINK = `https://kinescope.io/chat/${EVENT}#kinescope-chat`
/** Puts this on the page and upgrades it. */
async function upgraded(html: string) {
  const root = await fixture<HTMLElement>(`<main>${html}</main>`)
  KinescopeChatElement.upgrade()
  return { root, chat: root.querySelector('kinescope-chat') }
}

describe('a marked div', () => {
  it('gets the element inside, and keeps its own class, id and style', async () => {
    const { root, chat } = await upgraded(
      `<div id="a" class="wide dark" style="margin: 1px" data-kinescope-chat="${EVENT}"></div>`,
    )
    expect(root.innerHTML).to.equal(
      `<div id="a" class="wide dark" style="margin: 1px" data-kinescope-chat="${EVENT}"><kinescope-chat event-id="${EVENT}"></kinescope-chat></div>`,
    )
    await whenState(chat!, 'ready')
    expect((await askPage(shownFrame(chat!)!)).path).to.equal(`/chat/${EVENT}`)
  })

  for (const filling of ['', ' \n ', '&nbsp;', '<br>', '\n&nbsp;<br>\n'])
    it(`counts as empty with ${JSON.stringify(filling)} inside`, async () => {
      const { root } = await upgraded(`<div data-kinescope-chat="${EVENT}">${filling}</div>`)
      expect(root.firstElementChild!.innerHTML).to.equal(
        `<kinescope-chat event-id="${EVENT}"></kinescope-chat>`,
      )
    })

  it('passes on the attributes that an author may set, and no others', async () => {
    const { chat } = await upgraded(
      `<div data-kinescope-chat="${EVENT}" data-language="ru" data-signin-url="/login" data-preview data-label="Q &amp; A" data-onclick="alert(1)" data-style="color:red" data-event-id="x" data-user="7"></div>`,
    )
    expect(Object.fromEntries([...chat!.attributes].map(({ name, value }) => [name, value]))).to.deep.equal({
      'event-id': EVENT,
      language: 'ru',
      preview: '',
      label: 'Q & A',
    })
  })

  it('has one chat however often the page is upgraded', async () => {
    const { root } = await upgraded(`<div data-kinescope-chat="${EVENT}"></div>`)
    KinescopeChatElement.upgrade()
    KinescopeChatElement.upgrade(root)
    expect(root.querySelectorAll('kinescope-chat')).to.have.length(1)
    await until(async () => (await asked()).length === 1)
  })

  for (const html of [
    `<div data-kinescope-chat="${EVENT}">Words of the page</div>`,
    `<div data-kinescope-chat="${EVENT}"><img alt=""></div>`,
    '<div data-kinescope-chat=""></div>',
    `<span data-kinescope-chat="${EVENT}"></span>`,
  ])
    it(`stays as it is: ${html}`, async () => {
      const { root } = await upgraded(html)
      expect(root.innerHTML).to.equal(html)
    })
})

describe('a marked link', () => {
  it('makes way for the element and becomes its placeholder', async () => {
    const { root, chat } = await upgraded(`<p>Before <a class="x" href="${LINK}">Open the chat</a> after</p>`)
    expect(root.innerHTML).to.equal(
      `<p>Before <kinescope-chat event-id="${EVENT}"><a class="x" href="${LINK}" slot="placeholder">Open the chat</a></kinescope-chat> after</p>`,
    )
    await whenState(chat!, 'ready')
    const link = chat!.querySelector('a')!
    expect(link.checkVisibility?.() ?? link.getClientRects().length > 0).to.be.false
    KinescopeChatElement.upgrade()
    expect(root.querySelectorAll('kinescope-chat')).to.have.length(1)
  })

  it('counts on the page’s own chat origin too', async () => {
    const { chat } = await upgraded(`<a href="${chatOrigin}/chat/${EVENT}#kinescope-chat">Chat</a>`)
    expect(chat!.getAttribute('event-id')).to.equal(EVENT)
  })

  it('names its stream as it was before it was encoded', async () => {
    const { chat } = await upgraded(
      '<a href="https://kinescope.io/chat/a%20b%C3%BC/#kinescope-chat">Chat</a>',
    )
    expect(chat!.getAttribute('event-id')).to.equal('a bü')
  })

  for (const href of [
    `https://kinescope.io/chat/${EVENT}`,
    `https://kinescope.io/chat/${EVENT}#other`,
    `https://kinescope.io/chat/${EVENT}#kinescope-chat-2`,
    `http://kinescope.io/chat/${EVENT}#kinescope-chat`,
    `https://kinescope.io.example.com/chat/${EVENT}#kinescope-chat`,
    `https://example.com/chat/${EVENT}#kinescope-chat`,
    `https://example.com/?https://kinescope.io/chat/${EVENT}#kinescope-chat`,
    `https://kinescope.io@example.com/chat/${EVENT}#kinescope-chat`,
    `https://kinescope.io/${EVENT}#kinescope-chat`,
    `https://kinescope.io/chat/${EVENT}/more#kinescope-chat`,
    'https://kinescope.io/chat/%zz#kinescope-chat',
    `javascript:alert('/chat/${EVENT}#kinescope-chat')`,
    '#kinescope-chat',
  ])
    it(`stays a link where it leads to ${href}`, async () => {
      const { root, chat } = await upgraded(`<a href="${href}">A link</a><div data-kinescope-chat="x"></div>`)
      expect(root.firstElementChild!.matches('a')).to.be.true
      expect(chat!.getAttribute('event-id')).to.equal('x')
    })

  it('is not taken out of a drawing', async () => {
    const { root } = await upgraded(`<svg><a href="${LINK}"></a></svg><a href="${LINK}">Chat</a>`)
    expect(root.querySelectorAll('svg kinescope-chat')).to.have.length(0)
    expect(root.querySelectorAll('kinescope-chat')).to.have.length(1)
  })

  it('stays a link outside the scope that the site names', async () => {
    KinescopeChatElement.defaults.upgrade = 'article, .lesson'
    const { root } = await upgraded(
      `<article><p><a href="${LINK}">1</a></p></article><section class="comments"><a href="${LINK}">2</a></section>`,
    )
    expect(root.querySelector('article kinescope-chat')).to.exist
    expect(root.querySelector('.comments')!.innerHTML).to.equal(`<a href="${LINK}">2</a>`)
  })

  it('stays what it is inside an element that has it as its fallback already', async () => {
    const html = `<kinescope-chat event-id="${EVENT}"><a slot="placeholder" href="${LINK}">Chat</a></kinescope-chat>`
    const { root } = await upgraded(html)
    expect(root.innerHTML).to.equal(html)
  })
})

describe('upgrading a page', () => {
  for (const [kind, tag] of [
    ['module', '<script type="module" src="/bench/dist/kinescope-chat.js"'],
    ['classic', '<script async src="/bench/dist/kinescope-chat.classic.js"'],
  ])
    it(`happens by itself once the page is parsed, in the scope of the script’s tag (${kind})`, async () => {
      const { tokenUrl } = KinescopeChatElement.defaults
      const page = await openPage({
        head: `${tag} data-token-url="${tokenUrl}" data-chat-origin="${chatOrigin}" data-upgrade="main"></script>`,
        body: `<main><div data-kinescope-chat="${EVENT}"></div><a id="in" href="${LINK}">Chat</a></main><a id="out" href="${LINK}">Chat</a>`,
      })
      await until(() => page.document.querySelectorAll('kinescope-chat').length === 2)
      for (const chat of page.document.querySelectorAll('kinescope-chat')) await whenState(chat, 'ready')
      expect(page.document.querySelector('#out')!.parentElement).to.equal(page.document.body)
      expect(await asked()).to.have.length(1)
      page.document
        .querySelector('main')!
        .insertAdjacentHTML('beforeend', `<p><a href="${LINK}">Later</a></p>`)
      page.window.KinescopeChat!.upgrade(page.document.querySelector('main p')!)
      expect(page.document.querySelector('main p kinescope-chat a')!.textContent).to.equal('Later')
      expect(page.errors).to.deep.equal([])
    })
})
