import { execFile, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  identityToken,
  ORIGIN,
  startContender,
  untilHealthy,
  type ServerUnderTest,
} from '../../packages/server/bench/server-under-test.js'
import { CONNECTIONS, steadyLoad } from '../../packages/server/bench/steady-load.js'
import type { Verdict } from '../../packages/server/src/rehearse/verdict.js'
import { arrivals } from './arrivals.js'
import { median, NotInstalled, quantile, rounded, type Part, type Row } from './part.js'

const ROUNDS = 5
/** A large key on one core signs less than this machine can ask for. */
const KEY_BITS = 4096
const CORE = 0
const SECONDS = 4
/** Of the arrivals whose times are measured: their slowest twentieth is still some dozens. */
const TIMED_SECONDS = 12
/** Of what the server signs: the rate of the busiest moment, at which it holds. */
const EASY = 0.5
/** The rate of the busiest moment, at which it doesn't. */
const HARD = 3
/** An audience begins at twice its mean rate. */
const PEAK_OF_MEAN = 2
const AIM_PERCENT = 20
/** A token takes less where no other waits: one signature, a connection, a busy moment. */
const IDLE_MS = 25

const MAIN = fileURLToPath(new URL('../../packages/server/dist/cli/main.js', import.meta.url))

/** What both ways measure. */
interface Figures {
  tokensPerSecond: number
  p50: number
  p95: number
  p99: number
}

interface Round {
  /** The bench before and after the rehearsal. */
  before: Figures
  after: Figures
  rehearse: Figures
  verdicts: Record<'easy' | 'hard', string>
}

const NAMES: Record<keyof Figures, string> = {
  tokensPerSecond: 'tokens a second of one core, where more arrive',
  p50: 'time to a token, median, ms',
  p95: 'time to a token, 95 %, ms',
  p99: 'time to a token, 99 %, ms',
}

/** The same server under the bench's own load and under `kinescope-chat-server rehearse`. */
export async function rehearse(): Promise<Part> {
  if (spawnSync('taskset', ['-V']).error) throw new NotInstalled('taskset (util-linux)')
  const folder = await mkdtemp(join(tmpdir(), 'bench-rehearse-'))
  const secret = randomBytes(32).toString('base64')
  const server = await startContender('serve', {
    keyBits: KEY_BITS,
    core: CORE,
    env: { CHAT_REHEARSAL: secret },
  })
  const rounds: Round[] = []
  try {
    const identities = join(folder, 'identities.txt')
    await writeFile(identities, identityToken, { mode: 0o600 })
    const run = (viewers: number, seconds: number) =>
      runRehearse(
        server,
        ['--viewers', String(viewers), '--within', `${seconds}s`, '--identities', identities],
        { CHAT_REHEARSAL: secret },
      )
    await steadyLoad(server, 1)
    const tokensPerSecond = async () => {
      await untilHealthy(server.url)
      return (await steadyLoad(server, SECONDS)).tokensPerSecond
    }
    const times = async (viewers: number) => {
      await untilIdle(server)
      return arrivals(server, viewers, TIMED_SECONDS * 1000)
    }
    for (let round = 0; round < ROUNDS; round++) {
      // the bench before and after, as a machine's speed changes
      const before = await tokensPerSecond()
      await untilIdle(server)
      const hard = await run(viewersFor(HARD * before, SECONDS), SECONDS)
      const after = await tokensPerSecond()
      const viewers = viewersFor((EASY * (before + after)) / 2, TIMED_SECONDS)
      const earlier = await times(viewers)
      await untilIdle(server)
      const easy = await run(viewers, TIMED_SECONDS)
      const later = await times(viewers)
      rounds.push({
        before: { tokensPerSecond: before, ...quantilesOf(earlier) },
        after: { tokensPerSecond: after, ...quantilesOf(later) },
        rehearse: { tokensPerSecond: hard.sustainedPerSecond, p50: easy.p50, p95: easy.p95, p99: easy.p99 },
        verdicts: { easy: verdictOf(easy), hard: verdictOf(hard) },
      })
    }
  } finally {
    await server.stop()
    await rm(folder, { recursive: true })
  }
  const listed = (load: 'easy' | 'hard') => rounds.map(({ verdicts }) => verdicts[load]).join(', ')
  const rows = (Object.keys(NAMES) as (keyof Figures)[]).map((name) => compare(name, rounds))
  return {
    title: 'Rehearsal',
    how: `One \`serve\` is measured by the bench and by \`kinescope-chat-server rehearse\`, ${ROUNDS} rounds, alternately. It has one core and a key of ${KEY_BITS.toLocaleString('en')} bits: so it signs less than the rest of this machine can ask for. Tokens a second: the bench has ${CONNECTIONS} connections that ask as fast as they are answered, and \`rehearse\` simulates viewers of whom ${HARD} times as many arrive at first. Times: both simulate viewers who arrive at first at ${100 * EASY} % of that rate, each with a connection of their own. The columns are medians. The difference is the median of the rounds’ own differences. The bench measures before and after \`rehearse\`: the last column is how much these two differ, and so how steady the machine is.`,
    aims: rows.map(({ figure, 'difference, %': difference }) => ({
      what: `\`rehearse\` beside the bench, ${String(figure)}: difference, %`,
      measured: Math.abs(Number(difference)),
      bound: 'at most',
      limit: AIM_PERCENT,
    })),
    tables: [
      { title: 'One server, measured twice', rows },
      {
        title: 'What the rehearsal says',
        rows: [
          { 'viewers arrive at': `${100 * EASY} % of what it signs`, verdicts: listed('easy') },
          { 'viewers arrive at': `${HARD} times what it signs`, verdicts: listed('hard') },
        ],
      },
    ],
  }
}

