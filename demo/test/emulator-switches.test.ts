import jwt from 'jsonwebtoken'
import { readServeConfig, startServer, type RunningServer } from 'kinescope-chat-server'
import { describe, it } from 'vitest'
import { everyNth } from '../../scripts/test-tier.js'
import { workbench, type Workbench } from '../../packages/server/test/cli/workbench.js'
import { SEED } from '../emulator/seed-events.js'
import { CHOICES, DOCUMENTED, type Variants } from '../emulator/variants.js'

const { id: UUID, publicId: PAGE } = SEED.live
const SITE = 'www.example.com'
/** The time limit for the chat page's response. */
const TIMEOUT_MS = 1000

/** What a visitor with a token sees. If that is a code, `events` is the setting with which the operator fixes it. */
interface Cell {
  title: string
  variants: Partial<Variants>
  seen: string
  events?: string
  withoutToken: string
  /** The status of a message in an open chat after the token's expiry, or after the key's deletion. */
  atExpiry: number
  atDeletion: number
  rotationExit: number
}

const SEEN: Record<string, Partial<Cell>> = {
  'chatUrlId: uuid': {
    seen: 'event-not-found',
    withoutToken: 'event-not-found',
    events: `${PAGE}=${PAGE}=${UUID}`,
  },
  'claimEventId: uuid': { seen: 'wrong-event', events: `${PAGE}=${UUID}` },
  'pageLoad: never': { seen: 'frame-timeout', withoutToken: 'frame-timeout', atExpiry: 401, atDeletion: 401 },
  'sessionAtExpiry: survives': { atExpiry: 201 },
  'sessionAtKeyDeletion: ends': { atDeletion: 401 },
  'withoutToken: anonymous': { withoutToken: 'anonymous' },
  'withoutToken: read-only': { withoutToken: 'read-only' },
  'embedDomains: other.example': { seen: 'embed-refused', withoutToken: 'embed-refused' },
  'keyLimit: 1': { rotationExit: 1 },
}

const FREE: Partial<Variants>[] = [
  { keyLimit: 1 },
  { keyLimit: 10 },
  { leeway: 30 },
  { frameAncestors: `https://${SITE}` },
  { embedDomains: [SITE] },
  { embedDomains: ['other.example'] },
  { pageDelayMs: 100 },
]
const CHOSEN = Object.entries(CHOICES).flatMap(([name, values]) =>
  values
    .filter((value) => value !== DOCUMENTED[name as keyof Variants])
    .map((value): Partial<Variants> => ({ [name]: value })),
)
const CELLS = [{}, ...CHOSEN, ...FREE].map((variants): Cell => {
  const [name = 'as documented', value] = Object.entries(variants)[0] ?? []
  const title = value === undefined ? name : `${name}: ${String(value)}`
  const documented = {
    seen: 'verified',
    withoutToken: 'token-missing',
    atExpiry: 401,
    atDeletion: 201,
    rotationExit: 0,
  }
  return { title, variants, ...documented, ...SEEN[title] }
})

