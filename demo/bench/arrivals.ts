import { once } from 'node:events'
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

/** Each viewer opens a connection at their moment and asks for one token. @returns milliseconds to each token */
export async function arrivals(
  server: ServerUnderTest,
  viewers: number,
  withinMs: number,
): Promise<number[]> {
  const audience = { viewers, withinMs, reloads: 0, badNetworks: 0, tokenTtlMs: 3_600_000 }
  const started = performance.now()
  const requests: Promise<number>[] = []
  for (const { atMs } of planRequests(audience, Math.random)) {
    const early = atMs - (performance.now() - started)
    if (early > 1) await sleep(early)
    requests.push(timeOfToken(server.port))
  }
  return Promise.all(requests)
}

async function timeOfToken(port: number): Promise<number> {
  const started = performance.now()
  const socket = connect(port, '127.0.0.1').setEncoding('latin1')
  let text = ''
  socket.on('data', (part: string) => (text += part))
  socket.write(REQUEST)
  await once(socket, 'end')
  const took = performance.now() - started
  socket.destroy()
  if (!text.startsWith('HTTP/1.1 200')) throw new Error(`no token: ${text.slice(0, 200)}`)
  return took
}
