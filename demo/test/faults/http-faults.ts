import type { IncomingMessage, ServerResponse } from 'node:http'
import { testsAll } from '../../../scripts/test-tier.js'

/** Faults of the network or of an intermediary in an exchange. */
export const HTTP_FAULTS = [
  'delayed',
  'hangs',
  'dropped',
  'reset',
  'truncated',
  'stalls',
  'drips',
  'never ends',
  'request twice',
  'response twice',
  'early hints',
  'garbage',
  'broken chunks',
  'short length',
  'wrong encoding',
  'huge headers',
  'a proxy’s 502',
  'a 500 in HTML',
  'a challenge, 403',
  'a page, 200',
  'nothing, 200',
  'nothing, 204',
  'half of the JSON',
  'other JSON, 200',
  'a sign-in form, 302',
  'a redirect loop',
  'a 404 page',
  'another server’s 429',
] as const
export type HttpFault = (typeof HTTP_FAULTS)[number]

/** Faults that keep a request open, so that a signal arrives while the request is in progress. */
export const HOLDING = ['delayed', 'hangs', 'stalls', 'drips'] as const satisfies HttpFault[]

/**
 * The faults for a browser at one of a link's three moments. `npm run test:all` tests all of them at each moment.
 * Otherwise each moment has every third fault, so that the three moments together cover each fault once.
 */
export const faultsAt = (moment: 0 | 1 | 2): HttpFault[] =>
  HTTP_FAULTS.filter((_, index) => testsAll || index % 3 === moment)

/** The response of the server behind the proxy. */
export interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: Buffer
}

/** One request, and the ways to respond to it. */
export interface Exchange {
  request: IncomingMessage
  response: ServerResponse
  /** Sends the request to the server behind the proxy. */
  ask: () => Promise<Answer>
  delayMs: number
}

const PAGE = '<!doctype html><title>Somebody else</title><h1>Somebody else</h1>'
const HTML = 'text/html'
const JSON_TYPE = 'application/json'
const DRIP_MS = 250
const FLOOD_MS = 20

