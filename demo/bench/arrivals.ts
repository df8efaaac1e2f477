import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { planRequests } from '../../packages/server/src/rehearse/plan.js'
import { asked, type ServerUnderTest } from '../../packages/server/bench/server-under-test.js'

const REQUEST = [
  'POST /token HTTP/1.1',
  'Host: bench',
  'Connection: close',
  ...Object.entries(asked.headers).map(([name, value]) => `${name}: ${value}`),
  `Content-Length: ${Buffer.byteLength(asked.body)}`,
  '',
  asked.body,
].join('\r\n')

/** Longer than the server takes to refuse. */
const TIMEOUT_MS = 20_000

/** Each viewer opens a connection at their moment and asks for one token. @returns milliseconds to each token; a refusal is none */
export async function arrivals(
  server: ServerUnderTest,
  viewers: number,
  withinMs: number,
): Promise<number[]> {
  const audience = { viewers, withinMs, reloads: 0, badNetworks: 0, tokenTtlMs: 3_600_000 }
  const started = performance.now()
  const requests: Promise<number | null>[] = []
  for (const { atMs } of planRequests(audience, Math.random)) {
    const early = atMs - (performance.now() - started)
    if (early > 1) await sleep(early)
    requests.push(timeOfToken(server.port))
  }
  return (await Promise.all(requests)).filter((took) => took !== null)
}

function timeOfToken(port: number): Promise<number | null> {
  const started = performance.now()
  const socket = connect(port, '127.0.0.1').setEncoding('latin1')
  let text = ''
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy())
  socket.on('data', (part: string) => (text += part))
  // one that breaks is closed too
  socket.on('error', () => undefined)
  socket.write(REQUEST)
  return new Promise((resolve) =>
    socket.on('close', () => resolve(text.startsWith('HTTP/1.1 200') ? performance.now() - started : null)),
  )
}
