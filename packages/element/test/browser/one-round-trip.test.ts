import { expect } from '@open-wc/testing'
import { KinescopeChatElement } from '../../src/index.js'
import { chatOrigin, clean, endpoint, EVENT, makeReply, place, until, whenState } from './bench.js'
import { closePages, openPage } from './open-page.js'

afterEach(() => {
  KinescopeChatElement.defaults = {}
  clean()
  closePages()
})

/** A token server on another origin that tells what it was asked. */
function otherServer() {
  const name = Math.random().toString(36).slice(2)
  const reply = encodeURIComponent(JSON.stringify(makeReply()))
  return {
    url: `${chatOrigin}/token/open/${name}?reply=${reply}`,
    asked: async () =>
      (await (await fetch(`${chatOrigin}/asked/open/${name}`)).json()) as {
        method: string
        type?: string
        authorization?: string
        body: string
      }[],
  }
}

const identity = 'eyJh.eyJz.c2ln'

describe('the token request', () => {
  for (const given of [undefined, identity])
    it(`is one simple request to the server beside the script, on another origin, ${given ? 'with' : 'without'} an identity token`, async () => {
      const { url, asked } = otherServer()
      KinescopeChatElement.defaults = { scriptTokenUrl: url }
      await whenState(place({ identity: given }), 'ready')
      const requests = await asked()
      expect(requests.map(({ method }) => method)).to.deep.equal(['POST'])
      const [{ type, authorization, body }] = requests as [(typeof requests)[0]]
      expect(type).to.match(/^text\/plain; ?charset=utf-8$/i)
      expect(authorization).to.be.undefined
      expect(JSON.parse(body)).to.deep.equal({ event_id: EVENT, ...(given && { identity: given }) })
    })

  for (const [way, set] of Object.entries<(url: string) => Partial<KinescopeChatElement>>({
    'an attribute': (tokenUrl) => ({ tokenUrl }),
    'the page': (tokenUrl) => {
      KinescopeChatElement.defaults = { tokenUrl }
      return {}
    },
  }))
    it(`is JSON with a bearer token to an address that ${way} sets`, async () => {
      const { url, asked } = otherServer()
      await whenState(place({ identity, ...set(url) }), 'ready')
      const requests = await asked()
      expect(requests.map(({ method }) => method)).to.deep.equal(['OPTIONS', 'POST'])
      expect(requests[1]).to.deep.include({ type: 'application/json', authorization: `Bearer ${identity}` })
      expect(JSON.parse(requests[1]!.body)).to.deep.equal({ event_id: EVENT })
    })

  it('is JSON with a bearer token on the page’s own origin, beside the script too', async () => {
    const { url, asked } = await endpoint({ body: makeReply() })
    KinescopeChatElement.defaults = { scriptTokenUrl: new URL(url, location.href).href }
    await whenState(place({ identity }), 'ready')
    const [request] = await asked()
    expect(request).to.deep.include({ type: 'application/json', authorization: `Bearer ${identity}` })
  })

  it('asks the identity function before each request, and begins nothing anew for another function', async () => {
    const { url, asked } = await endpoint({ body: makeReply() })
    let calls = 0
    const chat = place({ tokenUrl: url, identity: () => Promise.resolve(`a.b.${++calls}`) })
    await whenState(chat, 'ready')
    chat.identity = () => `a.b.${++calls}`
    await chat.updateComplete
    chat.reload()
    await until(async () => (await asked()).length === 2)
    expect((await asked()).map(({ authorization }) => authorization)).to.deep.equal([
      'Bearer a.b.1',
      'Bearer a.b.2',
    ])
  })

  it('names an identity function that fails', async () => {
    const { url } = await endpoint({ body: makeReply() })
    const chat = place({ tokenUrl: url, identity: () => Promise.reject(new TypeError('secret')) })
    await until(() => chat.problem)
    expect(chat.problem!.remediation).to.match(/^identity rejected with "TypeError"/)
    expect(JSON.stringify(chat.diagnostics())).not.to.contain('secret')
  })

  it('takes the identity token of a personal link out of the address, for the page’s own server only', async () => {
    const server = otherServer()
    const elsewhere = await endpoint({ body: makeReply() })
    KinescopeChatElement.defaults = { scriptTokenUrl: server.url }
    const { href } = location
    history.replaceState({ kept: 1 }, '', '#kinescope-chat=aaa.bbb.ccc')
    try {
      const chat = place()
      const other = place({ tokenUrl: elsewhere.url })
      await Promise.all([whenState(chat, 'ready'), whenState(other, 'ready')])
      expect(location.hash).to.equal('')
      expect(history.state).to.deep.equal({ kept: 1 })
      expect(JSON.parse((await server.asked())[0]!.body)).to.include({ identity: 'aaa.bbb.ccc' })
      expect((await elsewhere.asked())[0]!.authorization).to.be.undefined
    } finally {
      history.replaceState(null, '', href)
    }
  })

  it('takes the identity token of a personal link out of the address of a page whose content has a <base>', async () => {
    const { url, asked } = await endpoint({ body: makeReply() })
    const page = await openPage({
      head: `<script>location.hash = 'kinescope-chat=aaa.bbb.ccc'</script><script src="/bench/dist/kinescope-chat.js" data-token-url="${url}"></script><base href="https://elsewhere.invalid/">`,
      body: `<kinescope-chat event-id="${EVENT}" chat-origin="${chatOrigin}"></kinescope-chat>`,
    })
    await until(() => page.chat()?.state === 'ready')
    expect(page.window.location.hash).to.equal('')
    expect((await asked()).map(({ authorization }) => authorization)).to.deep.equal(['Bearer aaa.bbb.ccc'])
    expect(page.faults).to.deep.equal([])
  })

  it('takes the identity token of a personal link that is opened in the same tab', async () => {
    const server = otherServer()
    KinescopeChatElement.defaults = { scriptTokenUrl: server.url }
    const { href } = location
    const chat = place()
    await whenState(chat, 'ready')
    try {
      location.hash = '#kinescope-chat=ddd.eee.fff'
      await until(async () => (await server.asked()).length > 1)
      expect(location.hash).to.equal('')
      expect(JSON.parse((await server.asked())[1]!.body)).to.include({ identity: 'ddd.eee.fff' })
      await whenState(chat, 'ready')
    } finally {
      history.replaceState(null, '', href)
    }
  })
})

