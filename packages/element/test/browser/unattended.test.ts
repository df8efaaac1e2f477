import { expect } from '@open-wc/testing'
import type { KinescopeChatElement } from '../../src/index.js'
import {
  type Answer,
  chatOrigin,
  clean,
  endpoint,
  EVENT,
  fakeTime,
  makeReply,
  pause,
  place,
  problem,
  until,
} from './bench.js'
import { closePages, openPage } from './open-page.js'

afterEach(clean)

const HTML = { 'Content-Type': 'text/html' }
const status = (code: number) => Object.assign(new Error(), { status: code })

describe('an unattended screen', () => {
  it('does by itself what a person would do, with growing delays', async () => {
    const time = fakeTime()
    const at: number[] = []
    const chat = place({
      unattended: true,
      fetchToken: () => {
        at.push(Date.now())
        return Promise.reject(status(403))
      },
    })
    await time.tickAsync(900_000)
    expect(chat.problem!.code).to.equal('access-denied')
    expect(at.length).to.be.within(5, 9)
    const gaps = at.slice(1).map((moment, index) => moment - at[index]!)
    expect(gaps[0]).to.be.within(10_000, 20_000)
    expect(gaps[3]! > gaps[0]!).to.be.true
    expect(Math.min(...gaps)).to.equal(gaps[0])
  })

  it('waits for a person elsewhere, until the screen is unattended', async () => {
    const time = fakeTime()
    let asked = 0
    const chat = place({
      fetchToken: () => {
        asked++
        return Promise.reject(status(403))
      },
    })
    await time.tickAsync(3_600_000)
    expect(asked).to.equal(1)
    chat.unattended = true
    await time.tickAsync(25_000)
    expect(asked).to.equal(2)
    chat.unattended = false
    await time.tickAsync(3_600_000)
    expect(asked).to.equal(2)
  })
})

describe('an unattended screen whose page is too old', () => {
  afterEach(closePages)

  /** Time passes so many times as fast on the page: its ten seconds for a request must be enough on a busy machine. */
  const FASTER = 20
  const clock = `<script>
    for (const [owner, name] of [[Date, 'now'], [performance, 'now']]) {
      const real = owner[name].bind(owner), start = real()
      owner[name] = () => start + (real() - start) * ${FASTER}
    }
    { const real = setTimeout; window.setTimeout = (work, ms, ...rest) => real(work, ms / ${FASTER}, ...rest) }
  </script>`

  /** Opens a page with a chat in it, and notes when it loads again, in seconds of its own time. */
  async function watched(answers: Answer[], attributes: string) {
    const { url } = await endpoint(...answers)
    const page = await openPage({
      head: `${clock}<script src="/bench/dist/kinescope-chat.js" data-token-url="${url}" data-chat-origin="${chatOrigin}"></script>`,
      body: `<kinescope-chat event-id="${EVENT}" ${attributes}></kinescope-chat>`,
    })
    const loads: number[] = []
    const frame = page.window.frameElement as HTMLIFrameElement
    let last = performance.now()
    frame.addEventListener('load', () => {
      loads.push(((performance.now() - last) * FASTER) / 1000)
      last = performance.now()
    })
    const chat = () => frame.contentDocument!.querySelector<KinescopeChatElement>('kinescope-chat')
    return { loads, chat }
  }

  beforeEach(() => sessionStorage.removeItem('kinescope-chat-reloads'))

  for (const [name, answer] of [
    ['identity-expired', problem(401, 'identity-expired')],
    [
      'a sign-in page in the endpoint’s place',
      { status: 403, headers: HTML, body: '<title>Sign in</title>' },
    ],
    ['no token endpoint there', { status: 404, headers: HTML, body: '<title>Not found</title>' }],
  ] as [string, Answer][])
    it(`loads it again, each time later: ${name}`, async () => {
      const { loads } = await watched([answer], 'unattended')
      await until(() => loads.length === 3, 17_000)
      const [first, second, third] = loads as [number, number, number]
      // a busy machine loads later, never earlier
      expect(first).to.be.at.least(11)
      expect(second).to.be.at.least(22)
      expect(third).to.be.at.least(44)
    })

  it('doesn’t load it again while offline, or once the screen is attended', async () => {
    const { loads, chat } = await watched([problem(401, 'identity-expired')], 'unattended')
    const { navigator } = (await until(() => chat()?.problem && chat())).ownerDocument.defaultView!
    Object.defineProperty(navigator, 'onLine', { configurable: true, value: false })
    await pause(2_000)
    expect(loads).to.deep.equal([])
    chat()!.unattended = false
    Reflect.deleteProperty(navigator, 'onLine')
    await pause(2_000)
    expect(loads).to.deep.equal([])
  })

  it('begins anew with short pauses once the chat was there', async () => {
    const { chat } = await watched([problem(401, 'identity-expired'), { body: makeReply() }], 'unattended')
    // on a busy machine, the page may have loaded again before the test could count it
    await until(() => chat()?.state === 'ready', 17_000)
    const [{ type }] = chat()!.ownerDocument.defaultView!.performance.getEntriesByType('navigation') as [
      PerformanceNavigationTiming,
    ]
    expect(type).to.equal('reload')
    expect(sessionStorage.getItem('kinescope-chat-reloads')).to.equal('0')
  })

  for (const [name, attributes] of [
    ['elsewhere', ''],
    ['where the attribute says false', 'unattended="false"'],
  ] as const)
    it(`waits for a person ${name}`, async () => {
      const { loads, chat } = await watched([problem(401, 'identity-expired')], attributes)
      await until(() => chat()?.problem?.code === 'identity-expired')
      await pause(1_500)
      expect(loads).to.deep.equal([])
    })
})
