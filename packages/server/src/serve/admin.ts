import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { HealthNote } from '../endpoint/registration-watch.js'
import { daysLeft, endsSoon, type KeySource } from '../token/signing-key.js'
import type { Metrics } from './metrics.js'

export interface HealthSources {
  keys: KeySource
  /** Known problems that don't stop tokens. */
  notes: () => HealthNote[]
  /** Whether the server only finishes the requests in flight and accepts no new ones. */
  draining: () => boolean
  now?: () => number
}

const PLAIN = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' }

/**
 * Health checks for the public port. `/healthz`: the process responds. `/readyz`: it can issue tokens; else a code,
 * without an id, a name or a time.
 */
export function mountHealth(app: FastifyInstance, sources: HealthSources): void {
  app.get('/healthz', (_request, reply) => reply.headers(PLAIN).send({ status: 'ok' }))
  app.get('/readyz', (_request, reply) => {
    const { code, status, notes, ...why } = readiness(sources)
    const codes = [...new Set(notes.map((note) => note.code))].map((name) => ({ code: name }))
    const shown = 'problem' in why ? { status, code: why.problem, notes: codes } : { status, notes: codes }
    return reply.code(code).headers(PLAIN).send(shown)
  })
}

/** Health checks and metrics for operators, on the admin port. The public port never has `/metrics`. */
export function mountAdmin(app: FastifyInstance, sources: HealthSources, metrics: Metrics): void {
  app.get('/healthz', (_request, reply) => reply.headers(PLAIN).send({ status: 'ok' }))
  app.get('/readyz', (_request, reply) => {
    const { code, status, notes, ...key } = readiness(sources)
    const shown = 'problem' in key ? { status, code: key.problem, notes } : { status, ...key, notes }
    return reply.code(code).headers(PLAIN).send(shown)
  })
  app.get('/metrics', async (request: FastifyRequest, reply: FastifyReply) => {
    const { text, contentType } = await metrics.scrape(request.headers.accept)
    return reply.headers({ ...PLAIN, 'Content-Type': contentType }).send(text)
  })
}

function readiness({ keys, notes: known, draining, now = Date.now }: HealthSources) {
  const choice = keys.current(now())
  const notes = known()
  // a replica stays ready if Kinescope's state makes it useless: its code is worth more than a proxy's bare 502
  if ('problem' in choice) return { code: 503, status: 'not-ready', problem: choice.problem, notes }
  const days = daysLeft(choice, now())
  if (endsSoon(choice, now())) {
    notes.push({
      code: 'key-ends-soon',
      detail: `${days} days left. Run kinescope-chat-server keys reconcile.`,
    })
  }
  const key = { kid: choice.key.kid, daysLeft: days }
  return draining()
    ? { code: 503, status: 'draining', key, notes }
    : { code: 200, status: 'ready', key, notes }
}
