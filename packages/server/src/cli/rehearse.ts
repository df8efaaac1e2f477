import { randomBytes } from 'node:crypto'
import { REHEARSAL_EVENT, RehearsalSecret } from '../endpoint/rehearsal.js'
import { parseJson, readCapped, startDeadline } from '../net/limits.js'
import { OperatorProblem } from '../problem.js'
import type { Audience } from '../rehearse/plan.js'
import { rehearse as simulate } from '../rehearse/rehearse.js'
import type { ServerFacts, Verdict } from '../rehearse/verdict.js'
import {
  addressFlag,
  requiredFlag,
  settingsOf,
  textFlag,
  UsageProblem,
  wholeNumber,
  type Call,
  type Command,
} from './command.js'
import { givenFile } from './given-input.js'
import { shown, spaced, stacked, type Shown } from './terminal.js'

const CHALLENGE_MS = 10_000
const MAX_VIEWERS = 200_000
const MAX_MINUTES = 30

export const rehearseCommand: Command = {
  name: 'rehearse',
  summary: 'simulate the audience’s arrival at your own token server',
  flags: {
    url: { value: 'ADDRESS', meaning: 'your token server, as pages call it: https://chat.example.com' },
    viewers: { value: 'N', meaning: 'viewers who arrive', default: '1000' },
    within: { value: 'TIME', meaning: 'time in which they arrive: 60s, 5m', default: '60s' },
    origin: { value: 'ORIGIN', meaning: 'origin of the page with the chat', default: 'the server’s own' },
    cookies: { value: 'FILE', meaning: 'one Cookie header a line, of signed-in visitors' },
    identities: { value: 'FILE', meaning: 'one identity token a line' },
    reloads: { value: 'PERCENT', meaning: 'viewers who reload the page soon after', default: '5' },
    'bad-networks': { value: 'PERCENT', meaning: 'viewers whose first connection breaks', default: '3' },
  },
  settings: ['CHAT_REHEARSAL', 'CHAT_TOKEN_TTL'],
  notes: [
    'Set the same CHAT_REHEARSAL on the server and here, and remove it from the server afterwards. A server that doesn’t prove that it has the secret gets no load.',
    'All tokens are for a stream that doesn’t exist. Without --cookies and --identities, viewers are guests. Ctrl-C ends it and shows what was measured.',
    'Exit code 0 if the server holds, 1 with the first bottleneck otherwise.',
  ],
  async run(call) {
    const url = addressFlag(call, 'url') ?? requiredFlag(call, 'rehearse', 'url', 'https://chat.example.com')
    const base = new URL(`${url.replace(/\/+$/, '')}/`)
    const { secret: text, tokenTtl } = settingsOf(call, (reader) => ({
      secret: reader.value('CHAT_REHEARSAL'),
      tokenTtl: reader.value('CHAT_TOKEN_TTL'),
    }))
    const secret = rehearsalSecret(text)
    const audience = readAudience(call, tokenTtl)
    const visitors = await readVisitors(call)
    call.terminal.progress(`Asking ${base.host} for the proof that it is yours`)
    const facts = await proveOwnServer(base, secret)
    const stop = new AbortController()
    const onStop = () => stop.abort()
    process.once('SIGINT', onStop)
    call.interrupt?.addEventListener('abort', onStop, { once: true })
    const measured = await simulate({
      audience,
      target: {
        tokenUrl: new URL('token', base),
        origin: textFlag(call, 'origin') ?? base.origin,
        eventId: REHEARSAL_EVENT,
        proofFor: (address) => secret.headerFor(address, call.now()),
        visitors,
        tokenTtl,
        ...facts,
      },
      signal: stop.signal,
      onProgress: ({ done, planned, failed }) => {
        if (done % 100 === 0) call.terminal.progress(`${done} of ${planned} requests, ${failed} failed`)
      },
    }).finally(() => {
      process.removeListener('SIGINT', onStop)
      call.interrupt?.removeEventListener('abort', onStop)
    })
    const complete = !stop.signal.aborted
    const verdict = { ...measured, complete, holds: measured.holds && complete }
    return {
      exit: verdict.holds && verdict.requests > 0 ? 0 : 1,
      data: { ...audience, ...verdict },
      text: verdictText(verdict, audience, call),
    }
  },
}

function rehearsalSecret(text: string | undefined): RehearsalSecret {
  if (text !== undefined) return new RehearsalSecret(text)
  throw new UsageProblem(
    'CHAT_REHEARSAL is not set',
    'Run `export CHAT_REHEARSAL="$(openssl rand -base64 32)"` and start the server with the same value.',
  )
}

