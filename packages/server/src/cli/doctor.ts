import { readApiConfig, readKeyConfig, readKeyPlace } from '../config.js'
import { diagnose, type DoctorQuestion } from '../doctor/doctor.js'
import type { Finding } from '../doctor/finding.js'
import { settingFlags, textFlag, UsageProblem, type Call, type Command } from './command.js'
import { openApi } from './key-command.js'
import type { Terminal } from './terminal.js'

export const doctor: Command = {
  name: 'doctor',
  summary: 'find out why a chat doesn’t let people in',
  flags: {
    event: { value: 'ID', meaning: 'the stream: UUID, public id or link' },
    url: { value: 'ADDRESS', meaning: 'the token server, as pages call it: https://chat.example.com' },
    origin: { value: 'ADDRESS', meaning: 'the page with the chat, or its origin: https://www.example.com' },
    token: { value: 'TOKEN', meaning: 'a token that was refused' },
  },
  settings: [
    'CHAT_KEY_DIR',
    'CHAT_PRIVATE_KEY',
    'CHAT_KEY_ID',
    'CHAT_KEY_PASSPHRASE',
    'CHAT_TOKEN_TTL',
    'KINESCOPE_API_URL',
    'KINESCOPE_API_TOKEN',
    'KINESCOPE_CHAT_ORIGIN',
  ],
  notes: [
    'Looks at everything and changes nothing. The more it is told (--event, --url, --origin, --token), the more it sees.',
  ],
  async run(call) {
    const url = addressFlag(call, 'url')
    const page = addressFlag(call, 'origin')
    if (page !== undefined && url === undefined) {
      throw new UsageProblem('--origin needs --url', 'Write --url with the token server’s address beside it.')
    }
    const findings = await diagnose({
      ...doctorBasics(call),
      eventId: textFlag(call, 'event'),
      token: textFlag(call, 'token'),
      url: url?.replace(/\/+$/, ''),
      page,
    })
    return {
      exit: findings.some(({ status }) => status === 'fail') ? 1 : 0,
      data: { healthy: !findings.some(({ status }) => ['fail', 'warn'].includes(status)), findings },
      text: findingsText(findings, call.terminal),
    }
  },
}

/** What the doctor knows from the settings. */
export function doctorBasics(call: Call): Omit<DoctorQuestion, 'eventId'> {
  const flags = settingFlags(call)
  const { apiToken, chatOrigin } = readApiConfig(call.env, flags)
  return {
    ...readKeyConfig(call.env, flags),
    key: readKeyPlace(call.env, flags),
    api: apiToken === undefined ? null : openApi(call),
    chatOrigin,
    now: call.now,
    report: (part) => call.terminal.progress(`Looking at ${PARTS[part].doing}`),
  }
}

function addressFlag(call: Call, name: string): string | undefined {
  const text = textFlag(call, name)
  if (text === undefined) return undefined
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text
  throw new UsageProblem(
    `--${name} wants an http(s) address`,
    `Write, for example, --${name} https://chat.example.com.`,
  )
}

const PARTS: Readonly<Record<Finding['about'], { title: string; doing: string }>> = {
  keys: { title: 'Keys on this machine', doing: 'the keys on this machine' },
  kinescope: { title: 'Kinescope', doing: 'what Kinescope has' },
  stream: { title: 'The stream', doing: 'the stream' },
  token: { title: 'Tokens', doing: 'a token' },
  server: { title: 'The token server', doing: 'the token server' },
  page: { title: 'The page', doing: 'the page' },
}

/** The findings by part, and one line at the end that says it all. */
export function findingsText(findings: readonly Finding[], terminal: Terminal): string {
  const { bold, green, red, yellow, dim } = terminal.colours
  const parts = (Object.keys(PARTS) as Finding['about'][])
    .map((about) => findings.filter((finding) => finding.about === about))
    .filter((group) => group.length > 0)
    .map((group) =>
      [bold(PARTS[group[0]!.about].title), ...group.map((finding) => findingText(finding, terminal))].join(
        '\n',
      ),
    )
  const count = (status: Finding['status']) => findings.filter((finding) => finding.status === status).length
  const [fails, warnings, skipped] = [count('fail'), count('warn'), count('skip')]
  const looked = dim(`(${findings.length - skipped} checks${skipped > 0 ? `, ${skipped} left out` : ''})`)
  const verdicts = [
    fails > 0 ? red(`${fails} ${fails === 1 ? 'problem' : 'problems'}`) : null,
    warnings > 0 ? yellow(`${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`) : null,
  ].filter((text) => text !== null)
  const sum =
    verdicts.length > 0
      ? `Found ${verdicts.join(' and ')}. ${looked}`
      : `${green('Nothing found.')} ${looked}`
  return [...parts, sum].join('\n\n')
}

function findingText({ status, code, message, remediation, requestId }: Finding, terminal: Terminal): string {
  const bad = status === 'fail' || status === 'warn'
  const id = requestId === undefined ? '' : ` [X-Request-ID ${requestId}]`
  const name = bad ? ` ${terminal.colours.dim(`(${code})`)}` : ''
  return terminal.line(status, `${message}${id}${name}`, remediation ?? undefined)
}
