import {
  createServer,
  request as ask,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import Koa from 'koa'
import bodyParser from 'koa-bodyparser'
import serverless from 'serverless-http'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createNodeHandler, createTokenHandler, fixedKeySource, type KeySource } from '../../src/index.js'
import type { NodeHandlerOptions } from '../../src/adapters/node.js'
import { makeSigningKey } from '../endpoint/callee.js'

const EVENT = 'stream'
let keys: KeySource
let close: (() => void) | undefined
beforeAll(async () => {
  keys = fixedKeySource(await makeSigningKey())
})
afterEach(() => close?.())

const handler = (options: Partial<NodeHandlerOptions<IncomingMessage>> = {}) =>
  createNodeHandler({ keys, events: [EVENT], authenticate: () => ({ id: 'u-1', name: 'Ann' }), ...options })

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  close = () => {
    server.close()
    server.closeAllConnections()
  }
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}
const post = (url: string, body: string = JSON.stringify({ event_id: EVENT })) =>
  fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Sec-Fetch-Site': 'same-origin' },
    body,
  })
const codeOf = async (response: Response) => ((await response.json()) as { code?: string }).code ?? null

const parsers: Record<string, () => RequestListener> = {
  'Express json': () => express().use(express.json(), handler()),
  'Express raw': () => express().use(express.raw({ type: '*/*' }), handler()),
  'Express text': () => express().use(express.text({ type: '*/*' }), handler()),
  'Express urlencoded, which leaves the stream': () =>
    express().use(express.urlencoded({ extended: true }), handler()),
  'Express without a parser': () => express().use(handler()),
  'an empty object beside a full stream': () => (request, response) => {
    Object.assign(request, { body: {} })
    void handler()(request, response)
  },
  'a Uint8Array at request.body': () => (request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      Object.assign(request, { body: new Uint8Array(Buffer.concat(parts)) })
      void handler()(request, response)
    })
  },
  'a stream that gives text': () => (request, response) =>
    void handler()(request.setEncoding('utf8'), response),
  'Koa without a parser': () => {
    const app = new Koa()
    app.use((ctx) => {
      ctx.respond = false
      return handler()(ctx.req, ctx.res)
    })
    const listen = app.callback()
    return (request, response) => void listen(request, response)
  },
  'Koa with its parser': () => {
    const app = new Koa()
    app.use(bodyParser())
    app.use((ctx) => {
      ctx.respond = false
      return handler()(ctx.req, ctx.res, ctx.request.body)
    })
    const listen = app.callback()
    return (request, response) => void listen(request, response)
  },
  'a writeHead that returns nothing and an end that is replaced': () => (request, response) => {
    const { writeHead, end } = response
    Object.assign(response, {
      writeHead: (...args: unknown[]) =>
        void (writeHead as (...given: unknown[]) => unknown).apply(response, args),
      end: (...args: unknown[]) => void (end as (...given: unknown[]) => unknown).apply(response, args),
    })
    void handler()(request, response)
  },
}

describe.each(Object.entries(parsers))('a body under %s', (_name, open) => {
  it('has the same result and limit as a stream, and no value is coerced', async () => {
    const url = await serve(open())
    expect((await post(url)).status).toBe(200)
    const bodies = [
      '{"event_id":5}',
      '{"event_id":["stream"]}',
      '{"event_id":"stream","user_id":"x"}',
      '{}',
      '[]',
    ]
    for (const body of bodies) {
      const response = await post(url, body)
      expect([response.status, await codeOf(response)], body).toEqual([400, 'bad-request'])
    }
    const long = await post(url, JSON.stringify({ event_id: 'x'.repeat(5000) }))
    expect([long.status, await codeOf(long)]).toEqual([413, 'bad-request'])
  })
})

describe('a body that the host has already read', () => {
  it('is reported as a server error at once', async () => {
    const outcomes: unknown[] = []
    const url = await serve((request, response) => {
      request
        .resume()
        .on('end', () => void handler({ onOutcome: (outcome) => outcomes.push(outcome) })(request, response))
    })
    const response = await post(url)
    expect([response.status, await codeOf(response)]).toEqual([500, 'server-error'])
    expect(outcomes).toMatchObject([{ reason: 'body-read-already', todo: expect.any(String) as string }])
  })

  it('is another thing than a visitor who left while middleware or a limit took its time', async () => {
    const outcomes: unknown[] = []
    let onDone = () => undefined as void
    const done = new Promise<void>((resolve) => (onDone = resolve))
    const url = await serve((request, response) => {
      const answer = handler({ onOutcome: (outcome) => outcomes.push(outcome) })
      request.once('close', () => void answer(request, response).then(onDone))
      asked.destroy()
    })
    const headers = { 'Content-Type': 'application/json', 'Sec-Fetch-Site': 'same-origin' }
    const asked = ask(url, { method: 'POST', headers }).on('error', () => undefined)
    asked.end(JSON.stringify({ event_id: EVENT }))
    await done
    expect(outcomes).toMatchObject([{ code: 'bad-request', reason: 'broken-off' }])
  })

  it('doesn’t make a fetch handler throw', async () => {
    const token = createTokenHandler({
      keys,
      events: [EVENT],
      authenticate: () => ({ id: 'u-1', name: 'Ann' }),
    })
    const init = {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Sec-Fetch-Site': 'same-origin' },
      body: JSON.stringify({ event_id: EVENT }),
    }
    const used = new Request('https://chat.example.com/token', init)
    await used.text()
    expect((await token(used)).status).toBe(500)
    const locked = new Request('https://chat.example.com/token', init)
    locked.body!.getReader()
    expect((await token(locked)).status).toBe(500)
    expect((await token(new Request('https://chat.example.com/token', init))).status).toBe(200)
  })
})

