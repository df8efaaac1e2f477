import {
  TOKEN_CODES,
  PAGE_CODES,
  OPERATOR_CODES,
  WIRE_CODES,
  type Code,
  type TokenReply,
} from '../contract.js'
import { wellFormed } from '../pasted.js'

/** No token lives longer, in seconds: a day more than a year. */
const LONGEST_LIFE_S = 31_708_800
const LONGEST_ID = 1024

const seconds = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && value <= LONGEST_LIFE_S
const id = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.length <= LONGEST_ID && wellFormed(value) === value
const CODES: readonly unknown[] = [...WIRE_CODES, ...TOKEN_CODES, ...PAGE_CODES, ...OPERATOR_CODES]
const code = (value: unknown): value is Code => CODES.includes(value)

/** What each member of a reply has to be; a member that isn't is left out, for the token alone would do. */
const MEMBERS = { expires_in: seconds, refresh_in: seconds, chat_id: id, event_id: id, warning: code }

/** Reads a token endpoint's reply, or a `fetchToken`'s; undefined where there is no token in it. */
export function readReply(value: unknown): { reply: TokenReply; ignored: readonly string[] } | undefined {
  const given = Object(value) as Record<string, unknown>
  const { token } = given
  if (typeof token !== 'string') return undefined
  const reply: Record<string, unknown> = { token }
  const ignored: string[] = []
  for (const [name, fits] of Object.entries(MEMBERS)) {
    // read once: what a page has made may say something else the next time
    const member = given[name] ?? undefined
    if (fits(member)) reply[name] = member
    else if (member !== undefined) ignored.push(name)
  }
  return { reply: reply as unknown as TokenReply, ignored }
}
