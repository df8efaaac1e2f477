import { checkToken } from 'kinescope-chat/check-token'
import { createPublicKey } from 'node:crypto'
import { registeredKeys } from '../keys/key-ring.js'
import { readExistingRing } from '../keys/store/ring-store.js'
import { readEventId } from '../kinescope/event-id.js'
import { verifyToken, type VerifyKey } from '../token/verify-token.js'
import { textFlag, type Call, type Command } from './command.js'
import { givenFile, givenToken } from './given-input.js'
import { ringSettings } from './key-command.js'
import { shown, stacked, type Shown, type Text, momentAndDistance, type Terminal } from './terminal.js'
import { FAULT_REMEDIES } from '../doctor/token-checks.js'
import { OperatorProblem } from '../problem.js'
import type { PublicJwk } from '../keys/import-key.js'
import { thumbprintOf } from '../keys/private-key.js'

export const tokenVerify: Command = {
  name: 'token verify',
  args: ['TOKEN'],
  summary: 'check a token as Kinescope does, and name what is wrong',
  flags: {
    event: { value: 'ID', meaning: 'the stream it must be for' },
    jwk: {
      value: 'FILE',
      meaning: 'public key to verify with: JWK, JWK Set or PEM, instead of the key directory',
    },
    kid: { value: 'KID', meaning: 'the kid of a PEM given by --jwk' },
  },
  settings: ['CHAT_KEY_DIR', 'CHAT_KEY_SECRET'],
  notes: [
    'TOKEN may be -, to read it from standard input: every user of the machine can see arguments. Sends nothing.',
  ],
  async run(call) {
    const { terminal } = call
    const token = await givenToken(call.args[0] ?? '')
    const event = textFlag(call, 'event')
    const now = call.now()
    const keys = await verifyKeys(call)
    const { fault, header, claims } = await verifyToken(token, {
      keys,
      eventId: event === undefined ? undefined : readEventId(event),
      now,
    })
    const details = claimsText(header, claims, terminal, now)
    const verdict = fault
      ? terminal.line('fail', `${fault.code}: ${fault.reason}`, FAULT_REMEDIES[fault.code])
      : terminal.line('ok', 'the token is valid: signature, form, claims and times')
    return {
      exit: fault ? 1 : 0,
      data: { valid: fault === null, fault, header: header ?? null, claims: claims ?? null },
      text: stacked(verdict, details),
    }
  },
}

export const tokenInspect: Command = {
  name: 'token inspect',
  args: ['TOKEN'],
  summary: 'show a token’s header and claims',
  notes: ['TOKEN may be -, to read it from standard input. Checks form and times, not the signature.'],
  async run(call) {
    const { terminal } = call
    const now = call.now()
    const { fault, header, claims } = checkToken(await givenToken(call.args[0] ?? ''), { now: now / 1000 })
    const note = fault
      ? terminal.line('warn', `${fault.code}: ${fault.reason}`, FAULT_REMEDIES[fault.code])
      : terminal.line('info', 'form, claims and times are in order; `token verify` checks the signature')
    return {
      exit: fault?.code === 'token-malformed' && !claims ? 1 : 0,
      data: { header: header ?? null, claims: claims ?? null, fault },
      text: stacked(claimsText(header, claims, terminal, now), note),
    }
  },
}

async function verifyKeys(call: Call): Promise<VerifyKey[]> {
  const file = textFlag(call, 'jwk')
  if (file !== undefined) return readPublicKeys(await givenFile(file, 'jwk'), textFlag(call, 'kid'))
  const { location } = ringSettings(call)
  return registeredKeys(await readExistingRing(location), call.now())
}

function claimsText(
  header: object | undefined,
  claims: object | undefined,
  terminal: Terminal,
  now: number,
): Shown | null {
  const show = ([name, value]: [string, unknown]): [string, Text] => {
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    const isTime =
      ['exp', 'iat', 'nbf'].includes(name) && typeof value === 'number' && Math.abs(value) < 8.64e12
    return [
      name,
      isTime
        ? shown`${text}  ${terminal.colours.dim(momentAndDistance(new Date(value * 1000).toISOString(), now))}`
        : text,
    ]
  }
  const entries = [...Object.entries(header ?? {}), ...Object.entries(claims ?? {})].map(show)
  return entries.length > 0 ? terminal.facts(entries) : null
}

/** Reads public keys to verify with: a JWK, a JWK Set, or a PEM, whose kid is given beside it. */
function readPublicKeys(text: string, kid: string | undefined): VerifyKey[] {
  const clean = text.replace(/^\uFEFF/, '').trim()
  try {
    if (!clean.startsWith('{')) return [named(createPublicKey(clean).export({ format: 'jwk' }), kid)]
    const value = JSON.parse(clean) as { keys?: unknown[] }
    return Array.isArray(value.keys) ? value.keys.map((key) => named(key, undefined)) : [named(value, kid)]
  } catch (cause) {
    if (cause instanceof OperatorProblem) throw cause
    throw unreadable('it is neither a JWK, nor a JWK Set, nor a PEM', cause)
  }
}

function named(value: unknown, kid: string | undefined): VerifyKey {
  const key = value as PublicJwk & { kid?: unknown }
  if (key.kty !== 'RSA' || typeof key.n !== 'string' || typeof key.e !== 'string')
    throw unreadable('it is not an RSA key')
  const { n, e } = key
  return { kid: kid ?? (typeof key.kid === 'string' ? key.kid : thumbprintOf({ n, e })), kty: 'RSA', n, e }
}

const unreadable = (why: string, cause?: unknown) =>
  new OperatorProblem(
    'public-key-malformed',
    `the public key can’t be used: ${why}`,
    'Give the public JWK that `kinescope-chat-server keys show KID` prints, or a PEM with --kid.',
    { cause },
  )
