// @engines
import { expect } from '@open-wc/testing'
import type { KinescopeChatElement } from '../../src/index.js'
import { chatOrigin, endpoint, EVENT, makeReply, makeToken, problem, until, type Answer } from './bench.js'
import { closePages, openPage } from './open-page.js'

/**
 * What is younger than Chromium 109, Firefox 115 and Safari 16.4, or may be switched off, and how a browser without it looks
 * to a script. With each of them gone the chat works all the same.
 */
const NICETIES: Record<string, string> = {
  'AbortSignal.any': 'delete AbortSignal.any',
  'AbortSignal.timeout': 'delete AbortSignal.timeout',
  'ElementInternals.states': 'delete ElementInternals.prototype.states; delete window.CustomStateSet',
  'states without dashes': `if (window.CustomStateSet) {
    const { add } = CustomStateSet.prototype
    CustomStateSet.prototype.add = function (state) {
      if (!state.startsWith('--')) throw new SyntaxError('dashes')
      return add.call(this, state)
    }
  }`,
  attachInternals: 'delete HTMLElement.prototype.attachInternals',
  ReportingObserver: 'delete window.ReportingObserver',
  IntersectionObserver: 'delete window.IntersectionObserver',
  'navigator.userActivation': 'delete Navigator.prototype.userActivation',
  'navigator.clipboard': 'delete Navigator.prototype.clipboard',
  'navigator.languages':
    'Object.defineProperty(Navigator.prototype, "languages", { get() {}, configurable: true })',
  'Intl.RelativeTimeFormat': 'delete Intl.RelativeTimeFormat',
  Intl: 'delete window.Intl',
  'Response.body': 'Object.defineProperty(Response.prototype, "body", { value: undefined })',
  'navigator.vendor': 'if (!navigator.vendor.startsWith("Apple")) delete Navigator.prototype.vendor',
  'navigator.onLine': 'delete Navigator.prototype.onLine',
  inert: 'delete HTMLElement.prototype.inert',
  checkVisibility: 'delete Element.prototype.checkVisibility',
  moveBefore:
    'delete Element.prototype.moveBefore; delete Document.prototype.moveBefore; delete DocumentFragment.prototype.moveBefore',
  'sheets that can be made':
    'window.CSSStyleSheet = function () { throw new TypeError("Illegal constructor") }',
  adoptedStyleSheets:
    'delete Document.prototype.adoptedStyleSheets; delete ShadowRoot.prototype.adoptedStyleSheets',
  'reflected aria': 'delete Element.prototype.ariaLabel; delete Element.prototype.role',
  trustedTypes: 'delete window.trustedTypes',
  'performance entries': 'delete Performance.prototype.getEntriesByType',
  'Promise.withResolvers': 'delete Promise.withResolvers',
  'copying array methods':
    'for (const name of ["toSorted", "toReversed", "with", "toSpliced"]) delete Array.prototype[name]',
  'Array.prototype.findLast': 'delete Array.prototype.findLast',
  'Object.groupBy': 'delete Object.groupBy; delete Map.groupBy',
  'set methods': 'for (const name of ["union", "difference", "intersection"]) delete Set.prototype[name]',
  'well-formed strings': 'delete String.prototype.isWellFormed; delete String.prototype.toWellFormed',
  'iterator helpers':
    'if (window.Iterator) for (const name of ["map", "filter", "find", "some"]) delete Iterator.prototype[name]',
  structuredClone: 'delete window.structuredClone',
  'crypto.randomUUID': 'delete Crypto.prototype.randomUUID',
  'a stream’s reader': 'delete ReadableStream.prototype.getReader',
  'URL.parse': 'delete URL.parse; delete URL.canParse',
}

/** What nothing works without: then the link that the tag came with is to be seen. */
const NEEDS: Record<string, string> = {
  attachShadow: 'Element.prototype.attachShadow = () => { throw new Error("no shadow") }',
  templates:
    'Object.defineProperty(HTMLTemplateElement.prototype, "content", { get() { throw new Error("no content") } })',
  importNode: 'Document.prototype.importNode = () => { throw new Error("no import") }',
  AbortController: 'delete window.AbortController',
  MutationObserver: 'window.MutationObserver = undefined',
  customElements: 'delete window.customElements',
  'an observer that throws': 'window.IntersectionObserver = function () { throw new Error("no observer") }',
}

