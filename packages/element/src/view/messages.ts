import type { ElementCode } from '../contract.js'
import { en } from './en.js'
import { ru } from './ru.js'

/** What a visitor can be told about a problem; many codes are one thing to them. */
export type Topic =
  'signIn' | 'denied' | 'notHere' | 'busy' | 'failed' | 'offline' | 'slow' | 'blocked' | 'setup' | 'expired'

/** Every text of one language. `{time}` is "in 5 seconds" in that language. */
export interface Messages extends Record<Topic, readonly [heading: string, message: string]> {
  label: string
  loading: string
  stillLoading: string
  previewHeading: string
  previewMessage: string
  signInButton: string
  retry: string
  retryNow: string
  retryAt: string
  openInTab: string
  help: string
  reload: string
  copyReport: string
  copied: string
  connectionLost: string
  connectionExpired: string
  refreshFailed: string
  restored: string
}

export const TOPICS: Record<ElementCode, Topic> = {
  'sign-in-required': 'signIn',
  'access-denied': 'denied',
  'event-not-allowed': 'notHere',
  'origin-not-allowed': 'notHere',
  'bad-request': 'failed',
  'rate-limited': 'busy',
  'identity-unavailable': 'failed',
  overloaded: 'busy',
  'server-error': 'failed',
  'key-unavailable': 'failed',
  'key-not-registered': 'failed',
  'key-expired': 'failed',
  'event-not-found': 'notHere',
  'token-malformed': 'failed',
  'claim-missing': 'failed',
  'bad-algorithm': 'failed',
  'bad-audience': 'failed',
  'wrong-event': 'failed',
  'token-expired': 'expired',
  'token-not-yet-valid': 'failed',
  offline: 'offline',
  'endpoint-unreachable': 'failed',
  'endpoint-timeout': 'slow',
  'endpoint-not-found': 'failed',
  'endpoint-error': 'failed',
  'endpoint-bad-reply': 'failed',
  'frame-blocked': 'blocked',
  'frame-timeout': 'slow',
  'event-id-missing': 'setup',
  'token-url-missing': 'setup',
}

const languages: Record<string, Messages> = { en, ru }

/** Adds a language, or changes texts of one that is there; what is left out stays as it is, or is English. */
export function addMessages(language: string, messages: Partial<Messages>): void {
  const key = language.toLowerCase()
  languages[key] = { ...(languages[key] ?? en), ...messages }
}

/** The first of these languages that there are texts for, by its full tag or by its primary subtag (RFC 5646); else English. */
export function pickLanguage(wanted: readonly (string | null | undefined)[]): string {
  for (const tag of wanted) {
    const full = (tag ?? '').toLowerCase()
    for (const key of [full, full.split('-')[0]!]) if (Object.hasOwn(languages, key)) return key
  }
  return 'en'
}

export const messagesIn = (language: string): Messages => languages[language] ?? en
