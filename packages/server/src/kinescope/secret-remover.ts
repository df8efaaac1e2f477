const MASK = '[hidden]'

/**
 * Returns a function that replaces a secret in every text and name of a JSON value. An API may quote the token it was
 * sent, in another case or without its dashes.
 */
export function secretRemover(secret: string): <T>(value: T) => T {
  const characters = [...secret.replaceAll('-', '')].map((character) => character.replace(/[^\w]/, '\\$&'))
  const pattern = new RegExp(characters.join('(?:%2d|[^0-9a-z]{0,3})'), 'gi')
  const clean = (text: string): string => text.replace(pattern, MASK)
  const remove = (value: unknown): unknown => {
    if (typeof value === 'string') return clean(value)
    if (Array.isArray(value)) return value.map(remove)
    if (value === null || typeof value !== 'object') return value
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [clean(name), remove(part)]))
  }
  return (value) => (secret === '' ? value : (remove(value) as typeof value))
}
