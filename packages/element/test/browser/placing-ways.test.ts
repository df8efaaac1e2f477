import { expect } from '@open-wc/testing'
import { chatOrigin, endpoint, EVENT, makeReply, until, whenState } from './bench.js'
import { closePages, openPage } from './open-page.js'

afterEach(closePages)

const FILE = '/bench/dist/kinescope-chat.js'
const BESIDE = `${location.origin}/bench/dist/token`
const TAG = `<kinescope-chat event-id="${EVENT}"></kinescope-chat>`
const LINK = `<main><a href="https://kinescope.io/chat/${EVENT}#kinescope-chat">Chat</a></main>`

/**
 * What becomes of the file's knowledge of itself: it finds its `settings`; only where it lies (`beside`); or neither
 * (`unknown`), and then it says so.
 */
type Knowledge = 'settings' | 'beside' | 'unknown'

/** An optimizer's, a consent manager's or a tag manager's way to run the file. */
const WAYS: Record<string, { html(data: string): string; knows: Knowledge }> = {
  'a module': { html: (data) => `<script type="module" src="${FILE}" ${data}></script>`, knows: 'settings' },
  'a classic script by the module’s name': {
    html: (data) => `<script src="${FILE}" ${data}></script>`,
    knows: 'settings',
  },
  'a module by the classic script’s name': {
    html: (data) => `<script type="module" src="/bench/dist/kinescope-chat.classic.js" ${data}></script>`,
    knows: 'settings',
  },
  'a tag with a query, as a CMS adds it': {
    html: (data) => `<script type="module" src="${FILE}?ver=6.7.1&a=b/c" ${data}></script>`,
    knows: 'settings',
  },
  'a tag manager: made by script, without attributes': {
    html: () =>
      `<script>{ const s = document.createElement('script'); s.async = true; s.src = '${FILE}'; document.head.append(s) }</script>`,
    knows: 'beside',
  },
  'a consent manager that drops the attributes of a module': {
    html: () =>
      `<script>{ const s = document.createElement('script'); s.type = 'module'; s.src = '${FILE}'; document.head.append(s) }</script>`,
    knows: 'beside',
  },
  'made late, with its attributes': {
    html: (data) => `<script>addEventListener('load', () => setTimeout(() => {
      const s = document.createElement('script'); s.src = '${FILE}'
      const t = document.createElement('template'); t.innerHTML = '<i ${data}></i>'
      Object.assign(s.dataset, t.content.firstChild.dataset); document.body.append(s) }))</script>`,
    knows: 'settings',
  },
  'a dynamic import': { html: () => `<script>import('${FILE}')</script>`, knows: 'beside' },
  'a dynamic import by a module': {
    html: () => `<script type="module">await import('${FILE}?x#y')</script>`,
    knows: 'beside',
  },
  'a static import': { html: () => `<script type="module">import '${FILE}'</script>`, knows: 'beside' },
  'Rocket Loader: run in its own time, with its tag still on the page': {
    html: (data) => `<script type="abc-text/javascript" src="${FILE}" ${data}></script>
      <script>fetch('${FILE}').then((r) => r.text()).then((code) => setTimeout(() => (0, eval)(code)))</script>`,
    knows: 'settings',
  },
  'WP Rocket: its type changed, then run as a module from its address': {
    html: (data) =>
      `<script type="rocketlazyloadscript" src="${FILE}" ${data}></script><script>addEventListener('load', () => import('${FILE}'))</script>`,
    knows: 'settings',
  },
  evaluated: {
    html: () => `<script>fetch('${FILE}').then((r) => r.text()).then((code) => (0, eval)(code))</script>`,
    knows: 'unknown',
  },
  'evaluated by a function': {
    html: () =>
      `<script>fetch('${FILE}').then((r) => r.text()).then((code) => new Function(code)())</script>`,
    knows: 'unknown',
  },
  'written into the page, with its settings': {
    html: (data) => `<script>fetch('${FILE}').then((r) => r.text()).then((code) => {
      const s = document.createElement('script'); s.text = code
      const t = document.createElement('template'); t.innerHTML = '<i ${data}></i>'
      Object.assign(s.dataset, t.content.firstChild.dataset); document.head.append(s) })</script>`,
    knows: 'settings',
  },
  'from a blob': {
    html: () => `<script>fetch('${FILE}').then((r) => r.blob()).then((blob) => {
      const s = document.createElement('script'); s.src = URL.createObjectURL(new Blob([blob], { type: 'text/javascript' })); document.head.append(s) })</script>`,
    knows: 'unknown',
  },
  'concatenated between scripts without their semicolons': {
    html: () =>
      `<script src="/bench/optimized/app.min.js?${new URLSearchParams({ before: 'var before = function () { throw new Error("called") }\n', after: '(function () { window.after = 1 })()' })}"></script>`,
    knows: 'unknown',
  },
  'concatenated on one line, in strict mode': {
    html: () =>
      `<script src="/bench/optimized/all.js?${new URLSearchParams({ before: '"use strict"; var before = 1', after: 'window.after = 1' })}"></script>`,
    knows: 'unknown',
  },
  'concatenated into a module': {
    html: () =>
      `<script type="module" src="/bench/optimized/all.js?${new URLSearchParams({ before: 'const before = 1', after: 'export const after = (window.after = 1)' })}"></script>`,
    knows: 'unknown',
  },
  'under another name, beside a tag of a file whose name is alike': {
    html: (data) =>
      `<script type="text/plain" src="/bench/dist/my-kinescope-chat.js" ${data}></script><script src="/bench/optimized/x.js"></script>`,
    knows: 'unknown',
  },
}

describe('the file, however it is run', () => {
  for (const [way, { html, knows }] of Object.entries(WAYS))
    it(`works, and knows ${knows === 'unknown' ? 'neither its settings nor its address' : `its ${knows}`}: ${way}`, async () => {
      const { url, asked } = await endpoint({ body: makeReply() })
      const data = `data-token-url="${url}" data-chat-origin="${chatOrigin}" data-upgrade="main"`
      const page = await openPage({ head: html(data), body: LINK + TAG })
      const chat = await until(
        () =>
          page.chat(':scope > kinescope-chat, body > kinescope-chat')?.shadowRoot &&
          page.chat('body > kinescope-chat'),
      )
      if (knows === 'settings') {
        await whenState(chat, 'ready')
        // the link's chat shares the question if it comes while that is under way
        expect((await asked()).length).to.be.within(1, 2)
        await until(() => page.chat('main kinescope-chat'))
      } else {
        await (knows === 'beside'
          ? until(() => page.fetched.includes(BESIDE))
          : until(() => chat.problem?.code === 'token-url-missing'))
        expect(await asked()).to.deep.equal([])
        // without its settings, no link is upgraded
        expect(page.chat('main kinescope-chat')).to.equal(null)
      }
      if (html(data).includes('after'))
        await until(() => (Reflect.get(page.window, 'after') as unknown) === 1)
      expect(page.errors).to.deep.equal([])
    })
})