function compare(name: keyof Figures, rounds: readonly Round[]): Row {
  const values = rounds.map(({ before, after, rehearse }) => {
    const [one, other] = [before[name], after[name]]
    // the geometric mean: a machine that got faster or slower halfway counts for both
    return {
      bench: Math.sqrt(one * other),
      rehearse: rehearse[name],
      apart: Math.max(one / other, other / one),
    }
  })
  const percent = (ratios: readonly number[]) => rounded(100 * (median(ratios) - 1), 1)
  return {
    figure: NAMES[name],
    bench: rounded(median(values.map(({ bench }) => bench)), 1),
    rehearse: rounded(median(values.map(({ rehearse }) => rehearse)), 1),
    'difference, %': percent(values.map(({ bench, rehearse }) => rehearse / bench)),
    'bench, before and after, %': percent(values.map(({ apart }) => apart)),
  }
}

const quantilesOf = (times: readonly number[]) => ({
  p50: quantile(times, 0.5),
  p95: quantile(times, 0.95),
  p99: quantile(times, 0.99),
})

const viewersFor = (peakPerSecond: number, seconds: number) =>
  Math.round((peakPerSecond / PEAK_OF_MEAN) * seconds)

const verdictOf = ({ bottleneck }: Verdict) => bottleneck?.id ?? 'holds'

/** Waits until the server has signed what an earlier load left: a client that goes takes no signature back. */
async function untilIdle(server: ServerUnderTest): Promise<void> {
  await untilHealthy(server.url)
  for (let asked = 0, quick = 0; asked < 1000 && quick < 5; asked++) {
    const [ms] = await arrivals(server, 1, 1)
    quick = ms! < IDLE_MS ? quick + 1 : 0
  }
}

/** The command as an operator runs it. */
function runRehearse(
  { url }: ServerUnderTest,
  flags: readonly string[],
  env: Record<string, string>,
): Promise<Verdict> {
  const args = [
    ...[MAIN, 'rehearse', '--json', '--url', url, '--origin', ORIGIN],
    ...['--reloads', '0', '--bad-networks', '0', ...flags],
  ]
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      args,
      { env: { PATH: process.env['PATH'], ...env } },
      (error, stdout, stderr) => {
        // it ends with 1 where the server doesn't hold
        if (stdout) resolve(JSON.parse(stdout) as Verdict)
        else reject(new Error(stderr, { cause: error }))
      },
    )
  })
}
