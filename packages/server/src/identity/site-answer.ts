import { readField, userFrom, type IdentityAnswer } from './identity.js'

/** A who-is-it answer as it came. */
export interface SiteAnswer {
  status: number
  contentType: string | null
  /** null where it was too long, or no text. */
  body: string | null
}

/** Redirects that lead to a sign-in form. 301 and 308 say something else: that the address has moved. */
const TO_SIGN_IN = [302, 303, 307]
const MOVED = [301, 308]

/**
 * What the site has said of a visitor. Its word is a JSON object, or a plain 401 or 403; whatever else comes (a page of
 * any status, a challenge, a proxy's error) was said by somebody between, and is no reason to sign anybody out.
 */
export function judgeSiteAnswer(
  { status, contentType, body }: SiteAnswer,
  fields: { idField: string; nameField: string },
): IdentityAnswer {
  const unavailable = (reason: string): IdentityAnswer => ({ refused: 'identity-unavailable', reason })
  if (MOVED.includes(status)) return unavailable('site-moved')
  if (status === 204 || TO_SIGN_IN.includes(status)) {
    return { refused: 'sign-in-required', reason: `site-says-${status}` }
  }
  if (body === null) return unavailable('too-long')
  const value = parse(body)
  if (value === undefined && isPage(contentType, body)) return unavailable('site-page')
  if (status === 401) return { refused: 'sign-in-required', reason: 'site-says-401' }
  if (status === 403) return { refused: 'access-denied', reason: 'site-says-403' }
  if (status !== 200) return unavailable(`site-says-${status}`)
  if (value === undefined) return unavailable('not-json')
  if (value === null) return { refused: 'sign-in-required', reason: 'no-id' }
  if (typeof value !== 'object' || Array.isArray(value)) return unavailable('not-an-object')
  return userFrom(readField(value, fields.idField), readField(value, fields.nameField))
}

/** By what it says it is or by its first character: PHP calls everything HTML, an empty answer too. */
function isPage(contentType: string | null, body: string): boolean {
  const text = body.trim()
  return text !== '' && (text.startsWith('<') || /html|xml/i.test((contentType ?? '').slice(0, 200)))
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
