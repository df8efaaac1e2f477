/** Seconds the token's `iat` lies in the past, so that a verifier whose clock is behind ours doesn't refuse it. */
const BACKDATED_S = 30
const MAX_NAME_CODE_POINTS = 64
const NAMELESS = 'Guest'

/**
 * C0 and C1 controls, unassigned-by-meaning zero widths, bidi marks, embeddings, overrides and isolates, the
 * byte-order mark, lone surrogates and interlinear marks. Zero-width joiners are judged by their neighbours below.
 */
const INVISIBLE =
  // eslint-disable-next-line no-control-regex -- control characters are what this removes
  /[\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\p{Cs}/gu

/** A joiner shapes Persian, Indic scripts and emoji families; anywhere else it only makes two names look alike. */
const LOOSE_JOINER =
  /(?<![\p{L}\p{M}\p{Extended_Pictographic}\p{Emoji_Modifier}])[\u200c\u200d]+|[\u200c\u200d]+(?![\p{L}\p{M}\p{Extended_Pictographic}])/gu

/**
 * The name as the chat may show it: NFC, one line, nothing invisible that could turn or hide text, at most
 * 64 code points without a cut through a character, and never empty.
 */
export function cleanUsername(raw: string): string {
  const clean = raw
    .replace(INVISIBLE, '')
    .replace(/[\s\u0085\u2028\u2029]+/gu, ' ')
    .replace(LOOSE_JOINER, '')
    .normalize('NFC')
    .replace(/ +/g, ' ')
    .trim()
  return cut(clean) || NAMELESS
}

function cut(text: string): string {
  if ([...text].length <= MAX_NAME_CODE_POINTS) return text
  let kept = ''
  let count = 0
  for (const { segment } of new Intl.Segmenter('und', { granularity: 'grapheme' }).segment(text)) {
    count += [...segment].length
    if (count > MAX_NAME_CODE_POINTS) break
    kept += segment
  }
  // a single "character" longer than the whole name is marks piled on a letter: cut through it
  return (kept || [...text].slice(0, MAX_NAME_CODE_POINTS).join('')).trim()
}

export interface ChatClaims {
  /** A string, not the array of the article's Go sample: the form its JSON sample shows. */
  aud: 'chat'
  user_id: string
  username: string
  event_id: string
  iat: number
  exp: number
  nbf?: number
}

export interface ChatClaimsInput {
  userId: string
  /** As the site has it; cleaned here. */
  username: string
  eventId: string
  /** Lifetime in seconds. */
  ttl: number
  /** Milliseconds since the epoch. */
  now: number
  /** Milliseconds since the epoch that `exp` must not pass, since the key is dead from then on. */
  expiresAtCap?: number | null
  /** Back-dated `nbf`; left out by default, for the article demands none and a verifier's clock may be behind. */
  notBefore?: boolean
}

/** The JWT Claims Set of a chat token. Times are whole seconds. */
export function chatClaims(input: ChatClaimsInput): ChatClaims {
  const { userId, username, eventId, ttl, now, expiresAtCap = null, notBefore = false } = input
  const nowS = Math.floor(now / 1000)
  const iat = nowS - BACKDATED_S
  const exp = expiresAtCap === null ? nowS + ttl : Math.min(nowS + ttl, Math.floor(expiresAtCap / 1000))
  return {
    aud: 'chat',
    user_id: userId,
    username: cleanUsername(username),
    event_id: eventId,
    iat,
    exp,
    ...(notBefore ? { nbf: iat } : {}),
  }
}
