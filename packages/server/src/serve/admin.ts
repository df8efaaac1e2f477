import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { notFound } from '../endpoint/request.js'
import { send } from '../routes/send.js'
import type { HealthNote } from '../endpoint/health-note.js'
import { daysLeft, endsSoon } from '../keys/key-end.js'
import type { KeySource } from '../token/signing-key.js'
import type { Metrics } from './metrics.js'

export interface HealthSources {
  keys: KeySource
  /** What else is known to be wrong, though tokens can be made. */
  notes: () => HealthNote[]
  metrics: Metrics
  now?: () => number
}

const PLAIN = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' }

/**
 * Health as visitors may see it. `/healthz`: the process answers. `/readyz`: it can make tokens; codes of what is wrong
 * otherwise, without an id, a name or a time. `/metrics`, where it has no port of its own: to a direct caller on this
 * machine, to nobody else.
 */
export function mountHealth(app: FastifyInstance, sources: HealthSources, adminPort: boolean): void {
  app.get('/healthz', (_request, reply) => reply.headers(PLAIN).send({ status: 'ok' }))
  app.get('/readyz', (_request, reply) => {
    const { code, status, notes, ...why } = readiness(sources)
    const codes = [...new Set(notes.map((note) => note.code))].map((name) => ({ code: name }))
    const shown = 'problem' in why ? { status, code: why.problem, notes: codes } : { status, notes: codes }
    return reply.code(code).headers(PLAIN).send(shown)
  })
  if (adminPort) return
  app.get('/metrics', async (request, reply) => {
    if (!isDirectAndLocal(request)) return send(reply, notFound(request.id))
    return sendMetrics(sources, reply)
  })
}

/** Health as operators see it, on a port of its own. */
export function mountAdmin(app: FastifyInstance, sources: HealthSources): void {
  app.get('/healthz', (_request, reply) => reply.headers(PLAIN).send({ status: 'ok' }))
  app.get('/readyz', (_request, reply) => {
    const { code, status, notes, ...key } = readiness(sources)
    const shown = 'problem' in key ? { status, code: key.problem, notes } : { status, ...key, notes }
    return reply.code(code).headers(PLAIN).send(shown)
  })
  app.get('/metrics', (_request, reply) => sendMetrics(sources, reply))
}

async function sendMetrics({ metrics: { registry } }: HealthSources, reply: FastifyReply) {
  return reply.headers({ ...PLAIN, 'Content-Type': registry.contentType }).send(await registry.metrics())
}

function readiness({ keys, notes: known, now = Date.now }: HealthSources) {
  const choice = keys.current(now())
  const notes = known()
  // a replica that Kinescope's side makes useless stays in: the code of why is worth more than a proxy's bare 502
  if ('problem' in choice) return { code: 503, status: 'not-ready', problem: choice.problem, notes }
  const days = daysLeft(choice, now())
  if (endsSoon(choice, now())) {
    notes.push({
      code: 'key-ends-soon',
      detail: `${days} days left: run kinescope-chat-server keys reconcile.`,
    })
  }
  return { code: 200, status: 'ready', key: { kid: choice.key.kid, daysLeft: days }, notes }
}

/** What proxies, CDNs and balancers add to a request that they pass on, by the beginning of its name. */
const FORWARDED =
  /^(x-forwarded|forwarded$|x-real-ip|x-client-ip|x-cluster-client|x-original|x-envoy|x-amz|x-azure|x-vercel|via$|cf-|cdn-|true-client-ip|client-ip|fastly-|fly-|akamai|x-appengine|x-scheme|x-request-start)/
/** What browsers add: a page on this machine's screen is no operator. */
const BROWSER = /^(origin|referer|sec-fetch-site|cookie)$/

/**
 * Somebody on this machine who speaks to us directly. A proxy on the same machine has a loopback address too, and one
 * that adds no header still speaks HTTP/1.0 or hands on the public name (nginx at its defaults does the former).
 */
function isDirectAndLocal({ raw, headers }: FastifyRequest): boolean {
  const peer = raw.socket.remoteAddress ?? ''
  const host = /^(\[[^\]]*\]|[^:]*)/.exec(headers.host ?? '')?.[0] ?? ''
  return (
    /^(::ffff:)?127\.|^::1$/.test(peer) &&
    raw.httpVersion !== '1.0' &&
    /^(127\.\d+\.\d+\.\d+|\[::1\]|localhost)$/i.test(host) &&
    !Object.keys(headers).some((name) => FORWARDED.test(name) || BROWSER.test(name))
  )
}
