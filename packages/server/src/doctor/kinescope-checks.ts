import type { KinescopeApi } from '../kinescope/api-client.js'
import { type StreamEvent, EventApi } from '../kinescope/event-api.js'
import { JwkApi, type RemoteKey } from '../kinescope/jwk-api.js'
import { KinescopeError } from '../kinescope/kinescope-error.js'
import { MIN_BITS } from '../keys/import-key.js'
import type { KeyRing } from '../keys/key-ring.js'
import { missingFrom } from '../keys/reconcile.js'
import { findingsAbout, type Finding } from './finding.js'
import { keyLife, type FoundKey } from './key-checks.js'

/** With a larger clock difference, Kinescope rejects some tokens that live a minute. */
const WARN_CLOCK_S = 5
const FAIL_CLOCK_S = 30
/** The most keys that are requested one by one for a modulus. */
const MOST_LOOKED_AT = 20

export interface KinescopeFacts {
  findings: Finding[]
  /** null where the list couldn't be read. */
  listed: RemoteKey[] | null
  event: StreamEvent | null
  /** Milliseconds by which this machine's clock is ahead of Kinescope's; null if unknown. */
  aheadMs: number | null
}

export interface KinescopeQuestion {
  api: KinescopeApi
  key: FoundKey | null
  /** The ring with the key; null for a key that was given alone. */
  ring: KeyRing | null
  eventId: string | undefined
  /** ms since the epoch */
  now: () => number
}

/** Compares the clock, the key and the stream with Kinescope. Changes nothing. */
export async function checkKinescope(question: KinescopeQuestion): Promise<KinescopeFacts> {
  const { api, key, ring, eventId } = question
  const found = findingsAbout('kinescope')
  const findings: Finding[] = []
  let listed: RemoteKey[] | null = null
  let aheadMs: number | null = null
  try {
    aheadMs = await clockAhead(question)
    findings.push(clockFinding(aheadMs))
    listed = await new JwkApi(api).list()
    if (key) findings.push(...(await checkRegistration(new JwkApi(api), key, listed, question.now())))
    for (const kid of missingFrom(listed, ring?.keys ?? [], question.now()))
      if (kid !== key?.signing.kid) findings.push(otherNotListed(kid))
  } catch (error) {
    findings.push(found.error(error))
  }
  if (eventId === undefined) return { findings: [...findings, noEvent], listed, event: null, aheadMs }
  const { findings: more, event } = await checkEvent(api, eventId)
  return { findings: [...findings, ...more], listed, event, aheadMs }
}

const noEvent = findingsAbout('stream').skip(
  'stream-not-given',
  'no stream was checked',
  'Give --event with the id that the page uses.',
)

async function clockAhead({ api, now }: KinescopeQuestion): Promise<number | null> {
  const sent = now()
  const { date } = await api.call({ method: 'GET', path: ['v1', 'jwk'], resource: 'key' })
  const received = now()
  if (date === null) return null
  // a Date is cut to whole seconds and was written between the two times
  return Math.max(sent - (date + 1000), 0) - Math.max(date - received, 0)
}

function clockFinding(ahead: number | null): Finding {
  const found = findingsAbout('kinescope')
  if (ahead === null)
    return found.skip(
      'clock',
      'Kinescope’s answer has no Date: the clocks can’t be compared',
      'Compare this machine’s clock with another one’s by hand.',
    )
  const seconds = Math.round(Math.abs(ahead) / 1000)
  const text = `this machine’s clock is ${seconds} s ${ahead > 0 ? 'ahead of' : 'behind'} Kinescope’s`
  const cure = 'Synchronize it (NTP): `timedatectl set-ntp true`. Tokens carry this machine’s time.'
  if (seconds >= FAIL_CLOCK_S) return found.fail('clock-off', text, cure)
  if (seconds >= WARN_CLOCK_S) return found.warn('clock-off', text, cure)
  return found.ok('clock', 'this machine’s clock agrees with Kinescope’s')
}

async function checkRegistration(
  jwk: JwkApi,
  key: FoundKey,
  listed: RemoteKey[],
  now: number,
): Promise<Finding[]> {
  const found = findingsAbout('kinescope')
  const { kid } = key.signing
  const named = listed.filter((remote) => remote.kid === kid)
  const [first] = named
  if (!first) {
    return [await notListed(jwk, key, listed)]
  }
  const remote = await inFull(jwk, first)
  const wrong = mismatch(remote, key, now)
  const doubles =
    named.length > 1
      ? [
          found.warn(
            'key-duplicate',
            `${kid} is registered ${named.length} times`,
            'Run `kinescope-chat-server keys reconcile`: it deletes the others.',
          ),
        ]
      : []
  const { expiresAt } = remote
  // only Kinescope knows the expiry of a key that was configured alone
  const life =
    expiresAt !== null && key.signing.expiresAt === null && wrong === null
      ? [keyLife('kinescope', kid, Date.parse(expiresAt), now)]
      : []
  return [...(wrong ? [wrong] : [registered(remote)]), ...life, ...doubles]
}

/** A key that signed before the last rotation, or will sign. */
const otherNotListed = (kid: string): Finding =>
  findingsAbout('kinescope').fail(
    'key-not-registered',
    `Kinescope doesn’t list ${kid}, a key of the ring: its tokens are rejected`,
    notListedRemedy(kid),
  )

const notListedRemedy = (kid: string) =>
  `If it was deleted by mistake: \`kinescope-chat-server keys register ${kid}\`. If it leaked: \`kinescope-chat-server keys revoke ${kid}\`.`

