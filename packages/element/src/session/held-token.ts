import { chatFailure } from '../problem.js'
import { checkToken, type TokenClaims, type TokenHeader } from '../token/check-token.js'
import { lifeOf, refreshDelay } from '../token/life.js'
import type { TokenAnswer } from '../token/answer.js'

const LIFELESS = 'By expires_in, or by exp and iat, the token had no time left when it came'

/** A token that passed the checks. */
export interface HeldToken {
  value: string
  header: TokenHeader
  claims: TokenClaims
  /** The id for the chat's address. */
  chatId: string
  /** When it came, when it ends and when the next is due, on the steady clock. */
  heldAt: number
  endsAt: number
  refreshAt: number
}

export interface Circumstances {
  /** The stream that was asked for. */
  eventId: string
  /** Whether another token can be had. */
  renewable: boolean
  /** The token held until now: sent again, it lives no longer for that. */
  held: HeldToken | null
  /** The steady clock's time. */
  now: number
  /** From 0 up to 1. */
  random: number
}

/**
 * Judges an answer and measures its token's life. The server's own time, not the browser's, decides what has expired.
 * @throws ChatFailure that names what is wrong with the token
 */
export function holdToken(
  { reply, date }: TokenAnswer,
  { eventId, renewable, held, now, random }: Circumstances,
): HeldToken {
  const { token: value, event_id: claimedId = eventId, chat_id: chatId = eventId, refresh_in } = reply
  const seconds = date && date / 1000
  const { fault, header, claims } = checkToken(value, { eventId: claimedId, now: seconds })
  if (fault) throw chatFailure(fault.code, { reason: fault.detail, claim: fault.claim, header, claims })
  const known = held?.value === value ? held : undefined
  const endsAt = Math.min(known?.endsAt ?? Infinity, now + lifeOf(reply, claims, seconds))
  if (endsAt <= now)
    throw chatFailure('token-expired', {
      reason: LIFELESS,
      claim: 'exp',
      header: { ...header },
      claims: { ...claims },
    })
  const left = endsAt - now
  // where the page gave a token but no way to another, there is nothing to be had before the end
  const delay = renewable ? refreshDelay(left, refresh_in, random) : left
  return { value, header, claims, chatId, heldAt: known?.heldAt ?? now, endsAt, refreshAt: now + delay }
}
