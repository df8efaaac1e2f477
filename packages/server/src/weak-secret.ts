/** RFC 7518, section 3.2: a key for HS256 has as many bits as its hash. */
export const MIN_SECRET_BYTES = 32
/** `openssl rand -hex 16` has fewer once in 25 million times. */
const MIN_DIFFERENT = 8

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
