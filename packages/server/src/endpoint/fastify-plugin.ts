import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { loadScripts, mountScripts } from '../routes/scripts.js'
import { mountToken } from './fastify-token-route.js'
import { endpointFor, type TokenHandlerOptions } from './fetch-handler.js'

export interface KinescopeChatOptions extends TokenHandlerOptions<FastifyRequest> {
  /** Serve the element's script files beside the token endpoint, where their default `token-url` points. True by default. */
  scripts?: boolean
}

/**
 * The token endpoint and the element's script files for a Fastify application. Encapsulated: its error handler and its
 * body parsing stay its own, the application's decorators and hooks reach it, and `prefix` is honoured.
 *
 * @example app.register(kinescopeChat, { prefix: '/chat', keys, events: ['EVENT'], authenticate: (request) => request.user })
 */
export const kinescopeChat = fp(
  async (app: FastifyInstance, { scripts = true, ...options }: KinescopeChatOptions) => {
    mountToken(app, endpointFor(options))
    if (scripts) mountScripts(app, await loadScripts())
  },
  { name: 'kinescope-chat', fastify: '5.x', encapsulate: true },
)
