import type { ReactiveControllerHost } from 'lit'
import { closestAcrossRoots, hostOf, ofNode, own, rootOf } from '../platform.js'
import { categoryOf, PROBLEMS, type Category, type Failure, type Problem } from '../problems.js'
import { readPasted } from '../text.js'
import { en, type Messages, type Words } from './en.js'
import { ru } from './ru.js'

/** Some texts of a language. */
export type SomeMessages = Partial<Omit<Messages, 'problems'>> & {
  problems?: Partial<Record<Category, Partial<Words>>>
}

const languages = new Map<string, Messages>([
  ['en', en],
  ['ru', ru],
])
/** The connected elements. Added texts update them. */
const hosts = new Set<ReactiveControllerHost>()

/**
 * Adds a language, or changes texts of one, and updates every chat. Missing texts keep their value, or are English.
 * Ignores values that aren't our texts: a page's texts may come from anywhere.
 */
export function addMessages(language: string, messages: SomeMessages): void {
  const key = tagOf(language)
  if (key) languages.set(key, merge(languages.get(key) ?? en, messages))
  for (const host of hosts) host.requestUpdate()
}

/** Copies texts and replaces the given ones, at any depth. */
function merge<T extends object>(texts: T, given: unknown): T {
  const merged = Object.entries(texts).map(([name, text]: [string, unknown]) => {
    const other = own(given, name)
    if (typeof text === 'object') return [name, merge(text as object, other)]
    return [name, typeof other === 'string' && other.trim() ? other : text]
  })
  return Object.fromEntries(merged) as T
}

/** Normalizes a language tag. Cut, because an untrusted value may be a megabyte, and no tag is longer. */
const tagOf = (language: unknown): string =>
  readPasted(language).slice(0, 99).toLowerCase().replaceAll('_', '-')

/** The texts of a language. */
export const messagesIn = (language: string): Messages => languages.get(language) ?? en

/**
 * The first language that has texts, by its full tag or by the tag without its last subtags (RFC 4647, 3.4). The
 * requested languages come first, then the nearest `lang`, through shadow roots, then the browser's languages.
 */
export function languageOf(element: Element, ...requested: unknown[]): string {
  const nearest = closestAcrossRoots(element, '[lang]')
  const lang = nearest && ofNode('getAttribute', nearest)('lang')
  for (const tag of [...requested, lang, ...(navigator.languages ?? [])])
    for (let key = tagOf(tag); key; key = key.replace(/-?[^-]*$/, '')) if (languages.has(key)) return key
  return 'en'
}

/** Observes each `lang` that an element may inherit, through shadow roots. */
export function observeLanguage(element: ReactiveControllerHost & Element, changes: MutationObserver): void {
  hosts.add(element)
  // of the place that the element was moved from
  changes.disconnect()
  for (let node: Element | undefined = element; node; node = hostOf(node))
    changes.observe(rootOf(node), { attributeFilter: ['lang'], subtree: true })
}

export function ignoreLanguage(element: ReactiveControllerHost, changes: MutationObserver): void {
  hosts.delete(element)
  changes.disconnect()
}

/**
 * Adds the texts to a failure: the visitor's in their language, the developer's in English, with the found value first.
 */
export function describeProblem(
  failure: Failure,
  { problems }: Messages,
  retryInMs: number | null,
  help: string | null = null,
): Problem {
  const { code, reason, status = null, requestId = null } = failure
  const [, , remediation] = PROBLEMS[code]
  return {
    code,
    message: problems[categoryOf(failure)].message,
    remediation: reason ? `${asSentence(reason)} ${remediation}` : remediation,
    help,
    status,
    retryInMs,
    requestId,
  }
}

const asSentence = (clause: string): string => (/[.!?…]$/.test(clause) ? clause : `${clause}.`)
