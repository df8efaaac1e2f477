import type { Category } from '../problem.js'
import { closestAcrossRoots, ofNode } from '../platform.js'
import { readPasted } from '../text.js'
import { en } from './en.js'
import { ru } from './ru.js'
import type { Messages, Words } from './words.js'

export type { Messages, Words } from './words.js'

/** Some of a language's texts. */
export type SomeMessages = Partial<Omit<Messages, 'problems'>> & {
  problems?: Partial<Record<Category, Partial<Words>>>
}

const languages = new Map<string, Messages>([
  ['en', en],
  ['ru', ru],
])

/**
 * Adds a language, or changes texts of one that is there; what is left out stays as it is, or is English. What isn't a
 * text of ours is passed over: a page's texts may come from anywhere.
 */
export function addMessages(language: string, messages: SomeMessages): void {
  const key = tagOf(language)
  if (key) languages.set(key, merge(languages.get(key) ?? en, messages))
}

/** Texts with those in place that were given, at any depth. */
function merge<T extends object>(texts: T, given: unknown): T {
  const others = Object(given) as Record<string, unknown>
  const merged = Object.entries(texts).map(([name, text]: [string, unknown]) => {
    const other = others[name]
    if (typeof text === 'object') return [name, merge(text as object, other)]
    return [name, typeof other === 'string' && other.trim() ? other : text]
  })
  return Object.fromEntries(merged) as T
}

const tagOf = (language: unknown): string => readPasted(language).toLowerCase().replaceAll('_', '-')

/**
 * The language for an element: the first wanted one that there are texts for, by its full tag or what is left of
 * it without its last subtags (RFC 4647, 3.4). After its own wish come the nearest `lang`, through shadow roots, and the browser's languages.
 */
export function languageOf(element: Element, ...wanted: unknown[]): string {
  const nearest = closestAcrossRoots(element, '[lang]')
  for (const tag of [
    ...wanted,
    nearest && ofNode('getAttribute', nearest)('lang'),
    ...(navigator.languages ?? []),
  ]) {
    for (let key = tagOf(tag); key; key = key.replace(/-?[^-]*$/, '')) if (languages.has(key)) return key
  }
  return 'en'
}

export const messagesIn = (language: string): Messages => languages.get(language) ?? en
