import { Agent } from 'node:http'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { asked, call, type ServerUnderTest } from './server-under-test.js'
import { at } from './steady-load.js'

const SECONDS = 5
/** Time after the load's end in which the server must respond. */
const LATE_MS = 10_000
/** A server has recovered when a token takes at most this time. */
const RECOVERED_MS = 100

export interface Crowd {
  connections: number
  /** Whether a rejected client waits for `Retry-After`. Otherwise it retries at once. */
  patient: boolean
}

export interface OverloadResult extends Crowd {
  acceptedPerSecond: number
  refusedPerSecond: number
  /** Milliseconds from request to response. */
  acceptedP50: number
  acceptedP99: number
  refusedP50: number
  refusedP99: number
  /** From the start of the load to the first 503; null if all requests were accepted. */
  firstRefusalMs: number | null
  healthP99: number
  /** Milliseconds, measured by the server's own process. */
  loopDelayP99: number
  /** From the end of the load to a token in less than 100 ms. */
  recoveryMs: number
  /** Failed connections, and responses that are neither a token nor a 503. */
  wrong: number
}

/**
 * Connections that all send a request at the same time, and another one after every response. They are opened before
 * the
 * measurement, since a busy event loop accepts only one connection per iteration (libuv 1.46).
 */
export async function overload(server: ServerUnderTest, crowd: Crowd): Promise<OverloadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const clients = await Promise.all(Array.from({ length: crowd.connections }, () => takenOn(server.port)))
  await server.loopDelayP99() // discards earlier delays
  const start = performance.now()
  const end = start + SECONDS * 1000
  const accepted: number[] = []
  const refused: number[] = []
  const health: number[] = []
  let firstRefusalMs: number | null = null
  let wrong = 0
  const asking = clients.map((socket) =>
    askOn(socket, end, crowd.patient, (status, ms) => {
      if (status === 200) accepted.push(ms)
      else if (status === 503) {
        refused.push(ms)
        firstRefusalMs ??= performance.now() - start
      } else wrong++
    }),
  )
  const watching = (async () => {
    while (performance.now() < end) {
      const started = performance.now()
      if ((await call(server.url, 'GET', '/healthz', agent)).status !== 200) wrong++
      health.push(performance.now() - started)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  })()
  await Promise.all([...asking, watching])
  const over = performance.now()
  while ((await timeOfToken(server, agent)) > RECOVERED_MS);
  const recoveryMs = performance.now() - over
  const loopDelayP99 = await server.loopDelayP99()
  agent.destroy()
  for (const list of [accepted, refused, health]) list.sort((a, b) => a - b)
  return {
    ...crowd,
    acceptedPerSecond: accepted.length / SECONDS,
    refusedPerSecond: refused.length / SECONDS,
    acceptedP50: at(accepted, 0.5),
    acceptedP99: at(accepted, 0.99),
    refusedP50: at(refused, 0.5),
    refusedP99: at(refused, 0.99),
    firstRefusalMs,
    healthP99: at(health, 0.99),
    loopDelayP99,
    recoveryMs,
    wrong,
  }
}

const HEAD = [
  'POST /token HTTP/1.1',
  'Host: bench',
  ...Object.entries(asked.headers).map(([name, value]) => `${name}: ${value}`),
  `Content-Length: ${Buffer.byteLength(asked.body)}`,
]
const REQUEST = `${HEAD.join('\r\n')}\r\n\r\n${asked.body}`

/** Opens a connection and waits for a first response on it. */
async function takenOn(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1')
  socket.write('GET /healthz HTTP/1.1\r\nHost: bench\r\n\r\n')
  await once(socket, 'data')
  return socket
}

/** A minimal client, which leaves the processor time to the server. */
function askOn(
  socket: Socket,
  end: number,
  patient: boolean,
  answered: (status: number, ms: number) => void,
): Promise<void> {
  return new Promise((resolve) => {
    let started = 0
    let text = ''
    let timer: NodeJS.Timeout | undefined
    const ask = () => {
      started = performance.now()
      text = ''
      socket.write(REQUEST)
    }
    const giveUp = setTimeout(() => socket.destroy(), end - performance.now() + LATE_MS)
    socket.on('data', (part: string) => {
      text += part
      const head = text.indexOf('\r\n\r\n')
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? 0)
      if (head < 0 || text.length < head + 4 + length) return
      const status = Number(text.slice(9, 12))
      answered(status, performance.now() - started)
      if (performance.now() >= end) socket.end()
      else {
        const wait = status === 503 && patient ? Number(/\r\nretry-after: (\d+)/i.exec(text)?.[1] ?? 1) : 0
        timer = setTimeout(() => (performance.now() >= end ? socket.end() : ask()), wait * 1000)
      }
    })
    socket.on('error', () => answered(0, 0))
    socket.on('close', () => {
      clearTimeout(timer)
      clearTimeout(giveUp)
      resolve()
    })
    ask()
  })
}

async function timeOfToken({ url }: ServerUnderTest, agent: Agent): Promise<number> {
  const started = performance.now()
  const { status } = await call(url, 'POST', '/token', agent)
  return status === 200 ? performance.now() - started : Infinity
}
