import { readable } from './quote.js'
import type { ChatSession } from './session/chat-session.js'
import type { SessionSettings } from './session/settings.js'
import { steadyNow } from './session/steady-clock.js'
import { VERSION } from './version.js'
import type { Diagnostics, TokenPart } from './view/diagnostics.js'

/** What there is to know of a session, as a plain object. Of a refused token too, but never a signature. */
export function diagnose(session: ChatSession, settings: SessionSettings): Diagnostics {
  const { state, tokens, failure, askInMs, journal } = session
  const { held: token, timeLeft, clockDifferenceMs } = tokens
  const wrong = failure?.claim ?? null
  // what is wrong comes first: of very many members the last ones are cut
  const partOf = (part: object | undefined) =>
    readable(part && wrong && wrong in part ? { [wrong]: null, ...part } : (part ?? null)) as TokenPart | null
  return {
    version: VERSION,
    eventId: settings.eventId,
    state: state.status,
    problem: state.problem,
    header: partOf(failure?.header ?? token?.header),
    claims: partOf(failure?.claims ?? token?.claims),
    wrong,
    timeLeftMs: timeLeft,
    life: token && {
      spentMs: Math.max(0, Math.round(steadyNow() - token.heldAt)),
      leftMs: timeLeft!,
      nextInMs: askInMs,
    },
    clockDifferenceMs,
    steps: [...journal.steps],
    ignoredChatOrigin: settings.ignoredOrigin ?? null,
    browser: navigator.userAgent,
    page: location.origin,
  }
}
