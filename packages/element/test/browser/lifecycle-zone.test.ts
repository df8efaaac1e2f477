import { expect } from '@open-wc/testing'
import { chatOrigin, endpoint, EVENT, makeReply, problem, until } from './bench.js'
import { closePages, openPage, type Page } from './open-page.js'

interface Tasks {
  macroTask: boolean
  microTask: boolean
}
/** A page on which zone.js was first, as Angular's polyfills are, and an application's zone on it. */
async function zonedPage() {
  const page: Page = await openPage({
    head: `<script src="/node_modules/zone.js/bundles/zone.umd.js"></script>
      <script type="module" src="/bench/dist/kinescope-chat.js"></script>
      <script>
        app = Zone.current.fork({
          name: 'application',
          onHasTask(parent, current, target, tasks) {
            parent.hasTask(target, tasks)
            if (current === target) pending = tasks
          },
        })
        pending = { macroTask: false, microTask: false }
      </script>`,
  })
  await until(() => page.window.customElements.get('kinescope-chat'))
  const window = page.window as Page['window'] & { app: { run(work: () => void): void }; pending: Tasks }
  const put = (properties: object) =>
    window.app.run(() => {
      const chat = page.document.createElement('kinescope-chat')
      Object.assign(chat, { eventId: EVENT, chatOrigin, ...properties })
      page.document.body.append(chat)
    })
  return { page, window, put, chat: () => page.chat()! }
}

const still = { macroTask: false, microTask: false }
const pendingIn = ({ pending: { macroTask, microTask } }: { pending: Tasks }) => ({ macroTask, microTask })

describe('an application in a zone', () => {
  afterEach(closePages)

  it('is stable while a chat waits for its token, is there, and is asked to reload', async () => {
    const { url } = await endpoint({ body: makeReply(), delay: 700 })
    const { window, put, chat } = await zonedPage()
    put({ tokenUrl: url })
    await until(() => chat().state === 'loading')
    await until(() => !pendingIn(window).microTask)
    expect(pendingIn(window)).to.deep.equal(still)
    await until(() => chat().state === 'ready')
    expect(pendingIn(window)).to.deep.equal(still)
    window.app.run(() => {
      chat().debug = true
      chat().reload()
    })
    await until(() => chat().state === 'refreshing')
    await until(() => !pendingIn(window).microTask)
    expect(pendingIn(window)).to.deep.equal(still)
    await until(() => chat().state === 'ready')
    window.app.run(() => chat().remove())
    expect(pendingIn(window).macroTask).to.be.false
  })

  it('is stable while a chat in trouble counts down', async () => {
    const { url } = await endpoint(problem(503, 'overloaded', { 'Retry-After': '30' }))
    const { window, put, chat } = await zonedPage()
    put({ tokenUrl: url })
    await until(() => chat().state === 'error')
    await until(() => chat().shadowRoot!.querySelector('[aria-hidden=true]'))
    expect(pendingIn(window)).to.deep.equal(still)
  })

  it('is seen to be unstable where a timer of its own runs', async () => {
    const { window } = await zonedPage()
    window.app.run(() => void (window as unknown as typeof globalThis).setTimeout(() => {}, 10_000))
    expect(pendingIn(window).macroTask).to.be.true
  })
})
