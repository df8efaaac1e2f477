import type { FastifyReply } from 'fastify'
import type { TokenAnswer } from '../endpoint/request.js'

/** Sends a response of the endpoint through Fastify. */
export function send(reply: FastifyReply, { status, headers, body }: TokenAnswer): FastifyReply {
  return reply
    .code(status)
    .headers(headers)
    .send(status === 204 ? undefined : body)
}
