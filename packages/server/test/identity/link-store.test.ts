import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { linkFiles, revokeLinks } from '../../src/identity/link-files.js'
import { decideUse, memoryLinkStore, type DeviceUse, type LinkStore } from '../../src/identity/link-store.js'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const START = Date.UTC(2026, 10, 29, 18)

type Step = [at: number, device: string, result: 'ok' | 'other' | 'over']

/** The results of the uses of one link, in the order of time. */
function results(limit: { devices: number; once?: boolean }, steps: readonly Step[]): Step[] {
  const known = new Map<string, DeviceUse>()
  return steps.map(([at, device]) => {
    const { result } = decideUse(known, device, { once: false, ...limit, now: START + at })
    return [at, device, result]
  })
}

const COURSES: [what: string, limit: { devices: number; once?: boolean }, steps: Step[]][] = [
  [
    'one browser may come as often as it likes',
    { devices: 1 },
    [
      [0, 'phone', 'ok'],
      [5 * SECOND, 'phone', 'ok'],
      [20 * SECOND, 'phone', 'ok'],
      [30 * 24 * HOUR, 'phone', 'ok'],
    ],
  ],
  [
    'a browser that came back keeps all others out',
    { devices: 1 },
    [
      [0, 'phone', 'ok'],
      [20 * SECOND, 'phone', 'ok'],
      [30 * SECOND, 'friend', 'other'],
      [30 * 24 * HOUR, 'friend', 'other'],
      [30 * 24 * HOUR, 'phone', 'ok'],
    ],
  ],
  [
    'a scanner that opens the link first doesn’t use it up',
    { devices: 1 },
    [
      [0, 'scanner', 'ok'],
      [MINUTE, 'phone', 'ok'],
      [2 * MINUTE, 'phone', 'ok'],
      [3 * MINUTE, 'friend', 'other'],
      [3 * MINUTE, 'scanner', 'other'],
    ],
  ],
  [
    'a scanner that loads the page twice at once is still no visitor',
    { devices: 1 },
    [
      [0, 'scanner', 'ok'],
      [14 * SECOND, 'scanner', 'ok'],
      [MINUTE, 'phone', 'ok'],
      [2 * MINUTE, 'phone', 'ok'],
    ],
  ],
  [
    'two scanners, and the visitor within two hours: the visitor has to wait',
    { devices: 1 },
    [
      [0, 'scanner 1', 'ok'],
      [SECOND, 'scanner 2', 'ok'],
      [HOUR, 'phone', 'other'],
      [2 * HOUR + 2 * SECOND, 'phone', 'ok'],
    ],
  ],
  [
    'a browser that doesn’t come back within two hours no longer counts',
    { devices: 1 },
    [
      [0, 'phone', 'ok'],
      [3 * HOUR, 'tablet', 'ok'],
      [3 * HOUR + MINUTE, 'tablet', 'ok'],
      [4 * HOUR, 'phone', 'other'],
    ],
  ],
  [
    'a return after two hours is a first opening again',
    { devices: 1 },
    [
      [0, 'phone', 'ok'],
      [3 * HOUR, 'phone', 'ok'],
      [3 * HOUR + MINUTE, 'phone', 'ok'],
      [3 * HOUR + 2 * MINUTE, 'friend', 'other'],
    ],
  ],
  [
    'as many browsers as allowed, and one more until they have come back',
    { devices: 2 },
    [
      [0, 'a', 'ok'],
      [SECOND, 'b', 'ok'],
      [2 * SECOND, 'c', 'ok'],
      [3 * SECOND, 'd', 'other'],
      [MINUTE, 'a', 'ok'],
      [MINUTE, 'b', 'ok'],
      [MINUTE, 'c', 'other'],
      [HOUR, 'a', 'ok'],
      [HOUR, 'b', 'ok'],
    ],
  ],
  [
    'one visit of twelve hours, for one browser',
    { devices: 1, once: true },
    [
      [0, 'phone', 'ok'],
      [MINUTE, 'phone', 'ok'],
      [2 * MINUTE, 'friend', 'other'],
      [12 * HOUR, 'phone', 'ok'],
      [12 * HOUR + 1, 'phone', 'over'],
      [24 * HOUR, 'friend', 'over'],
    ],
  ],
  [
    'one visit isn’t begun by a scanner',
    { devices: 1, once: true },
    [
      [0, 'scanner', 'ok'],
      [24 * HOUR, 'phone', 'ok'],
      [24 * HOUR + MINUTE, 'phone', 'ok'],
      [36 * HOUR, 'phone', 'ok'],
      [36 * HOUR + 1, 'phone', 'over'],
    ],
  ],
]

describe('decideUse', () => {
  it.each(COURSES)('%s', (_what, limit, steps) => expect(results(limit, steps)).toEqual(steps))

  it('reports its changes, so that a store writes only those', () => {
    const known = new Map<string, DeviceUse>()
    const use = (at: number) => decideUse(known, 'phone', { devices: 1, once: false, now: at }).changed
    expect(use(0)).toEqual({ firstAt: 0, confirmedAt: null })
    expect(use(SECOND)).toBeUndefined()
    expect(use(MINUTE)).toEqual({ firstAt: 0, confirmedAt: MINUTE })
    expect(use(HOUR)).toBeUndefined()
    expect(decideUse(known, 'friend', { devices: 1, once: false, now: HOUR }).changed).toBeUndefined()
    expect([...known.keys()]).toEqual(['phone'])
  })

  it('keeps no entry of a rejected browser, so that a link’s holder can’t fill the memory', () => {
    const known = new Map<string, DeviceUse>()
    for (let index = 0; index < 1000; index++)
      decideUse(known, `browser ${index}`, { devices: 3, once: false, now: START + index })
    expect(known.size).toBe(4)
  })
})

