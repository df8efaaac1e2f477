import { KinescopeApi } from '../kinescope/api-client.js'
import { JwkApi } from '../kinescope/jwk-api.js'
import { ByHandRegistry, deleteByHand, type ManualRequest } from '../keys/by-hand.js'
import type { KeyAction, KeyWork } from '../keys/steps.js'
import { ApiRegistry, type Registry } from '../keys/registry.js'
import { KEY_SIZES } from '../keys/private-key.js'
import { storeLocation } from '../keys/store/key-store.js'
import { withRing, type RingStoreOptions } from '../keys/store/ring-store.js'
import { ConfigProblem } from '../problem.js'
import {
  isDryRun,
  textFlag,
  PartialResult,
  runWithDeadline,
  settingsOf,
  UsageProblem,
  waitUntil,
  wholeNumber,
  type Call,
  type Flag,
  type Outcome,
} from './command.js'
import { DryRunRegistry, withRingInMemory } from './dry-run.js'
import {
  Shown,
  escaped,
  momentAndDistance,
  momentText,
  shellQuoted,
  stacked,
  type Terminal,
} from './terminal.js'

/** The settings of the key ring, which is bound to the API where its keys are registered. */
export const RING_SETTINGS = [
  'CHAT_KEY_DIR',
  'CHAT_KEY_SECRET',
  'CHAT_KEY_PASSPHRASE',
  'CHAT_TOKEN_TTL',
  'KINESCOPE_API_URL',
] as const
/** The settings of commands that change the key ring at Kinescope. */
export const KEY_SETTINGS = [...RING_SETTINGS, 'KINESCOPE_API_TOKEN'] as const
export const API_SETTINGS = ['KINESCOPE_API_URL', 'KINESCOPE_API_TOKEN'] as const

export const LIFE_FLAG = {
  days: {
    value: 'DAYS',
    meaning: 'lifetime of a new key, 30 to 730; it is replaced after two thirds',
    default: '365',
  },
} as const satisfies Record<string, Flag>
export const BITS_FLAG = {
  bits: { value: 'BITS', meaning: 'size of a new key: 2048, 3072 or 4096', default: '2048' },
} as const satisfies Record<string, Flag>
export const BY_HAND_FLAG = {
  'by-hand': {
    meaning: 'print the requests for a colleague to send, and treat them as sent; needs no API token',
  },
} as const satisfies Record<string, Flag>
export const PROPAGATION_FLAG = {
  propagation: {
    value: 'SECONDS',
    meaning: 'how long a new key is registered before it signs',
    default: '600',
  },
} as const satisfies Record<string, Flag>

export const propagationMs = (call: Call): number => wholeNumber(call, 'propagation', 600, 0, 86_400) * 1000

/** @throws UsageProblem */
export function bitsOf(call: Call): number {
  const given = textFlag(call, 'bits') ?? BITS_FLAG.bits.default
  const bits = KEY_SIZES.find((size) => String(size) === given)
  if (bits !== undefined) return bits
  throw new UsageProblem(
    `--bits must be one of ${KEY_SIZES.join(', ')}`,
    `Write, for example, --bits ${BITS_FLAG.bits.default}.`,
  )
}

/** Reads where the key ring is, and the lifetime of a token in seconds. @throws ConfigProblem */
export const ringSettings = (call: Pick<Call, 'env' | 'flags'>) =>
  settingsOf(call, (reader) => ({
    location: storeLocation(reader.value('CHAT_KEY_SECRET'), reader.value('CHAT_KEY_DIR')),
    passphrase: reader.value('CHAT_KEY_PASSPHRASE'),
    tokenTtl: reader.value('CHAT_TOKEN_TTL'),
  }))

/** Reads how to reach Kinescope. @throws ConfigProblem */
export const apiSettings = (call: Pick<Call, 'env' | 'flags'>) =>
  settingsOf(call, (reader) => ({
    apiUrl: reader.value('KINESCOPE_API_URL'),
    apiToken: reader.value('KINESCOPE_API_TOKEN'),
  }))

