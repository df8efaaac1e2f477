/** HS256 needs a key at least as long as its hash (RFC 7518, section 3.2). Bytes. */
export const MIN_SECRET_BYTES = 32
/** A random secret of that length has at least twice as many different characters, in digits too. */
const MIN_DIFFERENT = 5

/** Whether a text is too short or too monotonous to be a secret. */
export function isWeakSecret(text: string): boolean {
  return new TextEncoder().encode(text).byteLength < MIN_SECRET_BYTES || new Set(text).size < MIN_DIFFERENT
}
