import { closest } from '../closest.js'
import type { Topic } from '../problem.js'
import { en } from './en.js'
import { ru } from './ru.js'

/** Every text of one language. `{time}` is "in 5 seconds" in that language. */
export interface Messages extends Record<Topic, readonly [heading: string, message: string]> {
  label: string
  loading: string
  stillLoading: string
  preview: string
  signInButton: string
  retry: string
  retryNow: string
  retryAt: string
  openInTab: string
  help: string
  reload: string
  copyReport: string
  connectionLost: string
  restored: string
}

const languages: Record<string, Messages> = { en, ru }

/** Adds a language, or changes texts of one that is there; what is left out stays as it is, or is English. */
export function addMessages(language: string, messages: Partial<Messages>): void {
  const key = language.toLowerCase()
  languages[key] = { ...(languages[key] ?? en), ...messages }
}

/**
 * The language for an element: the first wanted one that there are texts for, by its full tag or by its primary subtag
 * (RFC 5646). After its own wish come the nearest `lang`, through shadow roots, and the browser's languages.
 */
export function languageOf(element: Element, ...wanted: (string | null | undefined)[]): string {
  for (const tag of [...wanted, closest(element, '[lang]')?.getAttribute('lang'), ...navigator.languages]) {
    const full = (tag ?? '').toLowerCase()
    for (const key of [full, full.split('-')[0]!]) if (Object.hasOwn(languages, key)) return key
  }
  return 'en'
}

export const messagesIn = (language: string): Messages => languages[language]!
