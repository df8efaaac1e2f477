import { expect, fixture } from '@open-wc/testing'
import { KinescopeChatElement } from '../../src/define.js'
import { chatOrigin, clean, endpoint, EVENT, frames, makeReply, part, until, whenState } from './bench.js'
import { closePages, openPage } from './open-page.js'

afterEach(() => {
  clean()
  closePages()
})

const MARKUP = `<kinescope-chat class="wide" event-id="${EVENT}" chat-origin="${chatOrigin}" lang="ru"><a slot="placeholder" href="/chat">Чат</a></kinescope-chat>`

/** Checks that an element in an editor is static, sends no request and leaves no trace. */
async function expectStill(chat: KinescopeChatElement, asked: () => Promise<unknown[]>, before: string) {
  await whenState(chat, 'preview')
  expect(await asked()).to.deep.equal([])
  expect(frames(chat)).to.have.length(0)
  expect(chat.problem).to.equal(null)
  expect(part(chat, 'panel')!.textContent).to.contain(EVENT)
  expect(chat.outerHTML).to.equal(before)
  chat.reload()
  chat.reset()
  await new Promise((resolve) => setTimeout(resolve))
  expect(chat.state).to.equal('preview')
  expect(await asked()).to.deep.equal([])
}

async function setUp() {
  const { url, asked } = await endpoint({ body: makeReply() })
  return { asked, url, markup: MARKUP.replace('>', ` token-url="${url}">`) }
}

/** The elements in which editors put the edited content. */
const CANVASES: Record<string, (markup: string) => string> = {
  'an editable text': (markup) => `<div contenteditable="true">${markup}</div>`,
  'an editable text without a value': (markup) => `<div contenteditable><p>${markup}</p></div>`,
  'plain editable text': (markup) => `<div contenteditable="plaintext-only">${markup}</div>`,
  'a widget that is not editable in a text that is': (markup) =>
    `<div contenteditable="true"><div contenteditable="false">${markup}</div></div>`,
  'an editable text in capitals': (markup) => `<div CONTENTEDITABLE="TRUE">${markup}</div>`,
  'a page builder’s design mode': (markup) => `<div class="wf-design-mode">${markup}</div>`,
}

