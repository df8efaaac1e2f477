import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SEED } from '../../../../demo/emulator/seed-events.js'
import { linesOf } from '../../src/cli/audit-lines.js'
import { AuditSummary, MOST_VISITORS } from '../../src/cli/audit-summary.js'
import { workbench, type Workbench } from './workbench.js'

let bench: Workbench
let kid: string
const NOW = Date.parse('2026-11-25T12:00:00Z')
beforeEach(async () => {
  bench = await workbench()
  bench.ahead.ms = NOW - Date.now()
  kid = (await bench.json('setup', '--event', SEED.live.id)).data.kid as string
})
afterEach(() => bench.close())

interface Row {
  at?: number
  user?: string
  kid?: string
  event?: string
  network?: string | null
}
const line = ({ at = 0, user = 'u1', kid: by = kid, event = 'e1', network = '10.0.0.0/24' }: Row = {}) =>
  JSON.stringify({
    time: new Date(NOW - 3_600_000 + at).toISOString(),
    request_id: 'r',
    kid: by,
    event_id: event,
    user_id: user,
    exp: (NOW - 3_600_000 + at) / 1000 + 3600,
    network,
  })
const file = (content: string | Buffer, name = 'audit.jsonl') => {
  const path = join(bench.folder, name)
  writeFileSync(path, content)
  return path
}
const audit = async (...argv: string[]) =>
  (await bench.json('audit', ...argv)).data as Record<string, unknown> & { unusual: { code: string }[] }
const unusual = (data: { unusual: { code: string }[] }) => data.unusual.map(({ code }) => code)

describe('audit', () => {
  it('says where the keys could not be compared, and why', async () => {
    const path = file(`${line()}\n`)
    expect(await audit(path)).toMatchObject({ comparedWithRing: true })
    chmodSync(bench.keyDir, 0o777)
    expect(await audit(path)).toMatchObject({ comparedWithRing: false })
    expect((await bench.kc('audit', path)).stdout).toContain('key-directory-untrusted')
  })

  it('counts tokens, visitors, keys and streams, first and last, and who can still be in', async () => {
    const path = file(
      [line(), line({ at: 60_000, user: 'u2' }), line({ at: 120_000, event: 'e2' })].join('\n') + '\n',
    )
    expect(await audit(path)).toMatchObject({
      lines: 3,
      tokens: 3,
      visitors: 2,
      visitorsWithLiveTokens: 2,
      first: '2026-11-25T11:00:00.000Z',
      last: '2026-11-25T11:02:00.000Z',
      torn: false,
      keys: [{ name: kid, tokens: 3, visitors: 2 }],
      streams: [
        { name: 'e1', tokens: 2, visitors: 2 },
        { name: 'e2', tokens: 1, visitors: 1 },
      ],
    })
  })

  it('takes only one key’s, one stream’s, or the later ones', async () => {
    const path = file(
      [line(), line({ user: 'u2', event: 'e2', at: 60_000 }), line({ kid: 'k2', user: 'u3' })].join('\n'),
    )
    expect(await audit(path, '--kid', 'k2')).toMatchObject({ tokens: 1 })
    expect(await audit(path, '--event', 'https://kinescope.io/chat/e2')).toMatchObject({ tokens: 1 })
    for (const since of ['2026-11-25T11:00:30Z', '3570s', '60min'])
      expect(await audit(path, '--since', since), since).toMatchObject({ tokens: 1 })
    expect((await bench.kc('audit', path, '--since', 'yesterday')).exit).toBe(2)
    const { stdout } = await bench.kc('audit', path, '--kid', kid, '--visitors')
    expect(stdout).toBe('u1\nu2\n')
  })

  it('tells torn and strange lines from its own, and names the first', async () => {
    const path = file(`${line()}\nnot json\n{"time":1}\n\n[]\n${line()}\n${line().slice(0, 40)}`)
    const data = await audit(path)
    expect(data).toMatchObject({ tokens: 2, strangeLines: 3, torn: true })
    expect(unusual(data)).toEqual(['strange-lines'])
  })

  it('reads a file that is packed, and says so where it is cut off', async () => {
    const text = `${line()}\n`.repeat(5000)
    expect(await audit(file(gzipSync(text), 'audit.1.gz'))).toMatchObject({ tokens: 5000 })
    const cut = gzipSync(text).subarray(0, 200)
    expect((await bench.json('audit', file(cut, 'audit.2.gz'))).data.error).toMatchObject({
      code: 'audit-unreadable',
    })
  })

  it('finds a visitor from many networks, a burst, a key that isn’t in the ring', async () => {
    const travels = Array.from({ length: 8 }, (_, i) =>
      line({ user: 'far', at: i * 600_000, network: `10.0.${i}.0/24` }),
    )
    const bursts = Array.from({ length: 15 }, (_, i) => line({ user: 'fast', at: i * 1000 }))
    const data = await audit(file([...travels, ...bursts, line()].join('\n')))
    expect(unusual(data).sort()).toEqual(['burst', 'many-networks'])
    const foreign = await bench.json('audit', file(`${line({ kid: 'not-ours' })}\n`))
    expect([foreign.exit, unusual(foreign.data)]).toEqual([1, ['kid-unknown']])
  })

  it('finds a server that goes on signing with a revoked key', async () => {
    await bench.kc('keys', 'revoke', kid)
    const late = line({ at: 3_600_000 + 600_000 })
    const { exit, data } = await bench.json('audit', file(`${line()}\n${late}\n`))
    expect([exit, unusual(data)]).toEqual([1, ['kid-revoked']])
  })

  it('has words for a file that isn’t there, is a directory, or is empty', async () => {
    expect((await bench.json('audit', join(bench.folder, 'nope'))).data.error).toMatchObject({
      code: 'enoent',
    })
    expect((await bench.json('audit', bench.folder)).data.error).toMatchObject({ code: 'eisdir' })
    expect((await bench.kc('audit', file(''))).exit).toBe(0)
  })
})

