import type { FastifyInstance } from 'fastify'
import { daysLeft, endsSoon } from '../keys/key-end.js'
import type { KeySource } from '../token/signing-key.js'
import type { Metrics } from './metrics.js'

/** One thing `/readyz` tells about. */
export interface HealthNote {
  code: string
  detail: string
}

export interface HealthSources {
  keys: KeySource
  /** What else is known to be wrong, though tokens can be made. */
  notes: () => HealthNote[]
  metrics: Metrics
  now?: () => number
}

/** `/healthz`: the process answers. `/readyz`: it can make tokens, and what is wrong otherwise. `/metrics`: Prometheus. */
export function mountHealth(
  app: FastifyInstance,
  { keys, notes, metrics, now = Date.now }: HealthSources,
): void {
  const plain = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' }

  app.get('/healthz', (_request, reply) => reply.headers(plain).send({ status: 'ok' }))

  app.get('/readyz', (_request, reply) => {
    const choice = keys.current(now())
    const known = notes()
    // a replica that Kinescope's side makes useless stays in: the code of why is worth more than a proxy's bare 502
    if ('problem' in choice) {
      return reply.code(503).headers(plain).send({ status: 'not-ready', code: choice.problem, notes: known })
    }
    const days = daysLeft(choice, now())
    if (endsSoon(choice, now())) {
      known.push({
        code: 'key-expires-soon',
        detail: `${days} days left: run kinescope-chat keys reconcile.`,
      })
    }
    return reply
      .headers(plain)
      .send({ status: 'ready', key: { kid: choice.key.kid, daysLeft: days }, notes: known })
  })

  app.get('/metrics', async (_request, reply) => {
    reply.headers({ ...plain, 'Content-Type': metrics.registry.contentType })
    return reply.send(await metrics.registry.metrics())
  })
}
