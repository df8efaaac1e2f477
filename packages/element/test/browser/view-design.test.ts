import { expect } from '@open-wc/testing'
import { sendKeys, sendMouse } from '@web/test-runner-commands'
import {
  clean,
  endpoint,
  fakeTime,
  makeReply,
  part,
  place,
  problem,
  shownFrame,
  until,
  whenState,
} from './bench.js'

const failing = (code: string, more: object = {}) => Object.assign(new Error(), { code, ...more })

/** A chat on the page whose next token can't be had. */
async function troubled(code: string, more: object, width: number, height: number, properties = {}) {
  let asked = 0
  const chat = place({
    ...properties,
    fetchToken: () => (asked++ ? Promise.reject(failing(code, more)) : Promise.resolve(makeReply())),
  })
  chat.style.cssText = `width: ${width}px; height: ${height}px`
  await whenState(chat, 'ready')
  chat.reload()
  const banner = await until(() => part(chat, 'banner'))
  return { chat, banner, view: chat.shadowRoot!.querySelector<HTMLElement>('.view')! }
}

describe('the design of the element', () => {
  afterEach(clean)

  for (const language of ['en', 'ru'])
    for (const code of ['server-error', 'identity-expired', 'key-not-registered', 'bad-audience'])
      it(`has a banner of at most 56 px at 320 px, and 240 px for the chat: ${code}, ${language}`, async () => {
        const more = { retryAfterMs: 1_800_000 }
        const { banner, view } = await troubled(code, more, 320, 360, { help: true, language })
        expect(banner.offsetHeight).to.be.at.most(56)
        expect(view.offsetHeight).to.be.at.least(240)
        expect(banner.scrollWidth).to.be.at.most(banner.clientWidth)
      })

  it('shows the banner in one row from 480 px, aligned to the start', async () => {
    const { banner } = await troubled('server-error', { retryAfterMs: 60_000 }, 480, 400)
    const text = banner.querySelector('p')!
    expect(text.getClientRects().length).to.equal(1)
    expect(text.offsetHeight).to.be.below(24)
    expect(getComputedStyle(text).textAlign).to.equal('start')
  })

  it('opens details, help and the banner’s details without moving anything else', async () => {
    const { chat, banner, view } = await troubled('server-error', { retryAfterMs: 60_000 }, 320, 360, {
      help: true,
    })
    const boxes = () =>
      [banner, view, shownFrame(chat)!, ...banner.querySelectorAll(':scope > button, summary')].map(
        (element) => JSON.stringify(element.getBoundingClientRect()),
      )
    const before = boxes()
    for (const drawer of chat.shadowRoot!.querySelectorAll<HTMLDetailsElement>('.drawer')) {
      drawer.open = true
      expect(boxes()).to.deep.equal(before)
      const sheet = drawer.querySelector('.sheet')!.getBoundingClientRect()
      const box = chat.getBoundingClientRect()
      expect(sheet.top).to.be.at.least(box.top)
      expect(sheet.bottom).to.be.at.most(box.bottom)
      drawer.open = false
    }
    const refused = place({ fetchToken: () => Promise.reject(failing('access-denied')) })
    await until(() => part(refused, 'heading'))
    const places = () =>
      [...refused.shadowRoot!.querySelectorAll('h2, p, .body .button, summary')].map((element) =>
        JSON.stringify(element.getBoundingClientRect()),
      )
    const closed = places()
    refused.shadowRoot!.querySelector<HTMLDetailsElement>('.panel details')!.open = true
    expect(places().slice(0, closed.length)).to.deep.equal(closed)
  })

  it('makes the button that helps the prominent one', async () => {
    const main = async (code: string) => {
      const chat = place({ fetchToken: () => Promise.reject(failing(code)) })
      await until(() => part(chat, 'heading'))
      return [...chat.shadowRoot!.querySelectorAll('.panel .button.main')].map(
        ({ textContent }) => textContent,
      )
    }
    expect(await main('origin-not-allowed')).to.deep.equal(['Copy report'])
    expect(await main('wrong-event')).to.deep.equal(['Copy report'])
    expect(await main('identity-expired')).to.deep.equal(['Reload page'])
    expect(await main('access-denied')).to.deep.equal(['Try again'])
  })

  it('counts minutes and hours as such', async () => {
    const count = async (retryAfterMs: number) => {
      const chat = place({ fetchToken: () => Promise.reject(failing('overloaded', { retryAfterMs })) })
      return (await until(() => chat.shadowRoot?.querySelector('.countdown')?.textContent)).trim()
    }
    expect(await count(1_800_000)).to.match(/^· 3\d min$/)
    expect(await count(3_600_000)).to.equal('· 1 hr')
    expect(await count(90_000)).to.match(/^· \d\d sec$/)
  })
})

