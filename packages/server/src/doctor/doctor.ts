import type { ServeConfig } from '../config.js'
import { isOrigin } from '../endpoint/origin.js'
import { formatOf } from '../identity/credentials.js'
import type { KeyRing } from '../keys/key-ring.js'
import type { KeyConfig } from '../keys/store/key-store.js'
import type { KinescopeApi } from '../kinescope/api-client.js'
import type { StreamEvent } from '../kinescope/event-api.js'
import type { RemoteKey } from '../kinescope/jwk-api.js'
import { readEventId } from '../kinescope/event-id.js'
import { startDeadline, raceWithSignal } from '../net/limits.js'
import { findingsAbout, type Finding } from './finding.js'
import { checkIdentity } from './identity-checks.js'
import { checkKeys, type FoundKey } from './key-checks.js'
import { checkKinescope } from './kinescope-checks.js'
import { checkPage, readPage, type PageReading } from './page-checks.js'
import { sendsSimpleRequests } from './page-markup.js'
import { checkServer } from './server-checks.js'
import { checkSettings, type ServerSettings } from './settings-checks.js'
import { checkIdentityToken } from './identity-token-checks.js'
import { checkProbe, checkTokenAtHand, keyLifeOf } from './token-checks.js'
import type { Visitor } from './visitor.js'

export type { ServerSettings } from './settings-checks.js'
export type { Visitor } from './visitor.js'

/** The whole examination takes no longer. */
const DEADLINE_MS = 90_000
/** A slow API leaves time for the other checks. */
const KINESCOPE_MS = 45_000

export interface DoctorQuestion {
  key: KeyConfig
  passphrase?: string | undefined
  /** Seconds. */
  tokenTtl: number
  /** The keys needn't be on this machine: where there are none, that is no fault. */
  keysElsewhere?: boolean | undefined
  /** null: no API token, so Kinescope's side can't be seen. */
  api: KinescopeApi | null
  chatOrigin: string
  /** A UUID, a public id, or a link. */
  eventId?: string | undefined
  /** A token to judge. */
  token?: string | undefined
  /** The token server's address. */
  url?: string | undefined
  /** The token endpoint itself, where it isn't `/token` under `url`. */
  tokenUrl?: string | undefined
  /** The page, or the origin it lies on. */
  page?: string | undefined
  /** The token server's settings, where this machine has them. */
  settings?: ServerSettings | null
  /** A visitor who is signed in at the site. */
  visitor?: Visitor | null
  /** ms since the epoch */
  now: () => number
  /** Called before each part. */
  report?: (part: Finding['about']) => void
  /** Finds the addresses of a host name; replaced in tests. */
  resolve?: (hostname: string) => Promise<string[]>
  /** Ends it early; by itself it ends after 90 s. */
  signal?: AbortSignal
}

/** Every check of the article's troubleshooting and of the deployment. Changes nothing anywhere. */
export async function diagnose(question: DoctorQuestion): Promise<Finding[]> {
  const deadline = startDeadline(DEADLINE_MS, question.signal)
  const known = new Known(question, deadline.signal)
  const findings: Finding[] = []
  try {
    for (const check of CHECKS) {
      question.report?.(check.id)
      findings.push(...(await findingsOf(check, known)))
    }
    return findings
  } finally {
    deadline.clear()
  }
}

/** The findings of one check. One that the deadline ends has seen failures that are the doctor's own. */
async function findingsOf({ id, run }: Check, known: Known): Promise<Finding[]> {
  const { signal } = known
  try {
    const findings = signal.aborted ? [] : await raceWithSignal(Promise.resolve(run(known)), signal)
    if (!signal.aborted) return findings
  } catch (error) {
    if (!signal.aborted) throw error
  }
  return [
    findingsAbout(id).skip(
      'doctor-timeout',
      'not checked: the doctor’s time was over',
      'Find out which part above is slow. Then run the doctor again.',
    ),
  ]
}

/** The question, and what the checks so far have found out. */
class Known {
  readonly question: DoctorQuestion
  readonly signal: AbortSignal
  /** The page's origin. */
  readonly origin: string | undefined
  /** The token server's settings, where this machine has them complete. */
  readonly config: ServeConfig | null
  key: FoundKey | null = null
  ring: KeyRing | null = null
  /** What Kinescope lists; null where it couldn't be asked. */
  listed: RemoteKey[] | null = null
  event: StreamEvent | null = null
  /** ms by which this machine's clock is ahead of Kinescope's; null where unknown. */
  aheadMs: number | null = null
  /** Whether the site knows the visitor; null where unknown. */
  visitorKnown: boolean | null = null
  /** The ids of the stream that the token server accepts; empty where unknown. */
  acceptedIds: readonly string[] = []
  /** The page with the chat; null where it isn't given. */
  reading: PageReading | null = null

  constructor(question: DoctorQuestion, signal: AbortSignal) {
    const { page, settings } = question
    this.question = question
    this.signal = signal
    this.origin = page === undefined || isOrigin(page) ? page : new URL(page).origin
    this.config = settings && 'config' in settings ? settings.config : null
  }

  /** The ids of the stream, the given one first: a page, the list of streams and the API may each use another. */
  get eventIds(): string[] {
    const given = this.question.eventId
    if (given === undefined) return []
    const ids = [readEventId(given), this.event?.publicId, this.event?.id]
    return [...new Set(ids.filter((id) => typeof id === 'string'))]
  }

