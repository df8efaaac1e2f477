// @engines
import { expect } from '@open-wc/testing'
import type { KinescopeChatElement } from '../../src/index.js'
import { clean, fakeTime, isPageLoading, makeReply, part, place, pause, until, whenState } from './bench.js'

const status = (code: number) => Object.assign(new Error(), { status: code })
const never = () => new Promise<never>(() => {})

interface Container {
  /** The container, with `<slot>` in the place of the chat. */
  html: string
  chat: string
  /** The expected height of the chat; undefined if it grows with its content. */
  height?: number
}

const CONTAINERS: Record<string, Container> = {
  'height: 300px on the tag': { html: '<slot></slot>', chat: 'height: 300px', height: 300 },
  'height: 200px on the tag, 280px wide': {
    html: '<slot></slot>',
    chat: 'height: 200px; width: 280px',
    height: 200,
  },
  'height: 100% of 500px': {
    html: '<div style="height: 500px"><slot></slot></div>',
    chat: 'height: 100%',
    height: 500,
  },
  'what a column of 500px leaves': {
    html: '<div style="display: flex; flex-direction: column; height: 500px"><div style="flex: none; height: 60px"></div><slot></slot></div>',
    chat: 'flex: 1',
    height: 440,
  },
  'a row of 350px beside a player': {
    html: '<div style="display: flex; height: 350px"><div style="flex: 1"></div><slot></slot></div>',
    chat: '',
    height: 350,
  },
  'a cell of a grid': {
    html: '<div style="display: grid; grid-template: 40px 1fr / 1fr 320px; height: 420px"><i></i><i></i><i></i><slot></slot></div>',
    chat: '',
    height: 380,
  },
  'max-height: 250px': { html: '<slot></slot>', chat: 'max-height: 250px', height: 250 },
  'a display of the site’s own': {
    html: '<slot></slot>',
    chat: 'display: block; height: 300px',
    height: 300,
  },
  'a display of the site’s own, max-height: 250px': {
    html: '<slot></slot>',
    chat: 'display: block; max-height: 250px',
    height: 250,
  },
  'a display of the site’s own, no height': { html: '<slot></slot>', chat: 'display: block' },
  'a grid of the site’s own': { html: '<slot></slot>', chat: 'display: grid; height: 300px', height: 300 },
  'inline-block': {
    html: '<slot></slot>',
    chat: 'display: inline-block; vertical-align: top; width: 320px; height: 300px',
    height: 300,
  },
  'an aspect ratio': { html: '<slot></slot>', chat: 'width: 320px; aspect-ratio: 1', height: 320 },
  'an aspect ratio and a display of the site’s own': {
    html: '<slot></slot>',
    chat: 'display: block; width: 320px; aspect-ratio: 1',
    height: 320,
  },
  'laid over a place of 360px': {
    html: '<div style="position: relative; height: 360px"><slot></slot></div>',
    chat: 'position: absolute; inset: 0',
    height: 360,
  },
  'laid over a place of 360px, a display of the site’s own': {
    html: '<div style="position: relative; height: 360px"><slot></slot></div>',
    chat: 'display: block; position: absolute; inset: 0',
    height: 360,
  },
  'padding and a border': {
    html: '<slot></slot>',
    chat: 'height: 320px; padding: 20px; border: 4px solid',
    height: 320,
  },
  'a column of at most 400px': {
    html: '<div style="display: flex; flex-direction: column; max-height: 400px"><div style="flex: none; height: 60px"></div><slot></slot></div>',
    chat: '',
    height: 340,
  },
  'a cell of a table': {
    html: '<table style="width: 400px"><tr><td style="height: 300px"><slot></slot></td></tr></table>',
    chat: 'height: 300px',
    height: 300,
  },
  'a site’s reset of everything': {
    html: '<style>.room * { box-sizing: content-box; overflow: visible; max-width: 100%; min-height: 0 }</style><div class="room"><slot></slot></div>',
    chat: 'height: 300px',
    height: 300,
  },
  'text that runs from the top down': {
    html: '<div style="writing-mode: vertical-rl; height: 400px"><slot></slot></div>',
    chat: 'width: 320px; height: 300px',
    height: 300,
  },
  'its own height': { html: '<slot></slot>', chat: '' },
  'its own height of 200px': { html: '<slot></slot>', chat: '--kinescope-chat-height: 200px' },
}

