/** HS256 needs a key at least as long as its hash (RFC 7518, section 3.2). Bytes. */
export const MIN_SECRET_BYTES = 32
/** A random secret of that length has more different characters, in digits alone too. */
const MIN_DIFFERENT = 6

/** What makes a secret easy to guess, to be read after its name; null where nothing shows. Never holds any of it. */
export function weaknessOf(secret: string): string | null {
  const { length } = new TextEncoder().encode(secret)
  if (length < MIN_SECRET_BYTES) return `must have ${MIN_SECRET_BYTES} bytes or more, and has ${length}.`
  // found again before its own end in the text written twice: some part of it, repeated
  if ((secret + secret).indexOf(secret, 1) < secret.length)
    return 'is one thing repeated: anybody can guess that.'
  if (new Set(secret).size < MIN_DIFFERENT) return `has fewer than ${MIN_DIFFERENT} different characters.`
  return null
}

/** Whether a text is too short or too monotonous to be a secret. */
export const isWeakSecret = (text: string): boolean => weaknessOf(text) !== null
