import { DAY_MS } from '../token/signing-key.js'
import { readCapped, startDeadline } from '../net/limits.js'
import { isHttpUrl } from '../setting-parsers.js'
import { readMetrics } from '../status/read-metrics.js'
import { readStatus, type ReplicaLook, type Status } from '../status/screen.js'
import { requiredFlag, UsageProblem, wholeNumber, type Call, type Command } from './command.js'
import { shown, stacked, type Shown, type Text } from './terminal.js'

const LOOK_MS = 5_000
const MAX_METRICS_BYTES = 8 * 1_048_576
const SHOWN_ROWS = 8

export const statusCommand: Command = {
  name: 'status',
  summary: 'one screen for the day of the stream',
  flags: {
    url: {
      value: 'ADDRESSES',
      meaning: 'admin addresses of all replicas, separated by commas: http://127.0.0.1:9464',
    },
    every: { value: 'SECONDS', meaning: 'interval between readings', default: '5' },
    once: { meaning: 'read twice, print, and exit' },
  },
  notes: [
    'Reads /metrics of each replica’s admin port (CHAT_ADMIN_PORT). On a terminal the screen is refreshed until Ctrl-C; elsewhere, and with --json or --once, it is printed once.',
    'Visitors’ problems come from reports of pages: set data-report on the page’s script.',
  ],
  async run(call) {
    const urls = readUrls(call)
    const every = wholeNumber(call, 'every', 5, 1, 300) * 1000
    let before = await lookAtAll(urls)
    for (;;) {
      await call.wait(every)
      const now = await lookAtAll(urls)
      const status = readStatus(before, now)
      const screen = statusText(status, call)
      const last = !call.terminal.isLive || call.flags['once'] === true || call.flags['json'] === true
      if (last || call.interrupt?.aborted) {
        return { exit: isWell(status, call.now()) ? 0 : 1, data: status, text: screen }
      }
      call.terminal.redraw(screen)
      before = now
    }
  },
}

function readUrls(call: Call): string[] {
  const urls = requiredFlag(call, 'status', 'url', 'http://127.0.0.1:9464')
    .split(',')
    .map((url) => url.trim().replace(/\/+$/, ''))
    .filter(Boolean)
  if (urls.length > 0 && urls.every(isHttpUrl)) return urls
  throw new UsageProblem(
    '--url must be http or https URLs without a user name or password',
    'Write, for example, --url http://10.0.0.1:9464,http://10.0.0.2:9464.',
  )
}

const lookAtAll = (urls: readonly string[]): Promise<ReplicaLook[]> => Promise.all(urls.map(look))

async function look(url: string): Promise<ReplicaLook> {
  const deadline = startDeadline(LOOK_MS)
  let samples: ReplicaLook['samples'] = null
  try {
    const response = await fetch(`${url}/metrics`, { redirect: 'manual', signal: deadline.signal })
    const { bytes, truncated } = await readCapped(response.body, MAX_METRICS_BYTES, deadline.signal)
    const read = response.status === 200 && !truncated ? readMetrics(new TextDecoder().decode(bytes)) : []
    if (read.some(({ name }) => name === 'kinescope_chat_build_info')) samples = read
  } catch {
    // a replica that doesn't answer is a line of the screen
  } finally {
    deadline.clear()
  }
  return { url, at: performance.now(), samples }
}

const isWell = ({ replicas, keys, withoutKey, stale }: Status, now: number): boolean =>
  replicas.silent.length === 0 &&
  withoutKey.length === 0 &&
  stale === 0 &&
  keys.every(({ endsAtMs }) => endsAtMs === null || endsAtMs - now > 14 * DAY_MS)

/** The screen, in the order in which an operator asks. */
function statusText(status: Status, { terminal, now }: Pick<Call, 'terminal' | 'now'>): Shown {
  const { replicas, tokensPerSecond, keys, withoutKey } = status
  const seconds = (value: number | null) => (value === null ? '–' : `${value.toFixed(2)} s`)
  const mark = (bad: boolean, text: Text) => terminal.line(bad ? 'fail' : 'ok', text)
  const list = (title: string, rows: readonly [string, number][]) =>
    stacked(
      terminal.colours.bold(title),
      ...(rows.length > 0
        ? rows.slice(0, SHOWN_ROWS).map(([what, count]) => shown`  ${what.padEnd(36)} ${count}`)
        : ['  none']),
    )
  const days = ({ endsAtMs }: Status['keys'][number]) =>
    endsAtMs === null ? null : Math.floor((endsAtMs - now()) / DAY_MS)
  return stacked(
    mark(
      replicas.answering < replicas.all,
      `replicas   ${replicas.answering} of ${replicas.all} answer${replicas.silent.length > 0 ? `; silent: ${replicas.silent.join(', ')}` : ''}`,
    ),
    withoutKey.length > 0 &&
      mark(
        true,
        `keys       no usable key: ${withoutKey.join(', ')}; run \`kinescope-chat-server keys list\` there`,
      ),
    ...keys.map((key) => {
      const left = days(key)
      return mark(
        left !== null && left < 14,
        `key        ${key.kid}${left === null ? '' : `, ${left} days left`}`,
      )
    }),
    status.stale > 0 && mark(true, `key ring   ${status.stale} replicas can’t read it: see their logs`),
    '',
    shown`tokens a second  ${tokensPerSecond === null ? '–' : tokensPerSecond.toFixed(1)}`,
    shown`waiting          ${status.queued} queued, ${status.inFlight} in flight, ${status.connections} connections`,
    shown`95 % wait        token ${seconds(status.tokenP95)}, identity ${seconds(status.identityP95)}, chat ready ${seconds(status.readyP95)}`,
    '',
    list('rejections by code', status.rejections),
    '',
    list('visitors’ problems by code and browser', status.visitorProblems),
  )
}
