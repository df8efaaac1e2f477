import { WIRE_STATUSES, type WireCode } from 'kinescope-chat/contract'
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { TokenOutcome } from '../endpoint/request.js'
import type { KeySource } from '../token/signing-key.js'

export interface MetricSources {
  version: string
  keys: KeySource
  /** Whether the key ring can't be read at the moment. */
  stale: () => boolean
  pending: () => number
  /** Requests in the admission queues. */
  queued: () => number
  connections: () => number
  inFlight: () => number
  /** Log lines that were dropped so far. */
  logLost: () => number
  /** Streams that may be a label; any other counts as `*`, or visitors could create endless labels. */
  eventIds: readonly string[]
  now?: () => number
}

const PREFIX = 'kinescope_chat_'
/** Seconds: from a 404 to the deadline of a request. */
const REQUEST_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 8]
const OPEN_METRICS = 'application/openmetrics-text'

/**
 * The reasons that each code can have in `refusals_total`. Any other counts as `other`: the log has the status of each
 * response of the site. A test compares them with the sources.
 */
export const REFUSAL_REASONS: Readonly<Record<WireCode, string>> = {
  'sign-in-required': `
    azp-missing azp-other event-id-missing exp-in-milliseconds exp-missing exp-too-far header-repeated host
    id-of-another-source identity-cookie-twice identity-token-encrypted identity-token-malformed
    identity-token-rejected identity-token-too-long identity-token-unknown init-data-date init-data-malformed
    init-data-rejected issuer-unknown link-broken link-browser-missing name-without-id no-credentials no-id
    no-id-token no-identity-token no-init-data no-link site-says-204 site-says-302 site-says-303
    site-says-307 site-says-401 untrusted-peer`,
  'name-required': 'guest-name',
  'access-denied': `
    authorize host link-expired link-other-browser link-revoked link-used other-event site-says-403`,
  'event-not-allowed': 'not-listed',
  'origin-not-allowed': 'navigation no-origin origin-not-listed origin-null',
  'bad-request': `
    body-late broken-off captcha-failed captcha-type chunk-extensions content-encoding content-type
    event-id-characters event-id-length event-id-placeholder event-id-type extra-member framework
    guest-name-characters guest-name-empty guest-name-reserved guest-name-scripts guest-name-taken
    guest-name-too-long headers-too-large host identity-twice identity-type method name-type not-an-object
    not-http not-json not-utf-8 request-late too-large visitor-left`,
  'identity-expired': 'identity-token-expired init-data-expired',
  'rate-limited': 'address guest-names host visitor',
  'identity-unavailable': `
    authenticate-failed captcha id-not-a-string identity-late key-set key-unknown name-without-id
    not-an-object not-json site-moved site-page site-says-400 site-says-404 site-says-429 site-says-500
    site-says-502 site-says-503 site-says-504 timeout too-long unreachable`,
  overloaded: 'closing connections line-late no-time-left queue signing-late site-busy',
  'server-error': 'authorize-late body-read-already limits-late unexpected',
  'key-unavailable': 'key-source signer',
  'key-not-registered': 'key-source watch',
  'key-expired': 'key-source lifetime watch',
  'event-not-found': 'watch',
}
const OTHER = 'other'
const KNOWN_REASONS: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries(REFUSAL_REASONS).map(([code, reasons]) => [
    code,
    new Set([...reasons.trim().split(/\s+/), OTHER]),
  ]),
)
/** Statuses of requests that no route sees. */
const UNROUTED_STATUSES = [400, 404, 408, 413, 431, 503]
/** A rotation registers its key at least as long before it signs, at the default `--propagation`. */
const NEXT_KEY_MS = 600_000

