import { randomBytes } from 'node:crypto'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { REHEARSAL_EVENT, REHEARSAL_HEADER, RehearsalSecret } from '../../src/endpoint/rehearsal.js'
import {
  EVENT,
  forwardEnv,
  makeKey,
  SITE_ORIGIN,
  startSite,
  startTestServer,
  type TestServer,
} from '../running-server.js'
import { secret as kept } from '../secrets.js'

const SECRET = kept(randomBytes(32).toString('base64'))
const secret = new RehearsalSecret(SECRET)
const otherSecret = new RehearsalSecret(randomBytes(32).toString('base64'))

describe('A server under rehearsal', () => {
  let server: TestServer
  let site: Awaited<ReturnType<typeof startSite>>
  let cookie = ''
  beforeAll(async () => {
    site = await startSite()
    cookie = site.signIn('7', 'Ann')
    server = await startTestServer({
      ...forwardEnv(site.url, makeKey()),
      CHAT_REHEARSAL: SECRET,
      CHAT_RATE_LIMIT: '1000,3',
    })
  })
  afterAll(async () => {
    await server.close()
    await site.close()
  })

  const ask = (eventId: string, headers: Record<string, string> = {}) =>
    fetch(`${server.url}/token`, {
      method: 'POST',
      headers: { origin: SITE_ORIGIN, cookie, 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ event_id: eventId }),
    })
  const codeOf = async (response: Response) => ((await response.json()) as { code?: string }).code
  const proof = (address: string, by = secret) => by.headerFor(address, Date.now())

  it('proves to the command line that both have the same secret', async () => {
    const nonce = randomBytes(16).toString('hex')
    const { answer, redis } = (await (await fetch(`${server.url}/rehearsal?challenge=${nonce}`)).json()) as {
      answer: string
      redis: boolean
    }
    expect(await secret.isAnswer(nonce, answer)).toBe(true)
    expect(redis).toBe(false)
    expect((await fetch(`${server.url}/rehearsal?challenge=client`)).status).toBe(400)
  })

  it('issues tokens for a stream that does not exist, with the time of each step', async () => {
    const response = await ask(REHEARSAL_EVENT, { [REHEARSAL_HEADER]: await proof('198.18.0.1') })
    expect(response.status).toBe(200)
    expect(response.headers.get('server-timing')).toMatch(/identity;dur=\d+\.\d, .*signing;dur=\d+\.\d/)
    expect(decodeJwt(((await response.json()) as { token: string }).token)).toMatchObject({
      event_id: REHEARSAL_EVENT,
    })
  })

  it('applies limits to the simulated address', async () => {
    for (let index = 0; index < 3; index++)
      expect((await ask(REHEARSAL_EVENT, { [REHEARSAL_HEADER]: await proof('198.18.9.9') })).status).toBe(200)
    expect(await codeOf(await ask(REHEARSAL_EVENT, { [REHEARSAL_HEADER]: await proof('198.18.9.9') }))).toBe(
      'rate-limited',
    )
    expect((await ask(REHEARSAL_EVENT, { [REHEARSAL_HEADER]: await proof('198.18.9.10') })).status).toBe(200)
  })

  it('rejects requests without the secret, and requests with the header for a real stream', async () => {
    const forged = { [REHEARSAL_HEADER]: await proof('198.18.0.2', otherSecret) }
    expect(await codeOf(await ask(REHEARSAL_EVENT))).toBe('event-not-allowed')
    expect(await codeOf(await ask(REHEARSAL_EVENT, forged))).toBe('event-not-allowed')
    const proven = { [REHEARSAL_HEADER]: await proof('198.18.0.3') }
    expect(await codeOf(await ask(EVENT, proven))).toBe('event-not-allowed')
    const real = await ask(EVENT)
    expect(real.headers.get('server-timing')).toBeNull()
  })
})

describe('A server without CHAT_REHEARSAL', () => {
  it('has no rehearsal route', async () => {
    const server = await startTestServer(forwardEnv('http://127.0.0.1:1', makeKey()))
    expect((await fetch(`${server.url}/rehearsal?challenge=${randomBytes(16).toString('hex')}`)).status).toBe(
      404,
    )
    await server.close()
  })
})
