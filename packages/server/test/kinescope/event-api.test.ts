import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SEED } from '../../../../demo/emulator/seed-events.js'
import { workbench, type Workbench } from '../cli/workbench.js'

let bench: Workbench
beforeEach(async () => {
  bench = await workbench()
})
afterEach(() => bench.close())

const event = (id: string) => bench.emulator.state.events.find((candidate) => candidate.id === id)!

describe('events enable', () => {
  it.each([
    ['a UUID', SEED.live.id],
    ['a UUID in capitals', SEED.live.id.toUpperCase()],
    ['a public id', SEED.live.publicId],
    ['a play_link', `https://kinescope.io/${SEED.live.publicId}`],
    ['a chat link', `https://kinescope.io/chat/${SEED.live.publicId}?token=x`],
    ['a player link with a slash at its end', `https://kinescope.io/embed/${SEED.live.publicId}/`],
    ['a chat link with the UUID', `https://kinescope.io/chat/${SEED.live.id}`],
  ])('accepts %s', async (_form, id) => {
    const { exit, data } = await bench.json('events', 'enable', id)
    expect([exit, data.event.jwtRequired]).toEqual([0, true])
    expect(event(SEED.live.id).jwtRequired).toBe(true)
  })

  it('finds an old stream by its nine digits, and disable turns JWT off again', async () => {
    await bench.json('events', 'enable', '202083609')
    expect(event(SEED.old.id).jwtRequired).toBe(true)
    await bench.json('events', 'disable', '202083609', '--yes')
    expect(event(SEED.old.id).jwtRequired).toBe(false)
  })

  it('sends one field', async () => {
    const real = globalThis.fetch
    const bodies: unknown[] = []
    globalThis.fetch = async (address, init) => {
      if (init?.method === 'PUT') bodies.push(JSON.parse(init.body as string))
      return real(address, init)
    }
    await bench.json('events', 'enable', SEED.live.id).finally(() => (globalThis.fetch = real))
    expect(bodies).toEqual([{ chat_jwt_required: true }])
  })

  it('reports other changed fields, and never shows the broadcast’s key', async () => {
    bench.emulator.state.variants.eventUpdate = 'full'
    const { exit, data } = await bench.json('events', 'enable', SEED.live.id)
    expect(exit).toBe(1)
    const names = (data.alsoChanged as { name: string }[]).map(({ name }) => name)
    expect(names).toContain('name')
    expect(names).not.toContain('updated_at')
    expect(JSON.stringify(data)).not.toContain('not-for-you')
  })

  it('succeeds with an unknown state if Kinescope doesn’t show the setting', async () => {
    bench.emulator.state.variants.jwtRequiredShown = false
    const { exit, data } = await bench.json('events', 'enable', SEED.live.id)
    expect([exit, data.event.jwtRequired]).toEqual([0, null])
    expect(event(SEED.live.id).jwtRequired).toBe(true)
  })

  it.each([
    ['a finished stream', SEED.finished.id, 'event-finished', '400246'],
    ['a malformed id', 'event-abc-123', 'api-id-malformed', '400301'],
    ['an unknown stream', '00000000-0000-4000-8000-000000000000', 'event-not-found', '404'],
    [
      'a public id in the wrong case',
      SEED.live.publicId.toLowerCase(),
      'event-not-found',
      SEED.live.publicId,
    ],
    ['an id that is a path', '../../v1/jwk', 'api-id-malformed', '400301'],
    ['an id that is the parent', '..', 'api-id-malformed', '..'],
  ])('explains %s', async (_what, id, code, named) => {
    const { exit, stderr } = await bench.kc('events', 'enable', id)
    expect(exit).toBe(1)
    expect(stderr).toContain(`(${code})`)
    expect(stderr).toContain(named)
    const { data } = await bench.json('events', 'enable', id)
    expect(data.error.remediation.length).toBeGreaterThan(10)
  })
})

describe('events list and show', () => {
  it.each(['data', 'bare', 'paged'] as const)('reads the list in the form "%s"', async (eventList) => {
    bench.emulator.state.variants.eventList = eventList
    const { data } = await bench.json('events', 'list')
    expect(data.events).toHaveLength(bench.emulator.state.events.length)
  })

  it('reads more streams than one page has', async () => {
    const template = bench.emulator.state.events[0]!
    for (let index = 0; index < 250; index += 1) {
      const id = `10000000-0000-4000-8000-${String(index).padStart(12, '0')}`
      bench.emulator.state.events.push({ ...template, id, publicId: `p${index}` })
    }
    const { data } = await bench.json('events', 'show', 'p249')
    expect(data.publicId).toBe('p249')
  })

  it.each(['data', 'bare'] as const)('reads one stream in the envelope "%s"', async (eventEnvelope) => {
    bench.emulator.state.variants.eventEnvelope = eventEnvelope
    const { data } = await bench.json('events', 'show', SEED.finished.publicId)
    expect(data).toMatchObject({ id: SEED.finished.id, status: 'finished', jwtRequired: false })
  })

  it('requests an id that no link has, if the API accepts such ids', async () => {
    bench.emulator.state.variants.apiEventId = 'any'
    const { exit } = await bench.json('events', 'show', 'nobody')
    expect(exit).toBe(1)
    expect(bench.emulator.count('GET', '/v2/live/events/nobody')).toBe(1)
  })
})
