// @engines
import { expect } from '@open-wc/testing'
import {
  askPage,
  chatWith,
  clean,
  endpoint,
  frames,
  makeReply,
  place,
  shownFrame,
  until,
  whenState,
} from './bench.js'

afterEach(clean)

describe('the swap', () => {
  it('waits while the visitor is in the frame, and happens when they leave it', async () => {
    const input = document.createElement('input')
    document.body.append(input)
    const { chat, time, asked, settle } = await chatWith([
      () => makeReply({ refresh_in: 60 }),
      () => makeReply(),
    ])
    const old = shownFrame(chat)!
    chat.focus()
    expect(chat.shadowRoot!.activeElement === old).to.be.true
    await time.tickAsync(600_000)
    expect(asked).to.have.length(2)
    expect(chat.state).to.equal('refreshing')
    expect(frames(chat).map((frame) => frame === old)).to.deep.equal([true])
    input.focus()
    await settle(() => shownFrame(chat) !== old && chat.state === 'ready')
    await settle(() => document.activeElement === input)
    input.remove()
  })

  it('waits while the browser is offline, as its error page would replace the chat', async () => {
    const { chat, time, settle } = await chatWith([() => makeReply({ refresh_in: 60 }), () => makeReply()])
    const old = shownFrame(chat)!
    chat.focus()
    await time.tickAsync(61_000)
    Object.defineProperty(navigator, 'onLine', { configurable: true, value: false })
    const input = document.createElement('input')
    document.body.append(input)
    input.focus()
    await time.tickAsync(5_000)
    expect(frames(chat).map((frame) => frame === old)).to.deep.equal([true])
    Reflect.deleteProperty(navigator, 'onLine')
    await settle(() => shownFrame(chat) !== old && chat.state === 'ready')
    input.remove()
  })

  for (const [typing, latest] of [
    [false, 15],
    [true, 5],
  ] as const)
    it(`comes ${latest} s before the end at the latest where the visitor ${typing ? 'types' : 'pauses'}, and carries the focus over`, async () => {
      Object.defineProperty(navigator, 'userActivation', { configurable: true, value: { isActive: typing } })
      const { chat, time, settle } = await chatWith([
        () => makeReply({ expires_in: 600, refresh_in: 60 }),
        () => makeReply(),
      ])
      const old = shownFrame(chat)!
      chat.focus()
      await time.tickAsync((600 - latest - 3) * 1000)
      expect(frames(chat).map((frame) => frame === old)).to.deep.equal([true])
      await time.tickAsync(3_500)
      await settle(() => shownFrame(chat) !== old)
      expect(chat.shadowRoot!.activeElement === shownFrame(chat)).to.be.true
    })

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
    let received = 0
    const hear = () => received++
    addEventListener('message', hear)
    const chat = place({ tokenUrl: url, eventId: 'greedy' })
    await whenState(chat, 'ready')
    // the page reports its load, and reports again after it has requested the focus once more
    await until(() => received >= 2)
    await until(() => document.activeElement === input)
    removeEventListener('message', hear)
    input.remove()
  })

  it('shows the page’s origin as the referrer', async () => {
    const chat = place({ fetchToken: () => Promise.resolve(makeReply()) })
    await whenState(chat, 'ready')
    expect((await askPage(shownFrame(chat)!)).referrer).to.equal(`${location.origin}/`)
  })

  it('keeps the chat when the new one does not load, and tries again with the next token', async () => {
    const { chat, time, asked, settle } = await chatWith([
      () => makeReply({ refresh_in: 60 }),
      () => makeReply({ refresh_in: 60, chat_id: 'hang' }),
      () => makeReply(),
    ])
    const old = shownFrame(chat)
    await time.tickAsync(62_000)
    expect(asked).to.have.length(2)
    expect(frames(chat)).to.have.length(2)
    await time.tickAsync(15_000)
    expect(chat.problem!.code).to.equal('frame-timeout')
    expect(frames(chat).map((frame) => frame === old)).to.deep.equal([true])
    await time.tickAsync(60_000)
    await settle(() => chat.state === 'ready')
    expect(asked).to.have.length(3)
    expect(shownFrame(chat) === old).to.be.false
  })

  it('requests again before the shown token expires when the new chat does not load', async () => {
    const { chat, time, asked, settle } = await chatWith([
      () => makeReply({ expires_in: 600, refresh_in: 300 }),
      () => makeReply({ chat_id: 'hang' }),
      () => makeReply({ chat_id: 'hang' }),
      () => makeReply(),
    ])
    const old = shownFrame(chat)
    await time.tickAsync(302_000)
    await time.tickAsync(15_500)
    expect([chat.problem!.code, chat.state]).to.deep.equal(['frame-timeout', 'refreshing'])
    await time.tickAsync(15_000)
    expect(asked).to.have.length(3)
    await time.tickAsync(20_000)
    await settle(() => chat.state === 'ready' && shownFrame(chat) !== old)
    expect(asked).to.have.length(4)
  })

  it('shows the chat again with the same new token after it did not load', async () => {
    const fresh = makeReply({ chat_id: 'hang' })
    const { chat, time, asked, settle } = await chatWith([
      () => makeReply({ refresh_in: 60 }),
      () => fresh,
      () => ({ ...fresh, chat_id: 'other' }),
    ])
    const old = shownFrame(chat)
    await time.tickAsync(62_000)
    await time.tickAsync(20_500)
    await settle(() => asked.length === 3 && chat.state === 'ready')
    expect(shownFrame(chat) === old).to.be.false
  })

  it('happens at once when refresh changes from hold to swap', async () => {
    const held = makeReply()
    const { chat, time, asked, settle, events } = await chatWith(
      [() => makeReply({ refresh_in: 5 }), () => held],
      { refresh: 'hold' },
    )
    const old = shownFrame(chat)
    await time.tickAsync(6_000)
    await settle(() => events.includes('refresh'))
    expect(shownFrame(chat) === old).to.be.true
    chat.refresh = 'swap'
    await settle(() => chat.state === 'ready' && shownFrame(chat) !== old)
    expect((await askPage(shownFrame(chat)!)).search).to.equal(`?token=${held.token}`)
    expect(asked).to.have.length(2)
  })
})
