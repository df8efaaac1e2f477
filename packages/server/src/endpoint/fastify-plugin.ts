import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { loadScripts, mountScripts } from '../routes/scripts.js'
import { clientAddressBy } from './client-address.js'
import { mountToken } from './fastify-token-route.js'
import { endpointFor, type TokenHandlerOptions } from './fetch-handler.js'
import { Turns } from './turns.js'

export interface KinescopeChatOptions extends TokenHandlerOptions<FastifyRequest> {
  /** Serve the element's script files beside the token endpoint, where their default `token-url` points. True by default. */
  scripts?: boolean
}

/** What is under way when the application closes gets this long, then a 503. Milliseconds. */
const GRACE_MS = 3000

/**
 * The token endpoint and the element's script files for a Fastify application. Encapsulated: its error handler and its
 * body parsing stay its own, the application's decorators and hooks reach it, and `prefix` is honoured.
 *
 * @example app.register(kinescopeChat, { prefix: '/chat', keys, events: ['EVENT'], authenticate: (request) => request.user })
 */
export const kinescopeChat = fp(
  async (app: FastifyInstance, { scripts = true, ...options }: KinescopeChatOptions) => {
    const endpoint = endpointFor(options, new Turns())
    mountToken(app, endpoint, addressWhereKnown)
    // Fastify waits for requests under way before onClose: a hook of the host that hangs would keep it for ever
    let ending: NodeJS.Timeout | undefined
    app.addHook('onSend', (request, reply, payload, done) => {
      // a connection kept alive would keep the application (HTTP/2 has no such header)
      if (ending && request.raw.httpVersionMajor === 1) void reply.header('Connection', 'close')
      done(null, payload)
    })
    app.addHook('preClose', (done) => {
      ending = setTimeout(() => endpoint.close(), GRACE_MS)
      done()
    })
    app.addHook('onClose', (_instance, done) => {
      clearTimeout(ending)
      endpoint.close()
      done()
    })
    if (scripts) mountScripts(app, await loadScripts())
  },
  { name: 'kinescope-chat', fastify: '5.x', encapsulate: true },
)

const directAddress = clientAddressBy(undefined)

/** Fastify's own word where the application trusts proxies; else the peer's, where nothing stands between. */
function addressWhereKnown(request: FastifyRequest): string | null {
  return request.ips === undefined ? directAddress(request.raw) : request.ip
}
