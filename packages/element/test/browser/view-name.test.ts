// @engines
import { expect } from '@open-wc/testing'
import { sendKeys } from '@web/test-runner-commands'
import { KinescopeChatElement } from '../../src/index.js'
import {
  askPage,
  chatOrigin,
  clean,
  endpoint,
  EVENT,
  makeReply,
  place,
  problem,
  shownFrame,
  until,
  whenState,
} from './bench.js'
import { closePages, openPage } from './open-page.js'

const REMEMBERED = 'kinescope-chat-name'

/** The responses of `POST guest` beside a token endpoint, and the received requests. */
async function guestEndpoint(tokenUrl: string, answers: object[]) {
  const url = tokenUrl.replace(/token$/, 'guest')
  await fetch(url, { method: 'PUT', body: JSON.stringify(answers) })
  return { asked: async () => (await (await fetch(url)).json()) as { body: string }[] }
}

/** A token server of another site, whose cookie the browser drops. */
function otherSite() {
  const base = `${chatOrigin}/guests/${Math.random().toString(36).slice(2)}`
  const asked = async (route: string) => {
    const requests = (await (await fetch(`${base}/asked`)).json()) as Record<string, string | undefined>[]
    return requests.filter((request) => request['route'] === route)
  }
  return { url: `${base}/token`, asked }
}

const formOf = (chat: KinescopeChatElement | null) => until(() => chat?.shadowRoot?.querySelector('form'))
const fieldOf = async (chat: KinescopeChatElement | null) => (await formOf(chat)).querySelector('input')!
const alertOf = (chat: KinescopeChatElement) => chat.shadowRoot!.querySelector('[role=alert]')!
const spokenBy = (chat: KinescopeChatElement) => chat.shadowRoot!.querySelector('[role=status]')!.textContent

/** The name in the token that the chat page received. */
async function nameInChat(chat: KinescopeChatElement): Promise<string> {
  const { search } = await askPage(shownFrame(chat)!)
  return usernameIn(search)
}
function usernameIn(search: string): string {
  const claims = new URLSearchParams(search).get('token')!.split('.')[1]!
  const bytes = Uint8Array.from(atob(claims.replaceAll('-', '+').replaceAll('_', '/')), (byte) =>
    byte.charCodeAt(0),
  )
  return (JSON.parse(new TextDecoder().decode(bytes)) as { username: string }).username
}

afterEach(() => {
  clean()
  closePages()
  KinescopeChatElement.defaults = {}
  localStorage.removeItem(REMEMBERED)
})

