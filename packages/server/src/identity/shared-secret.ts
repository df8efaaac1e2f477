/** HS256 needs a key at least as long as its hash (RFC 7518, section 3.2). Bytes. */
export const MIN_SECRET_BYTES = 32
/** A random secret of that length has more different characters, in digits alone too. */
const MIN_DIFFERENT = 6
/** A word that was repeated until it was long enough. Characters. */
const SHORT_UNIT = 8

/** What makes a secret easy to guess, to be read after its name; null where nothing shows. Never holds any of it. */
export function weaknessOf(secret: string): string | null {
  const { length } = new TextEncoder().encode(secret)
  if (length < MIN_SECRET_BYTES) return `must have ${MIN_SECRET_BYTES} bytes or more, and has ${length}.`
  // where the text is found again in itself written twice, so much of it is repeated
  if ((secret + secret).indexOf(secret, 1) <= SHORT_UNIT)
    return 'is a repeated pattern, which anyone can guess.'
  if (new Set(secret).size < MIN_DIFFERENT) return `has fewer than ${MIN_DIFFERENT} different characters.`
  return null
}

/** Whether a text is too short or too monotonous to be a secret. */
export const isWeakSecret = (text: string): boolean => weaknessOf(text) !== null
