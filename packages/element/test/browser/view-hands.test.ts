// @engines
import { assert, expect } from '@open-wc/testing'
import type { KinescopeChatElement } from '../../src/index.js'
import { clean, makeReply, part, place, shownFrame, until, whenState } from './bench.js'

const status = (code: number) => Object.assign(new Error(), { status: code })

describe('a report that can’t be copied', () => {
  afterEach(clean)

  const clipboards: Record<string, PropertyDescriptor> = {
    'there is none': { value: undefined },
    'it throws': { value: { writeText: () => assert.fail('not allowed') } },
    'asking for it throws': { get: () => assert.fail('not allowed') },
    'it has no such method': { value: { writeText: 7 } },
    'it never answers': { value: { writeText: () => new Promise(() => {}) } },
  }
  for (const [name, clipboard] of Object.entries(clipboards))
    it(`is handed over, marked as a whole: ${name}`, async () => {
      Object.defineProperty(navigator, 'clipboard', { configurable: true, ...clipboard })
      try {
        const chat = place({ fetchToken: () => Promise.reject(status(403)) })
        const site = await until(() => part(chat, 'panel')?.querySelector('details'))
        site.open = true
        const button = site.querySelector('button')!
        button.focus()
        button.click()
        const area = await until(() => site.querySelector('textarea'))
        await until(() => chat.shadowRoot!.activeElement === area)
        expect(area.selectionEnd - area.selectionStart).to.equal(area.value.length)
      } finally {
        Reflect.deleteProperty(navigator, 'clipboard')
      }
    })
})

describe('a keyboard’s place', () => {
  afterEach(clean)

  /** A chat that has nothing to show yet, and what lets it in. */
  function closed(code: number) {
    let open = false
    const chat = place({
      fetchToken: () => (open ? Promise.resolve(makeReply()) : Promise.reject(status(code))),
    })
    return {
      chat,
      letIn: () => {
        open = true
        chat.reload()
      },
    }
  }
  const inTheChat = (chat: KinescopeChatElement) =>
    until(() => shownFrame(chat) && chat.shadowRoot!.activeElement === shownFrame(chat))

  it('goes on into the chat from the details that go', async () => {
    const { chat, letIn } = closed(403)
    const summary = await until(() => part(chat, 'panel')?.querySelector('summary'))
    summary.focus()
    letIn()
    await inTheChat(chat)
  })

  for (const [slot, code] of [
    ['placeholder', 403],
    ['signin', 401],
  ] as const)
    it(`goes on into the chat from what the page put into the slot ${slot}`, async () => {
      const { chat, letIn } = closed(code)
      chat.innerHTML = `<a slot="${slot}" href="#x">Open</a>`
      await until(() => part(chat, 'heading'))
      chat.querySelector('a')!.focus()
      expect(document.activeElement).to.equal(chat.querySelector('a'))
      letIn()
      await inTheChat(chat)
    })

  it('goes on into a chat that is in a shadow root, from a part of the page with a shadow root of its own', async () => {
    const host = document.createElement('div')
    document.body.append(host)
    try {
      const { chat, letIn } = closed(401)
      host.attachShadow({ mode: 'open' }).append(chat)
      chat.innerHTML = '<div slot="signin"></div>'
      const inner = chat.querySelector('div')!.attachShadow({ mode: 'open' })
      inner.innerHTML = '<button>Open</button>'
      await until(() => part(chat, 'heading'))
      inner.querySelector('button')!.focus()
      letIn()
      await inTheChat(chat)
    } finally {
      host.remove()
    }
  })

  it('stays where it is as long as that is there', async () => {
    const chat = place({ help: true, debug: true, fetchToken: () => Promise.resolve(makeReply()) })
    await whenState(chat, 'ready')
    const summary = await until(() => chat.shadowRoot!.querySelector<HTMLElement>('.help summary'))
    summary.focus()
    chat.requestUpdate()
    await chat.updateComplete
    expect(chat.shadowRoot!.activeElement).to.equal(summary)
  })
})
