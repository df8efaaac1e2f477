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

  for (const id of ['“”', '\u200b', '#token=x'])
    it(`says that its id is none: ${JSON.stringify(id)}`, async () => {
      const { chat } = await upgraded(`<div data-kinescope-chat="${id}"></div>`)
      await whenState(chat!, 'error')
      expect(chat!.problem?.code).to.equal('event-id-missing')
    })

  for (const filling of ['', ' \n ', '&nbsp;', '<br>', '\n&nbsp;<br>\n'])
    it(`counts as empty with ${JSON.stringify(filling)} inside`, async () => {
      const { root } = await upgraded(`<div data-kinescope-chat="${EVENT}">${filling}</div>`)
      expect(root.firstElementChild!.innerHTML).to.equal(
        `<kinescope-chat event-id="${EVENT}"></kinescope-chat>`,
      )
    })

  for (const filling of [
    '<p>&nbsp;</p>',
    '<p><br data-mce-bogus="1"></p>',
    '<p><span data-mce-type="bookmark">\ufeff</span></p>',
    '&#8203;',
    '<!-- chat -->',
    '<!-- wp:html -->\n<!-- /wp:html -->',
    '<script type="text/x-template">x</script>',
    '<style>i { color: red }</style>',
    '<template>x</template>',
  ])
    it(`shows no empty placeholder for ${JSON.stringify(filling)}`, async () => {
      const { chat } = await upgraded(`<div data-kinescope-chat="${EVENT}">${filling}</div>`)
      expect(chat!.hasChildNodes()).to.be.false
    })

  it('passes on what an author may say, and nothing else', async () => {
    const { chat } = await upgraded(
      `<div data-kinescope-chat="${EVENT}" data-language="ru" data-preview data-label="Q &amp; A" data-loading="lazy" data-refresh="hold" data-help="" data-onclick="alert(1)" data-style="color:red" data-event-id="x" data-user="7" data-token-url="//evil.example" data-chat-origin="https://evil.example" data-identity="a.b.c" data-token="a.b.c" data-credentials="omit" data-signin-url="//evil.example" data-debug="" data-slot="x" data-id="x" data-class="x"></div>`,
    )
    expect(Object.fromEntries([...chat!.attributes].map(({ name, value }) => [name, value]))).to.deep.equal({
      'event-id': EVENT,
      language: 'ru',
      loading: 'lazy',
      refresh: 'hold',
      help: '',
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

  for (const html of ['<div data-kinescope-chat=""></div>', `<span data-kinescope-chat="${EVENT}"></span>`])
    it(`stays as it is: ${html}`, async () => {
      const { root } = await upgraded(html)
      expect(root.innerHTML).to.equal(html)
    })

  for (const [content, words] of [
    ['Words of the page', 'Words of the page'],
    ['<p id="own">The chat comes here</p>', 'The chat comes here'],
    [`<a href="https://example.com/">Open the chat</a>`, 'Open the chat'],
    ['<img alt="">', ''],
  ] as const)
    it(`shows its own content until the chat is there, and leaves its nodes alone: ${content}`, async () => {
      const root = await fixture<HTMLElement>(
        `<main><div data-kinescope-chat="gate-${words.length}">${content}</div></main>`,
      )
      const div = root.firstElementChild!
      const own = [...div.childNodes]
      KinescopeChatElement.upgrade()
      const chat = div.querySelector('kinescope-chat')!
      expect([...div.childNodes].slice(0, -1)).to.deep.equal(own)
      const placeholder = chat.querySelector('[slot=placeholder]')!
      expect(placeholder.textContent).to.equal(words)
      expect(placeholder.querySelector('[id]')).to.equal(null)
      const seen = () => own.some((node) => isSeen(node))
      await until(() => isSeen(placeholder) && !seen())
      chat.remove()
      div.removeAttribute('data-kinescope-chat')
      await until(() => seen() && !div.querySelector('kinescope-chat'))
    })
})

/** Whether it takes room on the page. */
function isSeen(node: Node): boolean {
  const range = document.createRange()
  range.selectNode(node)
  return [range, ...(node instanceof Element ? [node] : [])].some((it) => it.getClientRects().length > 0)
}

describe('a marked link', () => {
  it('stays where it is, hidden, with the chat beside it', async () => {
    const root = await fixture<HTMLElement>(
      `<main><p>Before <a class="x" href="${LINK}">Open the chat</a> after</p></main>`,
    )
    const link = root.querySelector('a')!
    const nodes = [...link.parentNode!.childNodes]
    const asWritten = link.outerHTML
    expect(isSeen(link)).to.be.true
    KinescopeChatElement.upgrade()
    const chat = root.querySelector('kinescope-chat')!
    expect([...link.parentNode!.childNodes].filter((node) => node !== chat)).to.deep.equal(nodes)
    expect(link.outerHTML).to.equal(asWritten)
    expect(isSeen(link)).to.be.false
    await whenState(chat, 'ready')
    KinescopeChatElement.upgrade()
    expect(root.querySelectorAll('kinescope-chat')).to.have.length(1)
    expect(isSeen(link)).to.be.false
  })

  it('is seen again when its chat is gone for good, and takes its chat along when it goes', async () => {
    const { root, chat } = await upgraded(`<p><a href="${LINK}">Open the chat</a></p>`)
    const link = root.querySelector('a')!
    link.remove()
    await until(() => !chat!.isConnected)
    root.append(link)
    await until(() => chat!.nextElementSibling === link)
    link.href = 'https://kinescope.io/other'
    await until(() => !chat!.isConnected)
    expect(isSeen(link)).to.be.true
  })

  it('is seen where the chat can’t start', async () => {
    const page = await openPage({
      head: `<script>customElements.define('kinescope-chat', class extends HTMLElement { constructor() { super(); throw new Error('no') } })</script>`,
      body: `<main><a href="${LINK}">Open the chat</a></main><script src="/bench/dist/kinescope-chat.js" data-upgrade="main"></script>`,
    })
    await until(() => page.errors.length)
    expect(page.document.querySelector('a')!.getClientRects().length).to.equal(1)
  })

  it('counts on every chat origin that the page lists', async () => {
    KinescopeChatElement.defaults.chatOrigin = `${chatOrigin} https://second.example`
    const { root } = await upgraded(
      [chatOrigin, 'https://second.example', 'https://third.example', 'https://kinescope.io']
        .map((origin) => `<a href="${origin}/chat/${EVENT}#kinescope-chat">Chat</a>`)
        .join('<hr>'),
    )
    expect(
      [...root.querySelectorAll('kinescope-chat')].map((chat) => chat.getAttribute('chat-origin')),
    ).to.deep.equal([null, 'https://second.example', null])
  })

  for (const href of [
    `https://kinescope.io/chat/${EVENT}/#kinescope-chat`,
    `https://kinescope.io/chat/${EVENT}?utm_source=mail&amp;x=/#kinescope-chat`,
    `https://kinescope.io/chat/${EVENT}/?utm#kinescope-chat`,
    `https://KINESCOPE.io:443/chat/${EVENT}#kinescope-chat`,
    `${LINK} `,
    `&#8203;${LINK}&nbsp;`,
    `${LINK}&#8203;`,
  ])
    it(`is a chat where it leads to ${href}`, async () => {
      const { chat } = await upgraded(`<a href="${href}">Chat</a>`)
      expect(chat!.getAttribute('event-id')).to.equal(EVENT)
    })

  it('alone is hidden: a link of the page’s own to its chat is not', async () => {
    const { root } = await upgraded(
      `<p><a href="${LINK}">Chat</a></p><kinescope-chat id="kinescope-chat" event-id="x" preview></kinescope-chat><a class="own" href="#kinescope-chat">To the chat</a>`,
    )
    expect(isSeen(root.querySelector('p a')!)).to.be.false
    expect(isSeen(root.querySelector('.own')!)).to.be.true
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
    `//example.com/chat/${EVENT}#kinescope-chat`,
    `https://user@kinescope.io/chat/${EVENT}#kinescope-chat`,
    `https://kinescope.io:8443/chat/${EVENT}#kinescope-chat`,
    `/chat/${EVENT}#kinescope-chat`,
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

  it('stays a link outside the scope that the site names, until code asks for it', async () => {
    KinescopeChatElement.defaults.upgrade = 'article, .lesson'
    const { root } = await upgraded(
      `<article><p><a href="${LINK}">1</a></p></article><section class="comments"><a href="${LINK}">2</a></section>`,
    )
    expect(root.querySelector('article kinescope-chat')).to.exist
    expect(root.querySelector('.comments')!.innerHTML).to.equal(`<a href="${LINK}">2</a>`)
    KinescopeChatElement.upgrade(root.querySelector('.comments a')!)
    expect(root.querySelector('.comments kinescope-chat')).to.exist
  })

  for (const [how, tag] of Object.entries({
    'in its slot': `event-id="${EVENT}"><a slot="placeholder"`,
    'in its slot, for another stream': `event-id="other"><a slot="placeholder"`,
    'outside of any slot': `event-id="${EVENT}"><a`,
    'and the id has spaces around it': `event-id=" ${EVENT} "><a`,
    'and the id is a pasted link': `event-id="https://kinescope.io/chat/${EVENT}"><a`,
    'and the id is in quotes': `event-id="“${EVENT}”"><a`,
  }))
    it(`stays what it is inside an element that has it as its fallback: ${how}`, async () => {
      const html = `<kinescope-chat ${tag} href="${LINK}">Chat</a></kinescope-chat>`
      const { root } = await upgraded(html)
      expect(root.innerHTML).to.equal(html)
    })
})

describe('upgrade()', () => {
  it('makes no chat of a marked link inside a marked div, but the div’s', async () => {
    const { root } = await upgraded(`<div data-kinescope-chat="${EVENT}"><a href="${LINK}">Chat</a></div>`)
    expect(root.querySelectorAll('kinescope-chat')).to.have.length(1)
  })

  it('takes the root itself, a fragment, a shadow root and the open ones below', async () => {
    const root = await fixture<HTMLElement>('<main></main>')
    const link = Object.assign(document.createElement('a'), { href: LINK, textContent: 'Chat' })
    root.append(link)
    KinescopeChatElement.upgrade(link)
    expect(link.previousElementSibling!.localName).to.equal('kinescope-chat')

    const fragment = document.createDocumentFragment()
    fragment.append(document.createElement('p'))
    fragment.firstElementChild!.innerHTML = `<a href="${LINK}">Chat</a>`
    KinescopeChatElement.upgrade(fragment)
    root.append(fragment)
    expect(root.querySelectorAll('p kinescope-chat')).to.have.length(1)

    const host = document.createElement('section')
    const shadow = host.attachShadow({ mode: 'open' })
    shadow.innerHTML = `<a href="${LINK}">Chat</a><div data-kinescope-chat="${EVENT}"></div>`
    root.append(host)
    expect(shadow.querySelectorAll('kinescope-chat')).to.have.length(0)
    KinescopeChatElement.upgrade(root)
    expect(shadow.querySelectorAll('kinescope-chat')).to.have.length(2)
    expect(isSeen(shadow.querySelector('a')!)).to.be.false
    shadow.querySelector('a')!.remove()
    await until(() => shadow.querySelectorAll('kinescope-chat').length === 1)
  })

  it('throws at nothing that it is given', () => {
    for (const root of [null, 'main', {}, [], 7, new Text('x'), window])
      expect(() => KinescopeChatElement.upgrade(root)).not.to.throw()
    KinescopeChatElement.defaults.upgrade = ':::'
    expect(() => KinescopeChatElement.upgrade()).not.to.throw()
  })

  it('finds marks in a form whose fields bear the names of what it asks', async () => {
    const fields = [
      'nodeType',
      'matches',
      'querySelectorAll',
      'closest',
      'children',
      'childNodes',
      'isConnected',
      'parentNode',
      'getRootNode',
      'localName',
      'shadowRoot',
      'insertBefore',
      'moveBefore',
      'contains',
      'attributes',
      'getAttribute',
    ]
    const root = await fixture<HTMLElement>(
      `<form>${fields.map((name) => `<input name="${name}">`).join('')}<div data-kinescope-chat="${EVENT}"></div><a href="${LINK}">Chat</a></form>`,
    )
    KinescopeChatElement.upgrade(root)
    expect(document.querySelectorAll('form kinescope-chat')).to.have.length(2)
  })
})
