import { claimsOf, readable } from './masked.js'

/** One request that this page made. */
export interface SeenRequest {
  /** ms since the page was opened */
  at: number
  method: string
  url: string
  /** 0: no answer came. */
  status: number
  tookMs: number
  /** Whether it asked for a token. */
  forToken: boolean
  /** `X-Request-ID` of the answer. */
  requestId: string | null
  /** The bodies, masked; empty where there are none. */
  sent: string
  received: string
}

/** Watches the page's own requests, and can pretend that the network is gone. Bodies are masked before they are kept, headers never are. */
export class Network extends EventTarget {
  readonly requests: SeenRequest[] = []
  /** The name in the newest token that came. */
  newestName: string | null = null
  #offline = false
  readonly #fetch = window.fetch.bind(window)

  constructor() {
    super()
    window.fetch = (input, init) => this.#watched(input, init)
    Object.defineProperty(navigator, 'onLine', { get: () => !this.#offline, configurable: true })
  }

  /** The real thing, for the page's own business. */
  get quietly(): typeof fetch {
    return this.#fetch
  }

  set offline(offline: boolean) {
    this.#offline = offline
    window.dispatchEvent(new Event(offline ? 'offline' : 'online'))
  }

  get tokenRequests(): number {
    return this.requests.filter(({ forToken }) => forToken).length
  }

  async #watched(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const request = new Request(input, init)
    const forToken =
      request.method === 'POST' && typeof init?.body === 'string' && init.body.includes('event_id')
    const at = performance.now()
    const { method, url } = request
    const sent = typeof init?.body === 'string' ? readable(init.body) : ''
    const seen: SeenRequest = {
      at,
      method,
      url,
      status: 0,
      tookMs: 0,
      forToken,
      requestId: null,
      sent,
      received: '',
    }
    this.requests.push(seen)
    this.dispatchEvent(new Event('change'))
    try {
      if (this.#offline) throw new TypeError('the network is gone, as this page pretends')
      const response = await this.#fetch(input, init)
      seen.status = response.status
      seen.requestId = response.headers.get('x-request-id')
      void response
        .clone()
        .text()
        .then((body) => {
          seen.received = readable(body)
          if (forToken) this.newestName = nameIn(body) ?? this.newestName
          this.dispatchEvent(new Event('change'))
        })
        .catch(() => undefined) // an answer that breaks off, or is no longer wanted
      return response
    } finally {
      seen.tookMs = performance.now() - at
      this.dispatchEvent(new Event('change'))
    }
  }
}

/** The name in a reply's token, if it has one. */
function nameIn(body: string): string | null {
  try {
    const name = claimsOf((JSON.parse(body) as { token: string }).token)?.['username']
    return typeof name === 'string' ? name : null
  } catch {
    return null
  }
}
