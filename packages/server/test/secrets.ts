/** Values that tests have made up and that must turn up in no log: cookies, API tokens, passphrases. */
const planted = new Set<string>()

/** Marks a value as one that no log may hold, and returns it. */
export function secret(value: string): string {
  planted.add(value)
  return value
}

const SHAPES: Record<string, RegExp> = {
  'a JWT': /eyJ[\w-]{5,}\.[\w-]{10,}\.[\w-]*/,
  'a PEM': /-----BEGIN|PRIVATE KEY/,
  'a bearer value': /bearer\s+[\w.-]{8,}/i,
  'a cookie': /\b(set-)?cookie["':=\s]+[^"\s]*=/i,
}

/** What a text holds that it must not; empty where it is clean. */
export function secretsIn(text: string): string[] {
  const shapes = Object.entries(SHAPES).filter(([, shape]) => shape.test(text))
  const values = [...planted].filter((value) => text.includes(value))
  return [...shapes.map(([name]) => name), ...values.map(() => 'a planted secret')]
}
