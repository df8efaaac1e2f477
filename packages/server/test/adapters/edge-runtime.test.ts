import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { secretsIn } from '../secrets.js'
import { askToken, makeKey } from '../running-server.js'
import { chatThat } from '../endpoint/chat-that-verifies.js'
import { bundleForTheEdge, startWorker, workerd, type Worker } from './edge-runtime.js'

const key = makeKey()
let chat: Awaited<ReturnType<typeof chatThat>>
let bundle: string
let worker: Worker | undefined

beforeAll(async () => {
  chat = await chatThat(key)
  bundle = await bundleForTheEdge(fileURLToPath(new URL('../examples/worker.ts', import.meta.url)))
})
afterAll(async () => {
  worker?.close()
  await chat.close()
})

describe('the Web-standard entry', () => {
  it('imports no module of Node and no package of the server', () => {
    expect(bundle).not.toMatch(/\bfrom\s*["'](node:)?(fs|http|crypto|buffer|process|stream|util|net)["']/)
    expect(bundle).not.toMatch(/["']node:|\brequire\(|\bprocess\.|\bBuffer\./)
    expect(bundle).not.toMatch(/fastify|ioredis|pino|prom-client|rate-limiter/i)
    expect(bundle).not.toMatch(/^import\b/m)
  })

  it('issues tokens in a real edge runtime, and the chat accepts them', async ({ skip }) => {
    const program = workerd()
    if (!program) return skip()
    const bindings = { KEY_ID: key.kid, PRIVATE_KEY: key.pem, EVENT_ID: chat.eventId }
    worker = await startWorker(program, bundle, bindings)
    const { url } = worker
    const own = { Origin: url, 'Sec-Fetch-Site': 'same-origin' }
    const response = await askToken(url, { ...own, Cookie: 'sid=ann' }, { event_id: chat.eventId })
    expect(response.status).toBe(200)
    expect(response.headers.get('cache-control')).toBe('no-store')
    const { token } = (await response.json()) as { token: string }
    expect(await chat.enter(token)).toEqual({ userId: 'ann', username: 'Name of ann' })

    const refusals = await Promise.all([
      askToken(url, own, { event_id: chat.eventId }),
      askToken(url, { ...own, Cookie: 'sid=ann' }, { event_id: 'another' }),
      askToken(url, { Origin: 'https://evil.test', Cookie: 'sid=ann' }, { event_id: chat.eventId }),
      askToken(url, { ...own, Cookie: 'sid=ann' }, 'x'.repeat(5000)),
      fetch(`${url}/token`),
    ])
    expect(refusals.map(({ status }) => status)).toEqual([401, 403, 403, 413, 405])
    expect(secretsIn(worker.said())).toEqual([])
  })
})
