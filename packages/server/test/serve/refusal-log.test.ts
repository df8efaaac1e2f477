import { afterEach, describe, expect, it, vi } from 'vitest'
import type { TokenOutcome } from '../../src/endpoint/request.js'
import { RefusalLog } from '../../src/serve/refusal-log.js'

type Refused = Extract<TokenOutcome, { kind: 'refused' }>
const refused = (more: Partial<Refused> = {}): Refused => ({
  kind: 'refused',
  requestId: 'r-1',
  code: 'origin-not-allowed',
  reason: 'origin-not-listed',
  status: 403,
  todo: 'If the page is yours, add its origin.',
  origin: 'https://evil.test',
  address: '203.0.113.1',
  ...more,
})

function setUp() {
  const lines: { level: string; text: string; [fact: string]: unknown }[] = []
  const at = (level: string) => (facts: unknown, text?: string) =>
    void lines.push({ ...(facts as object), level, text: text ?? '' })
  const log = new RefusalLog({ debug: at('debug'), info: at('info'), error: at('error') } as never)
  return { log, lines }
}

afterEach(() => vi.useRealTimers())

describe('the log of request outcomes', () => {
  it('shows the first outcome of a kind in full and at once, and counts equal ones', () => {
    const { log, lines } = setUp()
    for (let i = 0; i < 10_000; i++) log.outcome(refused({ requestId: `r-${i}` }))
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatchObject({
      code: 'origin-not-allowed',
      reason: 'origin-not-listed',
      origin: 'https://evil.test',
      address: '203.0.113.1',
      requestId: 'r-0',
    })
    expect(lines[0]).toHaveProperty('todo')
    log.flush()
    expect(lines).toHaveLength(2)
    expect(lines[1]).toMatchObject({ again: 9999, address: '203.0.113.1', origin: 'https://evil.test' })
    log.close()
  })

  it('has a few lines a minute, for any number of attacking addresses and origins', () => {
    const { log, lines } = setUp()
    for (let i = 0; i < 100_000; i++) {
      const address = `203.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`
      log.outcome(refused({ address, origin: `https://evil-${i}.test` }))
    }
    expect(lines).toHaveLength(21)
    log.flush()
    expect(lines).toHaveLength(22)
    expect(lines[21]).toMatchObject({ again: 100_000 - 21 })
    log.close()
  })

  it('shows a new outcome during an attack: another reason has its own first line', () => {
    const { log, lines } = setUp()
    for (let i = 0; i < 1000; i++) log.outcome(refused({ address: `198.51.100.${i % 250}` }))
    const before = lines.length
    log.outcome(
      refused({ code: 'identity-unavailable', reason: 'site-page', status: 503, cause: new Error('x') }),
    )
    expect(lines).toHaveLength(before + 1)
    expect(lines.at(-1)).toMatchObject({
      level: 'error',
      code: 'identity-unavailable',
      err: expect.any(Error) as Error,
    })
    log.close()
  })

  it('counts the addresses of one IPv6 network as one', () => {
    const { log, lines } = setUp()
    for (let i = 0; i < 500; i++) log.outcome(refused({ address: `2001:db8:1:2::${i.toString(16)}` }))
    expect(lines).toHaveLength(1)
    log.close()
  })

  it('logs only the scheme, host and port of an origin', () => {
    const { log, lines } = setUp()
    for (const rest of ['/embed?identity=eyJ', '?identity=eyJ', '/eyJ', ''])
      log.outcome(refused({ origin: `https://evil.test${rest}` }))
    expect(lines.map(({ origin }) => origin)).toEqual(Array.from(lines, () => 'https://evil.test'))
    log.close()
  })

  it('resets each minute, and also reports successes', () => {
    vi.useFakeTimers()
    const { log, lines } = setUp()
    log.outcome({ kind: 'minted', requestId: 'r', eventId: 'e', kid: 'k', signMs: 1 })
    log.outcome(refused())
    vi.advanceTimersByTime(60_000)
    expect(lines.map(({ level }) => level)).toEqual(['debug', 'info', 'info'])
    expect(lines[2]).toMatchObject({ tokens: 1, refused: 1 })
    log.outcome(refused())
    expect(lines).toHaveLength(4)
    vi.advanceTimersByTime(60_000)
    expect(lines).toHaveLength(4)
    log.close()
  })
})
