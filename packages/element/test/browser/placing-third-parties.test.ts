import { expect } from '@open-wc/testing'
import { chatOrigin, endpoint, EVENT, makeReply, until } from './bench.js'
import { closePages, openPage } from './open-page.js'

/** What old libraries, optimizers, trackers and polyfills do to a page before we come. */
const THIRD_PARTIES: Record<string, string> = {
  'enumerable Array.prototype': `for (const n of ['each','clone','include','contains','link','extend','getLast','empty','flatten','invoke','pluck','toJSON2']) Array.prototype[n] = function () { return this }`,
  'enumerable Object.prototype': `for (const n of ['each','clone','extend','keys','values','inspect','forEach','map','filter','merge','size','length','has','watch']) Object.prototype[n] = function () { return this }`,
  'Array.from of MooTools': `Array.from = (item) => item == null ? [] : (Array.isArray(item) ? item : [item])`,
  'Array.from of Prototype': `Array.from = function $A(i) { if (!i) return []; if ('toArray' in Object(i)) return i.toArray(); var l = i.length || 0, r = new Array(l); while (l--) r[l] = i[l]; return r }`,
  'Element.remove of Prototype': `Element.prototype.remove = function () { this.parentNode.removeChild(this); return this }`,
  'Element methods of Prototype': `for (const n of ['update','replace','insert','wrap','show','hide','toggle','match','up','down','select','adjacent','identify','observe','fire','clone','visible','setStyle','empty','readAttribute','writeAttribute','cleanWhitespace','previous','next','siblings','childElements']) Element.prototype[n] = function () { return this }`,
  'String.prototype.at, bind': `Function.prototype.bind = (function (b) { return function () { return b.apply(this, arguments) } })(Function.prototype.bind); String.prototype.trim = function () { return this.replace(/^\\s+|\\s+$/g, '') }`,
  'Element methods of a library: append and before': `Element.prototype.append = function (text) { this.insertAdjacentText('beforeend', String(text)); return this }; Element.prototype.before = function () { return this }`,
  'a Math.random that is always the same': `Math.random = () => 0.5`,
  'fetch that looks for options': `const g = fetch; fetch = function (url, options) { if (options.hasOwnProperty('method') && options.method !== 'GET') options.headers['X-CSRF-Token'] = '1'; return g(url, options) }`,
  'fetch wrapped': `const f = fetch; fetch = function () { return f.apply(this, arguments).then((r) => r) }`,
  'Promise wrapped': `const P = Promise; window.Promise = class extends P {}`,
  'setTimeout returning objects': `const s = setTimeout; window.setTimeout = (f, ms, ...r) => ({ id: s(f, ms, ...r) }); const c = clearTimeout; window.clearTimeout = (o) => c(o?.id)`,
  'setTimeout with a throwing string': `const s = setTimeout; window.setTimeout = function (f, ms) { if (typeof f !== 'function') throw 1; return s(f, ms) }`,
  'MutationObserver wrapped': `const M = MutationObserver; window.MutationObserver = function (cb) { return new M((r, o) => cb(r, o)) }; MutationObserver.prototype = M.prototype`,
  'addEventListener wrapped': `const a = EventTarget.prototype.addEventListener; EventTarget.prototype.addEventListener = function (n, f, o) { return a.call(this, n, f, !!o) }`,
  'history patched': `for (const m of ['pushState','replaceState']) { const h = history[m]; history[m] = function () { const r = h.apply(this, arguments); dispatchEvent(new Event(m)); return r } }`,
  'attachShadow closed': `const s = Element.prototype.attachShadow; Element.prototype.attachShadow = function (o) { return s.call(this, { ...o, mode: 'open' }) }`,
  'requestAnimationFrame gone': `window.requestAnimationFrame = () => 0; window.requestIdleCallback = undefined`,
  'createElement wrapped': `const c = Document.prototype.createElement; document.createElement = function (n, o) { return c.call(document, n, o) }`,
  'localStorage, crypto throwing': `Object.defineProperty(window, 'localStorage', { get() { throw new Error('no') } }); Object.defineProperty(window, 'crypto', { value: undefined })`,
  'console gone': `window.console = {}`,
  'console methods null': `console.warn = null; console.error = null`,
  'performance without timeline': `Object.defineProperty(window, 'performance', { value: { now: () => Date.now() } })`,
  'matchMedia gone': `window.matchMedia = undefined`,
  'Date frozen': `const D = Date; window.Date = class extends D { static now() { return 0 } }`,
  'requests of axios kind: XMLHttpRequest gone': `window.XMLHttpRequest = undefined`,
  'event names renamed': `const a = window.addEventListener; window.addEventListener = function (n, ...r) { return a.call(this, ['load','pageshow','DOMContentLoaded','online','focus','visibilitychange'].includes(n) ? 'rocket-' + n : n, ...r) }; document.addEventListener = function (n, ...r) { return a.call(this, 'rocket-' + n, ...r) }`,
  'events swallowed': `for (const n of ['load','DOMContentLoaded','readystatechange','pageshow','focus']) addEventListener(n, (e) => e.stopImmediatePropagation(), true)`,
  'AbortController wrapped': `const A = AbortController; window.AbortController = class extends A {}`,
  'customElements polyfilled': `const d = customElements.define; customElements.define = function (...a) { return d.apply(this, a) }`,
  'define.amd': `window.define = () => {}; define.amd = true; window.module = { exports: {} }`,
  'Zone without run': `window.Zone = { root: {}, current: {} }`,
}

describe('a page that third parties have changed', () => {
  afterEach(closePages)

  for (const [what, code] of Object.entries(THIRD_PARTIES))
    it(`has its chats all the same: ${what}`, async () => {
      const { url } = await endpoint({ body: makeReply() })
      const page = await openPage({
        head: `<script>${code}</script><script type="module" src="/bench/dist/kinescope-chat.js" data-token-url="${url}" data-chat-origin="${chatOrigin}" data-upgrade="main"></script>`,
        body: `<main><a href="https://kinescope.io/chat/${EVENT}#kinescope-chat">Open the chat</a><div data-kinescope-chat="${EVENT}">Soon</div></main>`,
      })
      const chats = () => [...page.document.querySelectorAll('kinescope-chat')]
      await until(() => chats().length === 2 && chats().every(({ state }) => state === 'ready'))
      expect(page.errors).to.deep.equal([])
    })

  it('has none, and its link, where what the platform is made of is gone', async () => {
    const page = await openPage({
      head: `<script>delete Element.prototype.attachShadow</script><script type="module" src="/bench/dist/kinescope-chat.js" data-upgrade="main"></script>`,
      body: `<main><a href="https://kinescope.io/chat/${EVENT}#kinescope-chat">Open the chat</a></main>`,
    })
    await until(() => page.window.KinescopeChat)
    await until(() => page.faults.length)
    expect(page.document.querySelector('a')!.getClientRects()).to.have.length(1)
  })
})
