import type { Finding } from '../doctor/finding.js'
import { type Shown, shown, spaced, stacked, type Terminal } from './terminal.js'

export const PARTS: Readonly<Record<Finding['about'], { title: string; doing: string }>> = {
  settings: { title: 'The server’s settings', doing: 'the server’s settings' },
  keys: { title: 'Keys on this machine', doing: 'the keys on this machine' },
  kinescope: { title: 'Kinescope', doing: 'what Kinescope has' },
  stream: { title: 'The stream', doing: 'the stream' },
  token: { title: 'Tokens', doing: 'a token' },
  identity: { title: 'Who the visitor is', doing: 'who the visitor is' },
  server: { title: 'The token server', doing: 'the token server' },
  page: { title: 'The page', doing: 'the page' },
}

/** The findings by part, and at the end what they come to. */
export function findingsText(findings: readonly Finding[], terminal: Terminal): Shown {
  const parts = (Object.keys(PARTS) as Finding['about'][])
    .map((about) => findings.filter((finding) => finding.about === about))
    .filter((group) => group.length > 0)
    .map((group) =>
      stacked(
        terminal.colours.bold(PARTS[group[0]!.about].title),
        ...group.map((finding) => findingText(finding, terminal)),
      ),
    )
  return spaced(...parts, terminal.prose(verdict(findings, terminal)))
}

function verdict(findings: readonly Finding[], terminal: Terminal): Shown {
  const { green, red, yellow, dim } = terminal.colours
  const count = (status: Finding['status']) => findings.filter((finding) => finding.status === status).length
  const [fails, warnings, skipped] = [count('fail'), count('warn'), count('skip')]
  const looked = dim(`(${findings.length - skipped} checks${skipped > 0 ? `, ${skipped} not checked` : ''})`)
  const problems = red(`${fails} ${fails === 1 ? 'problem' : 'problems'}`)
  const remarks = yellow(`${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`)
  if (fails > 0 && warnings > 0) return shown`Found ${problems} and ${remarks}. ${looked}`
  if (fails + warnings > 0) return shown`Found ${fails > 0 ? problems : remarks}. ${looked}`
  // what wasn't tried may be what turns every visitor away
  return skipped > 0
    ? shown`${green('No problem found')}, but not everything was checked (–). ${looked}`
    : shown`${green('Nothing found.')} ${looked}`
}

function findingText({ status, code, message, remediation, requestId }: Finding, terminal: Terminal): Shown {
  const bad = status === 'fail' || status === 'warn'
  const id = requestId === undefined ? '' : ` [X-Request-ID ${requestId}]`
  const name = bad ? shown` ${terminal.colours.dim(`(${code})`)}` : ''
  return terminal.line(status, shown`${message}${id}${name}`, remediation ?? undefined)
}
