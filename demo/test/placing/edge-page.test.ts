import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  bundleForTheEdge,
  startWorker,
  workerd,
  type Worker,
} from '../../../packages/server/test/adapters/edge-runtime.js'
import { EVENT, startKinescope, type Kinescope } from './kinescope.js'
import { blockOf, PLACEHOLDER } from './page-blocks.js'
import { replayFolder } from './replayed.js'

const PAGE = 'packages/server/docs/growing.md'
const SESSION = `export function userOf(request) {
  const name = /visitor=(\\w+)/.exec(request.headers.get('cookie') ?? '')?.[1]
  return name ? { id: name, name } : null
}`

const program = workerd()

describe.skipIf(!program)(`the Worker of ${PAGE}`, () => {
  let kinescope: Kinescope
  let folder: Awaited<ReturnType<typeof replayFolder>>
  let worker: Worker
  beforeAll(async () => {
    kinescope = await startKinescope()
    folder = await replayFolder()
    const code = await blockOf(PAGE, 'js', 'cloudflare:workers')
    await folder.save('session.js', SESSION)
    const entry = await folder.save('worker.js', code.replaceAll(PLACEHOLDER, EVENT))
    worker = await startWorker(program!, await bundleForTheEdge(entry), {
      CHAT_KEY_ID: kinescope.key.kid,
      CHAT_PRIVATE_KEY: kinescope.key.pem,
      CHAT_KEY_EXPIRES_AT: new Date(Date.now() + 86_400_000).toISOString(),
    })
  })
  afterAll(async () => {
    worker?.close()
    await kinescope.emulator.close()
    await folder.remove()
  })

  const ask = (cookie: string) =>
    fetch(`${worker.url}/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin', cookie },
      body: JSON.stringify({ event_id: EVENT }),
    })

  it('gives a signed-in visitor a token that opens the chat under their own name', async () => {
    const reply = await ask('visitor=Ann')
    expect(reply.status).toBe(200)
    const { token } = (await reply.json()) as { token: string }
    const chat = await fetch(`${kinescope.chatOrigin}/chat/${EVENT}?token=${token}`)
    expect(await chat.text()).toMatch(/id="who">Ann<.*✓ verified/)
  })

  it('rejects a signed-out visitor with 401', async () => {
    expect((await ask('')).status).toBe(401)
  })
})
