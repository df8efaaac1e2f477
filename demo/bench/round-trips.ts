import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { craftToken, makeKey } from '../site/craft-token.js'
import { EVENT } from '../test/placing/kinescope.js'
import { startDelayingProxy } from './delay.js'
import { median, NotInstalled, rounded, type NamedAim, type Part, type Row } from './part.js'
import { ENGINES, openPlainly, type TrustedCertificate } from './plain-browser.js'

const ROUNDS = 5
const ROUND_TRIP_MS = 100
/** A timer may fire this much early. */
const EARLY_MS = 5
const READY_TIMEOUT_MS = 60_000
const SCRIPT = readFileSync(new URL('../../packages/element/dist/kinescope-chat.js', import.meta.url))

/** The compared tags. `SERVER` is the token server's origin. */
const TAGS = {
  classic: '<script async src="SERVER/kinescope-chat.js"></script>',
  module: '<script type="module" src="SERVER/kinescope-chat.js"></script>',
  json: '<script type="module" src="SERVER/kinescope-chat.js" data-token-url="SERVER/token"></script>',
  relative: '<script async src="/kinescope-chat.js"></script>',
}
type Tag = keyof typeof TAGS

const NAMES: Record<Tag, string> = {
  classic: 'classic script, absolute `src`: today’s snippet',
  module: 'module, absolute `src`: the old snippet',
  json: 'module with `data-token-url`, and so with JSON: what the old snippet sent',
  relative: 'classic script, relative `src`: the page is on the token server',
}

/** Figures of one load. Times are milliseconds from the script's request, as the token server receives it. */
interface Load {
  /** Connections to the token server that carried a request. */
  connections: number
  preflights: number
  /** From the element's `fetch()` to the token. */
  fetched: number
  posted: number
  ready: number
}

/** Connections and round trips to the token server, over TLS and HTTP/2, without DevTools attached. */
export async function roundTrips(): Promise<Part> {
  const missing = ENGINES.filter((engine) => !engine.path()).map(({ name }) => name)
  if (missing.length > 0) throw new NotInstalled(missing.join(', '))
  const scene = await startScene()
  const rows: Row[] = []
  const aims: NamedAim[] = []
  try {
    for (const engine of ENGINES) {
      const loads = new Map(Object.keys(TAGS).map((tag) => [tag as Tag, [] as Load[]]))
      for (let round = 0; round < ROUNDS; round++)
        for (const [tag, measured] of loads) measured.push(await scene.load(engine, TAGS[tag]))
      for (const [tag, measured] of loads) {
        const middle = (what: keyof Load) => rounded(median(measured.map((load) => load[what])))
        const connections = middle('connections')
        const trips = roundTripsOf(measured)
        rows.push({
          browser: engine.name,
          tag: NAMES[tag],
          connections,
          preflights: middle('preflights'),
          'round trips': trips,
          'fetch() to token, ms': middle('fetched'),
          'POST arrives after, ms': middle('posted'),
          'ready after, ms': middle('ready'),
        })
        const isAim = tag === 'classic'
        if (!isAim) continue
        const aim = { bound: 'at most', limit: 1 } as const
        aims.push(
          {
            what: `round trips from \`fetch()\` to the token, across origins, ${engine.name}`,
            measured: trips,
            ...aim,
          },
          {
            what: `connections to the token server, across origins, ${engine.name}`,
            measured: connections,
            ...aim,
          },
        )
      }
    }
  } finally {
    await scene.close()
  }
  return {
    title: 'Round trips',
    how: `Chromium and Firefox without DevTools or another debugger, a new profile for each load, TLS and HTTP/2. Medians of ${ROUNDS} loads. A proxy makes each round trip to the token server and to the chat page ${ROUND_TRIP_MS} ms long, the TCP handshake too. The page of another origin is near. "Connections" are those to the token server with a request. "Round trips" are those from the element’s \`fetch()\` to the token, in the fastest load, by the page’s Resource Timing. Times are from the script’s request, as the token server gets it. The chat page is a third origin with a connection of its own: "ready" has its three round trips and its request.`,
    aims,
    tables: [{ title: 'From the script’s request to the chat', bars: 'ready after, ms', rows }],
  }
}

/** Round trips of the fastest load, since a busy machine delays the others. The remainder is the browser's own time. */
const roundTripsOf = (loads: readonly Load[]): number =>
  Math.floor((Math.min(...loads.map(({ fetched }) => fetched)) + EARLY_MS) / ROUND_TRIP_MS)

interface Scene {
  load(engine: (typeof ENGINES)[number], tag: string): Promise<Load>
  close(): Promise<void>
}

interface Seen {
  path: string
  method: string
  /** Milliseconds since the epoch. */
  at: number
  connection: unknown
}

/** What the page reports when its chat is ready. */
interface Report {
  /** Milliseconds since the epoch. */
  ready: number
  /** Milliseconds from the element's `fetch()` to its end. */
  fetched: number
}

