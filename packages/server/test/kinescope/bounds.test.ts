import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { registrationAt } from '../../src/endpoint/registration-watch.js'
import { RegistrationWatch } from '../../src/endpoint/registration-watch.js'
import { KinescopeApi } from '../../src/kinescope/api-client.js'
import { EventApi } from '../../src/kinescope/event-api.js'
import { JwkApi } from '../../src/kinescope/jwk-api.js'
import type { KinescopeError } from '../../src/kinescope/kinescope-error.js'
import { API_TOKEN } from '../cli/workbench.js'
import { listen } from '../running-server.js'

const PAGE = 1_048_576
let close: () => Promise<void> = () => Promise.resolve()
afterEach(() => close())

/** An emulated API with arbitrary responses, and a client that counts its requests. */
async function fakeApi(
  answer: (response: ServerResponse, request: IncomingMessage, index: number) => void,
  options: { timeoutMs?: number; signal?: AbortSignal } = {},
) {
  const asked: string[] = []
  const server = await listen((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    response.setHeader('X-Request-ID', 'r-1')
    answer(response, request, asked.length)
  })
  close = server.close
  const wait = () => Promise.resolve()
  const api = new KinescopeApi({ url: server.url, token: API_TOKEN, wait, ...options })
  return { api, asked, url: server.url }
}
const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (error: KinescopeError) => error,
  )
const json = (response: ServerResponse, body: unknown, status = 200) =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
const row = (id: number) => ({ id: `id-${id}`, kid: `k-${id}` })

describe('an endless response', () => {
  it.each([
    ['of a list', 200, 'api-bad-answer', 1],
    ['of an error, which the status explains', 500, 'api-unavailable', 3],
  ])('%s is read up to a megabyte, at each attempt', async (_what, status, code, times) => {
    let sent = 0
    const { api, asked } = await fakeApi((response) => {
      response.writeHead(status)
      const more = () => {
        while (!response.destroyed && sent < 600_000_000) {
          sent += 65_536
          if (!response.write(Buffer.alloc(65_536, ' '))) return void response.once('drain', more)
        }
      }
      more()
    })
    expect(await failureOf(new JwkApi(api).list())).toMatchObject({ code, requestId: 'r-1' })
    expect(asked).toHaveLength(times)
    // the rest is in the sockets' buffers
    expect(sent).toBeLessThan(times * (PAGE + 16_000_000))
  })

  it('is rejected before it is read if its Content-Length is too large', async () => {
    const { api } = await fakeApi((response) => {
      response.writeHead(200, { 'content-length': String(PAGE + 1) }).write('{')
    })
    expect(await failureOf(new JwkApi(api).list())).toMatchObject({
      code: 'api-bad-answer',
      requestId: 'r-1',
    })
  })

  it('is not suspected below a megabyte', async () => {
    const { api } = await fakeApi((response) =>
      json(response, { data: [{ ...row(1), pad: 'x'.repeat(PAGE - 200) }] }),
    )
    expect(await new JwkApi(api).list()).toHaveLength(1)
  })
})

describe('endless paging', () => {
  it('with the same page again stops at the second page', async () => {
    const { api, asked } = await fakeApi((response) =>
      json(response, { data: [row(1)], meta: { pagination: { total: 99, per_page: 1 } } }),
    )
    expect(await failureOf(new JwkApi(api).list())).toMatchObject({
      code: 'api-bad-answer',
      requestId: 'r-1',
    })
    expect(asked).toHaveLength(2)
  })

  it('with ever new rows stops at the maximum number of pages', async () => {
    const { api, asked } = await fakeApi((response, _request, index) =>
      json(response, { data: [row(index)], meta: { total: 1e9 } }),
    )
    expect(await failureOf(new JwkApi(api).list())).toMatchObject({
      code: 'api-bad-answer',
      requestId: 'r-1',
    })
    expect(asked).toHaveLength(200)
  })

  it('with an invalid total never loops', async () => {
    for (const total of [-1, 1.5, '2', null, 1e308, { a: 1 }]) {
      const { api, asked } = await fakeApi((response) => json(response, { data: [row(1)], meta: { total } }))
      await failureOf(new JwkApi(api).list())
      expect(asked.length).toBeLessThanOrEqual(2)
      await close()
    }
  })
})