/** What Prometheus reads. Labels hold ids of streams, keys and codes: never anything of a visitor. */
export class Metrics {
  /** Names of metrics are unique in it. */
  readonly registry: Registry = new Registry()
  #events: ReadonlySet<string> = new Set()
  #scraping: Promise<unknown> = Promise.resolve()
  #beforeScrape: () => void = () => undefined
  readonly #requests = this.#histogram(
    'http_request_duration_seconds',
    'Duration of requests of the public port',
    ['route', 'code'],
  )
  readonly #identity = this.#histogram(
    'identity_duration_seconds',
    'Time that it took to identify a visitor',
    [],
  )
  readonly #redis = this.#histogram('redis_duration_seconds', 'Time that a count in Redis took', [])
  readonly #signing = this.#histogram(
    'signing_duration_seconds',
    'Time from the request of a signature to its arrival',
    [],
  )
  readonly #tokens = this.#counter('tokens_total', 'Tokens issued', ['event', 'kid'])
  readonly #refusals = this.#counter('refusals_total', 'Requests that got no token', ['code', 'reason'])
  readonly #upstream = this.#counter('upstream_checks_total', 'Checks of keys and streams at Kinescope', [
    'result',
  ])
  readonly #reloads = this.#counter('key_ring_reloads_total', 'Reloads of the key ring', ['result'])
  readonly #limiter = this.#counter(
    'rate_limit_fallbacks_total',
    'Times Redis failed and limits were counted locally',
    [],
  )
  readonly #identityKeys = this.#counter(
    'identity_key_fetches_total',
    'Fetches of the JWK Sets that verify identity tokens',
    ['result'],
  )
  readonly #auditLost = this.#counter('audit_lost_total', 'Lines of the audit log that were lost', [])
  #reloadedAt: number

  constructor(now: () => number = Date.now) {
    this.#reloadedAt = now()
    collectDefaultMetrics({ register: this.registry })
    // a series that appears with its first event has no rate() for it
    for (const result of ['ok', 'failed']) {
      this.#upstream.inc({ result }, 0)
      this.#reloads.inc({ result }, 0)
      this.#identityKeys.inc({ result }, 0)
    }
    for (const [code, reasons] of KNOWN_REASONS)
      for (const reason of reasons) this.#refusals.inc({ code, reason }, 0)
    const statuses = new Set([200, 204, ...Object.values(WIRE_STATUSES).flat()])
    for (const code of statuses) this.#requests.zero({ route: '/token', code: String(code) })
    for (const code of UNROUTED_STATUSES) this.#requests.zero({ route: 'other', code: String(code) })
  }

  /** Adds the metrics that are read during a scrape. */
  observe(sources: MetricSources): void {
    const { keys, stale, pending, logLost, eventIds, version, now = Date.now } = sources
    this.#events = new Set(eventIds)
    this.#gauge('build_info', 'The version of the server', ['version', 'node'], (gauge) =>
      gauge.set({ version, node: process.version }, 1),
    )
    this.#gauge('connections', 'Open connections of the public port', [], (gauge) =>
      gauge.set(sources.connections()),
    )
    this.#gauge('requests_in_flight', 'Requests that have come and not ended', [], (gauge) =>
      gauge.set(sources.inFlight()),
    )
    this.#gauge('requests_queued', 'Requests that wait in the admission queue', [], (gauge) =>
      gauge.set(sources.queued()),
    )
    this.#gauge('signatures_pending', 'Signatures in flight', [], (gauge) => gauge.set(pending()))
    this.#gauge('key_ring_stale', '1 while the key ring cannot be read', [], (gauge) =>
      gauge.set(stale() ? 1 : 0),
    )
    this.#gauge(
      'key_ring_last_reload_success_timestamp_seconds',
      'When the key ring was last loaded, in seconds since the epoch',
      [],
      (gauge) => gauge.set(this.#reloadedAt / 1000),
    )
    this.#gauge('signing_key_usable', '1 while there is a key to sign with', ['kid'], (gauge) => {
      const choice = keys.current(now())
      gauge.reset()
      // a series that disappears has no 0 to alert on
      if ('key' in choice) gauge.set({ kid: choice.key.kid }, 1)
      else gauge.set({ kid: '' }, 0)
    })
    this.#gauge(
      'key_expires_timestamp_seconds',
      'When the signing key expires at Kinescope, in seconds since the epoch',
      ['kid'],
      (gauge) => {
        const choice = keys.current(now())
        gauge.reset()
        if (!('key' in choice) || choice.key.expiresAt === null) return
        gauge.set({ kid: choice.key.kid }, Math.floor(choice.key.expiresAt / 1000))
      },
    )
    new Counter({
      name: `${PREFIX}log_lost_total`,
      help: 'Lines of the log that were dropped, since standard output was full',
      registers: [this.registry],
      collect() {
        this.reset()
        this.inc(logLost())
      },
    })
    this.#beforeScrape = () => {
      for (const time of [now(), now() + NEXT_KEY_MS]) {
        const choice = keys.current(time)
        if (!('key' in choice)) continue
        const { kid } = choice.key
        for (const event of eventIds.length > 0 ? eventIds : ['*']) this.#tokens.inc({ event, kid }, 0)
      }
    }
  }

  /** The metrics in the format that the scraper accepts: OpenMetrics, or the text format of Prometheus. */
  scrape(accept = ''): Promise<{ text: string; contentType: string }> {
    const { registry } = this
    this.#beforeScrape()
    // the registry has one format at a time
    const scraped = this.#scraping.then(async () => {
      const open = accept.includes(OPEN_METRICS)
      const type = open ? Registry.OPENMETRICS_CONTENT_TYPE : Registry.PROMETHEUS_CONTENT_TYPE
      ;(registry as Registry<typeof type>).setContentType(type)
      return { text: await registry.metrics(), contentType: registry.contentType }
    })
    this.#scraping = scraped.catch(() => undefined)
    return scraped
  }

  /** @param route the pattern of the route, not the path, which could be anything */
  request(route: string, code: number, ms: number): void {
    this.#requests.observe({ route, code: String(code) }, ms / 1000)
  }

  identified(ms: number): void {
    this.#identity.observe(ms / 1000)
  }

  countedInRedis(ms: number): void {
    this.#redis.observe(ms / 1000)
  }

  outcome(outcome: TokenOutcome): void {
    if (outcome.kind === 'minted') {
      const event = this.#events.has(outcome.eventId) ? outcome.eventId : '*'
      this.#tokens.inc({ event, kid: outcome.kid })
      this.#signing.observe(outcome.signMs / 1000)
    } else if (outcome.kind === 'refused') {
      const { code, reason } = outcome
      this.#refusals.inc({ code, reason: KNOWN_REASONS.get(code)?.has(reason) ? reason : OTHER })
    }
  }

  upstreamCheck(result: 'ok' | 'failed'): void {
    this.#upstream.inc({ result })
  }

  keyRingReload(result: 'ok' | 'failed', now = Date.now()): void {
    this.#reloads.inc({ result })
    if (result === 'ok') this.#reloadedAt = now
  }

  identityKeysFetched(result: 'ok' | 'failed'): void {
    this.#identityKeys.inc({ result })
  }

  rateLimitFallback(): void {
    this.#limiter.inc()
  }

  auditLost(): void {
    this.#auditLost.inc()
  }

  #histogram<L extends string>(name: string, help: string, labelNames: L[]): Histogram<L> {
    const registers = [this.registry]
    return new Histogram({ name: PREFIX + name, help, labelNames, buckets: REQUEST_BUCKETS, registers })
  }

  #counter<L extends string>(name: string, help: string, labelNames: L[]): Counter<L> {
    return new Counter({ name: PREFIX + name, help, labelNames, registers: [this.registry] })
  }

  #gauge<L extends string>(
    name: string,
    help: string,
    labelNames: L[],
    read: (gauge: Gauge<L>) => void,
  ): void {
    new Gauge({
      name: PREFIX + name,
      help,
      labelNames,
      registers: [this.registry],
      collect() {
        read(this)
      },
    })
  }
}
