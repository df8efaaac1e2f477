import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import { createServer, connect, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { chromiumPath } from '../test/e2e/browser.js'
import { median, rounded, type Part } from './part.js'

const ROUNDS = 5
/** Half a round trip: each direction waits this long. */
const ONE_WAY_MS = 50
const ARRIVAL_TIMEOUT_MS = 30_000
const SCRIPT = new URL('../../packages/element/dist/kinescope-chat.js', import.meta.url)

interface Load {
  connections: number
  preflights: number
  /** From the script's request to the token request, both at the token server, in milliseconds. */
  post: number
}

/** The tags that are compared: `SERVER` is the token server's origin. */
const TAGS = {
  'classic script, absolute src': '<script async src="SERVER/kinescope-chat.js"></script>',
  'module, absolute src': '<script type="module" src="SERVER/kinescope-chat.js"></script>',
  'module with token-url (JSON)':
    '<script type="module" src="SERVER/kinescope-chat.js" data-token-url="SERVER/token"></script>',
  'classic script, relative src (page on the server)': '<script async src="/kinescope-chat.js"></script>',
}

/** Connections and round trips to the token server, over TLS and HTTP/2, without DevTools attached. */
export async function roundTrips(long: boolean): Promise<Part> {
  const rows = []
  for (const [tag, html] of Object.entries(TAGS)) {
    const loads: Load[] = []
    for (let round = 0; round < (long ? ROUNDS : 1); round++) loads.push(await measure(html))
    rows.push({
      tag,
      connections: median(loads.map(({ connections }) => connections)),
      preflights: median(loads.map(({ preflights }) => preflights)),
      'token request after, ms': rounded(median(loads.map(({ post }) => post))),
    })
  }
  return {
    title: 'Round trips',
    how: `Chromium without DevTools, a new profile each time, TLS and HTTP/2, ${2 * ONE_WAY_MS} ms a round trip by a delaying proxy before the token server. Connections are those that carried a request. Times are from the script’s request to the token request, as the token server sees them.`,
    tables: [
      { title: 'From the script’s request to the token request', bars: 'token request after, ms', rows },
    ],
  }
}

async function measure(html: string): Promise<Load> {
  const folder = mkdtempSync(`${tmpdir()}/round-trips-`)
  const [key, cert] = [`${folder}/key.pem`, `${folder}/cert.pem`]
  const made = spawnSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
    ...['-keyout', key, '-out', cert],
  ])
  if (made.status !== 0) throw new Error(`openssl: ${String(made.stderr)}`)
  const requests: { path: string; method: string; at: number; connection: unknown }[] = []
  let arrived = () => {}
  const posted = new Promise<void>((resolve) => (arrived = resolve))
  const script = readFileSync(SCRIPT)
  let page = ''
  const options = { key: readFileSync(key), cert: readFileSync(cert), allowHTTP1: true }
  const server = createSecureServer(options, (request: Http2ServerRequest, response: Http2ServerResponse) => {
    const { url: path, method, headers } = request
    requests.push({
      path,
      method,
      at: performance.now(),
      connection: request.stream?.session ?? request.socket,
    })
    const origin = headers.origin ?? '*'
    response.setHeader('Access-Control-Allow-Origin', origin)
    if (headers.origin) response.setHeader('Access-Control-Allow-Credentials', 'true')
    response.setHeader('Access-Control-Allow-Headers', 'Content-Type, Authorization')
    if (path === '/page') {
      response.setHeader('Content-Type', 'text/html')
      return response.end(page)
    }
    if (path === '/kinescope-chat.js') {
      response.setHeader('Content-Type', 'text/javascript')
      return response.end(script)
    }
    if (method === 'POST') arrived()
    response.statusCode = method === 'OPTIONS' ? 204 : method === 'POST' ? 401 : 404
    return response.end()
  })
  const proxy = createServer((client) => {
    const upstream = connect((server.address() as AddressInfo).port, '127.0.0.1')
    delay(client, upstream)
    delay(upstream, client)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const far = `https://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  // the page of another origin is near: only the token server is far
  const near = `https://localhost:${(server.address() as AddressInfo).port}`
  page = `<!doctype html>${html.replaceAll('SERVER', far)}<kinescope-chat event-id="bench"></kinescope-chat>`
  const browser = spawn(
    chromiumPath(),
    [
      ...['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
      ...['--ignore-certificate-errors', `--user-data-dir=${folder}/profile`],
      `${html.includes('SERVER') ? near : far}/page`,
    ],
    // a group of its own: its children end with it
    { stdio: 'ignore', detached: true },
  )
  let timer: NodeJS.Timeout | undefined
  try {
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('No token request came.')), ARRIVAL_TIMEOUT_MS)
    })
    await Promise.race([posted, late])
    const began = requests.find(({ path }) => path === '/kinescope-chat.js')!.at
    const ours = requests.filter(({ path }) => path !== '/page' && path !== '/favicon.ico')
    return {
      connections: new Set(ours.map(({ connection }) => connection)).size,
      preflights: ours.filter(({ method }) => method === 'OPTIONS').length,
      post: requests.find(({ method }) => method === 'POST')!.at - began,
    }
  } finally {
    clearTimeout(timer)
    process.kill(-browser.pid!, 'SIGKILL')
    if (browser.exitCode === null && browser.signalCode === null) await once(browser, 'exit')
    proxy.close()
    server.close()
    await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  }
}

/** Passes bytes on after half a round trip. */
function delay(from: Socket, to: Socket): void {
  from.on('data', (bytes) => setTimeout(() => to.writable && to.write(bytes), ONE_WAY_MS))
  from.on('close', () => setTimeout(() => to.destroy(), ONE_WAY_MS))
  from.on('error', () => to.destroy())
}