describe('a store of links', () => {
  const folders: string[] = []
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
  })
  const folder = () => {
    const made = mkdtempSync(join(tmpdir(), 'link-store-'))
    folders.push(made)
    return made
  }

  it.each<[string, (now: () => number) => { first: LinkStore; second: LinkStore }]>([
    [
      'in memory',
      () => {
        const store = memoryLinkStore()
        return { first: store, second: store }
      },
    ],
    [
      'of two replicas in one directory',
      (now) => {
        const dir = folder()
        return { first: linkFiles({ dir, now }), second: linkFiles({ dir, now }) }
      },
    ],
  ])('%s decides each case as above, on either replica', async (_name, open) => {
    for (const [what, { devices, once = false }, steps] of COURSES) {
      let now = START
      const { first, second } = open(() => now)
      for (const [index, [at, device, result]] of steps.entries()) {
        now = START + at
        const store = index % 2 === 0 ? first : second
        expect(await store.use('link', device, { devices, once, now }), `${what}: step ${index}`).toBe(result)
        expect(await store.use(`another ${index}`, device, { devices, once, now })).toBe('ok')
      }
    }
  })

  it('in a directory survives a restart, a damaged line and an incomplete line', async () => {
    const dir = folder()
    const use = (store: LinkStore, device: string, at: number) =>
      store.use('link', device, { devices: 1, once: false, now: START + at })
    const first = linkFiles({ dir, now: () => START })
    await use(first, 'phone', 0)
    appendFileSync(join(dir, 'uses.jsonl'), 'not JSON\n{"id":7}\nnull\n')
    await use(first, 'phone', MINUTE)
    appendFileSync(join(dir, 'uses.jsonl'), '{"id":"link","dev')
    const restarted = linkFiles({ dir, now: () => START + HOUR })
    expect(await use(restarted, 'friend', HOUR)).toBe('other')
    expect(await use(restarted, 'phone', HOUR)).toBe('ok')
  })

  it('in a directory detects a revocation by another process within a second', async () => {
    const dir = folder()
    let now = START
    const store = linkFiles({ dir, now: () => now })
    expect(await store.isRevoked('link')).toBe(false)
    await revokeLinks(dir, ['link', 'other'])
    now += SECOND
    expect(await store.isRevoked('link')).toBe(true)
    expect(await store.isRevoked('third')).toBe(false)
  })

  it.each([
    ['deleted', (file: string) => rmSync(file)],
    ['emptied', (file: string) => writeFileSync(file, '')],
    ['rewritten', (file: string) => writeFileSync(file, 'link-2\nlink-3\n')],
  ])(
    'in a directory rejects links that are revoked before and after the file is %s',
    async (_name, change) => {
      const dir = folder()
      let now = START
      const store = linkFiles({ dir, now: () => now })
      const revoked = async (id: string) => {
        now += SECOND
        return store.isRevoked(id)
      }
      await revokeLinks(dir, ['link-1'])
      expect(await revoked('link-1')).toBe(true)
      change(join(dir, 'revoked.txt'))
      await revokeLinks(dir, ['link-9'])
      expect(await revoked('link-9')).toBe(true)
      expect(await revoked('link-1')).toBe(true)
    },
  )

  it('in a directory that hangs decides in memory, and occupies one thread', async () => {
    const dir = folder()
    const uses = join(dir, 'uses.jsonl')
    // opening it to write waits for a reader
    execFileSync('mkfifo', [uses])
    const troubles: unknown[] = []
    const store = linkFiles({ dir, onTrouble: (error) => troubles.push(error) })
    const use = { devices: 1, once: false, now: START }
    expect(await store.use('link', 'a', use)).toBe('ok')
    expect(troubles.map(String)).toEqual([
      expect.stringContaining('is not a regular file'),
      expect.stringContaining('Not done within 500 ms'),
    ])
    const results = ['b', 'c'].map((device) => store.use('link', device, use))
    expect(await Promise.all([...results, store.isRevoked('link')])).toEqual(['ok', 'other', false])
    expect(troubles).toHaveLength(3)
    // a reader ends the wait: both uses arrive, in order
    const reader = openSync(uses, constants.O_RDWR | constants.O_NONBLOCK)
    let written = ''
    const read = () => {
      const bytes = Buffer.alloc(4096)
      try {
        written += bytes.toString('utf8', 0, readSync(reader, bytes))
      } catch {
        // the pipe is empty
      }
      return written.split('\n').length - 1
    }
    await expect.poll(read).toBe(2)
    closeSync(reader)
  })

  it('in a directory that can’t be read still decides, and reports the problem', async () => {
    const troubles: unknown[] = []
    const dir = join(folder(), 'file')
    appendFileSync(dir, '')
    let now = START
    const store = linkFiles({ dir, onTrouble: (error) => troubles.push(error), now: () => now })
    expect(await store.isRevoked('link')).toBe(false)
    const use = { devices: 1, once: false, now: START }
    expect(await store.use('link', 'a', use)).toBe('ok')
    expect(await store.use('link', 'b', use)).toBe('ok')
    expect(await store.use('link', 'c', use)).toBe('other')
    // each operation once, for any number of visitors
    expect(troubles).toHaveLength(3)
    const readAgain = async () => {
      now += SECOND
      expect(await store.isRevoked('link')).toBe(false)
    }
    await readAgain()
    expect(troubles).toHaveLength(3)
    // and once again if it has worked in between
    rmSync(dir)
    await readAgain()
    appendFileSync(dir, '')
    await readAgain()
    expect(troubles).toHaveLength(4)
  })
})