/** A key with a configured kid may be registered under another one, because of a typo or the kid of the last key. */
async function notListed(jwk: JwkApi, key: FoundKey, listed: readonly RemoteKey[]): Promise<Finding> {
  const found = findingsAbout('kinescope')
  const { kid } = key.signing
  for (const other of listed.slice(0, MOST_LOOKED_AT)) {
    const { n } = await inFull(jwk, other)
    if (n !== null && n === key.publicJwk.n) {
      return found.fail(
        'wrong-kid',
        `Kinescope has the key that signs under another kid: ${other.kid}, not ${kid}`,
        key.byHand
          ? `Write CHAT_KEY_ID=${other.kid}`
          : `\`kinescope-chat-server keys register ${kid}\` registers it under its own.`,
      )
    }
  }
  const message = `Kinescope doesn’t list ${kid}, the key that signs: every token is rejected`
  if (!key.byHand) {
    return found.fail('key-not-registered', message, notListedRemedy(kid))
  }
  const known = listed.slice(0, MOST_LOOKED_AT).map((remote) => remote.kid)
  return found.fail(
    'key-not-registered',
    message,
    `Check CHAT_KEY_ID. ${known.length > 0 ? `Kinescope lists: ${known.join(', ')}.` : 'Kinescope lists no key at all.'} Else register it: \`kinescope-chat-server keys register --adopt FILE --kid ${kid}\`.`,
  )
}

/** The list may leave out the modulus; the response for a single key may have it. */
async function inFull(jwk: JwkApi, remote: RemoteKey): Promise<RemoteKey> {
  if (remote.n !== null && remote.alg !== null) return remote
  try {
    const { n, alg, expiresAt } = await jwk.get(remote.id)
    return { ...remote, n: remote.n ?? n, alg: remote.alg ?? alg, expiresAt: remote.expiresAt ?? expiresAt }
  } catch (error) {
    if (error instanceof KinescopeError) return remote
    throw error
  }
}

function mismatch(
  remote: RemoteKey,
  { signing: { kid, expiresAt }, publicJwk }: FoundKey,
  now: number,
): Finding | null {
  const found = findingsAbout('kinescope')
  const expires = remote.expiresAt === null ? null : Date.parse(remote.expiresAt)
  if (expires !== null && expires <= now) {
    return found.fail(
      'key-expired',
      `Kinescope’s copy of ${kid} expired at ${remote.expiresAt}`,
      'Run `kinescope-chat-server keys rotate`: it makes and registers a new key.',
    )
  }
  if (remote.n !== null && bitsOf(remote.n) < MIN_BITS) {
    return found.fail(
      'key-too-small',
      `${kid} has ${bitsOf(remote.n)} bits at Kinescope`,
      `Use a key of ${MIN_BITS} bits or more: \`kinescope-chat-server keys rotate\`.`,
    )
  }
  if (remote.alg !== null && remote.alg !== 'RS256') {
    return found.fail(
      'bad-algorithm',
      `${kid} is registered for ${remote.alg}`,
      'Only RS256 is supported: `kinescope-chat-server keys rotate` registers a new key for it.',
    )
  }
  if (remote.n !== null && remote.n !== publicJwk.n) {
    return found.fail(
      'bad-signature',
      `Kinescope has another key under the kid ${kid}: no signature made here fits it`,
      'Check which key this server uses. If it is the right one, `kinescope-chat-server keys rotate` makes a key with a new kid.',
    )
  }
  if (expires !== null && expiresAt !== null && Math.abs(expires - expiresAt) > 60_000) {
    return found.warn(
      'key-expiry-differs',
      `${kid} expires at ${remote.expiresAt} for Kinescope, but not here`,
      `Run \`kinescope-chat-server keys register ${kid}\`: it takes Kinescope’s date over.`,
    )
  }
  return null
}

function registered(remote: RemoteKey): Finding {
  const found = findingsAbout('kinescope')
  const note =
    remote.n === null
      ? '; Kinescope doesn’t show its modulus, so only the kid could be compared'
      : ', with the same modulus'
  return found.ok('registered', `${remote.kid} is registered (${remote.id})${note}`)
}

const bitsOf = (n: string): number => {
  const bytes = Buffer.from(n, 'base64url')
  const start = bytes.findIndex((byte) => byte !== 0)
  return start < 0 ? 0 : (bytes.length - start) * 8 - Math.clz32(bytes[start]!) + 24
}

/** Checks a stream: whether it exists, and whether its chat requires a token. */
async function checkEvent(
  api: KinescopeApi,
  eventId: string,
): Promise<{ findings: Finding[]; event: StreamEvent | null }> {
  const found = findingsAbout('stream')
  try {
    const event = await new EventApi(api).resolve(eventId)
    const findings = [found.ok('stream', `the stream exists: "${event.name}"`)]
    const id = event.publicId ?? event.id
    if (event.status === 'finished') {
      findings.push(
        found.warn(
          'event-finished',
          'the stream is finished: its settings can’t be changed any more',
          'Use another stream, unless visitors only read this chat.',
        ),
      )
    }
    if (event.jwtRequired === null) {
      findings.push(
        found.warn(
          'jwt-not-shown',
          'Kinescope doesn’t show whether the chat requires a token',
          `Open the chat’s link without a token: it must not let you write. \`kinescope-chat-server events enable ${id}\` switches JWT on.`,
        ),
      )
    } else if (event.jwtRequired) {
      findings.push(found.ok('jwt', 'its chat accepts only visitors with a token'))
    } else {
      findings.push(
        found.fail(
          'jwt-not-enabled',
          'JWT is off for this stream: anyone may enter its chat under any name',
          event.status === 'finished'
            ? 'Use another stream: a finished one can’t be changed.'
            : `\`kinescope-chat-server events enable ${id}\``,
        ),
      )
    }
    return { findings, event }
  } catch (error) {
    return { findings: [found.error(error)], event: null }
  }
}