describe('keys revoke ends by saying who is affected', () => {
  it('counts the visitors, where CHAT_AUDIT is set', async () => {
    bench.env['CHAT_AUDIT'] = file(
      [line(), line({ user: 'u2' }), line({ user: 'u3', kid: 'other' })].join('\n'),
    )
    const { data } = await bench.json('keys', 'revoke', kid)
    expect(data.affected).toEqual([{ kid, visitors: 2 }])
  })

  it('says how to know, where it isn’t, or can’t be read; the key is revoked all the same', async () => {
    bench.env['CHAT_AUDIT'] = join(bench.folder, 'nope')
    const { exit, stdout } = await bench.kc('keys', 'revoke', kid)
    expect(exit).toBe(0)
    expect(stdout).toContain(`audit FILE --kid ${kid}`)
    expect(bench.emulator.state.keys.map((key) => key.kid)).not.toContain(kid)
  })
})

describe('lines of a file', () => {
  it('come as they stand, whatever they hold and however long', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: fc.constantFrom('a', 'ж', '😀', '\r', '\0'), maxLength: 20 }), {
          maxLength: 30,
        }),
        async (texts) => {
          const read = []
          for await (const batch of linesOf(file(texts.map((text) => `${text}\n`).join(''))))
            read.push(...batch)
          expect(read.map(({ text }) => text)).toEqual(texts)
        },
      ),
      { numRuns: 30 },
    )
  })

  it('that are too long are not kept', async () => {
    const read = []
    for await (const batch of linesOf(file(`${'x'.repeat(5_000_000)}\nshort\n`))) read.push(...batch)
    expect(read.map(({ text }) => text)).toEqual([null, 'short'])
  })
})

it('visitors beyond the bound are counted as tokens, and that is said', () => {
  const summary = new AuditSummary()
  for (let i = 0; i < MOST_VISITORS + 10; i += 1) {
    summary.add({ time: NOW, kid: 'k', eventId: 'e', userId: `u${i}`, exp: NOW, network: null })
  }
  expect([summary.visitors.size, summary.complete, summary.total.tokens]).toEqual([
    MOST_VISITORS,
    false,
    MOST_VISITORS + 10,
  ])
})