const EXTRAS = { help: true, debug: true }
const STATES: Record<string, (chat: KinescopeChatElement) => Promise<unknown>> = {
  loading: async (chat) => {
    chat.fetchToken = never
    await until(() => part(chat, 'message'))
  },
  error: async (chat) => {
    chat.fetchToken = () => Promise.reject(status(401))
    const details = await until(() => part(chat, 'panel')?.querySelector('details'))
    details.open = true
  },
  ready: async (chat) => {
    chat.fetchToken = () => Promise.resolve(makeReply())
    await whenState(chat, 'ready')
  },
  'ready with a banner': async (chat) => {
    let asked = 0
    chat.fetchToken = () => (asked++ ? Promise.reject(status(503)) : Promise.resolve(makeReply()))
    await whenState(chat, 'ready')
    chat.reload()
    const banner = await until(() => part(chat, 'banner'))
    banner.querySelector('details')!.open = true
  },
  preview: async (chat) => {
    chat.preview = true
    await whenState(chat, 'preview')
  },
}

/** Starts a clock that runs fast, except while chat pages load. Returns a function that stops it. */
function fastClock(): () => Promise<void> {
  const time = fakeTime()
  let stopped = false
  const run = async () => {
    while (!stopped) {
      await time.tickAsync(isPageLoading() ? 5 : 100)
      await pause(10)
    }
  }
  const ran = run()
  return async () => {
    stopped = true
    await ran
    time.restore()
  }
}

/** Puts a chat into a container, followed by an element. */
function placeIn({ html, chat: style }: Container) {
  const room = document.createElement('div')
  room.innerHTML = `${html}<p style="margin: 0; height: 50px">What follows</p>`
  document.body.prepend(room)
  const slot = room.querySelector('slot')!
  const chat = place({}, room)
  chat.style.cssText = style
  chat.innerHTML = '<p>A word below the chat</p><p>And <b>another</b>.</p>'
  slot.replaceWith(chat)
  return { room, chat, after: room.lastElementChild as HTMLElement }
}

/** The element just below the chat: the one that follows it, or the chat if it paints outside. */
function seenBelow(chat: Element, after: HTMLElement): Element | null {
  after.scrollIntoView({ block: 'center' })
  const { left, width, bottom } = chat.getBoundingClientRect()
  return document.elementFromPoint(left + Math.min(width, 200) / 2, bottom + 25)
}

const inner = (chat: Element) => chat.shadowRoot!.querySelector<HTMLElement>('.all')!

/**
 * Containers where the chat's size follows its content, or the page's text has styles that a panel must not inherit.
 */
const FOLLOWING: Record<string, Container> = {
  'a float': { html: '<slot></slot><div style="clear: both"></div>', chat: 'float: left' },
  'inline-block without a width': {
    html: '<slot></slot>',
    chat: 'display: inline-block; vertical-align: top',
  },
  'a rigid item of a row': { html: '<div style="display: flex"><slot></slot></div>', chat: 'flex: none' },
  'the middle of a grid': {
    html: '<div style="display: grid; height: 400px; place-items: center"><slot></slot></div>',
    chat: '',
  },
  'max-content': { html: '<slot></slot>', chat: 'width: max-content' },
  'a cell of a table without a width': {
    html: '<table><tr><td><slot></slot></td><td>x</td></tr></table>',
    chat: '',
  },
  'a height that is no length': { html: '<slot></slot>', chat: '--kinescope-chat-height: 400' },
  'a height in percent of nothing': { html: '<slot></slot>', chat: '--kinescope-chat-height: 100%' },
  'text that does not wrap': {
    html: '<div style="white-space: nowrap"><slot></slot></div>',
    chat: 'width: 320px; height: 300px',
  },
  'text that is pushed out of sight': {
    html: '<div style="text-indent: -9999px"><slot></slot></div>',
    chat: 'width: 320px; height: 300px',
  },
  'a host that centres': {
    html: '<slot></slot>',
    chat: 'align-items: center; height: 300px; --kinescope-chat-font: 32px/1.4 serif; width: 280px',
  },
}

