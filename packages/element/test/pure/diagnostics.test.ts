import { describe, expect, it } from 'vitest'
import { quote, readable, shown } from '../../src/text.js'
import { writeReport, type Diagnostics } from '../../src/diagnostics.js'

const diagnostics: Diagnostics = {
  version: '1.0.0',
  eventId: 'event-abc-123',
  state: 'ready',
  problem: null,
  header: { alg: 'RS256', typ: 'JWT', kid: 'k-1', jwk: { n: 'modulus' } },
  claims: {
    aud: 'chat',
    event_id: 'event-abc-123',
    exp: 7,
    iat: 1,
    user_id: 'user-12345',
    username: 'Жанна Иванова',
    email: 'zhanna@example.com',
    sub: 'passport',
    roles: ['admin-of-shop'],
  },
  wrong: null,
  life: null,
  timeLeftMs: 1,
  clockDifferenceMs: null,
  steps: [{ at: 1, what: 'load' }],
  ignoredChatOrigin: null,
  browser: 'x',
  page: 'https://a.example',
}

describe('a report for the support', () => {
  it('masks every member of a token but those that say nothing of a person', () => {
    const report = writeReport(diagnostics)
    for (const kept of ['RS256', 'k-1', 'event-abc-123', '"aud": "chat"', 'load', 'https://a.example'])
      expect(report).toContain(kept)
    for (const secret of ['user-12345', 'Жанна', 'zhanna@', 'passport', 'admin-of-shop', 'modulus'])
      expect(report).not.toContain(secret)
    expect(report).toContain('"username": "Жа…"')
  })

  it('holds nothing that hides, and is short, whatever a refused token held', () => {
    const report = writeReport({
      ...diagnostics,
      header: { alg: '\u202e\u0007\u009b\ud800'.repeat(1000) },
      claims: { aud: Array.from({ length: 10_000 }, () => 'x'.repeat(10_000)), exp: deep(100_000) },
    })
    expect(report).toContain('\\\\u{202e}\\\\u{7}\\\\u{9b}\\\\u{d800}')
    expect(report.length).toBeLessThan(100_000)
  })
})

const deep = (levels: number): unknown => {
  let value: unknown = 1
  for (let level = 0; level < levels; level++) value = [value]
  return value
}

describe('what comes from outside', () => {
  it('is cut by characters, not in the middle of one', () => {
    expect(shown('😀'.repeat(10), 3)).toBe('😀😀😀…')
    expect(shown('abc', 3)).toBe('abc')
    expect(quote('a'.repeat(1_000_000)).length).toBeLessThan(70)
  })

  it('is said in words where it is none', () => {
    expect([quote(undefined), quote(7), quote(['x']), quote(() => 1), quote(1n)]).toEqual([
      'undefined',
      '7',
      '["x"]',
      'function',
      'bigint',
    ])
    expect(readable({ a: [{ b: '\u0000' }] })).toEqual({ a: [{ b: '\\u{0}' }] })
  })
})
