import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { buildEmulator, type Emulator } from '../../emulator/emulator.js'
import { DEFAULT_SETTINGS, SEED, type StreamEvent } from '../../emulator/seed-events.js'
import { callApi } from './call-api.js'

describe('the live events API', () => {
  let emulator: Emulator
  const path = `/v2/live/events/${SEED.live.id}`

  beforeEach(async () => {
    emulator = buildEmulator()
    await emulator.listen()
  })
  afterEach(() => emulator.close())

  it('shows a stream with its play_link and whether JWT is required', async () => {
    const { body } = await callApi(emulator, 'GET', path)
    expect(body.data).toMatchObject({
      id: SEED.live.id,
      play_link: `https://kinescope.io/${SEED.live.publicId}`,
      chat_jwt_required: false,
    })
  })

  it('changes only the fields in a PUT', async () => {
    const { body } = await callApi(emulator, 'PUT', path, { chat_jwt_required: true })
    expect(body.data).toMatchObject({ chat_jwt_required: true, name: SEED.live.name, ...DEFAULT_SETTINGS })
    expect(emulator.state.events[0]!.jwtRequired).toBe(true)
  })

  it('resets the fields that a PUT omits, if updates are full', async () => {
    emulator.state.variants.eventUpdate = 'full'
    const { body } = await callApi(emulator, 'PUT', path, { chat_jwt_required: true })
    expect(body.data).toMatchObject({
      chat_jwt_required: true,
      name: '',
      chat_preview: false,
      reconnect_window: 0,
    })
  })

  it('omits chat_jwt_required and the envelope if configured', async () => {
    emulator.state.variants.jwtRequiredShown = false
    expect((await callApi(emulator, 'GET', path)).body.data).not.toHaveProperty('chat_jwt_required')
    emulator.state.variants.eventEnvelope = 'bare'
    expect((await callApi(emulator, 'PUT', path, { chat_jwt_required: true })).body.id).toBe(SEED.live.id)
  })

  it.each([
    ['a finished stream', SEED.finished.id, 400, 400246],
    ['an id that is no UUID', SEED.live.publicId, 400, 400301],
    ['an unknown stream', '00000000-0000-4000-8000-000000000000', 404, 404404],
  ])('rejects a change of %s', async (_title, id, status, code) => {
    const reply = await callApi(emulator, 'PUT', `/v2/live/events/${id}`, { chat_jwt_required: true })
    expect([reply.status, reply.body.error.code]).toEqual([status, code])
  })

  it('rejects a value of the wrong type', async () => {
    const { body } = await callApi(emulator, 'PUT', path, { chat_jwt_required: 'yes' })
    expect(body.error.code).toBe(400102)
  })

  it('accepts any id in the path if configured', async () => {
    emulator.state.variants.apiEventId = 'any'
    expect((await callApi(emulator, 'GET', `/v2/live/events/${SEED.old.publicId}`)).body.data.id).toBe(
      SEED.old.id,
    )
  })

  it('lists ten streams on a page by default, at most a hundred, newest first', async () => {
    emulator.state.events = Array.from({ length: 25 }, (_, index): StreamEvent => ({
      ...structuredClone(SEED.live),
      id: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
      name: `stream ${index}`,
      createdAt: new Date(Date.UTC(2026, 0, 1 + index)).toISOString(),
    }))
    const list = async (query: string) => (await callApi(emulator, 'GET', `/v2/live/events${query}`)).body
    const first = await list('')
    expect(first.meta).toEqual({
      pagination: { page: 1, per_page: 10, total: 25 },
      order: { created_at: 'desc' },
    })
    expect(first.data[0]).toMatchObject({ name: 'stream 24' })
    expect((await list('?page=3&per_page=10')).data).toHaveLength(5)
    expect((await list('?per_page=100')).data).toHaveLength(25)
    expect((await list('?per_page=101')).error.code).toBe(400400)
    expect((await list('?order=name.asc&per_page=1')).data).toMatchObject([{ name: 'stream 0' }])
    expect((await list('?order=colour.asc')).error.code).toBe(400216)
  })
})