/** Responds with the fault. */
export const HARM: Record<HttpFault, (exchange: Exchange) => unknown> = {
  // delays the response, since a request that arrives after its client left looks like a second request
  delayed: async (exchange) => {
    const answer = await exchange.ask()
    await new Promise((resolve) => setTimeout(resolve, exchange.delayMs))
    send(exchange, answer)
  },
  hangs: () => undefined,
  dropped: ({ response }) => response.destroy(),
  reset: ({ request }) => request.socket.resetAndDestroy(),
  truncated: async (exchange) => {
    const { head, half } = await begun(exchange)
    exchange.response.writeHead(...head).write(half, () => exchange.response.destroy())
  },
  stalls: async (exchange) => {
    const { head, half } = await begun(exchange)
    exchange.response.writeHead(...head).write(half)
  },
  drips: async (exchange) => {
    const { head, body } = await begun(exchange)
    exchange.response.writeHead(...head)
    let at = 0
    whileOpen(exchange, DRIP_MS, () => exchange.response.write(body.subarray(at, ++at)))
  },
  'never ends': ({ request, response }) => {
    response.writeHead(200, { 'content-type': JSON_TYPE, ...readable(request) })
    whileOpen({ response }, FLOOD_MS, () => response.write(' '.repeat(65_536)))
  },
  'request twice': async (exchange) => {
    await exchange.ask()
    send(exchange, await exchange.ask())
  },
  'response twice': async (exchange) => {
    const { status, headers, body } = await exchange.ask()
    const once = Buffer.concat([rawHead(status, { ...headers, 'content-length': `${body.length}` }), body])
    exchange.request.socket.write(Buffer.concat([once, once]))
  },
  'early hints': async (exchange) => {
    exchange.response.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' })
    send(exchange, await exchange.ask())
  },
  garbage: ({ request }) => request.socket.end('\u0000\u0001not HTTP at all\r\n\r\n'),
  'broken chunks': async (exchange) => {
    const { status, headers, body } = await exchange.ask()
    const chunked = { ...headers, 'content-length': undefined, 'transfer-encoding': 'chunked' }
    const half = body.subarray(0, body.length / 2)
    const { socket } = exchange.request
    socket.write(rawHead(status, chunked))
    socket.end(`${half.length.toString(16)}\r\n${half.toString()}\r\nzz\r\nnot a chunk\r\n`)
  },
  'short length': async (exchange) => {
    const { status, headers, body } = await exchange.ask()
    const length = `${Math.floor(body.length / 2)}`
    exchange.request.socket.write(
      Buffer.concat([rawHead(status, { ...headers, 'content-length': length }), body]),
    )
  },
  'wrong encoding': async (exchange) => {
    const answer = await exchange.ask()
    send(exchange, { ...answer, headers: { ...answer.headers, 'content-encoding': 'gzip' } })
  },
  'huge headers': ({ request }) => {
    const flood = Array.from({ length: 400 }, (_, i) => `x-flood-${i}: ${'x'.repeat(1000)}\r\n`).join('')
    request.socket.end(`HTTP/1.1 200 OK\r\n${flood}content-length: 0\r\n\r\n`)
  },
  'a proxy’s 502': (exchange) => reply(exchange, 502, HTML, PAGE),
  'a 500 in HTML': (exchange) => reply(exchange, 500, HTML, PAGE),
  'a challenge, 403': (exchange) => reply(exchange, 403, HTML, PAGE),
  'a page, 200': (exchange) => reply(exchange, 200, HTML, PAGE),
  'nothing, 200': (exchange) => reply(exchange, 200, JSON_TYPE, ''),
  'nothing, 204': (exchange) => reply(exchange, 204, JSON_TYPE, ''),
  'half of the JSON': (exchange) => reply(exchange, 200, JSON_TYPE, '{"token":"'),
  'other JSON, 200': (exchange) => reply(exchange, 200, JSON_TYPE, '{"status":"ok"}'),
  'a sign-in form, 302': (exchange) => reply(exchange, 302, HTML, PAGE, { location: '/sign-in' }),
  'a redirect loop': (exchange) => reply(exchange, 302, HTML, '', { location: exchange.request.url! }),
  'a 404 page': (exchange) => reply(exchange, 404, HTML, PAGE),
  'another server’s 429': (exchange) => reply(exchange, 429, HTML, PAGE),
}

/** Allows a page to read the response. A page treats a response that it can't read as "unreachable". */
function readable({ headers: { origin } }: IncomingMessage): Record<string, string> {
  return origin ? { 'access-control-allow-origin': origin, 'access-control-allow-credentials': 'true' } : {}
}

/** Sends an unexpected response, as an intermediary does. */
function reply({ request, response }: Exchange, status: number, type: string, body: string, more = {}): void {
  response.writeHead(status, { 'content-type': type, ...readable(request), ...more }).end(body)
}

function send({ response }: Exchange, { status, headers, body }: Answer): void {
  response.writeHead(status, { ...headers, 'content-length': body.length }).end(body)
}

async function begun({ ask }: Exchange) {
  const { status, headers, body } = await ask()
  const head: [number, Record<string, string | string[] | number | undefined>] = [
    status,
    { ...headers, 'content-length': body.length },
  ]
  return { head, body, half: body.subarray(0, body.length / 2) }
}

function rawHead(status: number, headers: Answer['headers']): Buffer {
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((one) => `${name}: ${one}\r\n`),
  )
  return Buffer.from(`HTTP/1.1 ${status} As it was\r\n${lines.join('')}\r\n`)
}

/** Repeats the work until the connection is closed. */
function whileOpen({ response }: Pick<Exchange, 'response'>, everyMs: number, work: () => void): void {
  const timer = setInterval(() => (response.destroyed || response.writableEnded ? stop() : work()), everyMs)
  const stop = () => clearInterval(timer)
  response.on('close', stop)
}
