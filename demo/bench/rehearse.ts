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
const SECONDS = 5
/** Of what the server signs: the rate of the busiest moment, at which it holds. */
const EASY = 0.5
/** The rate of the busiest moment, at which it doesn't. */
const HARD = 3
/** An audience begins at twice its mean rate. */
const PEAK_OF_MEAN = 2
const AIM_PERCENT = 20

const MAIN = fileURLToPath(new URL('../../packages/server/dist/cli/main.js', import.meta.url))

/** What both ways measure. */
interface Figures {
  tokensPerSecond: number
  p50: number
  p95: number
  p99: number
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
  const own: Figures[] = []
  const rehearsed: Figures[] = []
  const verdicts: Record<'easy' | 'hard', string[]> = { easy: [], hard: [] }
  try {
    const identities = join(folder, 'identities.txt')
    await writeFile(identities, identityToken, { mode: 0o600 })
    const run = (rate: number) =>
      runRehearse(server, viewersFor(rate), ['--identities', identities], { CHAT_REHEARSAL: secret })
    await steadyLoad(server, 1)
    for (let round = 0; round < ROUNDS; round++) {
      await untilHealthy(server.url)
      const { tokensPerSecond } = await steadyLoad(server, SECONDS)
      await untilHealthy(server.url)
      const hard = await run(HARD * tokensPerSecond)
      await untilHealthy(server.url)
      const times = await arrivals(server, viewersFor(EASY * tokensPerSecond), SECONDS * 1000)
      await untilHealthy(server.url)
      const easy = await run(EASY * tokensPerSecond)
      const at = (share: number) => quantile(times, share)
      own.push({ tokensPerSecond, p50: at(0.5), p95: at(0.95), p99: at(0.99) })
      rehearsed.push({
        tokensPerSecond: hard.sustainedPerSecond,
        p50: easy.p50,
        p95: easy.p95,
        p99: easy.p99,
      })
      verdicts.easy.push(verdictOf(easy))
      verdicts.hard.push(verdictOf(hard))
    }
  } finally {
    await server.stop()
    await rm(folder, { recursive: true })
  }
  const rows = (Object.keys(NAMES) as (keyof Figures)[]).map((name) => compare(name, own, rehearsed))
  return {
    title: 'Rehearsal',
    how: `One \`serve\` is measured by the bench and by \`kinescope-chat-server rehearse\`, ${ROUNDS} rounds, alternately. It has one core and a key of ${KEY_BITS.toLocaleString('en')} bits: so it signs less than the rest of this machine can ask for. Tokens a second: the bench has ${CONNECTIONS} connections that ask as fast as they are answered, and \`rehearse\` simulates viewers of whom ${HARD} times as many arrive at first. Times: both simulate viewers who arrive at first at ${100 * EASY} % of that rate, each with a connection of their own. The columns are medians. The difference is the median of the rounds’ own differences, since a machine’s speed changes.`,
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
          { 'viewers arrive at': `${100 * EASY} % of what it signs`, verdicts: verdicts.easy.join(', ') },
          { 'viewers arrive at': `${HARD} times what it signs`, verdicts: verdicts.hard.join(', ') },
        ],
      },
    ],
  }
}

function compare(name: keyof Figures, own: readonly Figures[], rehearsed: readonly Figures[]): Row {
  const middle = (rounds: readonly Figures[]) => median(rounds.map((figures) => figures[name]))
  const ratio = median(rehearsed.map((figures, round) => figures[name] / own[round]![name]))
  return {
    figure: NAMES[name],
    bench: rounded(middle(own), 1),
    rehearse: rounded(middle(rehearsed), 1),
    'difference, %': rounded(100 * (ratio - 1), 1),
  }
}

const viewersFor = (peakPerSecond: number) => Math.round((peakPerSecond / PEAK_OF_MEAN) * SECONDS)

const verdictOf = ({ bottleneck }: Verdict) => bottleneck?.id ?? 'holds'

/** The command as an operator runs it. */
function runRehearse(
  { url }: ServerUnderTest,
  viewers: number,
  flags: readonly string[],
  env: Record<string, string>,
): Promise<Verdict> {
  const args = [
    ...[MAIN, 'rehearse', '--json', '--url', url, '--origin', ORIGIN, '--within', `${SECONDS}s`],
    ...['--viewers', String(viewers), '--reloads', '0', '--bad-networks', '0', ...flags],
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
