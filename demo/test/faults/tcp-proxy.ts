import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** What a network does to a connection that doesn't speak HTTP. */
export const TCP_FAULTS = ['delayed', 'hangs', 'dropped', 'reset', 'garbage'] as const
export type TcpFault = (typeof TCP_FAULTS)[number]

const DELAY_MS = 1500

export interface TcpProxy {
  readonly port: number
  fault: TcpFault | null
  close(): Promise<void>
}

/**
 * A proxy before a server on this machine. A connection that was used while the other end hung never speaks again: what
 * stood between has forgotten it, and only a new one gets through.
 */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  const proxy = { fault: null as TcpFault | null }
  const server = createServer((socket) => {
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
