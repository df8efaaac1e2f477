import { once } from 'node:events'
import {
  createServer as createHttpServer,
  request as ask,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import { connect, createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net'

/** What the network, or somebody on it, does to an exchange. */
export const HTTP_FAULTS = [
  'delayed',
  'hangs',
  'dropped',
  'reset',
  'broken off',
  'asked twice',
  'garbage',
  'a proxy’s 502',
  'a 500 in HTML',
  'a challenge, 403',
  'a page, 200',
  'nothing, 200',
  'half of the JSON',
  'a sign-in form, 302',
  'a 404 page',
  'a 429 of somebody else',
] as const
export type HttpFault = (typeof HTTP_FAULTS)[number]

const PAGE = '<!doctype html><title>Somebody else</title><h1>Somebody else</h1>'
const ANSWERS: Partial<Record<HttpFault, { status: number; type: string; body: string; location?: string }>> =
  {
    'a proxy’s 502': { status: 502, type: 'text/html', body: PAGE },
    'a 500 in HTML': { status: 500, type: 'text/html', body: PAGE },
    'a challenge, 403': { status: 403, type: 'text/html', body: PAGE },
    'a page, 200': { status: 200, type: 'text/html', body: PAGE },
    'nothing, 200': { status: 200, type: 'application/json', body: '' },
    'half of the JSON': { status: 200, type: 'application/json', body: '{"token":"' },
    'a sign-in form, 302': { status: 302, type: 'text/html', body: PAGE, location: '/sign-in' },
    'a 404 page': { status: 404, type: 'text/html', body: PAGE },
    'a 429 of somebody else': { status: 429, type: 'text/html', body: PAGE },
  }
const DELAY_MS = 1500

export interface Proxy {
  readonly port: number
  fault: HttpFault | null
  /** Methods that pass unharmed all the same. */
  spared: readonly string[]
  /** Requests that came by. */
  readonly seen: number
  close(): Promise<void>
}

/**
 * A proxy before an HTTP server on this machine, which passes everything on until it is told to do harm.
 * @param change what to do to a good answer's body, to make an hour pass in seconds
 */
export async function startHttpProxy(
  target: string,
  change: (body: string) => string = (body) => body,
): Promise<Proxy> {
  const sockets = new Set<Socket>()
  const proxy = { fault: null as HttpFault | null, spared: ['OPTIONS'], seen: 0 }
  const server = createHttpServer((request, response) => {
    if (request.method !== 'OPTIONS') proxy.seen++
    void handle(request, response).catch(() => response.destroy())
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined)
  })

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    // a browser's preflight passes: what is tried is the answer itself
    const fault = proxy.spared.includes(request.method!) ? null : proxy.fault
    const answer = fault ? ANSWERS[fault] : undefined
    if (answer) {
      const { origin } = request.headers
      response
        .writeHead(answer.status, {
          'content-type': answer.type,
          ...(answer.location ? { location: answer.location } : {}),
          // so that the page may read it: what it may not read is "unreachable" to it, whatever it is
          ...(origin
            ? { 'access-control-allow-origin': origin, 'access-control-allow-credentials': 'true' }
            : {}),
        })
        .end(answer.body)
      return
    }
    switch (fault) {
      case 'hangs':
        return
      case 'dropped':
        response.destroy()
        return
      case 'reset':
        request.socket.resetAndDestroy()
        return
      case 'garbage':
        request.socket.end('\u0000\u0001not HTTP at all\r\n\r\n')
        return
      case 'delayed':
        await new Promise((resolve) => setTimeout(resolve, DELAY_MS))
        break
      case 'asked twice':
        await passOn(request, body)
        break
      default:
    }
    const { status, headers, text } = await passOn(request, body)
    delete headers['content-length']
    delete headers['transfer-encoding']
    const changed = Buffer.from(change(text))
    response.writeHead(status, { ...headers, 'content-length': changed.length })
    if (fault === 'broken off')
      response.write(changed.subarray(0, changed.length / 2), () => response.destroy())
    else response.end(changed)
  }

  async function passOn({ url, method, headers }: IncomingMessage, body: Buffer) {
    const onward = ask(`${target}${url}`, { method, headers: { ...headers, 'accept-encoding': 'identity' } })
    onward.end(body)
    const [reply] = (await once(onward, 'response')) as [IncomingMessage]
    let text = ''
    for await (const chunk of reply.setEncoding('utf8')) text += chunk
    return { status: reply.statusCode!, headers: { ...reply.headers }, text }
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return Object.assign(proxy, {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  })
}

export const TCP_FAULTS = ['delayed', 'hangs', 'dropped', 'reset', 'garbage'] as const
export type TcpFault = (typeof TCP_FAULTS)[number]

/**
 * The same before a server that doesn't speak HTTP. A connection that was used while the other end hung never speaks again:
 * what stood between has forgotten it, and only a new one gets through.
 */
export async function startTcpProxy(targetPort: number): Promise<{
  port: number
  fault: TcpFault | null
  close(): Promise<void>
}> {
  const sockets = new Set<Socket>()
  const proxy = { fault: null as TcpFault | null }
  const server = createTcpServer((socket) => {
    const onward = connect(targetPort, '127.0.0.1')
    for (const end of [socket, onward]) {
      sockets.add(end)
      end
        .on('error', () => undefined)
        .on('close', () => {
          sockets.delete(end)
          socket.destroy()
          onward.destroy()
        })
    }
    let forgotten = false
    // one after the other, also where some of it is late
    let before = Promise.resolve()
    onward.on('data', (chunk) => forgotten || socket.write(chunk))
    socket.on('data', (chunk) => {
      const { fault } = proxy
      forgotten ||= fault === 'hangs'
      if (forgotten) return
      if (fault === 'dropped') socket.destroy()
      else if (fault === 'reset') socket.resetAndDestroy()
      else if (fault === 'garbage') socket.write('\u0000garbage\r\n')
      else {
        const late = fault === 'delayed' ? DELAY_MS : 0
        const due = late ? new Promise<void>((resolve) => setTimeout(resolve, late)) : undefined
        before = before.then(() => due).then(() => void (onward.writable && onward.write(chunk)))
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return Object.assign(proxy, {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  })
}