describe('each switch of the emulator, from the set-up to a revocation', () => {
  const unlike = CELLS.filter(({ title }) => title in SEEN)
  const alike = CELLS.filter(({ title }) => !(title in SEEN))
  it.concurrent.for([...unlike, ...everyNth(3, alike)])('$title → $seen', async (cell, { expect }) => {
    const bench = await workbench({ variants: cell.variants })
    let server: RunningServer | undefined
    try {
      const { data } = await bench.json('setup', '--event', PAGE)
      expect(data).toMatchObject({ pageEventId: PAGE, event: { id: UUID } })
      server = await serve(bench, PAGE)
      const chat = new Chat(bench, server)

      const first = await chat.enter()
      expect(first.seen).toBe(cell.seen)
      expect((await chat.look('')).seen).toBe(cell.withoutToken)
      if (cell.events) {
        await server.close()
        server = await serve(bench, cell.events)
        chat.server = server
      }
      const fixed = cell.events ? 'verified' : cell.seen
      const second = await chat.enter()
      expect(second.seen).toBe(fixed)
      expect(second.token).not.toBe(first.token)

      // the token's expiry, by Kinescope's clock
      bench.ahead.ms = 2 * 3600_000
      if (cell.seen === 'verified') {
        expect((await chat.look(second.token)).seen).toBe('token-expired')
        expect(await chat.say(second.session)).toBe(cell.atExpiry)
      }
      bench.ahead.ms = 0

      const before = (await chat.enter()).kid
      expect((await bench.kc('keys', 'rotate', '--propagation', '0')).exit).toBe(cell.rotationExit)
      await server.reload()
      const rotated = await chat.enter()
      expect(rotated.seen).toBe(fixed)
      expect(rotated.kid === before).toBe(cell.rotationExit !== 0)
      if (cell.rotationExit !== 0) return

      expect((await bench.kc('keys', 'revoke', rotated.kid)).exit).toBe(0)
      await server.reload()
      const afterwards = await chat.enter()
      expect(afterwards.seen).toBe(fixed)
      expect(afterwards.kid).not.toBe(rotated.kid)
      if (cell.seen !== 'verified') return
      expect((await chat.look(rotated.token)).seen).toBe('key-not-registered')
      expect(await chat.say(rotated.session)).toBe(cell.atDeletion)
    } finally {
      await server?.close()
      await bench.close()
    }
  })

  it('beforeStart: not-yet → not-started, until the stream starts', async ({ expect }) => {
    const bench = await workbench({ variants: { beforeStart: 'not-yet' } })
    const { publicId } = SEED.upcoming
    await bench.json('setup', '--event', publicId)
    const server = await serve(bench, publicId)
    const chat = new Chat(bench, server, publicId)
    expect((await chat.enter()).seen).toBe('not-started')
    bench.emulator.state.events.find((event) => event.publicId === publicId)!.status = 'started'
    expect((await chat.enter()).seen).toBe('verified')
    await server.close()
    await bench.close()
  })
})

const serve = ({ keyDir }: Workbench, events: string) =>
  startServer(
    readServeConfig({
      PORT: '0',
      CHAT_EVENTS: events,
      CHAT_KEY_DIR: keyDir,
      CHAT_IDENTITY: 'header',
      CHAT_IDENTITY_ID_HEADER: 'x-visitor',
      CHAT_IDENTITY_NAME_HEADER: 'x-visitor',
      CHAT_TRUSTED_PROXIES: '127.0.0.1',
      CHAT_LOG_LEVEL: 'silent',
    }),
  )

/** Acts like the element, without a browser: requests a token and opens the chat with it. */
class Chat {
  readonly #bench: Workbench
  server: RunningServer
  readonly #page: string
  #visits = 0

  constructor(bench: Workbench, server: RunningServer, page: string = PAGE) {
    this.#bench = bench
    this.#page = page
    this.server = server
  }

  async enter() {
    const { url } = this.server
    const response = await fetch(`${url}/token`, {
      method: 'POST',
      // each visit has another visitor, since one visitor's tokens of the same second are equal
      headers: { 'content-type': 'application/json', origin: url, 'x-visitor': `visitor-${this.#visits++}` },
      body: JSON.stringify({ event_id: this.#page }),
    })
    const { token, chat_id = this.#page } = (await response.json()) as { token: string; chat_id?: string }
    const { kid = '' } = jwt.decode(token, { complete: true })!.header
    return { token, kid, ...(await this.look(token, chat_id)) }
  }

  /** What the chat page shows: the visitor's standing, or the code of the rejection. */
  async look(token: string, chatId = this.#page): Promise<{ seen: string; session: string }> {
    const address = `${this.#bench.emulator.url}/chat/${chatId}${token && `?token=${token}`}`
    const options = { headers: { referer: `https://${SITE}/` }, signal: AbortSignal.timeout(TIMEOUT_MS) }
    const page = await fetch(address, options).then(
      (response) => response.text(),
      () => 'data-refused="frame-timeout"',
    )
    const seen = /data-(?:standing|refused)="([\w-]+)"/.exec(page)?.[1] ?? 'nothing'
    return { seen, session: /data-session="([\w-]+)"/.exec(page)?.[1] ?? '' }
  }

  /** Sends a message. Returns the status of the response. */
  async say(session: string): Promise<number> {
    const response = await fetch(`${this.#bench.emulator.url}/chat/${this.#page}/messages`, {
      method: 'POST',
      headers: { authorization: `Bearer ${session}`, 'content-type': 'application/json' },
      body: '{"text":"Hello"}',
    })
    return response.status
  }
}
