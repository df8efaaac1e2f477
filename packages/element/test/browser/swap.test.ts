import { expect } from '@open-wc/testing'
import {
  askPage,
  clean,
  endpoint,
  EVENT,
  frames,
  makeReply,
  place,
  shownFrame,
  until,
  whenState,
} from './bench.js'

// a runner's page may lie behind others
Object.defineProperty(document, 'hidden', { configurable: true, get: () => false })

afterEach(clean)

describe('the swap', () => {
  it('waits while the visitor is in the frame, and happens when they leave it', async () => {
    const input = document.createElement('input')
    document.body.append(input)
    const chat = place({
      fetchToken: ({ reason }) => Promise.resolve(makeReply(reason === 'load' ? { refresh_in: 0 } : {})),
    })
    await whenState(chat, 'ready')
    const old = shownFrame(chat)!
    chat.focus()
    expect(chat.shadowRoot!.activeElement).to.equal(old)
    // refresh_in 0 means the floor of five seconds
    await until(() => chat.state === 'refreshing', 9_000)
    await new Promise((resolve) => setTimeout(resolve, 600))
    expect(shownFrame(chat)).to.equal(old)
    input.focus()
    await until(() => shownFrame(chat) !== old && chat.state === 'ready')
    await until(() => document.activeElement === input)
    input.remove()
  }).timeout(30_000)

  it('gives up waiting five seconds before the end, and carries the focus over', async () => {
    const chat = place({
      fetchToken: ({ reason }) => Promise.resolve(makeReply(reason === 'load' ? { expires_in: 10 } : {})),
    })
    await whenState(chat, 'ready')
    const old = shownFrame(chat)!
    chat.focus()
    await until(() => shownFrame(chat) !== old, 12_000)
    expect(chat.shadowRoot!.activeElement).to.equal(shownFrame(chat))
  }).timeout(30_000)

  it('adds nothing to the history and shows a chat at every moment', async () => {
    const chat = place({ fetchToken: () => Promise.resolve(makeReply()) })
    await whenState(chat, 'ready')
    const { length } = history
    for (let times = 0; times < 3; times++) {
      const old = shownFrame(chat)
      chat.reload()
      await until(() => {
        expect(shownFrame(chat)).to.exist
        return shownFrame(chat) !== old && chat.state === 'ready'
      })
    }
    expect(history.length).to.equal(length)
  })

  it('does not let a loading chat take the focus', async () => {
    const input = document.createElement('input')
    document.body.append(input)
    input.focus()
    const { url } = await endpoint({ body: makeReply({ event_id: 'greedy' }, { event_id: 'greedy' }) })
    const chat = place({ tokenUrl: url, eventId: 'greedy' })
    await whenState(chat, 'ready')
    await until(() => document.activeElement === input)
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(document.activeElement).to.equal(input)
    input.remove()
  })

  it('shows the page’s origin as the referrer', async () => {
    const chat = place({ fetchToken: () => Promise.resolve(makeReply()) })
    await whenState(chat, 'ready')
    expect((await askPage(shownFrame(chat)!)).referrer).to.equal(`${location.origin}/`)
  })

  it('keeps the chat when the new one does not load', async () => {
    let event = EVENT
    const chat = place({ fetchToken: () => Promise.resolve(makeReply({ chat_id: event })) })
    await whenState(chat, 'ready')
    const old = shownFrame(chat)
    event = 'hang'
    chat.reload()
    await until(() => chat.problem?.code === 'frame-timeout', 18_000)
    expect(frames(chat)).to.deep.equal([old])
  }).timeout(30_000)
})