describe('a guest who must choose a name', () => {
  it('enters the name by keyboard alone, hears its error, and joins the chat with that name', async () => {
    const { url, asked: tokenRequests } = await endpoint(problem(401, 'name-required'), { body: makeReply() })
    const { asked } = await guestEndpoint(url, [
      problem(400, 'bad-request'),
      { body: { name: 'Ada · guest', identity: 'g.u.est' } },
    ])
    const before = document.createElement('button')
    document.body.append(before)
    const hotkeys: string[] = []
    const hear = ({ key }: KeyboardEvent) => hotkeys.push(key)
    document.addEventListener('keydown', hear)
    try {
      const chat = place({ tokenUrl: url })
      const field = await fieldOf(chat)
      const root = chat.shadowRoot!
      await until(() => spokenBy(chat).startsWith('Choose a name. '))
      before.focus()
      await sendKeys({ press: 'Tab' })
      expect(root.activeElement).to.equal(field)
      await sendKeys({ press: 'Enter' })
      await until(() => alertOf(chat).textContent === 'Enter a name.')
      expect(await asked()).to.have.length(0)
      expect(root.activeElement).to.equal(field)
      await sendKeys({ type: 'Ada' })
      await sendKeys({ press: 'Enter' })
      await until(() => alertOf(chat).textContent === 'This name can’t be used. Choose another one.')
      expect(root.activeElement).to.equal(field)
      expect(field.getAttribute('aria-invalid')).to.equal('true')
      // a player on the page has hotkeys
      expect(hotkeys.filter((key) => key !== 'Tab')).to.deep.equal([])
      await sendKeys({ press: 'Tab' })
      const button = root.querySelector('form button')!
      expect(root.activeElement).to.equal(button)
      // on a busy machine, the response may arrive before the key press is over
      const spoken: string[] = []
      const labels: (string | null)[] = []
      const watch = new MutationObserver(() => {
        spoken.push(spokenBy(chat))
        labels.push(button.textContent, button.getAttribute('aria-disabled'))
      })
      watch.observe(root, { childList: true, characterData: true, attributes: true, subtree: true })
      await sendKeys({ press: ' ' })
      await whenState(chat, 'ready')
      await until(() => root.activeElement === shownFrame(chat))
      await until(() => spokenBy(chat) === 'The chat is open.')
      watch.disconnect()
      expect(spoken.filter((text, at) => text !== spoken[at - 1])).to.deep.equal([
        'Trying…',
        'The chat is open.',
      ])
      expect(labels).to.include.members(['Trying…', 'true'])
      expect((await asked()).map(({ body }) => body)).to.deep.equal(['{"name":"Ada"}', '{"name":"Ada"}'])
      expect((await tokenRequests()).map(({ authorization }) => authorization)).to.deep.equal([
        undefined,
        'Bearer g.u.est',
      ])
    } finally {
      document.removeEventListener('keydown', hear)
      before.remove()
    }
  })

  it('sees the form instead of the former chat when a refresh finds them signed out', async () => {
    const { url } = await endpoint({ body: makeReply() }, problem(401, 'name-required'))
    const chat = place({ tokenUrl: url })
    await whenState(chat, 'ready')
    chat.reload()
    await fieldOf(chat)
    expect(chat.shadowRoot!.querySelector('iframe')).to.equal(null)
    expect(chat.expiresAt).to.equal(null)
  })

  it('receives no focus without asking for it', async () => {
    const { url } = await endpoint(problem(401, 'name-required'))
    await fieldOf(place({ tokenUrl: url }))
    expect(document.activeElement).to.equal(document.body)
  })

  for (const [language, label, refused] of [
    ['en', 'Your name', 'This name can’t be used. Choose another one.'],
    ['ru', 'Ваше имя', 'Это имя не подходит. Выберите другое.'],
  ] as const)
    it(`has a form that axe accepts, also with an error, and that has a label: ${language}`, async () => {
      const { url } = await endpoint(problem(401, 'name-required'))
      await guestEndpoint(url, [problem(400, 'bad-request')])
      const chat = place({ tokenUrl: url, language })
      const field = await fieldOf(chat)
      const accessible = () =>
        expect(chat).to.be.accessible({ ignoredRules: ['region', 'page-has-heading-one'] })
      await accessible()
      const { required, labels, type } = field
      const autofill = field.getAttribute('autocomplete')
      expect([autofill, required, labels![0]!.textContent, type]).to.deep.equal([
        'nickname',
        true,
        label,
        'text',
      ])
      field.value = 'Ada'
      field.form!.requestSubmit()
      await until(() => alertOf(chat).textContent === refused)
      const described = field.getAttribute('aria-describedby')!
      expect(chat.shadowRoot!.getElementById(described)).to.equal(alertOf(chat))
      await accessible()
    })

  it('finds the name of the last visit in the field', async () => {
    const { url } = otherSite()
    const chat = place({ tokenUrl: url })
    const field = await fieldOf(chat)
    expect(field.value).to.equal('')
    field.value = ' Ада '
    field.form!.requestSubmit()
    await whenState(chat, 'ready')
    expect((await fieldOf(place({ tokenUrl: otherSite().url }))).value).to.equal('Ада')
  })

  for (const [answer, text] of [
    // nothing sends the name again by itself
    [problem(429, 'rate-limited'), 'Too many attempts.'],
    [problem(503, 'overloaded'), 'Many people are joining.'],
    [problem(502), 'No connection to the chat.'],
    [
      problem(404),
      'Chat isn’t set up correctly. Only the organizers can fix this. Copy the report and send it to them.',
    ],
  ] as const)
    it(`sees an error when the server rejects the request, and keeps the name: ${text}`, async () => {
      const { url } = await endpoint(problem(401, 'name-required'))
      await guestEndpoint(url, [answer])
      const chat = place({ tokenUrl: url })
      const field = await fieldOf(chat)
      field.value = 'Ада'
      field.form!.requestSubmit()
      await until(() => alertOf(chat).textContent)
      expect(alertOf(chat).textContent).to.equal(text)
      expect(field.value).to.equal('Ада')
      // also where a click gives the button no focus, as on macOS
      expect(chat.shadowRoot!.activeElement === field).to.be.true
      expect(chat.state).to.equal('error')
    })

  it('keeps the focus elsewhere on the page when the response comes', async () => {
    const { url } = await endpoint(problem(401, 'name-required'))
    await guestEndpoint(url, [{ ...problem(400, 'bad-request'), delay: 100 }])
    const chat = place({ tokenUrl: url })
    const field = await fieldOf(chat)
    const search = document.createElement('input')
    chat.before(search)
    try {
      field.focus()
      field.value = 'Ada'
      field.form!.requestSubmit()
      search.focus()
      await until(() => alertOf(chat).textContent)
      expect(document.activeElement === search).to.be.true
    } finally {
      search.remove()
    }
  })
})

