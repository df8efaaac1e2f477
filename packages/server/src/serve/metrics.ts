import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { TokenOutcome } from '../endpoint/request.js'
import type { KeySource } from '../token/signing-key.js'

export interface MetricSources {
  keys: KeySource
  /** Whether the key ring can't be followed at the moment. */
  stale: () => boolean
  pending: () => number
  /** Lines of the log that were dropped so far. */
  logLost: () => number
  /** Streams that may be named in a label; any other is counted as `*`, or visitors could make endless labels. */
  eventIds: readonly string[]
  now?: () => number
}

/** What Prometheus reads. Labels hold ids of streams, keys and codes: never anything of a visitor. */
export class Metrics {
  readonly registry = new Registry()
  #events: ReadonlySet<string> = new Set()
  readonly #tokens = this.#counter('tokens_total', 'Tokens made', ['event', 'kid'])
  readonly #refusals = this.#counter('refusals_total', 'Requests that got no token', ['code', 'reason'])
  readonly #upstream = this.#counter('upstream_checks_total', 'Checks of keys and streams at Kinescope', [
    'result',
  ])
  readonly #reloads = this.#counter(
    'key_ring_reloads_total',
    'Times the key ring changed or could not be read',
    ['result'],
  )
  readonly #limiter = this.#counter(
    'rate_limit_fallbacks_total',
    'Times Redis was away and limits counted locally',
    [],
  )
  readonly #auditLost = this.#counter('audit_lost_total', 'Lines of the audit that could not be written', [])
  readonly #signing = new Histogram({
    name: 'kinescope_chat_sign_seconds',
    help: 'Time from asking for a signature to having it',
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1],
    registers: [this.registry],
  })

  constructor() {
    collectDefaultMetrics({ register: this.registry })
  }

  /** Adds what is read at the moment somebody asks. */
  observe({ keys, stale, pending, logLost, eventIds, now = Date.now }: MetricSources): void {
    this.#events = new Set(eventIds)
    this.#gauge('signatures_pending', 'Signatures under way', [], (gauge) => gauge.set(pending()))
    new Counter({
      name: 'kinescope_chat_log_lost_total',
      help: 'Lines of the log that were dropped, since nobody read standard output',
      registers: [this.registry],
      collect() {
        this.reset()
        this.inc(logLost())
      },
    })
    this.#gauge('key_ring_stale', '1 while the key ring cannot be followed', [], (gauge) =>
      gauge.set(stale() ? 1 : 0),
    )
    this.#gauge('signing_key_usable', '1 while there is a key to sign with', ['kid'], (gauge) => {
      const choice = keys.current(now())
      gauge.reset()
      if ('key' in choice) gauge.set({ kid: choice.key.kid }, 1)
    })
    this.#gauge(
      'signing_key_expires_seconds',
      'Seconds until the signing key is dead at Kinescope',
      ['kid'],
      (gauge) => {
        const choice = keys.current(now())
        gauge.reset()
        if (!('key' in choice) || choice.key.expiresAt === null) return
        gauge.set({ kid: choice.key.kid }, Math.floor((choice.key.expiresAt - now()) / 1000))
      },
    )
  }

  outcome(outcome: TokenOutcome): void {
    if (outcome.kind === 'minted') {
      const event = this.#events.has(outcome.eventId) ? outcome.eventId : '*'
      this.#tokens.inc({ event, kid: outcome.kid })
      this.#signing.observe(outcome.signMs / 1000)
    } else if (outcome.kind === 'refused') {
      this.#refusals.inc({ code: outcome.code, reason: outcome.reason })
    }
  }

  upstreamCheck(result: 'ok' | 'failed'): void {
    this.#upstream.inc({ result })
  }

  keyRingReload(result: 'ok' | 'failed'): void {
    this.#reloads.inc({ result })
  }

  rateLimitFallback(): void {
    this.#limiter.inc()
  }

  auditLost(): void {
    this.#auditLost.inc()
  }

  #counter<L extends string>(name: string, help: string, labelNames: L[]): Counter<L> {
    return new Counter({ name: `kinescope_chat_${name}`, help, labelNames, registers: [this.registry] })
  }

  #gauge<L extends string>(
    name: string,
    help: string,
    labelNames: L[],
    read: (gauge: Gauge<L>) => void,
  ): void {
    new Gauge({
      name: `kinescope_chat_${name}`,
      help,
      labelNames,
      registers: [this.registry],
      collect() {
        read(this)
      },
    })
  }
}
