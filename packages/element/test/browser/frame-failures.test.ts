// @engines
import { expect } from '@open-wc/testing'
import type { KinescopeChatElement } from '../../src/index.js'
import {
  chatOrigin,
  chatWithSource,
  clean,
  endpoint,
  EVENT,
  fakeTime,
  frames,
  makeReply,
  part,
  pause,
  place,
  record,
  shownFrame,
  until,
  whenState,
} from './bench.js'

afterEach(clean)

describe('a frame that does not come', () => {
  const pages = new Set<HTMLIFrameElement>()
  afterEach(() => {
    for (const page of pages) page.remove()
    pages.clear()
  })

  async function pageWith(policies: Record<string, string>, tokenUrl: string): Promise<KinescopeChatElement> {
    const page = document.createElement('iframe')
    const body = `<kinescope-chat event-id="${EVENT}" token-url="${tokenUrl}" chat-origin="${chatOrigin}"></kinescope-chat>`
    const head = '<script type="module" src="/bench/dist/kinescope-chat.js"></script>'
    page.src = `/bench/page?${new URLSearchParams({ body, head, ...policies })}`
    document.body.append(page)
    pages.add(page)
    return until(() => {
      const chat = page.contentDocument?.querySelector('kinescope-chat')
      return chat?.matches(':defined') ? chat : null
    })
  }

  it('names the directive that a page’s policy lacks', async () => {
    const { url } = await endpoint({ body: makeReply() })
    const chat = await pageWith({ csp: "frame-src 'self'" }, url)
    await until(() => chat.problem)
    expect(chat.problem!.code).to.equal('frame-blocked')
    expect(chat.problem!.remediation).to.contain(`frame-src ${chatOrigin}`)
    await until(() => part(chat, 'heading'))
  })

  it('names the directive that keeps a page from asking', async () => {
    const chat = await pageWith({ csp: "connect-src 'self'" }, `${chatOrigin}/token/unlisted/csp`)
    await until(() => chat.problem)
    expect(chat.problem!.code).to.equal('endpoint-unreachable')
    expect(chat.problem!.remediation).to.contain(`connect-src ${chatOrigin}`)
  })

  it('does not call a page with an embedder policy ready for good', async () => {
    const { url } = await endpoint({ body: makeReply() })
    const chat = await pageWith({ coep: 'require-corp' }, url)
    if ('ReportingObserver' in window && /Chrome/.test(navigator.userAgent)) {
      await until(() => chat.problem)
      expect(chat.problem!.code).to.equal('frame-blocked')
    } else await until(() => chat.problem?.code === 'frame-timeout' || chat.state === 'loading')
  })

  it('works under strict style and frame policies without a single violation', async () => {
    const { url } = await endpoint({ body: makeReply() })
    const csp = `default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src ${chatOrigin}`
    const violations: string[] = []
    const chat = await pageWith({ csp }, url)
    chat.ownerDocument.addEventListener('securitypolicyviolation', (event) =>
      violations.push(event.violatedDirective),
    )
    await until(() => chat.state === 'ready')
    expect(violations).to.deep.equal([])
    expect(chat.ownerDocument.defaultView!.getComputedStyle(chat).display).to.equal('flex')
    expect(chat.shadowRoot!.querySelector('.box')!.getBoundingClientRect().height).to.equal(600)
  })

  it('says so after fifteen seconds, and offers a tab and help', async () => {
    const time = fakeTime()
    const chat = place({
      eventId: 'hang',
      fetchToken: () => Promise.resolve(makeReply({}, { event_id: 'hang' })),
    })
    await time.tickAsync(14_900)
    expect(chat.state).to.equal('loading')
    await time.tickAsync(400)
    expect(chat.problem!.code).to.equal('frame-timeout')
    expect(part(chat, 'panel')!.querySelectorAll('.row button')).to.have.length(2)
    expect(chat.shadowRoot!.querySelector<HTMLElement>('details.help')!.hidden).to.be.false
  })

  it('is let in when it comes late after all', async () => {
    const time = fakeTime()
    const eventId = `gate-${Math.random()}`
    const chat = place({ eventId, fetchToken: () => Promise.resolve(makeReply({}, { event_id: eventId })) })
    const events = record(chat)
    await time.tickAsync(15_300)
    expect(chat.problem!.code).to.equal('frame-timeout')
    await fetch(`${chatOrigin}/open/${eventId}`, { mode: 'no-cors' })
    await until(async () => {
      await time.tickAsync(5)
      return chat.state === 'ready'
    })
    expect(chat.problem).to.be.null
    expect(frames(chat)).to.have.length(1)
    expect(events.slice(-2)).to.deep.equal(['statechange:ready', 'ready'])
    // the offer of help ends with its reason
    await chat.updateComplete
    expect(chat.shadowRoot!.querySelector<HTMLElement>('details.help')!.hidden).to.be.true
  })

  it('gives way to another try', async () => {
    const time = fakeTime()
    const replies = [makeReply({ chat_id: 'hang' }), makeReply()]
    const chat = place({ fetchToken: () => Promise.resolve(replies.shift()!) })
    await time.tickAsync(15_300)
    expect(chat.problem!.code).to.equal('frame-timeout')
    const late = frames(chat)
    expect(late).to.have.length(1)
    part(chat, 'button')!.click()
    await until(async () => {
      await time.tickAsync(5)
      return chat.state === 'ready'
    })
    expect(frames(chat)).to.have.length(1)
    expect(frames(chat)).not.to.include(late[0])
  })

  it('is waited for while it may still come', async () => {
    const chat = place({
      eventId: 'slow-700',
      fetchToken: () => Promise.resolve(makeReply({}, { event_id: 'slow-700' })),
    })
    await whenState(chat, 'ready')
    expect(chat.problem).to.be.null
  })

  it('keeps the chat where the page’s policy blocks another frame of its origin, or only reports', async () => {
    const { chat } = await chatWithSource()
    const frame = shownFrame(chat)
    for (const [disposition, blockedURI] of [
      ['enforce', `${chatOrigin}/embed/x`],
      ['enforce', chatOrigin],
      ['report', `${chatOrigin}/chat/${EVENT}`],
    ] as const)
      document.dispatchEvent(
        new SecurityPolicyViolationEvent('securitypolicyviolation', {
          bubbles: true,
          disposition,
          blockedURI,
          effectiveDirective: 'frame-src',
          violatedDirective: 'frame-src',
          originalPolicy: '',
          documentURI: location.href,
          statusCode: 200,
        }),
      )
    await pause()
    expect(shownFrame(chat) === frame).to.be.true
    expect(chat.problem).to.be.null
  })

  it('keeps the chat under a report-only embedder policy', async () => {
    const { ReportingObserver: Real } = window as { ReportingObserver?: unknown }
    let hear: (reports: object[]) => void = () => {}
    Object.assign(window, {
      ReportingObserver: class {
        constructor(callback: typeof hear) {
          hear = callback
        }
        observe() {}
        disconnect() {}
      },
    })
    try {
      const { chat } = await chatWithSource()
      const url = `${chatOrigin}/chat/${EVENT}?token=x`
      hear([{ type: 'coep', body: { disposition: 'reporting', blockedURL: url } }])
      hear([{ type: 'coep', body: { disposition: 'enforce', blockedURL: `${chatOrigin}/embed/x` } }])
      expect(chat.problem).to.be.null
      expect(shownFrame(chat)).to.exist
    } finally {
      Object.assign(window, { ReportingObserver: Real })
    }
  })
})