describe('a button that tries again', () => {
  afterEach(clean)

  it('shows that it is trying, and says so', async () => {
    const { url } = await endpoint(problem(403, 'access-denied'), {
      ...problem(403, 'access-denied'),
      delay: 800,
    })
    const chat = place({ tokenUrl: url })
    const button = await until(() => part(chat, 'button'))
    button.click()
    await until(() => button.textContent === 'Trying…')
    expect(button.getAttribute('aria-disabled')).to.equal('true')
    const region = chat.shadowRoot!.querySelector('[role=status]')!
    expect(region.textContent).to.equal('Trying…')
    // some screen readers announce nothing from a busy part
    expect(chat.shadowRoot!.querySelector('[aria-busy=true] [part=button]')).to.equal(button)
    expect(region.closest('[aria-busy=true]')).to.equal(null)
    await until(() => button.textContent === 'Try again')
    await until(() => region.textContent.startsWith('No access'))
  })
})

describe('keys that a control of ours uses', () => {
  afterEach(clean)

  for (const [name, capture] of [
    ['a player with global hotkeys', false],
    ['a page that listens first', true],
  ] as const)
    it(`work beside ${name}`, async () => {
      const hotkey = (event: KeyboardEvent) => {
        if ([' ', 'Enter', 'k', 'ArrowDown'].includes(event.key)) event.preventDefault()
      }
      addEventListener('keydown', hotkey, capture)
      try {
        for (const press of ['Enter', ' ']) {
          let asked = 0
          const chat = place({ fetchToken: () => (asked++, Promise.reject(failing('access-denied'))) })
          await until(() => part(chat, 'button'))
          chat.focus()
          await sendKeys({ press })
          await until(() => asked === 2)
          const summary = chat.shadowRoot!.querySelector<HTMLElement>('.panel summary')!
          summary.focus()
          await sendKeys({ press })
          await until(() => summary.closest('details')!.open)
          chat.remove()
        }
      } finally {
        removeEventListener('keydown', hotkey, capture)
      }
    })

  for (const capture of [false, true])
    for (const name of ['keydown', 'keypress', 'keyup'] as const)
      it(`press a button once: the page prevents each ${name}${capture ? ', first' : ''}`, async () => {
        const prevent = (event: Event) => event.preventDefault()
        const chat = place({ fetchToken: () => Promise.reject(failing('access-denied')) })
        const summary = await until(() => chat.shadowRoot?.querySelector<HTMLElement>('.panel summary'))
        let pressed = 0
        summary.addEventListener('click', () => pressed++)
        addEventListener(name, prevent, capture)
        summary.focus()
        for (const press of ['Enter', ' ']) await sendKeys({ press })
        await new Promise((resolve) => setTimeout(resolve, 50))
        removeEventListener(name, prevent, capture)
        expect(pressed).to.equal(2)
      })

  it('write into the field of a guest’s name, and send it, beside a page that listens first', async () => {
    const prevent = (event: Event) => event.preventDefault()
    const chat = place({ fetchToken: () => Promise.reject(failing('name-required')) })
    const field = await until(() => chat.shadowRoot?.querySelector('input'))
    field.value = 'AB'
    field.setSelectionRange(1, 1)
    field.focus()
    addEventListener('keydown', prevent, true)
    await sendKeys({ type: 'km f' })
    expect(field.value).to.equal('Akm fB')
    // the browser's own way to send: a sandboxed frame may submit no form
    let sent = 0
    field.form!.querySelector('button')!.addEventListener('click', () => sent++)
    // the input method of Chinese, Japanese or Korean writes its keys itself
    for (const key of ['k', ' ', 'Enter'])
      field.dispatchEvent(
        new KeyboardEvent('keydown', { key, keyCode: 229, bubbles: true, composed: true, cancelable: true }),
      )
    expect(field.value).to.equal('Akm fB')
    expect(sent).to.equal(0)
    await sendKeys({ type: 'ab'.repeat(35) })
    expect(field.value).to.have.length(field.maxLength)
    await sendKeys({ press: 'Enter' })
    removeEventListener('keydown', prevent, true)
    expect(sent).to.equal(1)
  })

  it('write into the field of a guest’s name beside hotkeys of letters', async () => {
    const heard: string[] = []
    const hotkey = (event: KeyboardEvent) => {
      heard.push(event.key)
      event.preventDefault()
    }
    addEventListener('keydown', hotkey)
    const chat = place({ fetchToken: () => Promise.reject(failing('name-required')) })
    const field = await until(() => chat.shadowRoot?.querySelector('input'))
    field.value = ''
    field.focus()
    await sendKeys({ type: 'km f' })
    await sendKeys({ press: 'Home' })
    await sendKeys({ press: 'Escape' })
    removeEventListener('keydown', hotkey)
    expect(field.value).to.equal('km f')
    expect(heard).to.deep.equal(['Escape'])
  })

  it('scroll the developer’s steps beside hotkeys of arrows', async () => {
    const heard: string[] = []
    const hotkey = ({ key }: KeyboardEvent) => heard.push(key)
    addEventListener('keydown', hotkey)
    const chat = place({ debug: true, fetchToken: () => Promise.reject(failing('access-denied')) })
    const steps = await until(() => chat.shadowRoot?.querySelector<HTMLElement>('.steps'))
    steps.focus()
    for (const press of ['ArrowDown', 'PageDown', 'End', 'k']) await sendKeys({ press })
    removeEventListener('keydown', hotkey)
    expect(heard).to.deep.equal(['k'])
  })

  it('don’t leave the shadow root, and all others do', async () => {
    const heard: string[] = []
    const hear = ({ key }: KeyboardEvent) => heard.push(key)
    addEventListener('keydown', hear)
    const chat = place({ fetchToken: () => Promise.reject(failing('access-denied')) })
    await until(() => part(chat, 'button'))
    chat.focus()
    for (const press of ['k', 'ArrowDown', 'Escape']) await sendKeys({ press })
    removeEventListener('keydown', hear)
    expect(heard).to.deep.equal(['k', 'ArrowDown', 'Escape'])
  })
})

