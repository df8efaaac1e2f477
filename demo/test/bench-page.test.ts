import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { benchPage } from '../bench/bench-page.js'
import type { Chapter, Chapters } from '../bench/part.js'

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')

const chapter = (change: Partial<Chapter> = {}): Chapter => ({
  title: 'The server',
  how: 'Three rounds.',
  aims: [{ what: 'tokens', measured: 3, bound: 'at least', limit: 2 }],
  tables: [{ title: 'Tokens', bars: 'tokens /s', rows: [{ server: 'a|b', 'tokens /s': 1234.5 }] }],
  circumstances: { date: '2026-01-02', machine: '2 cores', load: 0.4, long: false },
  ...change,
})

describe('the page of the bench', () => {
  it('is current: `npm run bench -- PART` writes it and demo/bench/measured.json together', () => {
    const chapters = JSON.parse(read('../bench/measured.json')) as Chapters
    expect(read('../../docs/bench.md')).toBe(benchPage(chapters))
  })

  it('has the aims of all chapters, met and missed', () => {
    const missed = chapter({
      title: 'PHP',
      aims: [{ what: 'errors', measured: 1, bound: 'at most', limit: 0 }],
    })
    const page = benchPage({ server: chapter(), php: missed })
    expect(page).toContain('| tokens | at least 2 | 3 | yes | [The server](#the-server) |')
    expect(page).toContain('| errors | at most 0 | 1 | no | [PHP](#php) |')
  })

  it('says of each chapter when it was measured, and whether the machine was busy', () => {
    const busy = { date: '2026-03-04', machine: '8 cores', load: 1.51, long: true }
    const page = benchPage({ quiet: chapter(), busy: chapter({ title: 'PHP', circumstances: busy }) })
    expect(page).toContain('Short form, 2026-01-02, 2 cores, load average 0.40.')
    expect(page).toContain('Long form, 2026-03-04, 8 cores, load average 1.51: **a busy machine**.')
  })

  it('draws bars and keeps a cell in its column', () => {
    const page = benchPage({ server: chapter() })
    expect(page).toContain('| server | tokens /s | tokens /s |')
    expect(page).toContain(`| a\\|b | 1,234.5 | ${'█'.repeat(24)} |`)
  })
})
