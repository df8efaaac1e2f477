import { readApiConfig, readKeyRingConfig, type ApiConfig } from '../config.js'
import { KinescopeApi } from '../kinescope/api-client.js'
import { JwkApi } from '../kinescope/jwk-api.js'
import { ByHandRegistry } from '../keys/by-hand.js'
import type { KeyAction, KeyWork } from '../keys/steps.js'
import { ApiRegistry, type Registry } from '../keys/registry.js'
import { KEY_SIZES } from '../keys/private-key.js'
import { withRing, type RingStoreOptions } from '../keys/store/ring-store.js'
import { ConfigProblem, OperatorProblem } from '../problem.js'
import {
  isDryRun,
  settingFlags,
  textFlag,
  PartialResult,
  UsageProblem,
  wholeNumber,
  type Call,
  type Flag,
  type Outcome,
} from './command.js'
import { DryRunRegistry, withRingInMemory } from './dry-run.js'
import { actionLines, actionProgress, plannedLines } from './key-action-text.js'
import { stacked } from './text.js'

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

/** @throws ConfigProblem where the API token is missing */
export function openApi({ wait, ...call }: Call): KinescopeApi {
  const { apiUrl, apiToken } = apiConfig(call)
  return new KinescopeApi({ url: apiUrl, token: apiToken, wait })
}

function apiConfig(call: Pick<Call, 'env' | 'flags'>): ApiConfig & { apiToken: string } {
  const config = readApiConfig(call.env, settingFlags(call as Call))
  const { apiToken } = config
  if (apiToken !== undefined) return { ...config, apiToken }
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
  const flags = settingFlags(call)
  const { location, passphrase, tokenTtl } = readKeyRingConfig(call.env, flags)
  const { apiUrl } = readApiConfig(call.env, flags)
  const lifeDays = wholeNumber(call, 'days', 365, 30, 730)
  return {
    location,
    vendor: apiUrl,
    maxTokenTtl: tokenTtl,
    passphrase,
    lifeDays,
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

/** Covers Kinescope's slowest responses, and the wait for another process's lock. */
const LONGEST_MS = 5 * 60_000
/** Enough to finish a write and release the lock. */
const GRACE_MS = 5000

const GOES_ON =
  'What was done until then is kept (see above). Run the command again: it continues from here. `kinescope-chat-server keys list` shows the state.'

/** A second signal ends the process at once, as by default. */
const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/**
 * Runs work with a time limit that SIGINT and SIGTERM also end. The work stops at its next wait, and releases its lock.
 *
 * @throws OperatorProblem `interrupted`, `gave-up`
 */
export async function runWithDeadline<T>(
  { interrupt }: Pick<Call, 'interrupt'>,
  work: (signal: AbortSignal) => Promise<T>,
  longestMs = LONGEST_MS,
): Promise<T> {
  const stop = new AbortController()
  const end = (why: OperatorProblem) => () => stop.abort(why)
  const interrupted = end(new OperatorProblem('interrupted', 'the command was interrupted', GOES_ON))
  const late = `timed out after ${longestMs / 60_000} min`
  const timer = setTimeout(end(new OperatorProblem('gave-up', late, GOES_ON)), longestMs)
  for (const name of SIGNALS) process.once(name, interrupted)
  interrupt?.addEventListener('abort', interrupted, { once: true })
  let grace: NodeJS.Timeout | undefined
  const { signal } = stop
  const overdue = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => {
      grace = setTimeout(() => reject(signal.reason as Error), GRACE_MS)
    })
  })
  if (interrupt?.aborted) interrupted()
  try {
    return await Promise.race([work(signal), overdue])
  } catch (error) {
    throw signal.aborted ? signal.reason : error
  } finally {
    clearTimeout(timer)
    clearTimeout(grace)
    for (const name of SIGNALS) process.removeListener(name, interrupted)
    interrupt?.removeEventListener('abort', interrupted)
  }
}

/** Wraps a wait so that the signal ends it. */
export function waitUntil(wait: Call['wait'], signal: AbortSignal): Call['wait'] {
  return async (ms) => {
    signal.throwIfAborted()
    let end = () => undefined as void
    const ended = new Promise<void>((resolve) => (end = resolve))
    signal.addEventListener('abort', end, { once: true })
    await Promise.race([wait(ms), ended])
    signal.removeEventListener('abort', end)
    signal.throwIfAborted()
  }
}
