import { expect } from '@open-wc/testing'
import { clean, makeReply, makeToken, part, place, until, whenState } from './bench.js'

describe('the developer’s panel', () => {
  afterEach(clean)

  it('marks the claim that is wrong, and shows the life of one that is right', async () => {
    const bad = place({
      debug: true,
      fetchToken: () => Promise.resolve({ token: makeToken({ aud: 'Chat' }) }),
    })
    await until(() => part(bad, 'details') && bad.problem)
    const wrong = await until(() => bad.shadowRoot!.querySelector('.debug .wrong'))
    expect(wrong.textContent).to.equal('Chat')
    expect(wrong.closest('dd')!.previousElementSibling!.textContent).to.equal('aud')
    expect(bad.diagnostics().claims).to.include({ aud: 'Chat' })
    const good = place({ debug: true, fetchToken: () => Promise.resolve(makeReply()) })
    await whenState(good, 'ready')
    // before the chat is ready, the next refresh is unknown
    const next = await until(() => good.shadowRoot!.querySelector('.life .next:not([width="0"])'))
    expect(Number(next.getAttribute('x'))).to.be.within(59, 91)
    // visible on whatever background the page's own color is for
    good.style.setProperty('--kinescope-chat-color', '#123456')
    expect(getComputedStyle(next).fill).to.equal('rgb(18, 52, 86)')
    await expect(good).to.be.accessible({ ignoredRules: ['region', 'page-has-heading-one'] })
    await expect(bad).to.be.accessible({ ignoredRules: ['region', 'page-has-heading-one'] })
  })

  it('is updated where a translator has replaced its text nodes', async () => {
    const replies = [2e9, 2.1e9].map((exp) => makeReply({}, { exp }))
    const chat = place({ debug: true, fetchToken: () => Promise.resolve(replies.shift()!) })
    await whenState(chat, 'ready')
    const panel = chat.shadowRoot!.querySelector('.debug')!
    const nodes = document.createTreeWalker(panel, NodeFilter.SHOW_TEXT)
    const texts: Text[] = []
    while (nodes.nextNode()) texts.push(nodes.currentNode as Text)
    for (const text of texts.filter(({ data }) => data.trim())) {
      const font = document.createElement('font')
      font.textContent = text.data
      text.replaceWith(font)
    }
    chat.reload()
    await until(() => panel.textContent.includes('2100000000'))
    expect(panel.textContent).to.contain('18 Jul 2036').and.not.to.contain('18 May 2033')
  })
})

describe('a token that was refused, in the developer’s panel', () => {
  afterEach(clean)

  const many = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`claim-${index}`, index]))
  const TOKENS: [name: string, token: string, wrong: string][] = [
    ['a claim that is missing', makeToken({ aud: undefined }), 'aud'],
    ['a claim that is empty', makeToken({ username: '' }), 'username'],
    ['a member of the header that is missing', makeToken({}, { kid: undefined }), 'kid'],
    ['one that is missing where it belongs', makeToken({ kid: 'k' }, { kid: undefined }), 'kid'],
    ['no algorithm', makeToken({}, { alg: undefined }), 'alg'],
    ['a wrong algorithm, and a claim of that name', makeToken({ alg: 'RS256' }, { alg: 'none' }), 'alg'],
    ['the last of very many', makeToken({ ...many, nbf: 'x' }), 'nbf'],
  ]
  for (const [name, token, wrong] of TOKENS)
    it(`has what is wrong marked, once: ${name}`, async () => {
      const chat = place({ debug: true, fetchToken: () => Promise.resolve({ token }) })
      await until(() => chat.problem && chat.shadowRoot!.querySelector('.debug .wrong'))
      const marks = [...chat.shadowRoot!.querySelectorAll('.debug .wrong')]
      const names = marks.map((mark) => mark.closest('dd')!.previousElementSibling!.textContent)
      expect(names).to.deep.equal([wrong])
      const title = marks[0]!.closest('dl')!.previousElementSibling!.textContent
      expect(title).to.equal(['alg', 'kid'].includes(wrong) ? 'Token header' : 'Token claims')
    })
})