  /** The id for the page: one that the server lists, else the stream's public id. */
  get pageEventId(): string | undefined {
    const events = this.config?.events ?? '*'
    const listed = (id: string) =>
      events !== '*' && events.some((event) => (typeof event === 'string' ? event : event.id) === id)
    return this.eventIds.find(listed) ?? this.event?.publicId ?? this.eventIds[0]
  }

  /** What a token is judged by. */
  get tokenFacts() {
    const { key, ring, listed, event, question, aheadMs } = this
    // Kinescope judges by its own clock
    const now = question.now() - (aheadMs ?? 0)
    return { key, ring, listed, event, eventId: question.eventId, now }
  }

  /** The token endpoint. */
  get tokenUrl(): string {
    return this.question.tokenUrl ?? `${this.question.url}/token`
  }
}

interface Check {
  id: Finding['about']
  run: (known: Known) => Promise<Finding[]> | Finding[]
}

/** In the order in which each needs what those before it have found out. */
const CHECKS: readonly Check[] = [
  {
    id: 'keys',
    async run(known) {
      const { question } = known
      const { findings, key, ring } = await checkKeys(question.key, { ...question, now: question.now() })
      Object.assign(known, { key, ring })
      return findings
    },
  },
  {
    id: 'kinescope',
    async run(known) {
      const { api, eventId, now } = known.question
      if (!api) return [noApiToken]
      const deadline = startDeadline(KINESCOPE_MS, known.signal)
      const { key, ring } = known
      try {
        const question = { api: api.until(deadline.signal), key, ring, eventId, now }
        const { findings, listed, event, aheadMs } = await checkKinescope(question)
        Object.assign(known, { listed, event, aheadMs })
        return findings
      } finally {
        deadline.clear()
      }
    },
  },
  {
    id: 'settings',
    run({ question: { settings, url, tokenUrl }, pageEventId, origin }) {
      return settings ? checkSettings({ settings, eventId: pageEventId, origin, url: url ?? tokenUrl }) : []
    },
  },
  {
    id: 'token',
    async run({ question: { token }, tokenFacts }) {
      const probe = await checkProbe(tokenFacts)
      return [
        ...(probe ? [probe] : []),
        ...(token === undefined
          ? []
          : [await checkTokenAtHand({ ...tokenFacts, token, origin: 'the given token' })]),
      ]
    },
  },
  {
    id: 'identity',
    async run(known) {
      const { config, pageEventId: eventId, signal } = known
      const { visitor = null, now } = known.question
      const facts = { eventId, now: now(), signal }
      if (config) {
        const { findings, known: isKnown } = await checkIdentity({
          ...facts,
          identity: config.identity,
          visitor,
        })
        known.visitorKnown = isKnown
        return findings
      }
      // without the server's settings, only the site's own JWT has rules that are known
      if (!visitor?.identityToken || formatOf(visitor.identityToken) !== 'jwt') return []
      const { findings, known: isKnown } = await checkIdentityToken(visitor.identityToken, {
        ...facts,
        identity: null,
      })
      known.visitorKnown = isKnown
      return findings
    },
  },
  {
    id: 'server',
    async run(known) {
      const { question, tokenUrl, origin, pageEventId, eventIds, visitorKnown, aheadMs, signal } = known
      if (question.url === undefined && question.tokenUrl === undefined) return [notAsked]
      const { page } = question
      if (page?.startsWith('http')) known.reading = await readPage(page, signal)
      const { findings, token, acceptedIds } = await checkServer({
        url: question.url ?? null,
        tokenUrl,
        origin,
        simple: known.reading?.markup ? sendsSimpleRequests(known.reading.markup) : false,
        eventId: pageEventId,
        eventIds,
        visitor: question.visitor ?? null,
        visitorKnown,
        identity: known.config?.identity.map(({ kind }) => kind) ?? null,
        aheadMs,
        signal,
        ...(question.resolve ? { resolve: question.resolve } : {}),
      })
      known.acceptedIds = acceptedIds
      if (token === null) return findings
      const judged = { ...known.tokenFacts, token, origin: 'a token of the server' }
      return [...findings, await checkTokenAtHand(judged), ...keyLifeOf(judged)]
    },
  },
  {
    id: 'page',
    async run({
      question: { url, tokenUrl: given, page, chatOrigin },
      reading,
      tokenUrl,
      acceptedIds,
      eventIds,
      signal,
    }) {
      if (url === undefined && given === undefined) return []
      if (page === undefined) return [pageNotRead]
      if (reading === null) return [appNotRead]
      return checkPage({
        page,
        reading,
        chatOrigin,
        tokenUrl: new URL(tokenUrl).href,
        eventIds: acceptedIds.length > 0 ? acceptedIds : eventIds,
        signal,
      })
    },
  },
]

const noApiToken = findingsAbout('kinescope').skip(
  'api-token-missing',
  'without KINESCOPE_API_TOKEN, nothing was compared with Kinescope',
  'Set it for this command. The running server doesn’t need it.',
)

const notAsked = findingsAbout('server').skip(
  'server-not-asked',
  'the token server was not checked',
  'Give its address: `--url https://chat.example.com`, and the page’s: `--origin https://www.example.com`.',
)

const appNotRead = findingsAbout('page').skip(
  'page-not-read',
  'the page is in an app: it was not read',
  'Check the chat in the app.',
)

const pageNotRead = findingsAbout('page').skip(
  'page-not-read',
  'the page with the chat was not read',
  'Give its address: `--origin https://www.example.com/live`.',
)
