import { expect } from '@open-wc/testing'
import { chatOrigin, endpoint, EVENT, makeReply, until, whenState } from './bench.js'
import type { KinescopeChatElement } from '../../src/index.js'
import { closePages, openPage } from './open-page.js'

afterEach(closePages)

const FILE = '/bench/dist/kinescope-chat.js'
const tag = (url: string, type = '') =>
  `<kinescope-chat event-id="${EVENT}"></kinescope-chat><script ${type} src="${FILE}" data-token-url="${url}" data-chat-origin="${chatOrigin}"></script>`

/** What MooTools 1.4 (Joomla 3.9) does to a page's globals, in short: its own classes, and methods on every prototype. */
const MOOTOOLS = `
  const type = (name, own) => { window[name] = own; own.$constructor = own; return own }
  const native = window.Element
  type('Element', function (tag) { return document.createElement(tag) }); window.Element.prototype = native.prototype
  type('Event', function (event) { this.event = event || window.event; this.type = this.event.type; return this })
  type('Document', function () {}); type('Window', function () {}); type('Class', function () {})
  Array.from = function (item) { return item == null ? [] : [item] }
  for (const prototype of [Array, String, Function, Number].map(({ prototype }) => prototype)) {
    prototype.each = function () {}; prototype.contains = function () { return false }; prototype.clone = function () { return this }
  }
  Array.prototype.include = function (item) { this.push(item); return this }
  Function.prototype.bind = function (that) { const self = this; return function () { return self.apply(that, arguments) } }
  native.prototype.get = function () {}; native.prototype.set = function () { return this }
  window.$ = window.$$ = function () {}; JSON = { stringify: JSON.stringify, parse: JSON.parse }`

/** The names that the file reads, without those that no chat can do without, such as `fetch`. */
const READ = [
  ...['BroadcastChannel', 'CSSStyleSheet', 'Document', 'Error', 'Event', 'EventTarget', 'HTMLScriptElement'],
  ...['Headers', 'IntersectionObserver', 'Intl', 'Map', 'ResizeObserver', 'Set', 'URL', 'Uint32Array'],
  ...['console', 'crypto', 'history', 'localStorage', 'navigator', 'performance', 'sessionStorage'],
]

/** Globals that pages and old libraries replace. */
const PAGES: Record<string, string> = {
  MooTools: MOOTOOLS,
  'var URL': `var URL = '/api'`,
  'an object URL with a method of its own': `var URL = { parse() { return {} } }`,
  'function Node()': `function Node(value) { this.value = value }`,
  'function Event()': `function Event(name) { this.name = name }`,
  'class Element': `window.Element = class Element { constructor(x) { this.x = x } }`,
  'var Map': `var Map = { show() {} }`,
  'var Set': `var Set = 7`,
  'function Document(), Text and SVGElement': `function Document() {} function Text() {} window.SVGElement = null`,
  'var HTMLElement': `window.HTMLElement = function () {}`,
  'functions with the names of what the file reads': `${READ.map((name) => `function ${name}() {}`).join('\n')}`,
  'var performance': `var performance = { best: 7 }`,
  'const performance': `const performance = []`,
  'class ReportingObserver': `window.ReportingObserver = class {}`,
  'options of lit on Object.prototype': `
    for (const name of ['state', 'hasChanged', 'noAccessor'])
      Object.defineProperty(Object.prototype, name, { value: 'x', writable: true })`,
  'a Promise without finally': `delete Promise.prototype.finally`,
  'a Promise without finally and an old one in its place': `
    { const real = Promise; window.Promise = function (work) { return new real(work) }
      Promise.resolve = (value) => real.resolve(value); Promise.reject = (value) => real.reject(value)
      Promise.all = (all) => real.all(all); Promise.race = (all) => real.race(all); Promise.prototype = real.prototype
      delete real.prototype.finally }`,
}

