import type { ServeConfig } from '../config.js'
import { originList, type OriginList } from '../endpoint/origin.js'
import { eventLookup } from '../endpoint/request.js'
import type { SettingProblem } from '../problem.js'
import { findingsAbout, type Finding } from './finding.js'

const found = findingsAbout('settings')

/** The token server's settings as far as this machine has them: whole, or what keeps it from starting. */
export type ServerSettings = { config: ServeConfig } | { problems: readonly SettingProblem[] }

export interface SettingsQuestion {
  settings: ServerSettings
  /** The id that the page uses. */
  eventId: string | undefined
  /** The page's origin, and the server's where it is known. */
  origin: string | undefined
  url: string | undefined
}

/** What would keep the server from starting, or a page or stream out of it. */
export function checkSettings({ settings, eventId, origin, url }: SettingsQuestion): Finding[] {
  if ('problems' in settings) {
    return settings.problems.map(({ name, message, remediation }) =>
      found.fail('setting', `the server doesn’t start: ${name} ${message}`, remediation),
    )
  }
  const { events, allowedOrigins, publicUrl } = settings.config
  const origins = originList(allowedOrigins)
  const findings: Finding[] = []
  if (eventId !== undefined && !eventLookup(events)(eventId)) {
    findings.push(
      found.fail(
        'event-not-allowed',
        `CHAT_EVENTS doesn’t list ${eventId}: its visitors are rejected`,
        `Add it: CHAT_EVENTS=…,${eventId}. It must be the same id as in the page’s event-id.`,
      ),
    )
  }
  const isOwn = [url, publicUrl].some((own) => own !== undefined && new URL(own).origin === origin)
  if (origin !== undefined && !isOwn && !origins.has(origin)) {
    findings.push(
      found.fail(
        'origin-not-allowed',
        `CHAT_ALLOWED_ORIGINS doesn’t list ${origin}${originHint(origin, origins)}`,
        `Add ${origin}, or open the page under an origin that is listed.`,
      ),
    )
  }
  return findings.length > 0 ? findings : [found.ok('settings', 'the server’s settings are complete')]
}

/** Origins that people take for the same: the other scheme, with and without `www.`. */
export function originsBeside(origin: string): string[] {
  const { protocol, host } = new URL(origin)
  const scheme = protocol === 'https:' ? 'http:' : 'https:'
  const other = host.startsWith('www.') ? host.slice(4) : `www.${host}`
  return [`${scheme}//${host}`, `${protocol}//${other}`, `${scheme}//${other}`]
}

/** What an unlisted origin was probably taken for: the end of a sentence, or nothing. */
function originHint(origin: string, allowed: OriginList): string {
  const near = originsBeside(origin).find((candidate) => allowed.has(candidate))
  if (near === undefined) return ''
  const what = new URL(near).protocol === new URL(origin).protocol ? 'another host' : 'another scheme'
  return `; it holds ${near}, which is ${what} and so another origin`
}
