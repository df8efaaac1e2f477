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
}

/** Watches the page's own requests, and can pretend that the network is gone. Never keeps a body or a header. */
export class Network extends EventTarget {
  readonly requests: SeenRequest[] = []
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
    const seen: SeenRequest = { at, method: request.method, url: request.url, status: 0, tookMs: 0, forToken }
    this.requests.push(seen)
    this.dispatchEvent(new Event('change'))
    try {
      if (this.#offline) throw new TypeError('the network is gone, as this page pretends')
      const response = await this.#fetch(input, init)
      seen.status = response.status
      return response
    } finally {
      seen.tookMs = performance.now() - at
      this.dispatchEvent(new Event('change'))
    }
  }
}
