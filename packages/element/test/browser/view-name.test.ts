import { expect } from '@open-wc/testing'
import { sendKeys } from '@web/test-runner-commands'
import { clean, endpoint, makeReply, part, place, problem, until, whenState } from './bench.js'

/** The answers of `POST guest` beside a token endpoint, and what it was asked. */
async function guestServer(tokenUrl: string, answers: object[]) {
  const url = tokenUrl.replace(/token$/, 'guest')
  await fetch(url, { method: 'PUT', body: JSON.stringify(answers) })
  return { asked: async () => (await (await fetch(url)).json()) as { body: string }[] }
}

describe('a guest who must choose a name', () => {
  afterEach(() => {
    clean()
    localStorage.removeItem('kinescope-chat-name')
  })

  it('enters it by keyboard, hears what is wrong with it, and is in the chat under it', async () => {
    const { url, asked: tokenRequests } = await endpoint(problem(401, 'name-required'), { body: makeReply() })
    const { asked } = await guestServer(url, [
      problem(400, 'bad-request'),
      { body: { name: 'Ada · guest', identity: 'g.u.est' } },
    ])
    const chat = place({ tokenUrl: url })
    await whenState(chat, 'error')
    const root = chat.shadowRoot!
    const field = await until(() => root.querySelector('input'))
    expect(part(chat, 'heading')!.textContent).to.equal('Choose a name')
    expect([field.getAttribute('autocomplete'), field.labels![0]!.textContent]).to.deep.equal([
      'nickname',
      'Your name',
    ])
    await expect(chat).to.be.accessible({ ignoredRules: ['region', 'page-has-heading-one'] })
    chat.focus()
    expect(root.activeElement).to.equal(field)
    await sendKeys({ press: 'Enter' })
    const alert = root.querySelector('[role=alert]')!
    await until(() => alert.textContent === 'Enter a name.')
    expect(await asked()).to.have.length(0)
    await sendKeys({ type: 'Ada' })
    await sendKeys({ press: 'Enter' })
    await until(() => alert.textContent === 'This name can’t be used. Choose another one.')
    expect(root.activeElement).to.equal(field)
    expect(field.getAttribute('aria-invalid')).to.equal('true')
    await sendKeys({ press: 'Enter' })
    await whenState(chat, 'ready')
    expect((await asked()).map(({ body }) => body)).to.deep.equal(['{"name":"Ada"}', '{"name":"Ada"}'])
    expect((await tokenRequests()).map(({ authorization }) => authorization)).to.deep.equal([
      undefined,
      'Bearer g.u.est',
    ])
    const { url: second } = await endpoint(problem(401, 'name-required'))
    const other = place({ tokenUrl: second, language: 'ru' })
    const filled = await until(() => other.shadowRoot?.querySelector('input'))
    expect(filled.value).to.equal('Ada')
  })

  it('is told when the server can’t be reached, and keeps the name', async () => {
    const { url } = await endpoint(problem(401, 'name-required'))
    await guestServer(url, [problem(429, 'rate-limited')])
    const chat = place({ tokenUrl: url })
    const field = await until(() => chat.shadowRoot?.querySelector('input'))
    field.value = 'Ада'
    chat.shadowRoot!.querySelector('form')!.requestSubmit()
    await until(() =>
      chat.shadowRoot!.querySelector('[role=alert]')!.textContent.startsWith('Too many attempts'),
    )
    expect(field.value).to.equal('Ада')
    expect(chat.state).to.equal('error')
  })
})
