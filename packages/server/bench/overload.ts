import { Agent } from 'node:http'
import { connect } from 'node:net'
import { asked, call, type ServerUnderTest } from './server-under-test.js'
import { at } from './steady-load.js'

const CONNECTIONS = 2000
const SECONDS = 5
/** A server has recovered when a token takes no longer than this again. */
const RECOVERED_MS = 100

export interface OverloadResult {
  /** Whether a refused client waits as Retry-After says, or asks again at once. */
  patient: boolean
  acceptedPerSecond: number
  refusedPerSecond: number
  /** Milliseconds from request to answer. */
  acceptedP50: number
  acceptedP99: number
  refusedP50: number
  refusedP99: number
  healthP99: number
  /** Seconds, as the server itself measures it. */
  loopDelayP99: number | null
  /** From the end of the load to a token in less than a tenth of a second. */
  recoveryMs: number
  /** Connections that broke, and answers that are neither a token nor a 503. */
  wrong: number
}

/** 2,000 connections that each ask again after every answer: ten times what can be signed. */
export async function overload(server: ServerUnderTest, patient: boolean): Promise<OverloadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  await loopDelay(server, agent) // what was before doesn't count
  const end = performance.now() + SECONDS * 1000
  const accepted: number[] = []
  const refused: number[] = []
  const health: number[] = []
  let wrong = 0
  const clients = Array.from({ length: CONNECTIONS }, () =>
    askOn(server.port, end, patient, (status, ms) => {
      if (status === 200) accepted.push(ms)
      else if (status === 503) refused.push(ms)
      else wrong++
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
  await Promise.all([...clients, watching])
  const over = performance.now()
  while ((await timeOfToken(server, agent)) > RECOVERED_MS);
  const recoveryMs = performance.now() - over
  const loopDelayP99 = await loopDelay(server, agent)
  agent.destroy()
  for (const list of [accepted, refused, health]) list.sort((a, b) => a - b)
  return {
    patient,
    acceptedPerSecond: accepted.length / SECONDS,
    refusedPerSecond: refused.length / SECONDS,
    acceptedP50: at(accepted, 0.5),
    acceptedP99: at(accepted, 0.99),
    refusedP50: at(refused, 0.5),
    refusedP99: at(refused, 0.99),
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

/** A client as light as can be: the machine's time is the server's. */
function askOn(
  port: number,
  end: number,
  patient: boolean,
  answered: (status: number, ms: number) => void,
): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let started = 0
    let text = ''
    let timer: NodeJS.Timeout | undefined
    const ask = () => {
      started = performance.now()
      text = ''
      socket.write(REQUEST)
    }
    const giveUp = setTimeout(() => socket.destroy(), end - performance.now() + 10_000)
    socket.setEncoding('latin1').on('connect', ask)
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
  })
}

async function timeOfToken({ url }: ServerUnderTest, agent: Agent): Promise<number> {
  const started = performance.now()
  const { status } = await call(url, 'POST', '/token', agent)
  return status === 200 ? performance.now() - started : Infinity
}

/** The metric is measured from one reading to the next. */
async function loopDelay({ url }: ServerUnderTest, agent: Agent): Promise<number | null> {
  const { text } = await call(url, 'GET', '/metrics', agent)
  const value = /^nodejs_eventloop_lag_p99_seconds ([\d.e-]+)$/m.exec(text)?.[1]
  return value === undefined ? null : Number(value)
}