describe('a click on text', () => {
  afterEach(clean)

  for (const [name, find] of [
    ['the heading', (chat: Element) => chat.shadowRoot!.querySelector('[part=heading]')],
    ['the message', (chat: Element) => chat.shadowRoot!.querySelector('[part=message]')],
    ['the panel around them', (chat: Element) => chat.shadowRoot!.querySelector('.body')],
    ['what a self-closed tag has swallowed', (chat: Element) => chat.querySelector('p')],
  ] as [string, (chat: Element) => Element | null][])
    it(`moves no focus into the chat, and doesn’t scroll: ${name}`, async () => {
      const chat = place({ fetchToken: () => Promise.reject(failing('access-denied')) })
      chat.style.height = '400px'
      chat.insertAdjacentHTML('beforeend', '<p>The rest of the page</p>')
      await until(() => part(chat, 'heading'))
      const text = find(chat)!
      text.scrollIntoView()
      const { scrollY } = window
      const { x, y } = text.getBoundingClientRect()
      await sendMouse({ type: 'click', position: [Math.ceil(x) + 3, Math.ceil(y) + 3] })
      expect(chat.shadowRoot!.activeElement).to.be.null
      expect(document.activeElement).not.to.equal(chat)
      expect(window.scrollY).to.equal(scrollY)
    })
})

/** Does what a page translator does: puts other words in the place of each text. */
function translate(chat: Element): void {
  const texts: Text[] = []
  const walker = document.createTreeWalker(chat.shadowRoot!, NodeFilter.SHOW_TEXT)
  while (walker.nextNode())
    if ((walker.currentNode as Text).data.trim()) texts.push(walker.currentNode as Text)
  for (const text of texts) {
    const font = document.createElement('font')
    text.replaceWith(font)
    font.append('übersetzt')
  }
}