describe('a page whose scripts replace the platform’s names', () => {
  for (const [name, script] of Object.entries(PAGES))
    it(`has its chat: ${name}`, async () => {
      const { url } = await endpoint({ body: makeReply() })
      const page = await openPage({ body: `<script>${script}</script>${tag(url)}` })
      await whenState(page.chat()!, 'ready')
      expect(page.errors).to.deep.equal([])
      expect(page.faults).to.deep.equal([])
    })

  it('has its marks upgraded: function addEventListener() and removeEventListener()', async () => {
    const { url } = await endpoint({ body: makeReply() })
    const page = await openPage({
      head: `<script>function addEventListener(element, name, work) { element['on' + name] = work }
        function removeEventListener(element, name) { element['on' + name] = null }</script>
        <script src="${FILE}" data-token-url="${url}" data-chat-origin="${chatOrigin}"></script>`,
      body: `<div data-kinescope-chat="${EVENT}"></div>`,
    })
    await whenState(await until(() => page.chat()), 'ready')
    expect(page.errors).to.deep.equal([])
  })
})

describe('a page whose content has the names that lit reads', () => {
  const NAMES = [
    ...['litHtmlVersions', 'litElementVersions', 'reactiveElementVersions', 'litHtmlPolyfillSupport'],
    ...['reactiveElementPolyfillSupport', 'litElementPolyfillSupport', 'litElementHydrateSupport'],
    ...['litPropertyMetadata', 'trustedTypes', 'ShadyCSS', 'ShadyDOM', 'litNonce', 'litIssuedWarnings'],
    ...['createElement', 'createTreeWalker', 'createComment', 'importNode', 'createTextNode', 'adoptNode'],
    ...['createElementNS', 'createDocumentFragment', 'implementation', 'documentElement', 'createEvent'],
    ...['head', 'body', 'defaultView', 'adoptedStyleSheets', 'constructor', 'createRange', 'getRootNode'],
  ]
  const SHAPES = [
    (name: string) => `<img name="${name}" alt="">`,
    (name: string) => `<a id="${name}" name="${name}">x</a>`,
    (name: string) => `<form name="${name}" id="${name}"></form>`,
  ]
  for (const name of NAMES)
    it(`has its chat: ${name}`, async () => {
      const { url } = await endpoint({ body: makeReply() })
      for (const shape of SHAPES) {
        const page = await openPage({ body: `${shape(name)}${tag(url)}` })
        const found = Reflect.apply(Document.prototype.getElementsByTagName, page.document, [
          'kinescope-chat',
        ])
        await whenState(found[0] as KinescopeChatElement, 'ready')
        expect(page.errors).to.deep.equal([])
        closePages()
      }
    })

  it('has its chat, whatever is missing of Trusted Types', async () => {
    const { url } = await endpoint({ body: makeReply() })
    const page = await openPage({
      head: `<script>delete window.trustedTypes; delete window.TrustedTypePolicyFactory</script>`,
      body: `<a id="trustedTypes">x</a>${tag(url)}`,
    })
    await whenState(page.chat()!, 'ready')
  })
})

describe('a page where the chat can’t work', () => {
  for (const [name, script] of Object.entries({
    'MutationObserver is no class': `window.MutationObserver = 7`,
    'customElements throw': `customElements.get = () => { throw new Error('x') }`,
    'AbortController is no class': `window.AbortController = function () { throw new Error('x') }`,
    'attachShadow throws': `Element.prototype.attachShadow = () => { throw new Error('x') }`,
    'Date.now throws': `Date.now = () => { throw new Error('x') }`,
    'setTimeout throws': `{ const real = setTimeout; window.setTimeout = () => { throw new Error('x') } }`,
  }))
    it(`shows the link of the tag: ${name}`, async () => {
      const { url, asked } = await endpoint({ body: makeReply() })
      const link = '<a href="#" id="link" slot="placeholder">Open the chat</a></kinescope'
      const page = await openPage({
        body: `<script>${script}</script>${tag(url).replace('</kinescope', link)}`,
      })
      await until(() => page.document.getElementById('link')!.getClientRects().length > 0)
      await new Promise((resolve) => setTimeout(resolve, 500))
      expect(page.document.getElementById('link')!.getClientRects()).to.have.length(1)
      expect(page.chat()!.shadowRoot?.textContent ?? '').not.to.match(/Loading/)
      if (name.startsWith('attachShadow')) expect(page.chat()!.state).to.equal('idle')
      expect(await asked()).to.have.length(0)
    })
})
