import type { WireCode } from 'kinescope-chat/contract'

/** By reason, where a reason says more than the code. */
const BY_REASON: Record<string, string> = {
  'origin-not-listed': 'If the page is yours, add its origin to CHAT_ALLOWED_ORIGINS.',
  'no-origin': 'Not a page in a browser. A proxy in front must pass Origin and Sec-Fetch-Site on.',
  'origin-null': 'The page is sandboxed or a local file: open it from a listed origin.',
  'not-listed': 'If the stream is yours, add its id to CHAT_EVENTS.',
  'no-credentials':
    'No cookie reaches this server: put it under a path of the site, or give the element a signed identity.',
  'site-moved': 'The address has moved: write the new one into CHAT_IDENTITY_URL.',
  'site-page':
    'CHAT_IDENTITY_URL answered with a page (a challenge, a sign-in form, an error): let this server past it.',
  'not-json': 'CHAT_IDENTITY_URL must answer with a JSON object.',
  'not-an-object': 'CHAT_IDENTITY_URL must answer with a JSON object.',
  'too-long': 'CHAT_IDENTITY_URL must answer with a JSON object of less than 256 KiB.',
  'site-busy':
    'The site answers too slowly for so many visitors: look at CHAT_IDENTITY_URL, or use CHAT_IDENTITY=jwt.',
  'id-not-a-string': 'CHAT_IDENTITY_ID_FIELD names something that is no id.',
  'no-id': 'If the visitor was signed in, CHAT_IDENTITY_ID_FIELD names no id in what the site said.',
  'key-set': 'CHAT_IDENTITY_JWKS_URL did not give a key set.',
  'exp-in-milliseconds': 'The site writes exp in milliseconds: it has to be seconds.',
  'exp-too-far': 'The statement ends later than CHAT_IDENTITY_MAX_AGE allows.',
  'other-event': 'The statement was made for another stream.',
  'statement-refused': 'If many: the site and CHAT_IDENTITY_SECRET, key, issuer or audience do not fit.',
  'untrusted-peer': 'If this is your proxy, add its address to CHAT_TRUSTED_PROXIES.',
  'header-repeated': 'The proxy must remove the copies of its headers that visitors send.',
  'authenticate-failed': 'authenticate() has thrown: see the cause.',
  address:
    'If many visitors share this address, raise the second number of CHAT_RATE_LIMIT, or set CHAT_TRUSTED_PROXIES.',
  'body-read-already':
    'A body parser came first and left nothing: hand its result to the handler as third argument.',
  'signing-late': 'The signer does not answer: look at the key service and the machine.',
  'authorize-late': 'authorize() did not answer in time.',
  'limits-late': 'The rate limit did not answer in time.',
  'visitor-left': 'Nothing: the visitor left before the answer.',
  closing: 'Nothing: the server is stopping.',
}

/** By code, for all other reasons. */
const BY_CODE: Partial<Record<WireCode, string>> = {
  'identity-unavailable': 'The site did not say who the visitor is: look at CHAT_IDENTITY_URL.',
  overloaded: 'If it lasts, add replicas or cores.',
  'server-error': 'A fault: see the cause.',
  'key-unavailable': 'Run kinescope-chat-server keys list.',
  'key-not-registered': 'Run kinescope-chat-server keys register.',
  'key-expired': 'Run kinescope-chat-server keys rotate.',
  'event-not-found': 'Kinescope knows no such stream: correct CHAT_EVENTS.',
}

/** What an operator can do about a refusal; null where it is the visitor's own affair. */
export function todoFor(code: WireCode, reason: string): string | null {
  return BY_REASON[reason] ?? BY_CODE[code] ?? null
}