describe('a translator in the page', () => {
  afterEach(clean)

  it('doesn’t keep the text of long loading from being shown', async () => {
    const time = fakeTime()
    const chat = place({ fetchToken: () => new Promise(() => {}) })
    await time.tickAsync(500)
    expect(part(chat, 'message')!.textContent).to.equal('Loading chat…')
    translate(chat)
    await time.tickAsync(8_000)
    expect(part(chat, 'message')!.textContent).to.equal('Still loading…')
  })

  it('doesn’t keep a countdown from going on', async () => {
    const time = fakeTime()
    const chat = place({
      fetchToken: () => Promise.reject(failing('overloaded', { retryAfterMs: 60_000 })),
    })
    await time.tickAsync(1_000)
    const countdown = () => Number(/\d+/.exec(chat.shadowRoot!.querySelector('.countdown')!.textContent))
    const before = countdown()
    translate(chat)
    await time.tickAsync(3_000)
    expect(countdown()).to.be.within(before - 4, before - 2)
  })

  it('doesn’t keep the developer’s panel and the banner from being updated', async () => {
    const { chat, banner } = await troubled('server-error', {}, 400, 600, { debug: true })
    translate(chat)
    chat.fetchToken = () => Promise.reject(failing('key-not-registered'))
    chat.reload()
    const panel = chat.shadowRoot!.querySelector('.debug')!
    await until(() => panel.textContent.includes('key-not-registered'))
    await until(() => banner.querySelector('.facts')!.textContent.includes('key-not-registered'))
  })

  it('doesn’t keep later texts from being shown', async () => {
    let code = 'access-denied'
    const chat = place({ fetchToken: () => Promise.reject(failing(code)) })
    await until(() => part(chat, 'heading'))
    translate(chat)
    code = 'event-not-allowed'
    chat.reload()
    await until(() => part(chat, 'heading')!.textContent === 'No chat here yet')
    expect(part(chat, 'message')!.textContent).to.contain('isn’t open')
    expect(chat.shadowRoot!.querySelector('.facts')!.textContent).to.contain('event-not-allowed')
    expect(chat.shadowRoot!.textContent).not.to.contain('access-denied')
  })
})

describe('a sign-in button', () => {
  afterEach(clean)

  it('asks again inside a link', async () => {
    const link = document.body.appendChild(document.createElement('a'))
    link.href = '#elsewhere'
    let asked = 0
    const chat = place({ fetchToken: () => (asked++, Promise.reject(failing('sign-in-required'))) }, link)
    const button = await until(() => chat.shadowRoot?.querySelector<HTMLElement>('slot[name=signin] .button'))
    button.click()
    await until(() => asked === 2)
    link.remove()
  })

  it('of the page’s own needs no preventDefault', async () => {
    let asked = 0
    const chat = place({ fetchToken: () => (asked++, Promise.reject(failing('sign-in-required'))) })
    const own = document.createElement('button')
    own.slot = 'signin'
    chat.append(own)
    await until(() => part(chat, 'heading'))
    own.click()
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(asked).to.equal(1)
    expect(part(chat, 'message')!.textContent).to.contain('Sign in to read')
  })
})

describe('a chat inside a link', () => {
  afterEach(clean)

  it('works when the link is removed and inserted again', async () => {
    const link = document.createElement('a')
    link.href = 'https://x.example/'
    document.body.append(link)
    const chat = place({ fetchToken: () => Promise.resolve(makeReply()) }, link)
    await whenState(chat, 'ready')
    link.remove()
    await new Promise((resolve) => setTimeout(resolve, 50))
    document.body.append(link)
    await whenState(chat, 'ready')
    await until(() => shownFrame(chat))
    link.remove()
  })
})

describe('a refusal while the visitor is in the chat', () => {
  afterEach(clean)

  it('gives the focus to the first button', async () => {
    let asked = 0
    const chat = place({
      fetchToken: () =>
        asked++ ? Promise.reject(failing('sign-in-required', { status: 401 })) : Promise.resolve(makeReply()),
    })
    await whenState(chat, 'ready')
    chat.focus()
    await until(() => chat.shadowRoot!.activeElement?.localName === 'iframe')
    chat.reload()
    await whenState(chat, 'error')
    await until(() => chat.shadowRoot!.activeElement?.matches('.button'))
  })
})
