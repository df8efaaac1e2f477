/** What an injected fault does to a request that it matches. */
export type FaultAction =
  /** An error answer; `retryAfter` is the header's text: seconds or an HTTP date. */
  | { kind: 'status'; status: number; body?: unknown; retryAfter?: string }
  /** An HTML page with this status, as a proxy in between would send. */
  | { kind: 'html'; status: number }
  /** The request is read and never answered. */
  | { kind: 'hang' }
  /** The answer comes this many milliseconds late. */
  | { kind: 'latency'; ms: number }
  /** The socket is destroyed before anything happens. */
  | { kind: 'drop' }
  /** The work is done, then the socket is destroyed: the caller can't know. */
  | { kind: 'commit-then-drop' }
  /** The work is done, the answer breaks off in the middle. */
  | { kind: 'truncate' }
  /** A socket that has served a request before is destroyed, as by a peer whose idle time was up. */
  | { kind: 'close-reused' }

/** Which requests a fault meets. Unset members match everything. */
export interface FaultMatch {
  method?: string
  /** A path without query; a segment `*` stands for any one segment, a last `**` for any rest. */
  path?: string
  /** Lets this many matching requests pass first. */
  after?: number
  /** How often it strikes; without it, until it is removed. */
  times?: number
}

export type Fault = FaultMatch & FaultAction

interface Armed {
  fault: Fault
  seen: number
}

/** The faults in force. The first one that matches a request and is due strikes. */
export class FaultList {
  #armed: Armed[] = []

  add(...faults: Fault[]): void {
    this.#armed.push(...faults.map((fault) => ({ fault, seen: 0 })))
  }

  clear(): void {
    this.#armed = []
  }

  get list(): Fault[] {
    return this.#armed.map(({ fault }) => fault)
  }

  /** Counts the request at every fault that matches it and returns the one that strikes. */
  strike(method: string, path: string): Fault | null {
    let struck: Fault | null = null
    for (const armed of this.#armed) {
      const { fault } = armed
      if (fault.method && fault.method.toUpperCase() !== method) continue
      if (fault.path && !pathMatches(fault.path, path)) continue
      armed.seen += 1
      const { after = 0, times = Infinity } = fault
      if (armed.seen > after && armed.seen <= after + times) struck ??= fault
    }
    return struck
  }
}

export function pathMatches(pattern: string, path: string): boolean {
  const wanted = pattern.split('/')
  const given = path.split('/')
  const open = wanted.at(-1) === '**'
  if (open ? given.length < wanted.length : given.length !== wanted.length) return false
  return wanted.every((part, index) => part === '*' || (part === '**' && open) || part === given[index])
}

const KINDS = {
  status: ['status'],
  html: ['status'],
  hang: [],
  latency: ['ms'],
  drop: [],
  'commit-then-drop': [],
  truncate: [],
  'close-reused': [],
} as const satisfies Record<FaultAction['kind'], readonly string[]>

/** Reads a fault that came over HTTP: what is wrong with it, or null. */
export function faultFault(value: unknown): string | null {
  if (value === null || typeof value !== 'object') return 'a fault is an object'
  const fault = value as Record<string, unknown>
  const numbers = KINDS[fault['kind'] as FaultAction['kind']] as readonly string[] | undefined
  if (!numbers) return `kind must be one of ${Object.keys(KINDS).join(', ')}`
  const wrong = numbers.find((name) => !Number.isInteger(fault[name]))
  return wrong ? `${wrong} must be a whole number` : null
}
