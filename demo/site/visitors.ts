import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { readJson, sendJson, type SiteHandler } from './answer.js'

/** A visitor with a session on the site. */
export interface Visitor {
  id: string
  name: string
  banned: boolean
  /** How the site's identity endpoint behaves for this visitor. */
  me: 'answers' | 'fails'
}

/** Cookies of three sessions: the visitor's, a second visitor's on the same page, and one that is set aside. */
const COOKIE = 'demo_session'
const SECOND_COOKIE = 'demo_second_session'
const ASIDE_COOKIE = 'demo_session_aside'
const LONGEST_NAME = 40

/**
 * The site's own sign-in: a visitor enters a name and receives a session cookie. This class has no code for the chat.
 * The token server requests `/me`, as on any site.
 *
 *     GET  /me                 200 {id, name}, 401 for a signed-out visitor, 403 for a banned visitor
 *     GET  /visitor/who        200 {name}, null for a signed-out visitor: for the page itself
 *     POST /visitor/sign-in    {"name": "Ann"}
 *     POST /visitor/sign-out
 *     POST /visitor/standing   {"banned": true, "me": "fails"}
 *     POST /visitor/set-aside  keeps the session for later and signs out
 *     POST /visitor/bring-back  restores the session that was set aside, if there is one
 *     POST /second-visitor/sign-in  {"name": "Ben"}
 */
export class Visitors {
  #sessions = new Map<string, Visitor>()

  /** The visitor whose session cookie came with the request. */
  of(request: IncomingMessage): Visitor | undefined {
    return this.#sessions.get(cookieOf(request, COOKIE) ?? '')
  }

  /** The cookie with which the site requests a token for the second visitor. */
  secondCookie(request: IncomingMessage): string {
    return `${COOKIE}=${cookieOf(request, SECOND_COOKIE) ?? ''}`
  }

  readonly handle: SiteHandler = async (request, response) => {
    const visitor = this.of(request)
    switch (`${request.method} ${request.url}`) {
      case 'GET /me':
        if (!visitor) return sendJson(response, 401, { message: 'not signed in' })
        if (visitor.me === 'fails') return sendJson(response, 500, { message: 'out of order, as requested' })
        if (visitor.banned) return sendJson(response, 403, { message: 'banned' })
        return sendJson(response, 200, { id: visitor.id, name: visitor.name })
      case 'GET /visitor/who':
        return sendJson(response, 200, { name: visitor?.name ?? null })
      case 'POST /visitor/sign-in':
        return this.#signIn(request, response, COOKIE)
      case 'POST /second-visitor/sign-in':
        return this.#signIn(request, response, SECOND_COOKIE)
      case 'POST /visitor/sign-out':
        for (const [session, known] of this.#sessions) if (known === visitor) this.#sessions.delete(session)
        return sendJson(response, 200, {}, { 'set-cookie': cookie(COOKIE, undefined) })
      case 'POST /visitor/set-aside':
        return this.#move(request, response, COOKIE, ASIDE_COOKIE)
      case 'POST /visitor/bring-back':
        return this.#move(request, response, ASIDE_COOKIE, COOKIE)
      case 'POST /visitor/standing': {
        if (!visitor) return sendJson(response, 401, { message: 'not signed in' })
        const { banned, me } = await readJson(request)
        if (typeof banned === 'boolean') visitor.banned = banned
        if (me === 'answers' || me === 'fails') visitor.me = me
        return sendJson(response, 200, { banned: visitor.banned, me: visitor.me })
      }
      default:
        return false
    }
  }

  async #signIn(request: IncomingMessage, response: ServerResponse, cookieName: string): Promise<true> {
    const { name } = await readJson(request)
    const clean = typeof name === 'string' ? name.trim().slice(0, LONGEST_NAME) : ''
    if (clean === '') return sendJson(response, 400, { message: 'a name, please' })
    const session = randomUUID()
    this.#sessions.set(session, { id: `visitor-${randomUUID()}`, name: clean, banned: false, me: 'answers' })
    return sendJson(response, 200, { name: clean }, { 'set-cookie': cookie(cookieName, session) })
  }

  #move(request: IncomingMessage, response: ServerResponse, from: string, to: string): true {
    const moved = [cookie(to, cookieOf(request, from)), cookie(from, undefined)]
    return sendJson(response, 200, {}, { 'set-cookie': moved })
  }
}

/** A `Set-Cookie` that sets a session's cookie, or removes it. */
const cookie = (name: string, session: string | undefined): string =>
  `${name}=${session ?? ''}; HttpOnly; SameSite=Lax; Path=/${session ? '' : '; Max-Age=0'}`

function cookieOf({ headers }: IncomingMessage, name: string): string | undefined {
  const cookies = (headers.cookie ?? '').split(/;\s*/)
  return cookies.find((cookie) => cookie.startsWith(`${name}=`))?.slice(name.length + 1)
}
