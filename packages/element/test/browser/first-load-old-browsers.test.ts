import { expect } from '@open-wc/testing'
import type { KinescopeChatElement } from '../../src/index.js'
import { chatOrigin, endpoint, EVENT, makeReply, makeToken, problem, until, type Answer } from './bench.js'
import { closePages, openPage } from './open-page.js'

/**
 * Features that are newer than Chromium 109, Firefox 115 and Safari 16.4, or can be switched off, with the code that
 * removes them. The chat works without each of them.
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

/** Features that the chat requires. Without them, the link in the tag must be visible. */
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

/** The newest feature that the chat requires. Slightly older browsers, which can still parse the file, don't have it. */
const BELOW: Record<string, string> = {
  throwIfAborted: 'delete AbortSignal.prototype.throwIfAborted',
}

const pageWithout = async (takeAway: string, answer: Answer, attributes = '') => {
  const { url } = await endpoint(answer)
  return openPage({
    head: `<script>${takeAway}</script><script type="module" src="/bench/dist/kinescope-chat.js"></script>`,
    body: `<kinescope-chat event-id="${EVENT}" token-url="${url}" chat-origin="${chatOrigin}" ${attributes}><a slot="placeholder" href="#open">Open the chat</a></kinescope-chat>`,
  })
}

/** Whether the chat is ready. An element that was never constructed has the class's getters without their state. */
const isReady = (chat: KinescopeChatElement) => {
  try {
    return chat.state === 'ready'
  } catch {
    return false
  }
}

const canBeSeen = (element: Element) => element.getClientRects().length > 0

describe('a browser without a feature', () => {
  afterEach(closePages)

  for (const [name, takeAway] of Object.entries(NICETIES))
    it(`shows the chat without: ${name}`, async () => {
      const page = await pageWithout(takeAway, { body: makeReply() }, 'loading="lazy" help debug')
      const chat = page.chat()!
      await until(() => chat.state === 'ready')
      expect(chat.problem).to.be.null
      expect(chat.shadowRoot!.querySelector('.box')!.getBoundingClientRect().height).to.equal(600)
      expect(page.errors).to.deep.equal([])
      // a problem also works: with its countdown and its report
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
    it(`shows the link if there is no chat, without: ${name}`, async () => {
      const page = await pageWithout(takeAway, { body: makeReply() }, 'loading="lazy"')
      const chat = page.chat()!
      const link = page.document.querySelector('[slot=placeholder]')!
      // at each moment, the chat or the link is visible
      for (let times = 0; times < 30; times++) {
        expect(isReady(chat) || canBeSeen(link)).to.be.true
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    })

  for (const [name, takeAway] of Object.entries(BELOW))
    it(`reports no fault of the endpoint or the token, and shows the link, without: ${name}`, async () => {
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

  it('shows the link while a problem replaces the chat', async () => {
    const page = await pageWithout('', problem(403, 'access-denied'))
    await until(() => page.chat()!.problem)
    await page.chat()!.updateComplete
    expect(canBeSeen(page.document.querySelector('[slot=placeholder]')!)).to.be.true
  })
})
