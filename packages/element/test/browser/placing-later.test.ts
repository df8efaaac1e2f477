import { expect } from '@open-wc/testing'
import { chatOrigin, endpoint, EVENT, makeReply, shownFrame, until, whenState } from './bench.js'
import { closePages, openPage, type Page } from './open-page.js'

afterEach(closePages)

const LINK = `https://kinescope.io/chat/${EVENT}#kinescope-chat`
const A = `<a href="${LINK}">Open the chat</a>`
const DIV = `<div data-kinescope-chat="${EVENT}"></div>`

async function openScoped(body: string, scope: string | null = 'main') {
  const { url, asked } = await endpoint({ body: makeReply() })
  const upgrade = scope === null ? '' : `data-upgrade="${scope}"`
  const page = await openPage({
    head: `<script type="module" src="/bench/dist/kinescope-chat.js" data-token-url="${url}" data-chat-origin="${chatOrigin}" ${upgrade}></script>`,
    body,
  })
  await until(() => page.window.KinescopeChat)
  const main = page.document.querySelector('main')!
  const chats = () => [...page.document.querySelectorAll('kinescope-chat')]
  return { page, main, chats, asked }
}

/** Long enough for observers and their reactions to each other. */
const settled = (page: Page) => new Promise((resolve) => page.window.setTimeout(resolve, 50))

interface Way {
  body: string
  scope?: string
  change(main: HTMLElement, page: Page): unknown
  chats: number
}

/**
 * The changes that frameworks and people make to a page with a mark in its scope. Each results in this number of chats.
 */
