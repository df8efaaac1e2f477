import 'kinescope-chat/define'
import type {} from 'kinescope-chat/jsx'
import type { FetchToken, Problem } from 'kinescope-chat'

interface ChatProps {
  eventId: string
  /** Instead of the endpoint at `/token`. */
  fetchToken?: FetchToken
  onReady?: () => void
  onProblem?: (problem: Problem) => void
}

/** React 19. Attributes are written as in HTML (`event-id`), so that server rendering gives the very same tag. */
export function Chat({ eventId, fetchToken, onReady, onProblem }: ChatProps) {
  return (
    <kinescope-chat
      event-id={eventId}
      token-url="/token"
      fetchToken={fetchToken}
      onkinescope-chat-ready={() => onReady?.()}
      onkinescope-chat-error={({ problem }) => onProblem?.(problem)}
    />
  )
}
