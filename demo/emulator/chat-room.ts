import type { Code } from 'kinescope-chat/contract'

/** One visitor inside one chat page: what the token, or its absence, was exchanged for when the page loaded. */
export interface ChatSession {
  id: string
  eventId: string
  name: string
  /** `verified`: by a token; `anonymous`: without one; `read-only`: may look, not write. */
  standing: 'verified' | 'anonymous' | 'read-only'
  kid: string | null
  /** ms since the epoch after which the session is dead; null: it lives on */
  endsAt: number | null
}

export interface ChatMessage {
  id: number
  name: string
  standing: ChatSession['standing']
  text: string
  at: number
}

/** What the page's stream says: JSON in Server-Sent Events. */
export type ChatNews =
  | { kind: 'members'; names: string[] }
  | { kind: 'message'; message: ChatMessage }
  | { kind: 'ended'; code: Code }

interface Listener {
  session: ChatSession
  tell: (news: ChatNews) => void
  close: () => void
}

const HISTORY = 100
const LONGEST_MESSAGE = 500

/** The chats of all streams: sessions, who listens, what was said. Holds no token. */
export class ChatRooms {
  #sessions = new Map<string, ChatSession>()
  #listeners = new Set<Listener>()
  #history = new Map<string, ChatMessage[]>()
  #lastId = 0

  open(session: ChatSession): void {
    this.#sessions.set(session.id, session)
  }

  /** The living session of that id in that chat, or why there is none. */
  enter(id: string, eventId: string, now: number): ChatSession | { code: Code } {
    const session = this.#sessions.get(id)
    if (!session || session.eventId !== eventId) return { code: 'access-denied' }
    return session.endsAt !== null && session.endsAt <= now ? { code: 'token-expired' } : session
  }

  /** Returns what takes the listener out again. */
  listen(session: ChatSession, tell: Listener['tell'], close: () => void): () => void {
    const listener = { session, tell, close }
    for (const message of this.#history.get(session.eventId) ?? []) tell({ kind: 'message', message })
    this.#listeners.add(listener)
    this.#tellMembers(session.eventId)
    return () => {
      if (this.#listeners.delete(listener)) this.#tellMembers(session.eventId)
    }
  }

  /** False for an empty or too long message, or one who may only read. */
  say(session: ChatSession, text: string, now: number): boolean {
    const clean = text.trim()
    if (session.standing === 'read-only' || clean === '' || clean.length > LONGEST_MESSAGE) return false
    const { name, standing, eventId } = session
    const message = { id: ++this.#lastId, name, standing, text: clean, at: now }
    this.#history.set(eventId, [...(this.#history.get(eventId) ?? []), message].slice(-HISTORY))
    for (const listener of this.#in(eventId)) listener.tell({ kind: 'message', message })
    return true
  }

  /** Ends the sessions that `which` picks, and tells their pages. */
  end(which: (session: ChatSession) => boolean, code: Code): void {
    for (const session of this.#sessions.values()) if (which(session)) this.#sessions.delete(session.id)
    for (const listener of [...this.#listeners]) {
      if (!which(listener.session)) continue
      listener.tell({ kind: 'ended', code })
      listener.close()
    }
  }

  endExpired(now: number): void {
    this.end(({ endsAt }) => endsAt !== null && endsAt <= now, 'token-expired')
  }

  closeAll(): void {
    for (const listener of [...this.#listeners]) listener.close()
  }

  /** What was said in a chat, for tests and the control page. */
  messages(eventId: string): readonly ChatMessage[] {
    return this.#history.get(eventId) ?? []
  }

  members(eventId: string): string[] {
    return [...new Set(this.#in(eventId).map(({ session }) => session.name))].sort()
  }

  #in(eventId: string): Listener[] {
    return [...this.#listeners].filter(({ session }) => session.eventId === eventId)
  }

  #tellMembers(eventId: string): void {
    const names = this.members(eventId)
    for (const listener of this.#in(eventId)) listener.tell({ kind: 'members', names })
  }
}