const WAYS: Record<string, Way> = {
  'a link that comes later': {
    body: '<main></main>',
    change: (main) => main.insertAdjacentHTML('beforeend', `<p>${A}</p>`),
    chats: 1,
  },
  'a link that comes by itself, not in a subtree': {
    body: `<main></main>`,
    change: (main) => (main.innerHTML = A),
    chats: 1,
  },
  'a div that comes later, outside the scope': {
    body: '<main></main>',
    change: (_, { document }) => document.body.insertAdjacentHTML('beforeend', DIV),
    chats: 1,
  },
  'a link outside the scope': {
    body: '<main></main>',
    change: (_, { document }) => document.body.insertAdjacentHTML('beforeend', A),
    chats: 0,
  },
  'a scope that comes later': {
    body: '<main></main>',
    change: (main) => (main.outerHTML = `<main><section>${A}</section></main>`),
    chats: 1,
  },
  'a body that is replaced': {
    body: `<main>${A}${DIV}</main>`,
    change: (_, { document }) => (document.body.outerHTML = `<body><main>${A}${DIV}</main></body>`),
    chats: 2,
  },
  'a link that goes': {
    body: `<main><p>${A}</p></main>`,
    change: (main) => main.querySelector('a')!.remove(),
    chats: 0,
  },
  'a div that goes': {
    body: `<main>${DIV}</main>`,
    change: (main) => main.firstElementChild!.remove(),
    chats: 0,
  },
  'a parent that goes': {
    body: `<main><p>${A}</p></main>`,
    change: (main) => main.replaceChildren(),
    chats: 0,
  },
  'a link that moves': {
    body: `<main><p>${A}</p><aside></aside></main>`,
    change: (main) => main.querySelector('aside')!.append(main.querySelector('a')!),
    chats: 1,
  },
  'a link that loses its fragment': {
    body: `<main>${A}</main>`,
    change: (main) => main.querySelector('a')!.setAttribute('href', LINK.replace('#', '?')),
    chats: 0,
  },
  'a link that gets its fragment': {
    body: `<main><a href="/">Chat</a></main>`,
    change: (main) => main.querySelector('a')!.setAttribute('href', LINK),
    chats: 1,
  },
  'a chat that somebody takes away': {
    body: `<main>${A}${DIV}</main>`,
    change: (main) => main.querySelectorAll('kinescope-chat').forEach((chat) => chat.remove()),
    chats: 2,
  },
  'something put between the chat and its link': {
    body: `<main><p>${A}</p></main>`,
    change: (main) => main.querySelector('a')!.before(main.ownerDocument.createElement('b')),
    chats: 1,
  },
  'a deep clone beside the original': {
    body: `<main><p>${A}</p>${DIV}</main>`,
    change: (main) => main.append(...[...main.children].map((child) => child.cloneNode(true))),
    chats: 4,
  },
  'a page copied over itself by innerHTML': {
    body: `<main><p>${A}</p>${DIV}</main>`,
    change: (main) => (main.innerHTML = String(main.innerHTML)),
    chats: 2,
  },
  'a copy of the chat put beside it': {
    body: `<main><p>${A}</p>${DIV}</main>`,
    change: (main) => {
      const chat = main.querySelector('div kinescope-chat')!
      chat.after(chat.cloneNode(true))
      KICK(main)
    },
    chats: 2,
  },
  'a div emptied by its framework': {
    body: `<main>${DIV}</main>`,
    change: (main) => (main.firstElementChild!.textContent = 'Loading'),
    chats: 1,
  },
  'a div for another stream': {
    body: `<main>${DIV}</main>`,
    change: (main) => main.firstElementChild!.setAttribute('data-kinescope-chat', 'other'),
    chats: 1,
  },
  'an article that becomes editable': {
    body: `<main><p>${A}</p>${DIV}</main>`,
    change: (main) => main.setAttribute('contenteditable', ''),
    chats: 0,
  },
  'a link to the same stream, put between a chat and its link': {
    body: `<main>${A}</main>`,
    change: (main) => main.querySelector('a')!.insertAdjacentHTML('beforebegin', A),
    chats: 2,
  },
  'links to the same stream in another order': {
    body: `<main>${A}${A}${A}</main>`,
    change: (main) => main.append(...[...main.querySelectorAll('a')].reverse()),
    chats: 3,
  },
  'a chat that is moved into another marked div': {
    body: `<main>${DIV}<div class="b" data-kinescope-chat="b"></div></main>`,
    change: (main) => main.querySelector('.b')!.append(main.querySelector('kinescope-chat')!),
    chats: 2,
  },
  'a link in a div whose mark has no stream': {
    body: `<main><div data-kinescope-chat="">${A}</div></main>`,
    change: () => {},
    chats: 1,
  },
  'a div around a link that becomes a mark': {
    body: `<main><div><p>${A}</p></div></main>`,
    change: (main) => main.firstElementChild!.setAttribute('data-kinescope-chat', EVENT),
    chats: 1,
  },
  'a chat in a paragraph of a marked div': {
    body: `<main><div data-kinescope-chat="${EVENT}"><p><kinescope-chat event-id="${EVENT}"></kinescope-chat></p></div></main>`,
    change: () => {},
    chats: 1,
  },
  'a scope by a class that comes later': {
    scope: 'main.lesson',
    body: `<main>${A}</main>`,
    change: (main) => main.classList.add('lesson'),
    chats: 1,
  },
  'a scope by an attribute that comes later': {
    scope: '[data-live=on] p',
    body: `<main><p>${A}</p></main>`,
    change: (main) => main.setAttribute('data-live', 'on'),
    chats: 1,
  },
  'a scope by an id that comes later': {
    scope: ':is(.x, #live) p',
    body: `<main><p>${A}</p></main>`,
    change: (main) => (main.id = 'live'),
    chats: 1,
  },
  'a document that is written anew': {
    body: `<main>${A}${DIV}</main>`,
    change: (_, { document }) => {
      document.open()
      document.write(`<main>${A}${DIV}</main>`)
      document.close()
    },
    chats: 2,
  },
  'an article that was editable for a while': {
    body: `<main>${A}${DIV}</main>`,
    change: async (main, page) => {
      main.contentEditable = 'true'
      await settled(page)
      main.contentEditable = 'false'
    },
    chats: 2,
  },
  'a part that was in another document for a while': {
    body: `<main><p>${A}</p>${DIV}</main><iframe></iframe>`,
    change: async (main, page) => {
      const parts = [...main.childNodes]
      page.document.querySelector('iframe')!.contentDocument!.body.append(...parts)
      await settled(page)
      main.append(...parts)
    },
    chats: 2,
  },
  'a part that a range takes out and puts back': {
    body: `<main><p>${A}</p></main>`,
    change: (main) => {
      const range = main.ownerDocument.createRange()
      range.selectNodeContents(main)
      main.append(range.extractContents())
    },
    chats: 1,
  },
  'the content of a template': {
    body: `<main><template>${A}${DIV}</template></main>`,
    change: (main) => main.append(main.querySelector('template')!.content.cloneNode(true)),
    chats: 2,
  },
}

/** Touches the mark, as a framework's render does. */
const KICK = (main: Element) => main.querySelector('div')!.setAttribute('data-label', 'x')

