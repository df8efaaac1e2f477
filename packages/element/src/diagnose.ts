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
  return {
    version: VERSION,
    eventId: settings.eventId,
    state: state.status,
    problem: state.problem,
    header: readable(failure?.header ?? token?.header ?? null) as TokenPart | null,
    claims: readable(failure?.claims ?? token?.claims ?? null) as TokenPart | null,
    wrong: failure?.claim ?? null,
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
