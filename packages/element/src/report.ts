import { steadyNow } from './clock.js'
import type { Engine, PageReport } from './contract.js'
import { ownOrigin, tryOrUndefined } from './platform.js'
import type { Settings } from './settings.js'
import { VERSION } from './version.js'

const MOST_REPORTS = 5
/**
 * How long reports wait for the share in the first token reply. Later attempts usually bring it by then, and a lasting
 * problem is still reported.
 */
const SAMPLING_WAIT_MS = 10_000

/** Reports what visitors saw to the site's own server. Off unless the page sets an address. */
export class Reporter {
  readonly #sample = Math.random()
  #share: number | undefined
  readonly #waiting: (() => void)[] = []
  #sent = 0
  #startedAt = 0

  start(): void {
    this.#startedAt = steadyNow()
  }

  /** @param share the share of visits that report, from the token reply; by default, every visit does */
  sampleBy(share = 1): void {
    this.#share = share
    for (const send of this.#waiting.splice(0)) send()
  }

  /** Sends a report without waiting for the response. A lost report does no harm. */
  report({ reportUrl }: Settings, code: PageReport['code']): void {
    if (!reportUrl || this.#sent >= MOST_REPORTS) return
    this.#sent++
    const [engine, engine_version] = readEngine(navigator.userAgent)
    const report: PageReport = {
      code,
      ms: Math.round(steadyNow() - this.#startedAt),
      engine,
      engine_version,
      origin: ownOrigin(),
      version: VERSION,
    }
    // `sendBeacon` would send the site's cookies
    const init = { method: 'POST', mode: 'no-cors', credentials: 'omit', keepalive: true } as const
    this.#waiting.push(() => {
      if (this.#sample >= this.#share!) return
      tryOrUndefined(() => void fetch(reportUrl, { ...init, body: JSON.stringify(report) }).catch(() => {}))
    })
    if (this.#share === undefined) setTimeout(() => this.sampleBy(this.#share), SAMPLING_WAIT_MS)
    else this.sampleBy(this.#share)
  }
}

const ENGINES = [
  ['firefox', /Firefox\/(\d+)/],
  ['chromium', /Chrom(?:e|ium)\/(\d+)/],
  ['webkit', /AppleWebKit\/.*?(?:Version\/(\d+)|$)/],
] as const

function readEngine(userAgent: string): [Engine, number] {
  for (const [engine, pattern] of ENGINES) {
    const found = pattern.exec(userAgent)
    if (found) return [engine, Number(found[1] ?? 0)]
  }
  return ['other', 0]
}
