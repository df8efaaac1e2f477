import type { KinescopeChatElement } from 'kinescope-chat'

/** One `kinescope-chat-…` event. */
export interface SeenEvent {
  /** ms since the page's load began */
  at: number
  /** Without the prefix. */
  name: string
  details: string
}

const NAMES = ['statechange', 'ready', 'refresh', 'error', 'signin'] as const

/** Watches the page's chats as any page can: their events, and the frames that were ever in them. */
export class ChatWatch extends EventTarget {
  readonly events: SeenEvent[] = []
  #frames = new Set<Element>()

  constructor() {
    super()
    for (const name of NAMES) {
      document.addEventListener(`kinescope-chat-${name}`, (event) => {
        this.events.push({ at: performance.now(), name, details: describe(event) })
        this.dispatchEvent(new Event('change'))
      })
    }
    // the frames are in shadow roots, whose changes send no events to the document
    setInterval(() => this.framesNow.forEach((frame) => this.#frames.add(frame)), 50)
  }

  get chats(): KinescopeChatElement[] {
    return [...document.querySelectorAll('kinescope-chat')]
  }

  get first(): KinescopeChatElement | undefined {
    return this.chats[0]
  }

  get framesNow(): HTMLIFrameElement[] {
    return this.chats.flatMap((chat) => [...(chat.shadowRoot?.querySelectorAll('iframe') ?? [])])
  }

  get framesSeen(): number {
    return this.#frames.size
  }

  /** Whether the visitor is inside a frame, as far as this page can see. */
  get inside(): boolean {
    return (
      document.activeElement?.localName === 'kinescope-chat' &&
      document.activeElement.shadowRoot?.activeElement?.localName === 'iframe'
    )
  }
}

function describe(event: HTMLElementEventMap[`kinescope-chat-${(typeof NAMES)[number]}`]): string {
  if ('problem' in event) {
    const { code, status, retryInMs } = event.problem
    return [code, status, retryInMs === null ? null : `again in ${Math.round(retryInMs / 1000)} s`]
      .filter((part) => part !== null)
      .join(', ')
  }
  if ('state' in event) return `${event.previous} → ${event.state}`
  if ('held' in event) return event.held ? 'held' : 'in effect'
  return ''
}