describe('an API that hangs', () => {
  const hang = () => undefined
  const slow = (response: ServerResponse) => void response.writeHead(200).write('{"data":[')

  it.each([
    ['before its answer', hang],
    ['in the middle of it', slow],
  ])('%s is given up when the caller’s signal aborts', async (_what, answer) => {
    const end = new AbortController()
    const { api, asked } = await fakeApi((response) => {
      answer(response)
      setImmediate(() => end.abort())
    })
    const failure = await failureOf(new JwkApi(api.until(end.signal)).list())
    expect(failure).toMatchObject({ code: 'api-gave-up' })
    expect(asked).toHaveLength(1)
  })

  it('is not requested again by a wait that outlives the signal', async () => {
    const end = new AbortController()
    const { url, asked } = await fakeApi((response) => json(response, {}, 503))
    const wait = () => {
      end.abort()
      return new Promise<void>(() => undefined)
    }
    const api = new KinescopeApi({ url, token: API_TOKEN, wait, signal: end.signal })
    expect(await failureOf(new JwkApi(api).list())).toMatchObject({ code: 'api-unavailable' })
    expect(asked).toHaveLength(1)
  })

  it('does not delay the end of a watch', async () => {
    const { api, asked } = await fakeApi(hang)
    const results: boolean[] = []
    const watch = new RegistrationWatch({
      source: registrationAt(api),
      events: [{ id: 'stream' }],
      currentKid: () => 'k',
      onCheck: ({ ok }) => results.push(ok),
    })
    const looking = watch.look()
    while (asked.length < 2) await new Promise((resolve) => setImmediate(resolve))
    watch.close()
    await looking
    expect(results).toEqual([]) // an abort is no failure
  })
})

describe('streams requested for the watch', () => {
  const stream = (index: number) => ({
    id: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
    play_link: `https://kinescope.io/public${index}`,
    chat_jwt_required: index % 2 === 0,
  })
  const paged =
    (count: number, change: (index: number) => object = stream) =>
    (response: ServerResponse, request: IncomingMessage) => {
      const page = Number(new URL(request.url!, 'http://x').searchParams.get('page') ?? 1)
      const rows = Array.from({ length: count }, (_none, index) => change(index)).slice(
        (page - 1) * 100,
        page * 100,
      )
      json(
        response,
        request.url!.startsWith('/v1/jwk')
          ? { data: [row(1)] }
          : { data: rows, meta: { pagination: { total: count, per_page: 100 } } },
      )
    }

  it('need one list for forty streams, by UUID and by public id, and one more for the keys', async () => {
    const { api, asked } = await fakeApi(paged(60))
    const ids = Array.from({ length: 40 }, (_none, index) =>
      index % 3 === 0 ? stream(index).id : `public${index}`,
    )
    const { events, keys } = await registrationAt(api).look(ids, new AbortController().signal)
    expect([...events.keys()].sort()).toEqual([...ids].sort())
    for (const [index, id] of ids.entries()) expect(events.get(id)?.jwtRequired).toBe(index % 2 === 0)
    expect(keys).toHaveLength(1)
    expect(asked).toHaveLength(2)
  })

  it('need no page after the last of them', async () => {
    const { api, asked } = await fakeApi(paged(1000))
    await new EventApi(api).lookUp(['public7', 'public120'])
    expect(asked).toHaveLength(2)
  })

  it('are missing if the complete list lacks them, and unknown if the list has no links', async () => {
    const { api } = await fakeApi(paged(3))
    expect(
      [...(await new EventApi(api).lookUp(['public1', 'nobody', stream(9).id]))].map(([id, event]) => [
        id,
        event === null,
      ]),
    ).toEqual([
      ['public1', false],
      ['nobody', true],
      [stream(9).id, true],
    ])
    await close()
    const bare = await fakeApi(paged(3, (index) => ({ id: stream(index).id })))
    const found = await new EventApi(bare.api).lookUp(['public1', stream(9).id])
    expect([...found.keys()]).toEqual([stream(9).id])
  })

  it('are found by a UUID in upper case, in the list or in the lookup', async () => {
    const lower = 'abcdef01-2345-4678-9abc-def012345678'
    const upper = lower.toUpperCase()
    for (const listed of [lower, upper]) {
      const { api } = await fakeApi(paged(1, () => ({ id: listed })))
      const found = await new EventApi(api).lookUp([upper, lower])
      expect([...found].map(([id, event]) => [id, event?.id])).toEqual([
        [upper, listed],
        [lower, listed],
      ])
      await close()
    }
  })
})