describe('a report', () => {
  const reports = async (name: string) =>
    (await (await fetch(`${chatOrigin}/asked/open/${name}`)).json()) as { body: string; type: string }[]

  it('is off by default, has nothing of the visitor, and comes at most five times', async () => {
    const name = Math.random().toString(36).slice(2)
    const quiet = place({ fetchToken: () => Promise.resolve(makeReply()) })
    await whenState(quiet, 'ready')
    KinescopeChatElement.defaults = { report: `${chatOrigin}/token/open/${name}?reply=` }
    let status = 500
    const fetchToken = () => {
      const answer =
        status === 200 ? Promise.resolve(makeReply()) : Promise.reject(Object.assign(new Error(), { status }))
      return answer
    }
    const chat = place({ fetchToken })
    await until(() => chat.problem)
    for (status of [404, 403, 401, 429, 200]) {
      chat.reload()
      await until(() => !chat.problem || chat.problem.status === status)
    }
    await whenState(chat, 'ready')
    await until(async () => (await reports(name)).length >= 5)
    const seen = await reports(name)
    expect(seen).to.have.length(5)
    for (const { body, type } of seen) {
      expect(type).to.match(/^text\/plain/)
      expect(Object.keys(JSON.parse(body) as object)).to.deep.equal([
        'code',
        'ms',
        'engine',
        'engine_version',
        'origin',
        'version',
      ])
    }
    expect((JSON.parse(seen[0]!.body) as { code: string }).code).to.equal('endpoint-error')
  })

  it('is not sent where the server asks for none, of a problem before the first token either', async () => {
    const name = Math.random().toString(36).slice(2)
    KinescopeChatElement.defaults = { report: `${chatOrigin}/token/open/${name}?reply=` }
    let asked = 0
    const fetchToken = () =>
      ++asked === 1
        ? Promise.reject(Object.assign(new Error(), { status: 503 }))
        : Promise.resolve(makeReply({ report_rate: 0 }))
    const chat = place({ fetchToken })
    await until(() => chat.problem)
    chat.reload()
    await whenState(chat, 'ready')
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(await reports(name)).to.have.length(0)
  })
})
