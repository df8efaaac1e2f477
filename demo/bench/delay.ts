import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** A TCP proxy before a server on this machine that is a round trip away. */
export interface DelayingProxy {
  port: number
  close(): void
}

/** Each direction takes half a round trip, and the handshake of a connection a whole one. */
export async function startDelayingProxy(port: number, roundTripMs: number): Promise<DelayingProxy> {
  const sockets = new Set<Socket>()
  const proxy = createServer((client) => {
    const upstream = connect(port, '127.0.0.1')
    // loopback accepts at once: what follows the handshake comes a round trip later
    pass(client, upstream, roundTripMs / 2, performance.now() + roundTripMs)
    pass(upstream, client, roundTripMs / 2, 0)
    for (const socket of [client, upstream]) sockets.add(socket)
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  return {
    port: (proxy.address() as AddressInfo).port,
    close: () => {
      for (const socket of sockets) socket.destroy()
      proxy.close()
    },
  }
}

/** Passes bytes on later, in their order. @param openAt when the connection is open, as performance.now() counts */
function pass(from: Socket, to: Socket, delayMs: number, openAt: number): void {
  const waiting: Buffer[] = []
  from.on('data', (bytes: Buffer) => {
    waiting.push(bytes)
    setTimeout(
      () => to.writable && to.write(waiting.shift()!),
      delayMs + Math.max(0, openAt - performance.now()),
    )
  })
  from.setNoDelay(true)
  from.on('close', () => setTimeout(() => to.destroy(), delayMs))
  from.on('error', () => to.destroy())
}