describe('a guest who signs out', () => {
  for (const [way, reset] of [
    ['on this page', () => KinescopeChatElement.reset()],
    ['in another tab', signOutElsewhere],
  ] as const)
    it(`is forgotten by a chat that is away from the page: ${way}`, async () => {
      const { url, asked } = await endpoint(problem(401, 'name-required'), { body: makeReply() })
      await guestEndpoint(url, [{ body: { name: 'Ada · guest', identity: 'g.u.est' } }])
      const chat = place({ tokenUrl: url })
      const field = await fieldOf(chat)
      field.value = 'Ada'
      field.form!.requestSubmit()
      await whenState(chat, 'ready')
      chat.remove()
      await until(() => chat.state === 'idle')
      await reset()
      document.body.append(chat)
      await whenState(chat, 'ready')
      expect((await asked()).map(({ authorization }) => authorization)).to.deep.equal([
        undefined,
        'Bearer g.u.est',
        undefined,
      ])
    })

  async function signOutElsewhere() {
    const [sender, listener] = [1, 2].map(() => new BroadcastChannel('kinescope-chat')) as [
      BroadcastChannel,
      BroadcastChannel,
    ]
    const heard = new Promise((resolve) => (listener.onmessage = resolve))
    sender.postMessage('reset')
    await heard
    for (const channel of [sender, listener]) channel.close()
  }
})

describe('a guest whose browser drops cookies of other sites', () => {
  for (const [way, settings] of [
    ['beside the script', (url: string) => void (KinescopeChatElement.defaults = { scriptTokenUrl: url })],
    ['that the page names', (tokenUrl: string) => ({ tokenUrl })],
  ] as const)
    it(`enters a name once: the guest token stays for the session, at a server ${way}`, async () => {
      const { url, asked } = otherSite()
      const chat = place({ ...settings(url) })
      const field = await fieldOf(chat)
      field.focus()
      await sendKeys({ type: 'Ada' })
      await sendKeys({ press: 'Enter' })
      await whenState(chat, 'ready')
      expect(await nameInChat(chat)).to.equal('Ada · guest')
      const frame = shownFrame(chat)
      chat.reload()
      await until(() => chat.state === 'ready' && shownFrame(chat) && shownFrame(chat) !== frame)
      expect(await nameInChat(chat)).to.equal('Ada · guest')
      // a single-page site removes the chat and adds it again
      chat.remove()
      await until(() => chat.state === 'idle')
      document.body.append(chat)
      await whenState(chat, 'ready')
      expect(await nameInChat(chat)).to.equal('Ada · guest')
      const requests = await asked('token')
      expect(requests.map(({ cookie }) => cookie)).to.deep.equal(requests.map(() => undefined))
      expect(requests.map(({ identity }) => identity?.split('.')[0])).to.deep.equal([
        undefined,
        'guest',
        'guest',
        'guest',
      ])
      expect(await asked('guest')).to.have.length(1)
      // after a reset, the guest token isn't used for another visitor of this browser
      chat.reset()
      expect((await fieldOf(chat)).value).to.equal('Ada')
    })
})

it('a guest enters a name once, also where each render recreates the identity function', async () => {
  const { url, asked } = otherSite()
  const chat = place({ tokenUrl: url, identity: () => undefined })
  const field = await fieldOf(chat)
  field.value = 'Ada'
  field.form!.requestSubmit()
  await whenState(chat, 'ready')
  const frame = shownFrame(chat)
  chat.identity = () => undefined
  chat.reload()
  await until(() => chat.problem ?? (chat.state === 'ready' && shownFrame(chat) !== frame))
  expect(chat.problem).to.equal(null)
  expect((await asked('token')).map(({ identity }) => identity?.split('.')[0])).to.deep.equal([
    undefined,
    'guest',
    'guest',
  ])
})

