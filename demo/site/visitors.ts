import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { readJson, sendJson, type SiteHandler } from './answer.js'

/** Somebody with a session on the site. */
export interface Visitor {
  id: string
  name: string
  banned: boolean
  /** How the site's who-is-it answer behaves for this visitor. */
  me: 'answers' | 'fails'
}

const COOKIE = 'demo_session'
const LONGEST_NAME = 40

/**
 * The site's own sign-in: choose a name, get a session cookie. Nothing here knows of the chat; the token server asks
 * `/me`, as it would ask any site.
 *
 *     GET  /me                 200 {id, name}, 401 for a stranger, 403 for a banned visitor
 *     GET  /visitor/who        200 {name}, null for a stranger: for the page itself
 *     POST /visitor/sign-in    {"name": "Ann"}
 *     POST /visitor/sign-out
 *     POST /visitor/standing   {"banned": true, "me": "fails"}
 */
export class Visitors {
  #sessions = new Map<string, Visitor>()

  /** The visitor whose session cookie came with the request. */
  of(request: IncomingMessage): Visitor | undefined {
    const cookies = (request.headers.cookie ?? '').split(/;\s*/)
    const value = cookies.find((cookie) => cookie.startsWith(`${COOKIE}=`))?.slice(COOKIE.length + 1)
    return this.#sessions.get(value ?? '')
  }

  readonly handle: SiteHandler = async (request, response) => {
    const visitor = this.of(request)
    switch (`${request.method} ${request.url}`) {
      case 'GET /me':
        if (!visitor) return sendJson(response, 401, { message: 'not signed in' })
        if (visitor.me === 'fails') return sendJson(response, 500, { message: 'out of order, as you wished' })
        if (visitor.banned) return sendJson(response, 403, { message: 'banned' })
        return sendJson(response, 200, { id: visitor.id, name: visitor.name })
      case 'GET /visitor/who':
        return sendJson(response, 200, { name: visitor?.name ?? null })
      case 'POST /visitor/sign-in': {
        const { name } = await readJson(request)
        const clean = typeof name === 'string' ? name.trim().slice(0, LONGEST_NAME) : ''
        if (clean === '') return sendJson(response, 400, { message: 'a name, please' })
        const session = randomUUID()
        this.#sessions.set(session, {
          id: `visitor-${randomUUID()}`,
          name: clean,
          banned: false,
          me: 'answers',
        })
        const cookie = `${COOKIE}=${session}; HttpOnly; SameSite=Lax; Path=/`
        return sendJson(response, 200, { name: clean }, { 'set-cookie': cookie })
      }
      case 'POST /visitor/sign-out':
        for (const [session, known] of this.#sessions) if (known === visitor) this.#sessions.delete(session)
        return sendJson(
          response,
          200,
          {},
          { 'set-cookie': `${COOKIE}=; HttpOnly; SameSite=Lax; Path=/; Max-Age=0` },
        )
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
}
