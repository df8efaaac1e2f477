import { checkToken } from 'kinescope-chat/check-token'
import { readKeyRingConfig } from '../config.js'
import { registeredKeys } from '../keys/key-state.js'
import { readExistingStore } from '../keys/store/ring-store.js'
import { readEventId } from '../kinescope/event-id.js'
import { verifyToken, type VerifyKey } from '../token/verify-token.js'
import { settingFlags, textFlag, type Call, type Command } from './command.js'
import { givenFile } from './given-file.js'
import { givenToken } from './given-token.js'
import { readPublicKeys } from './public-keys.js'
import { shown, stacked, type Shown, type Text } from './shown.js'
import type { Terminal } from './terminal.js'
import { momentAndDistance } from './time-text.js'
import { FAULT_REMEDIES } from '../doctor/fault-remedies.js'

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
  const { location } = readKeyRingConfig(call.env, settingFlags(call))
  return registeredKeys((await readExistingStore(location)).ring, call.now())
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
