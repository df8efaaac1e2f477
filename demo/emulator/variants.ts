/**
 * Everything about the live service that its documents leave open or contradict, as a switch. The defaults follow
 * the article "JWT Authentication for Stream Chat" where it speaks, else the general API rules.
 */
export interface Variants {
  /** A single key in an answer: the article shows it bare, the API rules say `{"data": …}`. */
  keyEnvelope: 'bare' | 'data'
  /** A single event in an answer. */
  eventEnvelope: 'bare' | 'data'
  /** The list of keys, which no document shows. `paged` is `data` with `meta.pagination`, ten to a page. */
  keyList: 'data' | 'bare' | 'keys' | 'paged'
  /** The list of events; the API rules say `paged`. */
  eventList: 'data' | 'bare' | 'paged'
  /** The article's answer has five fields; whether the modulus comes back is open. */
  keyFields: 'article' | 'full'
  /** "View all active keys": whether expired ones are listed is open. */
  keyListShows: 'active' | 'all'
  /** `jwk_…` in the article, UUID everywhere else in the API. */
  keyIdForm: 'jwk' | 'uuid'
  createStatus: 200 | 201
  deleteAnswer: 'body' | 'empty'
  /** Whether an event shows `chat_jwt_required` at all. */
  jwtRequiredShown: boolean
  /** `full`: what a PUT leaves out goes back to its zero value. */
  eventUpdate: 'partial' | 'full'
  duplicateKid: '409' | '400201' | 'creates-duplicate'
  /** Members beyond the seven documented ones in `POST /v1/jwk`. */
  extraKeyMembers: 'ignored' | 'refused'
  /** "A limit may apply at the account level." */
  keyLimit: number | null
  /** Which ids the API takes in a path. */
  apiEventId: 'uuid' | 'any'
  /** Which ids the chat's URL takes. */
  chatUrlId: 'any' | 'uuid' | 'public-id'
  /** What the `event_id` claim must be. `as-in-url`: the very id in the chat's URL. */
  claimEventId: 'either' | 'uuid' | 'public-id' | 'as-in-url'
  /** Seconds by which `exp` and `nbf` may be missed. */
  leeway: number
  expClaim: 'required' | 'optional'
  /** What becomes of an open chat when its token expires. */
  sessionAtExpiry: 'ends' | 'survives'
  /** What becomes of an open chat when its key is deleted. */
  sessionAtKeyDeletion: 'ends' | 'survives'
  /** The chat without a token, where JWT is required. */
  withoutToken: 'refuse' | 'anonymous' | 'read-only'
  /** The chat before the stream's first start: it "is created automatically when a stream starts". */
  beforeStart: 'open' | 'not-yet'
  /** A Content-Security-Policy `frame-ancestors` value for the chat page. */
  frameAncestors: string | null
  /** Hosts that may embed the chat, judged by `Referer` as Kinescope judges its player. */
  embedDomains: string[] | null
  /** What the chat page does when it has loaded. */
  pageFocus: 'none' | 'takes-focus'
  /** Milliseconds before the chat page answers. */
  pageDelayMs: number
  /** `never`: the chat page's request is accepted and not answered. */
  pageLoad: 'answers' | 'never'
}

export const DOCUMENTED: Readonly<Variants> = {
  keyEnvelope: 'bare',
  eventEnvelope: 'data',
  keyList: 'data',
  eventList: 'paged',
  keyFields: 'article',
  keyListShows: 'all',
  keyIdForm: 'jwk',
  createStatus: 200,
  deleteAnswer: 'body',
  jwtRequiredShown: true,
  eventUpdate: 'partial',
  duplicateKid: '400201',
  extraKeyMembers: 'ignored',
  keyLimit: null,
  apiEventId: 'uuid',
  chatUrlId: 'any',
  claimEventId: 'either',
  leeway: 0,
  expClaim: 'optional',
  sessionAtExpiry: 'ends',
  sessionAtKeyDeletion: 'survives',
  withoutToken: 'refuse',
  beforeStart: 'open',
  frameAncestors: null,
  embedDomains: null,
  pageFocus: 'none',
  pageDelayMs: 0,
  pageLoad: 'answers',
}

/** The values a switch can take, for a control page; numbers and lists are free. */
export const CHOICES: { readonly [K in keyof Variants]?: readonly Variants[K][] } = {
  keyEnvelope: ['bare', 'data'],
  eventEnvelope: ['bare', 'data'],
  keyList: ['data', 'bare', 'keys', 'paged'],
  eventList: ['data', 'bare', 'paged'],
  keyFields: ['article', 'full'],
  keyListShows: ['active', 'all'],
  keyIdForm: ['jwk', 'uuid'],
  createStatus: [200, 201],
  deleteAnswer: ['body', 'empty'],
  jwtRequiredShown: [true, false],
  eventUpdate: ['partial', 'full'],
  duplicateKid: ['409', '400201', 'creates-duplicate'],
  extraKeyMembers: ['ignored', 'refused'],
  apiEventId: ['uuid', 'any'],
  chatUrlId: ['any', 'uuid', 'public-id'],
  claimEventId: ['either', 'uuid', 'public-id', 'as-in-url'],
  expClaim: ['required', 'optional'],
  sessionAtExpiry: ['ends', 'survives'],
  sessionAtKeyDeletion: ['ends', 'survives'],
  withoutToken: ['refuse', 'anonymous', 'read-only'],
  beforeStart: ['open', 'not-yet'],
  pageFocus: ['none', 'takes-focus'],
  pageLoad: ['answers', 'never'],
}

/** Names the first member that is no switch or has no such value, or null. */
export function variantFault(changes: Record<string, unknown>): string | null {
  for (const [name, value] of Object.entries(changes)) {
    if (!(name in DOCUMENTED)) return `${name} is not a switch`
    const choices = CHOICES[name as keyof Variants] as readonly unknown[] | undefined
    if (choices && !choices.includes(value)) return `${name} must be one of ${choices.join(', ')}`
    const freeForm = {
      keyLimit: value === null || isCount(value),
      leeway: isCount(value),
      pageDelayMs: isCount(value),
      frameAncestors: value === null || typeof value === 'string',
      embedDomains:
        value === null || (Array.isArray(value) && value.every((host) => typeof host === 'string')),
    } as Record<string, boolean>
    if (freeForm[name] === false) return `${name} has a value of the wrong kind`
  }
  return null
}

const isCount = (value: unknown) => typeof value === 'number' && Number.isInteger(value) && value >= 0