/** What the oldest browsers have, and those that can just read the file may lack. */
const BELOW: Record<string, string> = {
  'Object.hasOwn': 'delete Object.hasOwn',
  'String.prototype.replaceAll': 'delete String.prototype.replaceAll',
  'Array.prototype.at': 'delete Array.prototype.at',
  throwIfAborted: 'delete AbortSignal.prototype.throwIfAborted',
  TextDecoder: 'delete window.TextDecoder',
  'a strict TextDecoder':
    'window.TextDecoder = function (label, options) { if (options) throw new TypeError("fatal") }',
}

const pageWithout = async (takeAway: string, answer: Answer, attributes = '') => {
  const { url } = await endpoint(answer)
  return openPage({
    head: `<script>${takeAway}</script><script type="module" src="/bench/dist/kinescope-chat.js"></script>`,
    body: `<kinescope-chat event-id="${EVENT}" token-url="${url}" chat-origin="${chatOrigin}" ${attributes}><a slot="placeholder" href="#open">Open the chat</a></kinescope-chat>`,
  })
}

/** An element that could not be made has the class's getters, and nothing behind them. */
const isReady = (chat: KinescopeChatElement) => {
  try {
    return chat.state === 'ready'
  } catch {
    return false
  }
}

const canBeSeen = (element: Element) => element.getClientRects().length > 0

describe('a browser that lacks something', () => {
  afterEach(closePages)

  for (const [name, takeAway] of Object.entries(NICETIES))
    it(`shows the chat without: ${name}`, async () => {
      const page = await pageWithout(takeAway, { body: makeReply() }, 'loading="lazy" help debug')
      const chat = page.chat()!
      await until(() => chat.state === 'ready')
      expect(chat.problem).to.be.null
      expect(chat.shadowRoot!.querySelector('.box')!.getBoundingClientRect().height).to.equal(600)
      expect(page.errors).to.deep.equal([])
      // and what is wrong, where something is: counted, and with a report to be had
      chat.fetchToken = () =>
        Promise.reject(Object.assign(new Error(), { status: 503, retryAfterMs: 20_000 }))
      await until(() => chat.shadowRoot!.querySelector('[part=heading]'))
      expect(chat.problem!.code).to.equal('endpoint-error')
      const buttons = [...chat.shadowRoot!.querySelectorAll<HTMLElement>('.site .button')]
      buttons.at(-1)!.click()
      if (name === 'navigator.clipboard') await until(() => chat.shadowRoot!.querySelector('textarea'))
      expect(page.errors).to.deep.equal([])
    })

  for (const [name, takeAway] of Object.entries(NEEDS))
    it(`shows the link, where nothing else can be done, without: ${name}`, async () => {
      const page = await pageWithout(takeAway, { body: makeReply() }, 'loading="lazy"')
      const chat = page.chat()!
      const link = page.document.querySelector('[slot=placeholder]')!
      // whatever becomes of it, at no moment is there neither
      for (let times = 0; times < 30; times++) {
        expect(isReady(chat) || canBeSeen(link)).to.be.true
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    })

  for (const [name, takeAway] of Object.entries(BELOW))
    it(`blames nobody else, and shows the link, without: ${name}`, async () => {
      const answers: Answer[] = [
        { body: makeReply() },
        { body: { token: makeToken({ aud: 'Chat' }) } },
        problem(403, 'event-not-allowed'),
      ]
      for (const answer of answers) {
        const page = await pageWithout(takeAway, answer)
        await until(() => page.faults.length)
        expect(page.chat()!.problem).to.be.null
        expect(canBeSeen(page.document.querySelector('[slot=placeholder]')!)).to.be.true
      }
    })

  it('shows the link while the chat is not there, whatever is wrong', async () => {
    const page = await pageWithout('', problem(403, 'access-denied'))
    await until(() => page.chat()!.problem)
    await page.chat()!.updateComplete
    expect(canBeSeen(page.document.querySelector('[slot=placeholder]')!)).to.be.true
  })
})