describe('the box', () => {
  let stop: () => Promise<void>
  beforeEach(() => (stop = fastClock()))
  afterEach(() => stop().finally(clean))

  for (const [place, container] of Object.entries(CONTAINERS))
    it(`contains everything in every state: ${place}`, async () => {
      await Promise.all(
        Object.entries(STATES).flatMap(([state, reach]) =>
          [{}, EXTRAS].map(async (extras) => {
            const { room, chat, after } = placeIn(container)
            Object.assign(chat, extras)
            await reach(chat)
            await chat.updateComplete
            const where = `${state} ${JSON.stringify(extras)}`
            const host = chat.getBoundingClientRect()
            const all = inner(chat).getBoundingClientRect()
            // with some display values of the site, the tag itself scrolls
            const scrolls = chat.scrollHeight > chat.clientHeight
            if (!scrolls) expect(all.bottom, where).to.be.at.most(host.bottom + 0.5)
            expect(all.right, where).to.be.at.most(host.right + 0.5)
            expect(inner(chat).scrollWidth, where).to.be.at.most(Math.ceil(host.width))
            if (container.height) expect(host.height, where).to.be.closeTo(container.height, 0.5)
            else expect(inner(chat).scrollHeight, where).to.be.at.most(Math.ceil(host.height))
            expect(chat.contains(seenBelow(chat, after)), where).to.be.false
            // content that doesn't fit is reachable by scrolling
            inner(chat).scrollTop = chat.scrollTop = 1e6
            const word = chat.querySelector('b')!.getBoundingClientRect()
            expect(word.bottom, where).to.be.at.most(chat.getBoundingClientRect().bottom + 0.5)
            room.remove()
          }),
        ),
      )
    })

  for (const [place, container] of Object.entries(FOLLOWING))
    it(`has one size and wraps its text in every state: ${place}`, async () => {
      const sizes = await Promise.all(
        Object.entries(STATES).map(async ([state, reach]) => {
          const { room, chat } = placeIn(container)
          room.style.width = '600px'
          chat.help = true
          chat.innerHTML = '<p slot="placeholder" style="width: 900px"><b>Wide</b></p>'
          await reach(chat)
          await chat.updateComplete
          const root = chat.shadowRoot!
          for (const part of root.querySelectorAll<HTMLElement>(
            '.panel > :is(h2, p, bdi, .row), .banner > p',
          )) {
            if (!part.getClientRects().length) continue
            const [own, box] = [part, inner(chat)].map((element) => element.getBoundingClientRect())
            expect(own!.left, state).to.be.at.least(box!.left)
            expect(own!.right, state).to.be.at.most(box!.right)
          }
          // content that is too wide is reachable by scrolling, including its beginning
          const wide = chat.querySelector('b')!
          root.querySelector('.panel')!.scrollLeft = 0
          if (wide.getClientRects().length && CSS.supports('align-items', 'safe center'))
            expect(wide.getBoundingClientRect().left, state).to.be.at.least(chat.getBoundingClientRect().left)
          const { width, height } = chat.getBoundingClientRect()
          room.remove()
          return `${state}: ${Math.round(width)} x ${Math.round(height)}`
        }),
      )
      expect(new Set(sizes.map((size) => size.split(': ')[1])).size, sizes.join(', ')).to.equal(1)
    })

  it('fails this check if its content overflows: the control', async () => {
    const { room, chat, after } = placeIn(CONTAINERS['height: 300px on the tag']!)
    chat.debug = true
    await STATES['ready']!(chat)
    inner(chat).style.overflow = chat.style.overflow = 'visible'
    expect(chat.contains(seenBelow(chat, after))).to.be.true
    room.remove()
  })

  it('is as wide as its container from 280 px up', async () => {
    for (const width of [280, 320, 1000]) {
      const { room, chat } = placeIn(CONTAINERS['its own height']!)
      room.style.width = `${width}px`
      await STATES['error']!(chat)
      expect(chat.getBoundingClientRect().width).to.equal(width)
      room.remove()
    }
  })
})
