import { Script } from 'node:vm'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { buildEmulator, type Emulator } from '../../emulator/emulator.js'
import { SEED } from '../../emulator/seed-events.js'
import type { Variants } from '../../emulator/variants.js'
import { callApi } from './call-api.js'
import { craftToken, makeKey, type CraftKey } from '../../site/craft-token.js'

const now = () => Math.floor(Date.now() / 1000)

describe('the chat page', () => {
  let emulator: Emulator
  let key: CraftKey
  let untrusted: CraftKey
  const variants = (changes: Partial<Variants>) => Object.assign(emulator.state.variants, changes)

  /** Opens the page. Returns the visitor's name and standing, or the code of the rejection. */
  async function visit(
    token?: string,
    id: string = SEED.live.publicId,
    headers: Record<string, string> = {},
  ) {
    const query = token === undefined ? '' : `?token=${token}`
    const reply = await fetch(`${emulator.url}/chat/${id}${query}`, { headers })
    const html = await reply.text()
    return {
      status: reply.status,
      headers: reply.headers,
      html,
      who: /id="who">([^<]+)</.exec(html)?.[1] ?? null,
      standing: /data-standing="([\w-]+)"/.exec(html)?.[1] ?? null,
      session: /data-session="([^"]+)"/.exec(html)?.[1] ?? '',
      refused: /data-refused="([\w-]+)"/.exec(html)?.[1] ?? null,
    }
  }
  const say = (session: string, text: string) =>
    fetch(`${emulator.url}/chat/${SEED.live.id}/messages`, {
      method: 'POST',
      headers: { authorization: `Bearer ${session}`, 'content-type': 'application/json' },
      body: JSON.stringify({ text }),
    })

  beforeAll(() => {
    key = makeKey('our-key')
    untrusted = makeKey('our-key')
  })
  beforeEach(async () => {
    emulator = buildEmulator()
    await emulator.listen()
    await callApi(emulator, 'POST', '/v1/jwk', key.registration)
    await callApi(emulator, 'PUT', `/v2/live/events/${SEED.live.id}`, { chat_jwt_required: true })
  })
  afterEach(() => emulator.close())

  it('shows a verified visitor’s name with Cyrillic letters and an emoji', async () => {
    expect(await visit(craftToken(key, SEED.live.publicId))).toMatchObject({
      status: 200,
      who: 'Жанна 😀',
      standing: 'verified',
    })
  })

  it('accepts the audience as an array, as the article’s Go sample makes it', async () => {
    expect((await visit(craftToken(key, SEED.live.id, { aud: ['chat'] }))).standing).toBe('verified')
  })

  it.each([
    ['UUID', SEED.live.id],
    ['22-character id', SEED.live.publicId],
    ['nine-digit id', SEED.old.publicId],
  ])('opens under a %s', async (_title, id) => {
    expect((await visit(craftToken(key, id), id)).standing).toBe('verified')
  })

  it('escapes markup in a name', async () => {
    const { html } = await visit(craftToken(key, SEED.live.id, { username: '<img src=x onerror=alert(1)>' }))
    expect(html).not.toContain('<img')
  })

  it.each<[string, (key: CraftKey, untrusted: CraftKey) => string]>([
    ['bad-signature', (_key, untrusted) => craftToken(untrusted, SEED.live.id)],
    ['key-not-registered', (key) => craftToken(key, SEED.live.id, {}, { kid: 'nobody' })],
    ['token-expired', (key) => craftToken(key, SEED.live.id, { exp: now() - 1 })],
    ['token-not-yet-valid', (key) => craftToken(key, SEED.live.id, { nbf: now() + 60 })],
    ['wrong-event', (key) => craftToken(key, SEED.second.id)],
    ['bad-audience', (key) => craftToken(key, SEED.live.id, { aud: 'Chat' })],
    ['claim-missing', (key) => craftToken(key, SEED.live.id, { username: undefined })],
    ['claim-missing', (key) => craftToken(key, SEED.live.id, {}, { kid: undefined })],
    ['token-malformed', () => 'not.a.token'],
    ['bad-algorithm', (key) => craftToken(key, SEED.live.id, {}, { alg: 'HS256' })],
  ])('rejects a token with %s', async (code, make) => {
    expect(await visit(make(key, untrusted))).toMatchObject({ status: 403, refused: code, session: '' })
  })

  it('rejects every token of a key that has expired, is for another algorithm or was deleted', async () => {
    const token = craftToken(key, SEED.live.id)
    const registered = emulator.state.keys[0]!
    registered.expiresAt = new Date(Date.now() - 1000).toISOString()
    expect((await visit(token)).refused).toBe('key-expired')
    Object.assign(registered, { expiresAt: '2099-01-01T00:00:00Z', alg: 'RS512' })
    expect((await visit(token)).refused).toBe('bad-algorithm')
    await callApi(emulator, 'DELETE', `/v1/jwk/${registered.id}`)
    expect((await visit(token)).refused).toBe('key-not-registered')
  })

  it('has no leeway by default, and a clock that can be wrong', async () => {
    const token = craftToken(key, SEED.live.id, { exp: now() - 5 })
    expect((await visit(token)).refused).toBe('token-expired')
    variants({ leeway: 60 })
    expect((await visit(token)).standing).toBe('verified')
    emulator.state.clockOffsetMs = 120_000
    expect((await visit(token)).refused).toBe('token-expired')
    const reply = await callApi(emulator, 'GET', '/v1/jwk')
    expect(Date.parse(reply.headers.get('date')!) - Date.now()).toBeGreaterThan(110_000)
  })

  it.each([
    ['uuid', SEED.live.id, SEED.live.publicId],
    ['public-id', SEED.live.publicId, SEED.live.id],
  ] as const)('requires the event_id claim to be the %s if configured', async (claimEventId, good, bad) => {
    variants({ claimEventId })
    expect((await visit(craftToken(key, good))).standing).toBe('verified')
    expect((await visit(craftToken(key, bad))).refused).toBe('wrong-event')
  })

  it('requires the event_id claim to be the id in the URL if configured', async () => {
    variants({ claimEventId: 'as-in-url' })
    expect((await visit(craftToken(key, SEED.live.id), SEED.live.id)).standing).toBe('verified')
    expect((await visit(craftToken(key, SEED.live.id), SEED.live.publicId)).refused).toBe('wrong-event')
  })

  it.each([
    ['refuse', { refused: 'token-missing', standing: null }],
    ['anonymous', { refused: null, standing: 'anonymous' }],
    ['read-only', { refused: null, standing: 'read-only' }],
  ] as const)('follows the switch if a required token is missing: %s', async (withoutToken, expected) => {
    variants({ withoutToken })
    expect(await visit()).toMatchObject(expected)
  })

  it('accepts a visitor without a token if the stream requires none', async () => {
    expect((await visit(undefined, SEED.second.publicId)).standing).toBe('anonymous')
  })

  it('rejects unknown ids and, if configured, upcoming streams and other sites’ pages', async () => {
    expect((await visit(undefined, 'nowhere')).status).toBe(404)
    expect((await visit(undefined, SEED.upcoming.id)).standing).toBe('anonymous')
    variants({ beforeStart: 'not-yet' })
    expect((await visit(undefined, SEED.upcoming.id)).refused).toBe('not-started')
    variants({ embedDomains: ['school.example'], frameAncestors: 'https://school.example' })
    const token = craftToken(key, SEED.live.id)
    expect((await visit(token)).refused).toBe('embed-refused')
    const visited = await visit(token, SEED.live.id, { referer: 'https://school.example/' })
    expect(visited.standing).toBe('verified')
    expect(visited.headers.get('content-security-policy')).toContain('frame-ancestors https://school.example')
  })

  it('applies a stream’s own switches to that stream only', async () => {
    emulator.state.events.find(({ id }) => id === SEED.second.id)!.chatVariants = { chatUrlId: 'uuid' }
    expect((await visit(undefined, SEED.second.publicId)).status).toBe(404)
    expect((await visit(craftToken(key, SEED.live.publicId), SEED.live.publicId)).status).toBe(200)
  })

  it('sends a visitor’s messages and the list of names to the others', async () => {
    const ann = await visit(craftToken(key, SEED.live.id, { username: 'Ann' }))
    const bob = await visit(craftToken(key, SEED.live.id, { username: 'Bob' }))
    const news = await listen(bob.session)
    await listen(ann.session)
    expect((await say(ann.session, 'Hello, Bob')).status).toBe(201)
    await news.until(/"name":"Ann".*Hello, Bob/)
    await news.until(/"names":\["Ann","Bob"\]/)
    expect((await say('nobody', 'Hi')).status).toBe(401)
    expect((await say(ann.session, '  ')).status).toBe(400)
  })

  it('ends a session when its token expires, or keeps it if configured', async () => {
    const ends = await visit(craftToken(key, SEED.live.id, { exp: now() + 2 }))
    variants({ sessionAtExpiry: 'survives' })
    const lives = await visit(craftToken(key, SEED.live.id, { exp: now() + 2 }))
    const news = await listen(ends.session)
    await news.until(/"kind":"ended","code":"token-expired"/)
    expect((await say(ends.session, 'Still here?')).status).toBe(401)
    expect((await say(lives.session, 'Still here.')).status).toBe(201)
  })

  it('ends the sessions of a deleted key if configured', async () => {
    variants({ sessionAtKeyDeletion: 'ends' })
    const { session } = await visit(craftToken(key, SEED.live.id))
    const news = await listen(session)
    await callApi(emulator, 'DELETE', `/v1/jwk/${emulator.state.keys[0]!.id}`)
    await news.until(/"code":"key-not-registered"/)
    expect((await say(session, 'Hello')).status).toBe(401)
  })

  it('records requests without queries, bodies or credentials', async () => {
    const token = craftToken(key, SEED.live.id)
    await visit(token, SEED.live.id, { referer: `https://school.example/?secret=${token}` })
    expect(emulator.count('GET', `/chat/${SEED.live.id}`)).toBe(1)
    const recorded = emulator.state.requests.at(-1)!
    expect(recorded).toMatchObject({ status: 200, referer: 'https://school.example/' })
    expect(JSON.stringify(emulator.state.requests)).not.toContain(token.slice(0, 20))
  })

  it('serves its script without types', async () => {
    const reply = await fetch(`${emulator.url}/page/chat.js`)
    const script = await reply.text()
    expect(reply.headers.get('content-type')).toContain('javascript')
    expect(() => new Script(script.replace('export {}', ''))).not.toThrow()
  })

  /** Opens a page's event stream. `until` reads it until a text arrives. */
  async function listen(session: string) {
    const reply = await fetch(`${emulator.url}/chat/${SEED.live.id}/stream?session=${session}`)
    const reader = reply.body!.pipeThrough(new TextDecoderStream()).getReader()
    let heard = ''
    return {
      async until(what: RegExp) {
        while (!what.test(heard)) {
          const { value, done } = await reader.read()
          if (done) throw new Error(`the stream ended before ${what}`)
          heard += value
        }
      },
    }
  }
})