function readAudience(call: Call, tokenTtl: number): Audience {
  const within = /^(\d{1,5})(s|m)$/.exec(textFlag(call, 'within') ?? '60s')
  const withinMs = within ? Number(within[1]) * (within[2] === 'm' ? 60_000 : 1000) : 0
  if (withinMs < 1000 || withinMs > MAX_MINUTES * 60_000)
    throw new UsageProblem('--within must be 1s to 30m', 'Write, for example, --within 60s.')
  return {
    viewers: wholeNumber(call, 'viewers', 1000, 1, MAX_VIEWERS),
    withinMs,
    reloads: wholeNumber(call, 'reloads', 5, 0, 100) / 100,
    badNetworks: wholeNumber(call, 'bad-networks', 3, 0, 100) / 100,
    tokenTtlMs: tokenTtl * 1000,
  }
}

async function readVisitors(call: Call): Promise<Readonly<Record<string, string>>[]> {
  const cookies = textFlag(call, 'cookies')
  const identities = textFlag(call, 'identities')
  if (cookies !== undefined && identities !== undefined)
    throw new UsageProblem('--cookies and --identities can’t be combined', 'Keep one of the two.')
  const file = cookies ?? identities
  if (file === undefined) return []
  const flag = cookies === undefined ? 'identities' : 'cookies'
  const lines = (await givenFile(file, flag))
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter(Boolean)
  if (lines.length === 0 || lines.some((line) => /[^\x20-\x7e]/.test(line)))
    throw new UsageProblem(`--${flag} must have one value a line, in ASCII`, 'Check the file.')
  return lines.map((line) =>
    cookies === undefined
      ? { authorization: `Bearer ${line}` }
      : { cookie: line.replace(/^cookie:\s*/i, '') },
  )
}

/** Loads no server that doesn't prove that it belongs to the operator. Follows no redirect: it would lead elsewhere. */
async function proveOwnServer(base: URL, secret: RehearsalSecret): Promise<ServerFacts> {
  const nonce = randomBytes(16).toString('hex')
  const deadline = startDeadline(CHALLENGE_MS)
  let answer: unknown
  let redis: unknown
  try {
    const response = await fetch(new URL(`rehearsal?challenge=${nonce}`, base), {
      redirect: 'manual',
      signal: deadline.signal,
    })
    const { bytes } = await readCapped(response.body, 4096, deadline.signal)
    if (response.status === 200)
      ({ answer, redis } = Object(parseJson(new TextDecoder().decode(bytes))) as Record<string, unknown>)
  } catch (cause) {
    throw new OperatorProblem(
      'server-unreachable',
      `${base.host} doesn’t answer.`,
      'Check --url and that the server runs.',
      { cause },
    )
  } finally {
    deadline.clear()
  }
  if (typeof answer === 'string' && (await secret.isAnswer(nonce, answer)))
    return { usesRedis: redis === true }
  throw new OperatorProblem(
    'not-your-server',
    `${base.host} doesn’t prove that it is your server.`,
    'Start it with the same CHAT_REHEARSAL as this command has. Other servers get no load.',
  )
}

function verdictText(
  verdict: Verdict & { complete: boolean },
  { viewers, withinMs }: Audience,
  { terminal }: Call,
): Shown {
  const { bottleneck, requests, succeeded, peakPerSecond } = verdict
  const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`
  const crowd = `${viewers} viewers within ${Math.round(withinMs / 1000)} s`
  if (requests === 0)
    return terminal.line('fail', 'Nothing was measured: the rehearsal ended too early.', 'Run it again.')
  const line = bottleneck
    ? terminal.line(
        'fail',
        `${bottleneck.message} First after ${seconds(bottleneck.firstMs)}.`,
        bottleneck.remediation,
      )
    : verdict.complete
      ? terminal.line('ok', `Holds: ${crowd}.`)
      : terminal.line('warn', `Stopped early: not all of ${crowd} arrived.`, 'Run it again to the end.')
  const rows: [string, string][] = [
    ['requests', `${requests}, ${succeeded} with a token`],
    ['busiest second', `${peakPerSecond} tokens`],
    ['busiest 5 s', `${Math.round(verdict.sustainedPerSecond)} tokens a second`],
    [
      'time to a token',
      `median ${seconds(verdict.p50)}, 95 % ${seconds(verdict.p95)}, 99 % ${seconds(verdict.p99)}`,
    ],
    ...Object.entries(verdict.steps).map(([step, ms]): [string, string] => [
      `  on the server: ${step}`,
      `95 % ${seconds(ms)}`,
    ]),
    ...Object.entries(verdict.outcomes)
      .filter(([outcome]) => outcome !== 'ok')
      .map(([outcome, count]): [string, string] => [`  ${outcome}`, String(count)]),
  ]
  const width = Math.max(...rows.map(([name]) => name.length))
  return spaced(line, stacked(...rows.map(([name, value]) => shown`${name.padEnd(width)}  ${value}`)))
}
