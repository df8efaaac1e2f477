import type { HealthNoteCode } from '../endpoint/registration-watch.js'
import { fetchQuietly, jsonObject } from './fetch-quietly.js'
import { findingsAbout, type Finding } from './finding.js'

const found = findingsAbout('server')
/** The server has nine notes. Another site may send any number. */
const MOST_NOTES = 20
const CODE = /^[a-z][a-z0-9-]{1,39}$/

/** The texts and remedies for the codes that `/readyz` makes public. */
export const NOTES: Readonly<Record<HealthNoteCode, readonly ['warn' | 'fail', what: string, todo: string]>> =
  {
    'key-ring-stale': [
      'fail',
      'the server can’t read its key ring: it signs with the last known keys, and misses rotations and revocations',
      'Read the server’s log. Run `kinescope-chat-server keys list` on that machine as the server’s user, and fix what it names. The server retries every few seconds.',
    ],
    'key-unusable': [
      'warn',
      'the server has a key that it can’t use, and signs with another',
      'Run `kinescope-chat-server keys list` where its keys are. The server’s log has the key and the reason.',
    ],
    'private-key-exposed': [
      'warn',
      'every user of the server’s machine can read one of its private keys',
      'Mount the keys for the server’s user only (`defaultMode: 0400`). If others had access, run `kinescope-chat-server keys rotate`.',
    ],
    'key-ends-soon': [
      'warn',
      'the server’s signing key expires within 30 days',
      'Run `kinescope-chat-server keys reconcile` where its keys are, and let cron run it daily. Replace a key from CHAT_PRIVATE_KEY or a vault by hand.',
    ],
    'key-not-registered': [
      'fail',
      'Kinescope doesn’t list the key that the server signs with',
      'If it was deleted by mistake: `kinescope-chat-server keys register KID`. If it leaked: `kinescope-chat-server keys revoke KID`.',
    ],
    'key-expired': [
      'fail',
      'the key that the server signs with has expired at Kinescope',
      'Run `kinescope-chat-server keys rotate`, and `kinescope-chat-server keys reconcile` daily so that it doesn’t happen again.',
    ],
    'event-not-found': [
      'fail',
      'Kinescope doesn’t have a stream in the server’s CHAT_EVENTS',
      'Compare CHAT_EVENTS with `kinescope-chat-server events list`; the server’s log and its admin port name the stream.',
    ],
    'jwt-not-enabled': [
      'fail',
      'a stream in the server’s CHAT_EVENTS accepts anyone: JWT is off for its chat',
      '`kinescope-chat-server events list` shows which, `kinescope-chat-server events enable ID` switches it on.',
    ],
    'identity-keys-stale': [
      'warn',
      'the key set of the site or of an issuer can’t be fetched; the last good one serves for hours',
      'Open CHAT_IDENTITY_JWKS_URL or the issuer’s discovery document from the server’s machine with curl.',
    ],
    'kinescope-api': [
      'warn',
      'the server’s own last check at Kinescope failed: it doesn’t know whether its key is still registered',
      'Check its log, KINESCOPE_API_TOKEN, and its network access to the API.',
    ],
  }

/** Reads the server's own `/readyz`: whether it can sign, and its warnings. */
export async function checkReadiness(url: string, signal: AbortSignal): Promise<Finding[]> {
  const answer = await fetchQuietly(`${url}/readyz`, { signal })
  const body = 'failure' in answer ? null : jsonObject(answer)
  if ('failure' in answer || typeof body?.['status'] !== 'string') return [unknown(url)]
  const state = STATES[`${answer.status} ${body['status']}`]
  return state ? [state(url, body), ...notesIn(body['notes'])] : [unknown(url)]
}

/** What the server says of itself, by HTTP status and `status`. Another program's `/readyz` says something else. */
const STATES: Readonly<Record<string, (url: string, body: Readonly<Record<string, unknown>>) => Finding>> = {
  '200 ready': (url) => found.ok('ready', `${url} is ready to sign`),
  '503 not-ready': notReady,
  '503 draining': (url) =>
    found.warn(
      'server-draining',
      `${url} is shutting down (draining): load balancers send it no more requests`,
      'Run the doctor again when the next server is ready. If none starts, read the server’s log.',
    ),
}

/** The server doesn't answer as `serve` does. A token route inside an app needs no `/readyz`. */
const unknown = (url: string) =>
  found.skip(
    'ready-unknown',
    `${url}/readyz gives an unexpected response: what the server reports of itself was not checked`,
    'Let the proxy pass GET /readyz. A token route inside an app has none: give its address as --token-url instead of --url.',
  )

function notReady(url: string, { code }: Readonly<Record<string, unknown>>): Finding {
  const why = typeof code === 'string' && CODE.test(code) ? ` (${code})` : ''
  return found.fail(
    'key-unavailable',
    `${url} runs, but has no usable key${why}`,
    'Read the server’s log, and run `kinescope-chat-server keys list` where its keys are.',
  )
}

function notesIn(notes: unknown): Finding[] {
  if (!Array.isArray(notes)) return []
  const codes = (notes as unknown[])
    .slice(0, MOST_NOTES)
    .map((note) => (note as { code?: unknown } | null)?.code)
    .filter((code): code is string => typeof code === 'string' && CODE.test(code))
  return [...new Set(codes)].map((code) => {
    if (!Object.hasOwn(NOTES, code)) {
      return found.warn(
        code,
        `the server reports ${code}, which this version of the doctor doesn’t know`,
        'Read the server’s log, and run the doctor of the server’s version.',
      )
    }
    const [status, message, remediation] = NOTES[code as HealthNoteCode]
    return found[status](code, message, remediation)
  })
}