/** @throws ConfigProblem where the API token is missing */
export function openApi({ wait, ...call }: Call): KinescopeApi {
  const { apiUrl, apiToken } = apiSettings(call)
  if (apiToken !== undefined) return new KinescopeApi({ url: apiUrl, token: apiToken, wait })
  throw new ConfigProblem([
    {
      name: 'KINESCOPE_API_TOKEN',
      message: 'is missing.',
      remediation:
        'Create a token at app.kinescope.io, Settings → API tokens. Set KINESCOPE_API_TOKEN=… or KINESCOPE_API_TOKEN_FILE=/path. Without one, --by-hand prints the requests of the key commands.',
    },
  ])
}

export function ringOptions(call: Call): RingStoreOptions {
  const { location, passphrase, tokenTtl } = ringSettings(call)
  return {
    location,
    vendor: apiSettings(call).apiUrl,
    maxTokenTtl: tokenTtl,
    passphrase,
    lifeDays: wholeNumber(call, 'days', 365, 30, 730),
    now: call.now,
    wait: call.wait,
  }
}

/** Runs `work` on the locked key directory. The registry is Kinescope's API, or the operator (`--by-hand`). */
export async function withKeys<T>(
  call: Call,
  work: (work: KeyWork) => Promise<T>,
  { make = false, rebuild = false }: Pick<RingStoreOptions, 'make' | 'rebuild'> = {},
): Promise<{ result: T; actions: KeyAction[] }> {
  const options = { ...ringOptions(call), make, rebuild }
  const run = isDryRun(call) ? withRingInMemory : withRing
  return reportingActions(call, ({ report, wait, signal }) => {
    const registry = registryFor({ ...call, wait }, options.vendor, report, signal)
    return run({ ...options, wait, signal }, (store) =>
      work({
        store,
        registry,
        report,
        now: call.now,
        signal,
      }),
    )
  })
}

/** Runs work on the keys with a time limit. If it fails, the error contains the actions until then. */
export async function reportingActions<T>(
  call: Call,
  work: (means: Pick<KeyWork, 'report'> & Pick<Call, 'wait'> & { signal: AbortSignal }) => Promise<T>,
): Promise<{ result: T; actions: KeyAction[] }> {
  const actions: KeyAction[] = []
  const report = (action: KeyAction) => {
    actions.push(action)
    const doing = actionProgress(action)
    if (doing) call.terminal.progress(doing)
  }
  try {
    const result = await runWithDeadline(call, (signal) =>
      work({ report, wait: waitUntil(call.wait, signal), signal }),
    )
    return { result, actions }
  } catch (error) {
    if (isDryRun(call) || actions.length === 0) throw error
    throw new PartialResult(error, actions, stacked(...actionLines(actions, call.terminal, call.now())))
  }
}

function registryFor(
  call: Call,
  vendor: string,
  report: (action: KeyAction) => void,
  signal: AbortSignal,
): Registry {
  if (call.flags['by-hand']) {
    return new ByHandRegistry(vendor, (kid, request) => report({ action: 'by-hand', kid, request }))
  }
  const registry = new ApiRegistry(new JwkApi(openApi(call).until(signal)), call.wait)
  return isDryRun(call) ? new DryRunRegistry(registry) : registry
}

/** The result of a command with `--dry-run`. */
export const dryRunOutcome = ({ terminal, now }: Call, actions: readonly KeyAction[]): Outcome => ({
  exit: 0,
  data: { dryRun: true, actions },
  text: plannedLines(actions, terminal, now()),
})

/** The text of an action in progress, for the progress line. */
function actionProgress(action: KeyAction): string | null {
  switch (action.action) {
    case 'generating':
      return `Making a key of ${action.bits} bits`
    case 'registering':
      return `Registering ${action.kid} at Kinescope`
    case 'removing':
      return `Deleting ${action.kid} at Kinescope`
    default:
      return null
  }
}

/** The text of a finished action, and of a planned one. */
interface ActionText {
  done: string
  would: string
}

