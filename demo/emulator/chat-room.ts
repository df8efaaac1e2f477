import type { Code } from 'kinescope-chat/contract'

/** The session of one visitor in one chat page. The page's load exchanges the token, or its absence, for a session. */
export interface ChatSession {
  id: string
  eventId: string
  name: string
  /** `verified`: with a token. `anonymous`: without a token. `read-only`: can read but not write. */
  standing: 'verified' | 'anonymous' | 'read-only'
  kid: string | null
  /** When the session ends, in ms since the epoch. Null: the session doesn't end. */
  endsAt: number | null
}

export interface ChatMessage {
  id: number
  name: string
  standing: ChatSession['standing']
  text: string
  at: number
}

/** An event of the page's stream: JSON in Server-Sent Events. */
export type ChatNews =
  | { kind: 'members'; names: string[] }
  | { kind: 'message'; message: ChatMessage }
  | { kind: 'ended'; code: Code }

interface Listener {
  session: ChatSession
  notify: (news: ChatNews) => void
  close: () => void
}

const HISTORY = 100
const LONGEST_MESSAGE = 500

/** The chats of all streams: sessions, listeners and messages. Stores no token. */
export class ChatRooms {
  #sessions = new Map<string, ChatSession>()
  #listeners = new Set<Listener>()
  #history = new Map<string, ChatMessage[]>()
  #lastId = 0

  open(session: ChatSession): void {
    this.#sessions.set(session.id, session)
  }

  /** Returns the valid session with this id in this chat, or the code of the rejection. */
  enter(id: string, eventId: string, now: number): ChatSession | { code: Code } {
    const session = this.#sessions.get(id)
    if (!session || session.eventId !== eventId) return { code: 'access-denied' }
    return session.endsAt !== null && session.endsAt <= now ? { code: 'token-expired' } : session
  }

  /** Adds a listener. Returns a function that removes the listener. */
  listen(session: ChatSession, notify: Listener['notify'], close: () => void): () => void {
    const listener = { session, notify, close }
    for (const message of this.#history.get(session.eventId) ?? []) notify({ kind: 'message', message })
    this.#listeners.add(listener)
    this.#notifyMembers(session.eventId)
    return () => {
      if (this.#listeners.delete(listener)) this.#notifyMembers(session.eventId)
    }
  }

  /** Sends a message. Returns false if the message is empty or too long, or if the session is read-only. */
  say(session: ChatSession, text: string, now: number): boolean {
    const clean = text.trim()
    if (session.standing === 'read-only' || clean === '' || clean.length > LONGEST_MESSAGE) return false
    const { name, standing, eventId } = session
    const message = { id: ++this.#lastId, name, standing, text: clean, at: now }
    this.#history.set(eventId, [...(this.#history.get(eventId) ?? []), message].slice(-HISTORY))
    for (const listener of this.#in(eventId)) listener.notify({ kind: 'message', message })
    return true
  }

  /** Ends the sessions that `which` selects, and notifies their pages. */
  end(which: (session: ChatSession) => boolean, code: Code): void {
    for (const session of this.#sessions.values()) if (which(session)) this.#sessions.delete(session.id)
    for (const listener of [...this.#listeners]) {
      if (!which(listener.session)) continue
      listener.notify({ kind: 'ended', code })
      listener.close()
    }
  }

  endExpired(now: number): void {
    this.end(({ endsAt }) => endsAt !== null && endsAt <= now, 'token-expired')
  }

  closeAll(): void {
    for (const listener of [...this.#listeners]) listener.close()
  }

  /** The messages of a chat, for tests and the control page. */
  messages(eventId: string): readonly ChatMessage[] {
    return this.#history.get(eventId) ?? []
  }

  members(eventId: string): string[] {
    return [...new Set(this.#in(eventId).map(({ session }) => session.name))].sort()
  }

  #in(eventId: string): Listener[] {
    return [...this.#listeners].filter(({ session }) => session.eventId === eventId)
  }

  #notifyMembers(eventId: string): void {
    const names = this.members(eventId)
    for (const listener of this.#in(eventId)) listener.notify({ kind: 'members', names })
  }
}
