import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Fault, FaultList } from './faults.js'

/** Makes the faults of the list happen to requests of the API and the chat page; the control routes stay whole. */
export function injectFaults(app: FastifyInstance, faults: FaultList): void {
  const struck = new WeakMap<FastifyRequest, Fault>()
  const used = new WeakSet<Socket>()

  app.addHook('onRequest', async (request, reply) => {
    const { socket } = request.raw
    const reused = used.has(socket)
    used.add(socket)
    if (request.routeOptions.url?.startsWith('/emulator/')) return
    const fault = faults.strike(request.method, request.url.split('?')[0]!)
    if (!fault) return
    struck.set(request, fault)
    return strike(fault, reply, socket, reused)
  })

  app.addHook('onSend', async (request, reply, payload) => {
    const fault = struck.get(request)
    if (fault?.kind === 'commit-then-drop') {
      reply.hijack()
      request.raw.socket.destroy()
    } else if (fault?.kind === 'truncate') {
      const whole = typeof payload === 'string' ? payload : ''
      reply.hijack()
      reply.raw.writeHead(reply.statusCode, {
        'content-type': 'application/json; charset=utf-8',
        'content-length': Buffer.byteLength(whole),
      })
      reply.raw.write(whole.slice(0, whole.length / 2), () => request.raw.socket.destroy())
    }
    return payload
  })
}

function strike(fault: Fault, reply: FastifyReply, socket: Socket, reused: boolean): unknown {
  switch (fault.kind) {
    case 'status': {
      if (fault.retryAfter !== undefined) reply.header('retry-after', fault.retryAfter)
      const body = fault.body ?? { error: { code: fault.status * 1001, message: 'injected fault' } }
      return reply.code(fault.status).type('application/json; charset=utf-8').send(JSON.stringify(body))
    }
    case 'html':
      return reply
        .code(fault.status)
        .type('text/html; charset=utf-8')
        .send(`<!doctype html><title>${fault.status}</title><h1>${fault.status}</h1><p>nginx`)
    case 'hang':
      reply.hijack()
      return undefined
    case 'latency':
      return new Promise<void>((resolve) => setTimeout(resolve, fault.ms))
    case 'drop':
      reply.hijack()
      socket.destroy()
      return undefined
    case 'close-reused':
      if (reused) {
        reply.hijack()
        socket.destroy()
      }
      return undefined
    case 'commit-then-drop':
    case 'truncate':
      return undefined
  }
}