/** The storage of a page in a WebView, depending on its app. Runs before any script of ours. */
const STORAGES: Record<string, string> = {
  'that throws where it is read': `
    for (const name of ['localStorage', 'sessionStorage', 'indexedDB', 'caches'])
      Object.defineProperty(window, name, { get() { throw new DOMException('denied', 'SecurityError') } })
    Object.defineProperty(Document.prototype, 'cookie', {
      get() { throw new DOMException('denied', 'SecurityError') },
      set() { throw new DOMException('denied', 'SecurityError') },
    })`,
  'that is null': `
    for (const name of ['localStorage', 'sessionStorage', 'indexedDB'])
      Object.defineProperty(window, name, { value: null })
    Object.defineProperty(navigator, 'cookieEnabled', { value: false })`,
  'that is full': `
    Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError') }`,
}

const built = (url: string) => ({
  head: `<script src="/bench/dist/kinescope-chat.js" data-token-url="${url}"></script>`,
  body: `<kinescope-chat event-id="${EVENT}" chat-origin="${chatOrigin}"></kinescope-chat>`,
})

describe('a guest in a frame', () => {
  for (const [storage, code] of Object.entries(STORAGES))
    it(`enters a name with storage ${storage}`, async () => {
      const { url, asked } = otherSite()
      const { head, body } = built(url)
      const page = await openPage({ head: `<script>${code}</script>${head}`, body })
      const chat = page.chat()!
      const field = await fieldOf(chat)
      page.window.focus()
      field.focus()
      await sendKeys({ type: 'Moderator' })
      await sendKeys({ press: 'Enter' })
      await until(() => alertOf(chat).textContent.startsWith('This name can’t be used.'))
      field.value = ''
      await sendKeys({ type: 'Ada' })
      await sendKeys({ press: 'Enter' })
      await until(() => chat.state === 'ready')
      chat.reload()
      await until(async () => (await asked('token')).length === 3)
      expect((await asked('token')).map(({ identity }) => identity?.split('.')[0])).to.deep.equal([
        undefined,
        'guest',
        'guest',
      ])
      expect(page.errors).to.deep.equal([])
    })

  for (const [way, press] of [
    ['by Enter in the field', 'Enter'],
    ['by the button', 'click'],
  ] as const)
    it(`enters a name in a sandbox that allows scripts only, ${way}`, async () => {
      const { url, asked } = otherSite()
      const { head, body } = built(url)
      // a page of an opaque origin can't be read from here, so it sends its state
      const tell = `<script>
        addEventListener('message', async ({ data }) => {
          const chat = document.querySelector('kinescope-chat')
          const form = chat.shadowRoot?.querySelector('form')
          if (data === 'click') form?.querySelector('button').click()
          const { state, problem } = chat
          const focused = chat.shadowRoot?.activeElement?.localName
          parent.postMessage({ form: !!form, state, problem: problem?.code, focused, value: form?.querySelector('input').value, origin }, '*')
        })
      </script>`
      const frame = document.createElement('iframe')
      frame.setAttribute('sandbox', 'allow-scripts')
      frame.style.cssText = 'width:800px;height:700px'
      frame.src = `/bench/page?${new URLSearchParams({ head: tell + head, body })}`
      const before = document.createElement('button')
      document.body.append(before, frame)
      interface Report {
        form: boolean
        state: string
        problem?: string
        focused: string
        value: string
        origin: string
      }
      const ask = (about: string) =>
        new Promise<Report | undefined>((resolve) => {
          const give = (report?: Report) => {
            removeEventListener('message', hear)
            clearTimeout(late)
            resolve(report)
          }
          const hear = ({ source, data }: MessageEvent) =>
            source === frame.contentWindow && 'origin' in (data as object) && give(data as Report)
          const late = setTimeout(give, 500)
          addEventListener('message', hear)
          frame.contentWindow!.postMessage(about, '*')
        })
      try {
        const first = await until(async () => {
          const report = await ask('')
          return report?.form ? report : undefined
        })
        expect(first.origin).to.equal('null')
        // in WebKit, no script of such a frame can take the focus
        before.focus()
        await sendKeys({ press: 'Tab' })
        await until(async () => (await ask(''))?.focused === 'input')
        await sendKeys({ type: 'Ada' })
        await until(async () => (await ask(''))?.value === 'Ada')
        if (press === 'click') await ask('click')
        else await sendKeys({ press })
        await until(async () => (await ask(''))?.state === 'ready')
        expect((await asked('guest')).map(({ name }) => name)).to.deep.equal(['Ada'])
        expect((await asked('token')).map(({ identity }) => !!identity)).to.deep.equal([false, true])
      } finally {
        before.remove()
        frame.remove()
      }
    })
})
