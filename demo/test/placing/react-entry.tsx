import { StrictMode } from 'react'
import { createRoot, hydrateRoot } from 'react-dom/client'
import { KinescopeChatElement, type FetchToken, type Problem } from 'kinescope-chat'
import type { Chat } from '../../examples/react/chat.js'
import type { ServerRenderedChat } from '../../examples/react/server-rendered-chat.js'

/** Renders an example in StrictMode, or takes over what the server has rendered of it. */
export function start(Example: typeof Chat | typeof ServerRenderedChat): void {
  /** What the page tells its test. */
  const seen: string[] = []
  const { event = '', own, origin } = document.documentElement.dataset
  KinescopeChatElement.defaults = { chatOrigin: origin }

  const fetchToken: FetchToken = async ({ eventId }) => {
    seen.push('asked')
    const body = JSON.stringify({ event_id: eventId })
    const headers = { 'content-type': 'application/json' }
    const reply = await fetch('/token', { method: 'POST', body, headers })
    return reply.json() as Promise<{ token: string }>
  }
  const onReady = () => seen.push('ready')
  const onProblem = ({ code }: Problem) => seen.push(code)
  const props = { eventId: event, onReady, onProblem, ...(own === undefined ? {} : { fetchToken }) }
  const app = (
    <StrictMode>
      <Example {...(props as Parameters<typeof ServerRenderedChat>[0])} />
    </StrictMode>
  )
  const root = document.getElementById('root')!
  if (root.hasChildNodes()) hydrateRoot(root, app, { onRecoverableError: (error) => console.error(error) })
  else createRoot(root).render(app)
  Object.assign(window, { seen })
}