/** Starts a near server for the page, and far servers for tokens and the chat page. */
async function startScene(): Promise<Scene> {
  const folder = mkdtempSync(`${tmpdir()}/round-trips-`)
  const { options, fingerprint } = makeCertificate(folder)
  const token = craftToken(makeKey('bench'), EVENT)
  let seen: Seen[] = []
  let html = ''
  let reported: (report: Report) => void = () => {}
  const page = (response: Http2ServerResponse) => {
    response.setHeader('Content-Type', 'text/html; charset=utf-8')
    response.end(html)
  }
  const near = await serve(options, (request, response) => {
    if (request.url === '/page') return page(response)
    if (request.url !== '/report') return answerNothing(response)
    void textOf(request).then((text) => reported(JSON.parse(text) as Report))
    response.setHeader('Access-Control-Allow-Origin', '*')
    return response.end()
  })
  const tokens = await serve(options, (request, response) => {
    const { url: path, method, headers, httpVersion } = request
    if (httpVersion !== '2.0') throw new Error(`${path} came over HTTP/${httpVersion}`)
    seen.push({ path, method, at: now(), connection: request.stream.session })
    response.setHeader('Timing-Allow-Origin', '*')
    if (headers.origin) {
      response.setHeader('Access-Control-Allow-Origin', headers.origin)
      response.setHeader('Access-Control-Allow-Credentials', 'true')
      response.setHeader('Access-Control-Allow-Headers', 'content-type, authorization')
    }
    if (path === '/page') return page(response)
    if (path === '/kinescope-chat.js') {
      response.setHeader('Content-Type', 'text/javascript')
      return response.end(SCRIPT)
    }
    if (path !== '/token') return answerNothing(response)
    if (method === 'OPTIONS') return response.writeHead(204).end()
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    return response.end(JSON.stringify({ token, expires_in: 600, refresh_in: 500 }))
  })
  const chat = await serve(options, (_request, response) => {
    response.setHeader('Content-Type', 'text/html')
    response.end('<!doctype html><title>Chat</title><p>Chat')
  })
  const [farTokens, farChat] = [
    await startDelayingProxy(tokens.port, ROUND_TRIP_MS),
    await startDelayingProxy(chat.port, ROUND_TRIP_MS),
  ]
  const origin = (port: number, host = '127.0.0.1') => `https://${host}:${port}`
  const certificate: TrustedCertificate = {
    fingerprint,
    hosts: [`localhost:${near.port}`, `127.0.0.1:${farTokens.port}`, `127.0.0.1:${farChat.port}`],
  }
  return {
    async load(engine, tag) {
      const server = origin(farTokens.port)
      const nearOrigin = origin(near.port, 'localhost')
      html = pageOf(tag.replaceAll('SERVER', server), origin(farChat.port), `${nearOrigin}/report`)
      seen = []
      const report = new Promise<Report>((resolve) => (reported = resolve))
      const start = tag.includes('SERVER') ? nearOrigin : server
      const browser = await openPlainly(engine, folder, certificate, `${start}/page`)
      try {
        return loadOf(seen, await within(report, `${engine.name} had no chat with ${tag}`))
      } finally {
        await browser.close()
      }
    },
    async close() {
      for (const server of [farTokens, farChat, near, tokens, chat]) server.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function loadOf(seen: readonly Seen[], { ready, fetched }: Report): Load {
  const requests = seen.filter(({ path }) => ['/kinescope-chat.js', '/token'].includes(path))
  const began = requests.find(({ path }) => path === '/kinescope-chat.js')!.at
  const post = requests.find(({ path, method }) => path === '/token' && method === 'POST')!
  return {
    connections: new Set(requests.map(({ connection }) => connection)).size,
    preflights: requests.filter(({ method }) => method === 'OPTIONS').length,
    fetched,
    posted: post.at - began,
    ready: ready - began,
  }
}

const pageOf = (tag: string, chatOrigin: string, reportTo: string) => `<!doctype html>
<html lang="en"><title>Stream</title>
<script>
  document.addEventListener('kinescope-chat-ready', () => {
    const ready = performance.timeOrigin + performance.now()
    const { duration: fetched } = performance.getEntriesByType('resource').find(({ name }) => name.endsWith('/token'))
    fetch('${reportTo}', { method: 'POST', mode: 'no-cors', body: JSON.stringify({ ready, fetched }) })
  }, { capture: true, once: true })
</script>
${tag}<kinescope-chat event-id="${EVENT}" chat-origin="${chatOrigin}"></kinescope-chat>`

const now = () => performance.timeOrigin + performance.now()

const answerNothing = (response: Http2ServerResponse) => response.writeHead(404).end()

async function textOf(request: Http2ServerRequest): Promise<string> {
  let text = ''
  for await (const part of request.setEncoding('utf8')) text += String(part)
  return text
}

interface Certificate {
  key: Buffer
  cert: Buffer
}

function makeCertificate(folder: string): { options: Certificate; fingerprint: string } {
  const [key, cert] = [`${folder}/key.pem`, `${folder}/cert.pem`]
  openssl(
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
    ...['-keyout', key, '-out', cert],
  )
  const fingerprint = openssl('x509', '-in', cert, '-noout', '-fingerprint', '-sha256').split('=')[1]!.trim()
  return { options: { key: readFileSync(key), cert: readFileSync(cert) }, fingerprint }
}

function openssl(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('openssl', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`openssl: ${stderr}`)
  return stdout
}

async function serve(
  certificate: Certificate,
  handler: (request: Http2ServerRequest, response: Http2ServerResponse) => unknown,
): Promise<{ port: number; close(): void }> {
  const server = createSecureServer({ ...certificate, allowHTTP1: true }, handler)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, close: () => server.close() }
}

async function within<T>(promise: Promise<T>, problem: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(problem)), READY_TIMEOUT_MS)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
