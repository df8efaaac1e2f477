import { checkToken } from 'kinescope-chat/check-token'
import type { RemoteKey } from '../kinescope/jwk-api.js'
import type { StreamEvent } from '../kinescope/event-api.js'
import { readEventId } from '../kinescope/event-id.js'
import { registeredKeys, type KeyRing } from '../keys/key-ring.js'
import { mintToken } from '../token/mint-token.js'
import { verifyToken, type VerifyKey, type VerifyFault } from '../token/verify-token.js'
import { findingsAbout, type Finding } from './finding.js'
import { keyLife, type FoundKey } from './key-checks.js'

/** What to do about a token that is refused, in the words of the article's troubleshooting. */
export const FAULT_REMEDIES: Readonly<Record<VerifyFault['code'], string>> = {
  'token-malformed':
    'Copy the whole token: three parts between dots. Claims are text, times are seconds, not milliseconds.',
  'claim-missing': 'aud, user_id, username, event_id and exp are required, and kid in the header.',
  'bad-algorithm': 'Sign with RS256 (RSA with SHA-256): other algorithms are not supported.',
  'bad-audience': 'aud must be "chat", strictly lowercase.',
  'wrong-event':
    'event_id must be the stream whose chat is opened: its last link part or its UUID, the same everywhere.',
  'token-expired':
    'Get a new token. If it was just made, synchronize the clock of the machine that made it (NTP).',
  'token-not-yet-valid':
    'Leave nbf out or date it back; synchronize the clock of the machine that made it (NTP).',
  'bad-signature':
    'It was signed with another private key than the one registered under its kid: check which key the server uses.',
  'key-not-registered':
    'The key named by its kid is not among these: `kinescope-chat-server keys list` shows which are, `keys register` registers one.',
  'key-expired':
    'Its key’s expires_at has passed: `kinescope-chat-server keys rotate` makes and registers a new one.',
}

export interface TokenQuestion {
  token: string
  key: FoundKey | null
  ring: KeyRing | null
  /** What Kinescope lists; null where it couldn't be asked. */
  listed: readonly RemoteKey[] | null
  event: StreamEvent | null
  eventId: string | undefined
  /** ms since the epoch */
  now: number
  /** Where the token comes from, to begin the sentence with. */
  origin: string
}

/** Judges a token as Kinescope would, with what it is known to have. */
export async function checkTokenAtHand(question: TokenQuestion): Promise<Finding> {
  const { token, event, eventId, now, origin } = question
  const found = findingsAbout('token')
  const keys = keysToVerifyWith(question)
  const checked = await verifyToken(token, { keys, now })
  const claims = checked.claims as { event_id?: unknown } | undefined
  const accepted = [event?.id, event?.publicId, eventId === undefined ? null : readEventId(eventId)].filter(
    Boolean,
  )
  const wrongEvent =
    accepted.length > 0 && claims !== undefined && !accepted.includes(claims.event_id as string)

  const { fault } = checked
  if (fault === null && wrongEvent) {
    return found.fail(
      'wrong-event',
      `${origin} is for another stream: ${JSON.stringify(claims.event_id)}`,
      FAULT_REMEDIES['wrong-event'],
    )
  }
  if (fault === null) return found.ok('token', `${origin} passes: signature, form, claims and times`)
  const { listed, ring, key } = question
  if (
    fault.code === 'key-not-registered' &&
    (listed ? listed.some(({ kid }) => kid === fault.reason) : !ring && !key)
  ) {
    return found.warn(
      'signature-unknown',
      listed
        ? `${origin} names ${fault.reason}, which Kinescope lists without its modulus: the signature can’t be checked here`
        : `${origin} names ${fault.reason}, whose public key isn’t known here: the signature can’t be checked`,
      'Run the doctor where that key’s directory is; or give the public key: `kinescope-chat-server token verify TOKEN --jwk FILE`.',
    )
  }
  const remediation =
    fault.code === 'key-not-registered' && key?.byHand
      ? 'Check CHAT_KEY_ID: it must be the kid that the key is registered under.'
      : FAULT_REMEDIES[fault.code]
  return found.fail(fault.code, `${origin} is rejected: ${explain(fault)}`, remediation)
}

/** The end of the key that signed the server's token, from Kinescope's list where the keys aren't on this machine. */
export function keyLifeOf({
  token,
  key,
  listed,
  now,
}: Pick<TokenQuestion, 'token' | 'key' | 'listed' | 'now'>): Finding[] {
  const { kid } = checkToken(token).header ?? {}
  const remote = listed?.find((known) => known.kid === kid)
  if (!remote?.expiresAt || remote.kid === key?.signing.kid) return []
  return [keyLife('server', remote.kid, Date.parse(remote.expiresAt), now)]
}

/** Makes a token as the server would and judges it. */
export async function checkProbe(question: Omit<TokenQuestion, 'token' | 'origin'>): Promise<Finding | null> {
  const { key, event, eventId, now } = question
  if (!key) return null
  const probe = await mintToken({
    key: key.signing,
    userId: 'doctor',
    username: 'Doctor',
    eventId: event?.publicId ?? event?.id ?? (readEventId(eventId ?? '') || 'probe'),
    ttl: 60,
    now,
  })
  return checkTokenAtHand({ ...question, token: probe.token, origin: 'a token made here' })
}

/** Kinescope's list decides which kids count; the modulus comes from it or, where it shows none, from here. */
function keysToVerifyWith({ key, ring, listed, now }: TokenQuestion): VerifyKey[] {
  const own: VerifyKey[] = ring
    ? registeredKeys(ring, now)
    : key
      ? [{ kid: key.signing.kid, ...key.publicJwk }]
      : []
  if (!listed) return own
  return listed.flatMap((remote): VerifyKey[] => {
    const here = own.find(({ kid }) => kid === remote.kid)
    const n = remote.n ?? here?.n
    return n === undefined
      ? []
      : [{ kid: remote.kid, kty: 'RSA', n, e: here?.e ?? 'AQAB', expiresAt: remote.expiresAt }]
  })
}

function explain({ code, reason }: VerifyFault): string {
  switch (code) {
    case 'token-malformed':
      return `it is malformed (${reason})`
    case 'claim-missing':
      return `${reason} is missing`
    case 'bad-algorithm':
      return 'it is not signed with RS256'
    case 'bad-audience':
      return 'aud is not "chat"'
    case 'wrong-event':
      return 'it is for another stream'
    case 'token-expired':
      return 'it has expired'
    case 'token-not-yet-valid':
      return 'it is not valid yet'
    case 'bad-signature':
      return `its signature doesn’t fit the key ${reason}`
    case 'key-not-registered':
      return `no key with the kid ${reason} is registered`
    case 'key-expired':
      return `its key ${reason} has expired`
  }
}
