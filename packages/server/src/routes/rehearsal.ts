import type { FastifyInstance } from 'fastify'
import type { RehearsalSecret } from '../endpoint/rehearsal.js'

/**
 * `GET /rehearsal?challenge=NONCE`: proves to the operator's command line that this server has the same secret.
 * @param redis whether limits are counted in Redis, for the verdict
 */
export function mountRehearsal(app: FastifyInstance, secret: RehearsalSecret, redis: boolean): void {
  app.get('/rehearsal', async (request, reply) => {
    const { challenge } = request.query as Record<string, unknown>
    const answer = typeof challenge === 'string' ? await secret.answer(challenge) : null
    reply.headers({ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' })
    return answer === null
      ? reply.code(400).send({ error: 'challenge must be 32 to 64 hexadecimal digits' })
      : reply.send({ answer, redis })
  })
}
