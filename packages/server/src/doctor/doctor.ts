import type { ServeConfig } from '../config.js'
import { formatOf } from '../identity/credentials.js'
import type { KeyConfig } from '../keys/store/key-store.js'
import type { KinescopeApi } from '../kinescope/api-client.js'
import type { StreamEvent } from '../kinescope/event-api.js'
import { readEventId } from '../kinescope/event-id.js'
import { startDeadline, raceWithSignal } from '../net/deadline.js'
import { OperatorProblem } from '../problem.js'
import { findingsAbout, type Finding } from './finding.js'
import { checkIdentity } from './identity-checks.js'
import { checkKeys } from './key-checks.js'
import { checkKinescope, type KinescopeFacts } from './kinescope-checks.js'
import { checkPage } from './page-checks.js'
import { checkServer } from './server-checks.js'
import { checkSettings, type ServerSettings } from './settings-checks.js'
import { checkStatement } from './statement-checks.js'
import { checkProbe, checkTokenAtHand, keyLifeOf } from './token-checks.js'
import type { Visitor } from './visitor.js'

export type { ServerSettings } from './settings-checks.js'
export type { Visitor } from './visitor.js'

/** The whole examination takes no longer. */
const DEADLINE_MS = 90_000

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
  try {
    return await examine(question, deadline.signal)
  } finally {
    deadline.clear()
  }
}

async function examine(question: DoctorQuestion, signal: AbortSignal): Promise<Finding[]> {
  const { api, eventId, token, page, now, report = () => undefined, settings = null } = question
  const origin = page === undefined ? undefined : new URL(page).origin
  report('keys')
  const { findings: keyFindings, key, ring } = await checkKeys(question.key, { ...question, now: now() })
  if (api) report('kinescope')
  const atKinescope = api
    ? await raceWithSignal(checkKinescope({ api, key, eventId, now }), signal).catch((error: unknown) =>
        unseen(signal.aborted ? tooSlow : error),
      )
    : unseen()
  const { listed, event, aheadMs } = atKinescope
  const eventIds = idsOf(eventId, event)
  const pageEventId = eventIds.find((id) => isListed(settings, id)) ?? event?.publicId ?? eventIds[0]
  const address = question.url ?? question.tokenUrl

  const findings = [
    ...(settings ? checkSettings({ settings, eventId: pageEventId, origin, url: address }) : []),
    ...keyFindings,
    ...atKinescope.findings,
  ]
  const known = { key, ring, listed, event, eventId, now: now() }
  report('token')
  const probe = await checkProbe(known)
  if (probe) findings.push(probe)
  if (token !== undefined)
    findings.push(await checkTokenAtHand({ ...known, token, origin: 'the given token' }))

  const whoIs = await identityFindings(question, settings, pageEventId, signal)
  findings.push(...whoIs.findings)
  if (address === undefined) return [...findings, notAsked]

  report('server')
  const tokenUrl = question.tokenUrl ?? `${question.url}/token`
  const server = await checkServer({
    url: question.url ?? null,
    tokenUrl,
    origin,
    eventId: pageEventId,
    eventIds,
    visitor: question.visitor ?? null,
    visitorKnown: whoIs.known,
    identity: configOf(settings)?.identity[0]?.kind ?? null,
    aheadMs,
    signal,
    ...(question.resolve ? { resolve: question.resolve } : {}),
  })
  findings.push(...server.findings)
  if (server.token !== null) {
    const origin = 'a token of the server'
    findings.push(await checkTokenAtHand({ ...known, now: now(), token: server.token, origin }))
    findings.push(...keyLifeOf({ ...known, token: server.token }))
  }
  if (page === undefined) return [...findings, pageNotRead]
  report('page')
  const { chatOrigin } = question
  const accepted = server.acceptedIds.length > 0 ? server.acceptedIds : eventIds
  findings.push(
    ...(await checkPage({
      page,
      url: address,
      chatOrigin,
      tokenUrl: new URL(tokenUrl).href,
      eventIds: accepted,
      signal,
    })),
  )
  return findings
}

const tooSlow = new OperatorProblem(
  'api-timeout',
  'Kinescope’s API did not answer before the doctor’s deadline',
  'Check the network and KINESCOPE_API_URL. Then run the doctor again.',
)

const configOf = (settings: ServerSettings | null): ServeConfig | null =>
  settings && 'config' in settings ? settings.config : null

/** The ids of a stream, the given one first: a page, the list of streams and the API may each use another. */
function idsOf(given: string | undefined, event: StreamEvent | null): string[] {
  if (given === undefined) return []
  const ids = [readEventId(given), event?.publicId, event?.id]
  return [...new Set(ids.filter((id) => typeof id === 'string'))]
}

function isListed(settings: ServerSettings | null, id: string): boolean {
  const events = configOf(settings)?.events
  if (events === undefined || events === '*') return false
  return events.some((event) => (typeof event === 'string' ? event : event.id) === id)
}

async function identityFindings(
  { visitor = null, now, report }: DoctorQuestion,
  settings: ServerSettings | null,
  eventId: string | undefined,
  signal: AbortSignal,
): Promise<{ findings: Finding[]; known: boolean | null }> {
  const config = configOf(settings)
  if (config) {
    report?.('identity')
    return checkIdentity({ identity: config.identity, visitor, eventId, now: now(), signal })
  }
  // without the server's settings, only the site's own JWT has rules that are known
  if (!visitor?.statement || formatOf(visitor.statement) !== 'jwt') return { findings: [], known: null }
  return checkStatement(visitor.statement, { identity: null, eventId, now: now(), signal })
}

const pageNotRead = findingsAbout('page').skip(
  'page-not-read',
  'the page with the chat was not read',
  'Give its address: `--origin https://www.example.com/live`.',
)

const notAsked = findingsAbout('server').skip(
  'server-not-asked',
  'the token server was not checked',
  'Give its address: `--url https://chat.example.com`, and the page’s: `--origin https://www.example.com`.',
)

function unseen(error?: unknown): KinescopeFacts {
  const found = findingsAbout('kinescope')
  const finding =
    error === undefined
      ? found.skip(
          'api-token-missing',
          'without KINESCOPE_API_TOKEN, nothing was compared with Kinescope',
          'Set it for this command. The running server doesn’t need it.',
        )
      : found.error(error)
  return { findings: [finding], listed: null, event: null, aheadMs: null }
}