function actionText(action: KeyAction, now: number, name: (kid: string) => string): ActionText | null {
  switch (action.action) {
    case 'generated':
      return { done: `made ${action.kid}, ${action.bits} bits`, would: `make a key of ${action.bits} bits` }
    case 'adopted':
      return {
        done: `took ${action.kid} into the ring, ${action.bits} bits`,
        would: `take ${action.kid} into the ring`,
      }
    case 'registered': {
      const how = action.found ? 'was registered at Kinescope already' : 'is registered at Kinescope'
      return {
        done: `${action.kid} ${how} (${action.remoteId}), until ${momentText(action.expiresAt)}`,
        would: `register ${name(action.kid)} at Kinescope`,
      }
    }
    case 'signs': {
      const instead = action.instead.length > 0 ? ` instead of ${action.instead.map(name).join(', ')}` : ''
      const moment = Date.parse(action.from) > now ? momentAndDistance(action.from, now) : null
      return {
        done: `${action.kid} ${moment ? `will sign from ${moment}` : 'signs from now on'}${instead}`,
        would: `sign with ${name(action.kid)} ${moment ? `from ${moment}` : 'at once'}${instead}`,
      }
    }
    case 'revoked':
      return {
        done: `${action.kid} no longer signs`,
        would: `stop signing with ${action.kid}: all its tokens would become invalid`,
      }
    case 'removed':
      return {
        done: `${action.kid} is deleted, at Kinescope and here`,
        would: `delete ${action.kid}, at Kinescope and here`,
      }
    case 'duplicate-removed': {
      const what = `a second registration of ${action.kid} (${action.remoteId})`
      return { done: `${what} is deleted`, would: `delete ${what}` }
    }
    default:
      return null
  }
}

const isByHand = (actions: readonly KeyAction[]) => actions.some(({ action }) => action === 'by-hand')

/** The finished actions, a line each. Skips actions that have only begun. */
export function actionLines(actions: readonly KeyAction[], terminal: Terminal, now: number): Shown[] {
  const byHand = isByHand(actions)
  return actions.flatMap((action): Shown[] => {
    // the request is still to be sent
    if (action.action === 'registered' && action.remoteId === null) return []
    if (action.action === 'removed' && byHand) return [terminal.line('ok', `${action.kid} is deleted here`)]
    if (action.action === 'refused')
      return [terminal.line('fail', `${action.message} (${action.code})`, action.remediation)]
    if (action.action === 'by-hand')
      return [
        terminal.line('info', 'Someone with the API token must send this request:'),
        manualText(action.request),
      ]
    if (action.action === 'removed' && action.missing)
      return [
        terminal.line(
          'warn',
          `${action.kid} is deleted here, but Kinescope doesn’t list it`,
          `If it was deleted there before, nothing is left to do. Otherwise KINESCOPE_API_TOKEN is of another workspace. With the right token, run \`kinescope-chat-server keys register\` and delete the key: ${deleteByHand(action.apiUrl)}`,
        ),
      ]
    const text = actionText(action, now, (kid) => kid)
    return text ? [terminal.line('ok', text.done)] : []
  })
}

/** The actions of a dry run. The name of a key that it made is left out, because the real key has another name. */
export function plannedLines(actions: readonly KeyAction[], terminal: Terminal, now: number): Shown {
  const made = actions.flatMap((action) => (action.action === 'generated' ? [action.kid] : []))
  const name = (kid: string) => (made.includes(kid) ? 'the new key' : kid)
  const byHand = isByHand(actions)
  const lines = actions.flatMap((action): Shown[] => {
    if (action.action === 'refused') return [terminal.line('warn', action.message)]
    if (action.action === 'registered' && (action.found || byHand)) return []
    const { request } = action.action === 'by-hand' ? action : {}
    const would = request
      ? `print the request ${request.method} ${request.url}`
      : actionText(action, now, name)?.would
    return would === undefined ? [] : [terminal.line('info', `would ${would}`)]
  })
  return stacked(
    ...lines,
    lines.length === 0 && terminal.line('ok', 'nothing would be done'),
    terminal.line('skip', 'dry run: nothing was changed'),
  )
}

/** Lines for a shell, never broken. */
function manualText({ method, url, first, body }: ManualRequest): Shown {
  const lines = [
    ...(first === null ? [] : [`# ${first}`]),
    `curl --request ${method} ${shellQuoted(url)} \\`,
    ...(body === null ? [] : [`  --header 'Content-Type: application/json' \\`]),
    `  --header "Authorization: Bearer $KINESCOPE_API_TOKEN"${body === null ? '' : ' \\'}`,
    ...(body === null
      ? []
      : [`  --data ${shellQuoted(JSON.stringify(body, null, 2).replaceAll('\n', '\n  '))}`]),
  ]
  const text = lines.flatMap((line) => line.split('\n')).map((line) => `  ${escaped(line)}`)
  return Shown.ours(`\n${text.join('\n')}\n`)
}
