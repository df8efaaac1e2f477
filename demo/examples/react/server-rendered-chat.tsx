import { useEffect, useRef } from 'react'
import type {} from 'kinescope-chat/jsx'
import type { FetchToken, KinescopeChatElement, Problem } from 'kinescope-chat'

interface ChatProps {
  eventId: string
  fetchToken: FetchToken
  onReady?: () => void
  onProblem?: (problem: Problem) => void
}

/**
 * React 18 and 19 on a page rendered by a server (Next.js: in a file with 'use client'). React sets neither functions nor
 * listeners on custom elements that it takes over (https://github.com/react/react/issues/35446): the effect does, and only
 * then is the tag defined, so that the first question already goes the right way.
 */
export function ServerRenderedChat({ eventId, fetchToken, onReady, onProblem }: ChatProps) {
  const chat = useRef<KinescopeChatElement>(null)
  useEffect(() => {
    const element = chat.current!
    const effect = new AbortController()
    const { signal } = effect
    element.fetchToken = fetchToken
    element.addEventListener('kinescope-chat-ready', () => onReady?.(), { signal })
    element.addEventListener('kinescope-chat-error', ({ problem }) => onProblem?.(problem), { signal })
    void import('kinescope-chat/define')
    return () => effect.abort()
  }, [fetchToken, onReady, onProblem])
  return <kinescope-chat ref={chat} event-id={eventId} />
}
