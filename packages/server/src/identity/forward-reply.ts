import { parseJson } from '../net/capped-read.js'
import { readField, userFrom, type IdentityAnswer } from './identity.js'

/** A response of the site's identity endpoint. */
export interface ForwardReply {
  status: number
  contentType: string | null
  /** null if it was too long, or not UTF-8. */
  body: string | null
}

/** Redirects to a sign-in form. 301 and 308 mean that the address has moved. */
const TO_SIGN_IN = [302, 303, 307]
const MOVED = [301, 308]

/**
 * Reads a response of the site's identity endpoint. Its own responses are a JSON object, or a plain 401 or 403. Any other
 * (a page of any status, a challenge, a proxy's error) is an intermediary's and signs no visitor out.
 */
export function readForwardReply(
  { status, contentType, body }: ForwardReply,
  fields: { idField: string; nameField: string },
): IdentityAnswer {
  const unavailable = (reason: string): IdentityAnswer => ({ refused: 'identity-unavailable', reason })
  if (MOVED.includes(status)) return unavailable('site-moved')
  if (status === 204 || TO_SIGN_IN.includes(status)) {
    return { refused: 'sign-in-required', reason: `site-says-${status}` }
  }
  if (body === null) return unavailable('too-long')
  const value = parseJson(body)
  if (value === undefined && isPage(contentType, body)) return unavailable('site-page')
  if (status === 401) return { refused: 'sign-in-required', reason: 'site-says-401' }
  if (status === 403) return { refused: 'access-denied', reason: 'site-says-403' }
  if (status !== 200) return unavailable(`site-says-${status}`)
  if (value === undefined) return unavailable('not-json')
  if (value === null) return { refused: 'sign-in-required', reason: 'no-id' }
  if (typeof value !== 'object' || Array.isArray(value)) return unavailable('not-an-object')
  const [id, name] = [readField(value, fields.idField), readField(value, fields.nameField)]
  // a wrong ID_FIELD: the site knows the visitor, and a chain must not make them a guest
  if (id === undefined && typeof name === 'string' && name.trim() !== '')
    return unavailable('name-without-id')
  return userFrom(id, name)
}

/** By its type or its first character: PHP labels everything HTML, an empty response too. */
function isPage(contentType: string | null, body: string): boolean {
  const text = body.trim()
  return text !== '' && (text.startsWith('<') || /html|xml/i.test((contentType ?? '').slice(0, 200)))
}