describe('a serverless adapter', () => {
  it.each([
    ['text', JSON.stringify({ event_id: EVENT }), false],
    ['base64', Buffer.from(JSON.stringify({ event_id: EVENT })).toString('base64'), true],
  ])('with the body as %s gets a token', async (_form, body, isBase64Encoded) => {
    const lambda = serverless(
      (request: IncomingMessage, response: ServerResponse) => void handler()(request, response),
    )
    const answer = (await lambda(
      {
        version: '2.0',
        rawPath: '/token',
        rawQueryString: '',
        headers: {
          'content-type': 'application/json',
          'sec-fetch-site': 'same-origin',
          host: 'chat.example.com',
        },
        requestContext: { http: { method: 'POST', path: '/token', sourceIp: '192.0.2.1' } },
        body,
        isBase64Encoded,
      },
      {},
    )) as { statusCode: number; body: string }
    expect([answer.statusCode, Object.keys(JSON.parse(answer.body) as object)]).toEqual([
      200,
      ['token', 'expires_in', 'refresh_in'],
    ])
  })
})

describe('a failing callback of the host', () => {
  const fails = () => {
    throw new Error('inside')
  }
  const rejects = () => Promise.reject(new Error('inside'))
  const throwsOpaque = () => {
    throw new Proxy(new Error('inside'), { get: fails, getPrototypeOf: fails })
  }
  const cases: [string, object, number][] = [
    ['authenticate throws', { authenticate: fails }, 503],
    ['authenticate rejects', { authenticate: rejects }, 503],
    ['authenticate hangs', { authenticate: () => new Promise(() => undefined), deadlineMs: 50 }, 503],
    ['authorize throws', { authorize: fails }, 500],
    ['authorize rejects', { authorize: rejects }, 500],
    ['authorize hangs', { authorize: () => new Promise(() => undefined), deadlineMs: 50 }, 500],
    ['clientAddress throws', { clientAddress: fails }, 500],
    ['clientAddress gives an object', { clientAddress: () => ({}) }, 200],
    ['clientAddress gives a promise', { clientAddress: () => Promise.resolve('x') }, 200],
    ['clientAddress rejects', { clientAddress: rejects }, 200],
    ['onOutcome throws', { onOutcome: fails }, 200],
    ['onOutcome rejects', { onOutcome: rejects }, 200],
    ['onToken throws', { onToken: fails }, 200],
    ['onToken rejects', { onToken: rejects }, 200],
    ['a limit throws', { limits: { visitor: { spend: fails } } }, 500],
    ['a limit rejects', { limits: { address: { spend: rejects } } }, 500],
    ['keys throw', { keys: { current: fails } }, 500],
    ['keys reject', { keys: { current: rejects } }, 500],
    ['what is thrown can’t be looked at', { authorize: throwsOpaque }, 500],
  ]
  it.each(cases)(
    '%s: the visitor gets a response, the process keeps running',
    async (_name, options, status) => {
      const unheard: unknown[] = []
      const hear = (reason: unknown) => void unheard.push(reason)
      process.on('unhandledRejection', hear)
      const url = await serve((request, response) => void handler(options)(request, response))
      const response = await post(url)
      expect(response.status).toBe(status)
      expect(await response.text()).not.toContain('inside')
      await new Promise((resolve) => setImmediate(resolve))
      process.off('unhandledRejection', hear)
      expect(unheard).toEqual([])
    },
  )
})

describe('limits in code', () => {
  it('apply by default, for each visitor', async () => {
    const url = await serve((request, response) => void token(request, response))
    const token = handler()
    const statuses: number[] = []
    for (let count = 0; count < 21; count++) statuses.push((await post(url)).status)
    expect([statuses.filter((status) => status === 200).length, statuses.at(-1)]).toEqual([20, 429])
  })

  it('count an address only if it is known', async () => {
    const seen: string[] = []
    const limits = {
      visitor: null,
      address: { spend: (key: string) => Promise.resolve(seen.push(key) && 0) },
    }
    const from = async (headers: Record<string, string>, options: object = {}) => {
      const url = await serve((request, response) => void handler({ limits, ...options })(request, response))
      await new Promise<void>((resolve, reject) => {
        const call = ask(url, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json', 'Sec-Fetch-Site': 'same-origin', ...headers },
        })
        call.on('error', reject).on('response', (response) => response.resume().on('end', () => resolve()))
        call.end(JSON.stringify({ event_id: EVENT }))
      })
      close?.()
      return seen.splice(0)
    }
    const forwarded = { 'X-Forwarded-For': '203.0.113.9, 198.51.100.7' }
    expect(await from({})).toEqual(['127.0.0.1'])
    expect(await from(forwarded)).toEqual([])
    expect(await from(forwarded, { trustedProxies: ['127.0.0.1'] })).toEqual(['198.51.100.7'])
    expect(await from(forwarded, { trustedProxies: ['127.0.0.1', '198.51.100.0/24'] })).toEqual([
      '203.0.113.9',
    ])
    expect(await from(forwarded, { trustedProxies: [] })).toEqual(['127.0.0.1'])
    expect(await from(forwarded, { clientAddress: () => '[2001:db8::7]:80' })).toEqual(['2001:db8:0:0::/64'])
    expect(() => handler({ trustedProxies: ['true'] })).toThrow(TypeError)
  })

  it('reject a weak secret', () => {
    for (const userIdSecret of ['short', 'x'.repeat(64), 'abab'.repeat(20)]) {
      expect(() => handler({ userIdSecret })).toThrow(TypeError)
    }
  })
})