describe('a page that changes after it was parsed', () => {
  for (const [way, { body, scope, change, chats: count }] of Object.entries(WAYS))
    it(`has one chat for each mark in the end: ${way}`, async () => {
      const { page, main, chats } = await openScoped(body, scope)
      await settled(page)
      await change(main, page)
      await until(() => chats().length === count)
      await settled(page)
      expect(chats()).to.have.length(count)
      for (const link of page.document.querySelectorAll(`a[href="${LINK}"]`)) {
        if (link.parentElement!.closest(`div[data-kinescope-chat="${EVENT}"]`)) continue // the chat replaces this content
        const beside = link.previousElementSibling?.localName === 'kinescope-chat'
        expect(link.getClientRects().length > 0).to.equal(!beside)
      }
      for (const chat of chats()) expect(chat.parentElement!.closest('kinescope-chat')).to.equal(null)
      expect(page.errors).to.deep.equal([])
    })

  it('keeps a chat’s token over a move, and requests one for a changed stream', async () => {
    const { page, main, chats, asked } = await openScoped(`<main><p>${A}</p><aside></aside></main>`)
    await until(() => chats().length)
    const [chat] = chats()
    await whenState(chat!, 'ready')
    main.querySelector('aside')!.append(main.querySelector('a')!)
    await settled(page)
    expect(chats()).to.deep.equal([chat])
    expect(chat!.parentElement!.localName).to.equal('aside')
    await whenState(chat!, 'ready')
    expect(await asked()).to.have.length(1)
    main.querySelector('a')!.href = LINK.replace(EVENT, 'other')
    await until(async () => (await asked()).length === 2)
    expect(chats()).to.deep.equal([chat])
  })

  for (const [way, change] of Object.entries<(link: HTMLAnchorElement) => void>({
    'put anew': (link) => (link.outerHTML = String(link.outerHTML)),
    'replaced by another of its kind': (link) => link.replaceWith(link.cloneNode(true)),
    'removed after the next one has come': (link) => {
      link.before(link.cloneNode(true))
      link.remove()
    },
  }))
    it(`keeps a chat whose link is ${way}`, async () => {
      const { page, main, chats } = await openScoped(`<main>${A}</main>`)
      await until(() => chats().length)
      const [chat] = chats()
      await whenState(chat!, 'ready')
      const frame = shownFrame(chat!)
      change(main.querySelector('a')!)
      await settled(page)
      expect(chats()).to.deep.equal([chat])
      expect(chat!.nextElementSibling).to.equal(main.querySelector('a'))
      expect(shownFrame(chat!)).to.equal(frame)
    })

  it('upgrades marks that a self-closed tag contains, but not its fallback', async () => {
    const { page, chats } = await openScoped(
      `<main><kinescope-chat event-id="x"/><p>${A}</p>${DIV}<a href="${LINK.replace(EVENT, 'x')}">x</a></main>`,
    )
    await until(() => chats().length === 3)
    await settled(page)
    expect(chats().map((chat) => chat.getAttribute('event-id'))).to.deep.equal(['x', EVENT, EVENT])
  })

  it('puts the chat into the same slot as its link', async () => {
    const { page, main, chats } = await openScoped('<main><x-card></x-card></main>')
    const card = main.querySelector('x-card')!
    card.attachShadow({ mode: 'open' }).innerHTML = '<slot name="actions"></slot>'
    card.innerHTML = A.replace('<a', '<a slot="actions"')
    await until(() => chats().length)
    await settled(page)
    expect(chats()[0]!.getClientRects()).to.have.length(1)
  })

  for (const [kind, mark] of Object.entries<() => Node>({
    'an empty comment': () => new Comment(),
    'a comment': () => new Comment('v-if'),
    'an empty text': () => new Text(),
  }))
    it(`leaves ${kind} in place, a framework's marker in an empty div`, async () => {
      const { main, chats } = await openScoped('<main></main>')
      const bookmark = mark()
      main.innerHTML = DIV
      main.firstElementChild!.append(bookmark)
      await until(() => chats().length)
      expect(bookmark.parentNode).to.equal(main.firstElementChild)
      expect(chats()[0]!.hasChildNodes()).to.be.false
    })

  it('shows content that is added to a div after its chat was removed', async () => {
    const { page, main, chats } = await openScoped(
      `<main><div data-kinescope-chat="${EVENT}"><p>Soon</p></div></main>`,
    )
    await until(() => chats().length)
    await settled(page)
    const div = main.firstElementChild!
    div.removeAttribute('data-kinescope-chat')
    await until(() => !chats().length)
    div.insertAdjacentHTML('beforeend', '<p>Over</p>')
    await settled(page)
    for (const words of div.children) expect(words.getClientRects()).to.have.length(1)
  })

  it('upgrades no links if the site sets no scope', async () => {
    const { page, main, chats } = await openScoped(`<main>${A}${DIV}</main>`, null)
    await until(() => chats().length === 1)
    main.insertAdjacentHTML('beforeend', A)
    await settled(page)
    expect(chats().map((chat) => chat.parentElement!.localName)).to.deep.equal(['div'])
    page.window.KinescopeChat!.upgrade()
    expect(chats()).to.have.length(3)
  })

  it('warns once about a scope that isn’t a selector, and still upgrades the divs', async () => {
    const { page, main, chats } = await openScoped(`<main>${A}${DIV}</main>`, 'main >')
    await until(() => chats().length === 1)
    main.insertAdjacentHTML('beforeend', A)
    await settled(page)
    expect(page.warnings.filter((warning) => warning.includes('main >'))).to.have.length(1)
    expect(page.errors).to.deep.equal([])
  })

  it('stops when a script removes the chat each time', async () => {
    const { page, main, chats } = await openScoped(`<main>${A}</main>`)
    await until(() => chats().length === 1)
    let taken = 0
    const fighter = new page.window.MutationObserver(() => {
      for (const chat of chats()) {
        taken++
        chat.remove()
      }
    })
    fighter.observe(page.document, { childList: true, subtree: true })
    main.append('x')
    await settled(page)
    expect(taken).to.be.within(2, 20)
    expect(main.querySelector('a')!.getClientRects().length).to.equal(1)
    fighter.disconnect()
  })
})
