import { once } from 'node:events'
import { createServer, request as ask, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { HARM, type Answer, type HttpFault } from './http-faults.js'

export interface Proxy {
  readonly port: number
  /** The fault of all requests from now on. */
  fault: HttpFault | null
  /** Methods that the proxy forwards without the fault. */
  spared: readonly string[]
  /** The number of requests, without preflights. */
  readonly seen: number
  /** The number of requests with a fault. */
  readonly struck: number
  close(): Promise<void>
}

/** Long enough to notice, and shorter than every timeout. */
const DELAY_MS = 300

/** Starts a proxy before an HTTP server on this machine. The proxy forwards all requests until a test sets a fault. */
export async function startHttpProxy(target: string, delayMs = DELAY_MS): Promise<Proxy> {
  const sockets = new Set<Socket>()
  // a browser's preflight has no fault, since the tests are about the response itself
  const proxy = { fault: null as HttpFault | null, spared: ['OPTIONS'], seen: 0, struck: 0 }
  const server = createServer((request, response) => {
    if (request.method !== 'OPTIONS') proxy.seen++
    void handle(request, response).catch(() => response.destroy())
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined)
  })

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await read(request)
    const fault = proxy.spared.includes(request.method!) ? null : proxy.fault
    if (fault) {
      proxy.struck++
      await HARM[fault]({ request, response, delayMs, ask: () => answer(request, body) })
      return
    }
    const onward = await passOn(request, body)
    response.on('close', () => onward.destroy())
    onward.on('error', () => response.destroy())
    onward.pipe(response.writeHead(onward.statusCode!, onward.headers))
  }

  async function passOn({ url, method, headers }: IncomingMessage, body: Buffer): Promise<IncomingMessage> {
    const onward = ask(`${target}${url}`, { method, headers: { ...headers, 'accept-encoding': 'identity' } })
    onward.end(body)
    const [reply] = (await once(onward, 'response')) as [IncomingMessage]
    return reply
  }

  async function answer(request: IncomingMessage, body: Buffer): Promise<Answer> {
    const reply = await passOn(request, body)
    const { 'transfer-encoding': _chunks, ...headers } = reply.headers
    return { status: reply.statusCode!, headers, body: await read(reply) }
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

async function read(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
