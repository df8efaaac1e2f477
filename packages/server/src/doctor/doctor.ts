import type { KinescopeApi } from '../kinescope/api-client.js'
import { readEventId } from '../kinescope/event-id.js'
import { findingsAbout, type Finding } from './finding.js'
import { checkKeys, type KeyPlace } from './key-checks.js'
import { checkKinescope, type KinescopeFacts } from './kinescope-checks.js'
import { checkPage } from './page-checks.js'
import { checkServer } from './server-checks.js'
import { checkProbe, checkTokenAtHand } from './token-checks.js'

export interface DoctorQuestion {
  key: KeyPlace
  passphrase?: string | undefined
  /** Seconds. */
  tokenTtl: number
  /** null: no API token, so Kinescope's side can't be seen. */
  api: KinescopeApi | null
  chatOrigin: string
  /** A UUID, a public id, or a link. */
  eventId?: string | undefined
  /** A token to judge. */
  token?: string | undefined
  /** The token server's address. */
  url?: string | undefined
  /** The page, or the origin it lies on. */
  page?: string | undefined
  /** ms since the epoch */
  now: () => number
  /** Called before each part. */
  report?: (part: Finding['about']) => void
  /** Finds the addresses of a host name; replaced in tests. */
  resolve?: (hostname: string) => Promise<string[]>
}

/** Every check of the article's troubleshooting and of the deployment. Changes nothing anywhere. */
export async function diagnose(question: DoctorQuestion): Promise<Finding[]> {
  const { api, eventId, token, url, page, now, report = () => undefined } = question
  report('keys')
  const { findings: keyFindings, key, ring } = await checkKeys(question.key, { ...question, now: now() })
  if (api) report('kinescope')
  const atKinescope = api ? await checkKinescope({ api, key, eventId, now }) : unseen()
  const findings = [...keyFindings, ...atKinescope.findings]

  const { listed, event } = atKinescope
  const known = { key, ring, listed, event, eventId, now: now() }
  report('token')
  const probe = await checkProbe(known)
  if (probe) findings.push(probe)
  if (token !== undefined)
    findings.push(await checkTokenAtHand({ ...known, token, origin: 'the given token' }))

  if (url !== undefined) {
    report('server')
    const origin = page === undefined ? undefined : new URL(page).origin
    const { resolve } = question
    const pageEventId = eventId === undefined ? undefined : (event?.publicId ?? readEventId(eventId))
    const server = await checkServer({ url, origin, eventId: pageEventId, ...(resolve ? { resolve } : {}) })
    findings.push(...server.findings)
    if (server.token !== null) {
      findings.push(
        await checkTokenAtHand({
          ...known,
          now: now(),
          token: server.token,
          origin: 'a token of the server',
        }),
      )
    }
    if (page !== undefined) {
      report('page')
      findings.push(...(await checkPage({ page, url, chatOrigin: question.chatOrigin })))
    }
  }
  return findings
}

function unseen(): KinescopeFacts {
  const skipped = findingsAbout('kinescope').skip(
    'api-token-missing',
    'without KINESCOPE_API_TOKEN nothing can be compared with what Kinescope has',
    'Set it for this command; the running server needs none.',
  )
  return { findings: [skipped], listed: null, event: null }
}