describe('an element inside an editor', () => {
  for (const [name, wrap] of Object.entries(CANVASES))
    it(`is a static placeholder in ${name}`, async () => {
      const { asked, markup } = await setUp()
      const root = await fixture<HTMLElement>(wrap(markup))
      await expectStill(root.querySelector('kinescope-chat')!, asked, markup)
    })

  it('becomes a static placeholder when an inline editor starts, and a chat again when it ends', async () => {
    const { url, markup } = await setUp()
    const root = await fixture<HTMLElement>(`<div><p>${markup}</p></div>`)
    const chat = root.querySelector('kinescope-chat')!
    await whenState(chat, 'ready')
    root.contentEditable = 'true'
    await whenState(chat, 'preview')
    expect(frames(chat)).to.have.length(0)
    const another = await endpoint({ body: makeReply() })
    chat.tokenUrl = another.url
    chat.reload()
    await chat.updateComplete
    expect(await another.asked()).to.deep.equal([])
    chat.tokenUrl = url
    root.removeAttribute('contenteditable')
    await whenState(chat, 'ready')
    expect(frames(chat)).to.have.length(1)
  })

  it('is a static placeholder below shadow roots of an editor', async () => {
    const { asked, markup } = await setUp()
    const outer = await fixture<HTMLElement>('<div contenteditable="true"><section></section></div>')
    const root = outer.firstElementChild!.attachShadow({ mode: 'open' })
    root.innerHTML = `<div></div>`
    const inner = root.firstElementChild!.attachShadow({ mode: 'open' })
    inner.innerHTML = markup
    await expectStill(inner.querySelector('kinescope-chat')!, asked, markup)
  })

  it('is a static placeholder in a page whose design mode is on', async () => {
    const { asked, markup } = await setUp()
    document.designMode = 'on'
    try {
      const root = await fixture<HTMLElement>(`<div>${markup}</div>`)
      await expectStill(root.querySelector('kinescope-chat')!, asked, markup)
    } finally {
      document.designMode = 'off'
    }
  })

  for (const [place, { markup: around, still }] of Object.entries({
    'a page builder’s canvas': { markup: '<iframe class="gjs-frame" title="Canvas"></iframe>', still: true },
    'a frame inside an editable text': {
      markup: '<div contenteditable><iframe title="Canvas"></iframe></div>',
      still: true,
    },
    'a window of its own, as a pop-up is': { markup: '<iframe title="Other"></iframe>', still: false },
    'a frame where editing is off': {
      markup: '<div contenteditable="FALSE"><iframe title="Other"></iframe></div>',
      still: false,
    },
  }))
    it(`is ${still ? 'a static placeholder' : 'a chat'} when it is put into the document of ${place}`, async () => {
      const { asked, markup } = await setUp()
      const holder = await fixture<HTMLElement>(`<div>${around}</div>`)
      const template = document.createElement('div')
      template.innerHTML = markup
      const chat = template.querySelector('kinescope-chat')!
      customElements.upgrade(chat)
      holder.querySelector('iframe')!.contentDocument!.body.append(chat)
      if (still) return expectStill(chat, asked, markup)
      await until(async () => (await asked()).length === 1)
      expect(chat.state).not.to.equal('preview')
      chat.remove()
    })

  it('is a chat in a page with images named like the properties that the element reads', async () => {
    const { markup } = await setUp()
    const root = await fixture<HTMLElement>(
      `<div><img name="designMode" alt=""><img name="defaultView" alt="">${markup}</div>`,
    )
    await whenState(root.querySelector('kinescope-chat')!, 'ready')
  })

  for (const [name, wrap] of Object.entries({
    'a block editor’s preview': '<div class="components-sandbox">',
    'an editable widget': '<div contenteditable="true">',
    'a block': '<div data-block="1">',
  }))
    it(`is a static placeholder in a frame inside ${name}`, async () => {
      const { asked, markup } = await setUp()
      const page = await openPage({})
      const holder = document.createElement('div')
      holder.innerHTML = wrap
      const frame = page.window.frameElement as HTMLIFrameElement
      frame.replaceWith(holder)
      holder.firstElementChild!.append(frame)
      await new Promise((resolve) => frame.addEventListener('load', resolve, { once: true }))
      try {
        const script = frame.contentDocument!.createElement('script')
        script.src = '/bench/dist/kinescope-chat.classic.js'
        frame.contentDocument!.body.innerHTML = markup + `<div data-kinescope-chat="${EVENT}"></div>`
        frame.contentDocument!.head.append(script)
        const chat = frame.contentDocument!.querySelector('kinescope-chat')!
        await until(() => chat.shadowRoot)
        await expectStill(chat, asked, markup)
        expect(frame.contentDocument!.querySelectorAll('kinescope-chat')).to.have.length(1)
      } finally {
        holder.remove()
      }
    })

  it('is a static placeholder with the attribute, and a chat without it', async () => {
    const { asked, markup } = await setUp()
    const before = markup.replace('>', ' preview="">')
    const root = await fixture<HTMLElement>(`<div>${before}</div>`)
    const chat = root.querySelector('kinescope-chat')!
    await expectStill(chat, asked, before)
    chat.removeAttribute('preview')
    await whenState(chat, 'ready')
    expect(await asked()).to.have.length(1)
    chat.setAttribute('preview', '')
    await whenState(chat, 'preview')
    expect(frames(chat)).to.have.length(0)
  })

  it('starts when it is moved out of the editor', async () => {
    const { asked, markup } = await setUp()
    const root = await fixture<HTMLElement>(
      `<div><div contenteditable="true">${markup}</div><main></main></div>`,
    )
    const chat = root.querySelector('kinescope-chat')!
    await whenState(chat, 'preview')
    root.querySelector('main')!.append(chat)
    await whenState(chat, 'ready')
    expect(await asked()).to.have.length(1)
  })

  it('leaves marked links and divs to the editor', async () => {
    const html = `<div data-kinescope-chat="${EVENT}"><br></div><p><a href="https://kinescope.io/chat/${EVENT}#kinescope-chat">Chat</a></p>`
    const root = await fixture<HTMLElement>(`<div contenteditable="true">${html}</div>`)
    KinescopeChatElement.upgrade()
    expect(root.innerHTML).to.equal(html)
  })

  it('starts where editing is off and no ancestor is editable', async () => {
    const { markup } = await setUp()
    const root = await fixture<HTMLElement>(`<div contenteditable="false">${markup}</div>`)
    await whenState(root.querySelector('kinescope-chat')!, 'ready')
  })
})

describe('the markup of a working chat, as an editor or a page saver reads it', () => {
  it('is the tag as its author wrote it, in every state', async () => {
    const { markup } = await setUp()
    const root = await fixture<HTMLElement>(`<div>${markup}</div>`)
    const chat = root.querySelector('kinescope-chat')!
    const seen: [string, boolean][] = []
    chat.addEventListener('kinescope-chat-statechange', () =>
      seen.push([chat.state, chat.outerHTML === markup]),
    )
    await whenState(chat, 'ready')
    chat.reload()
    await whenState(chat, 'ready')
    chat.eventId = ''
    await whenState(chat, 'error')
    expect(seen.map(([state]) => state)).to.include.members(['ready', 'error'])
    expect(seen.filter(([, same]) => !same)).to.deep.equal([])
    expect(root.innerHTML).to.equal(markup)
  })
})
