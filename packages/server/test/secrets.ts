/** Values of tests that no log may contain: cookies, API tokens, passphrases. */
const marked = new Set<string>()

/** Marks a value that no log may contain, and returns it. */
export function secret(value: string): string {
  marked.add(value)
  return value
}

const SHAPES: Record<string, RegExp> = {
  'a JWT': /eyJ[\w-]{5,}\.[\w-]{10,}\.[\w-]*/,
  'a PEM': /-----BEGIN|PRIVATE KEY/,
  'a bearer value': /bearer\s+[\w.-]{8,}/i,
  'a cookie': /\b(set-)?cookie["':=\s]+[^"\s]*=/i,
}

/** The kinds of secrets in a text; empty if there is none. */
export function secretsIn(text: string): string[] {
  const shapes = Object.entries(SHAPES).filter(([, shape]) => shape.test(text))
  const values = [...marked].filter((value) => text.includes(value))
  return [...shapes.map(([name]) => name), ...values.map(() => 'a planted secret')]
}
