import { execFileSync } from 'node:child_process'
import { closeSync, constants, createReadStream, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SEED } from '../../../../demo/emulator/seed-events.js'
import { linesOf, MAX_VISITORS, readAudit } from '../../src/cli/audit-reader.js'
import { run } from '../../src/cli/run.js'
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
const pipe = () => {
  const path = join(bench.folder, 'audit.pipe')
  execFileSync('mkfifo', [path])
  return path
}
const audit = async (...argv: string[]) =>
  (await bench.json('audit', ...argv)).data as Record<string, unknown>

describe('audit', () => {
  it('counts tokens, visitors, keys, streams and visitors with live tokens', async () => {
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
      networks: 1,
      keys: [{ name: kid, tokens: 3 }],
      streams: [
        { name: 'e1', tokens: 2 },
        { name: 'e2', tokens: 1 },
      ],
    })
  })

  it('filters by key, stream or time', async () => {
    const path = file(
      [line(), line({ user: 'u2', event: 'e2', at: 60_000 }), line({ kid: 'k2', user: 'u3' })].join('\n'),
    )
    expect(await audit(path, '--kid', 'k2')).toMatchObject({ tokens: 1 })
    expect((await bench.kc('audit', path, '--kid', 'nobody')).stdout).toContain('Check --kid, --event')
    expect(await audit(path, '--event', 'https://kinescope.io/chat/e2')).toMatchObject({ tokens: 1 })
    for (const since of ['2026-11-25T11:00:30Z', '3570s', '60min'])
      expect(await audit(path, '--since', since), since).toMatchObject({ tokens: 1 })
    expect((await bench.kc('audit', path, '--since', 'yesterday')).exit).toBe(2)
    const { stdout } = await bench.kc('audit', path, '--kid', kid, '--visitors')
    expect(stdout).toBe('u1\nu2\n')
  })

  it('counts torn and unknown lines, and names the first of them', async () => {
    const path = file(`${line()}\nnot json\n{"time":1}\n\n[]\n${line()}\n${line().slice(0, 40)}`)
    const data = await audit(path)
    expect(data).toMatchObject({ tokens: 2, strangeLines: 3, torn: true })
    const { exit, stdout } = await bench.kc('audit', path)
    expect(stdout).toContain('the first is line 2')
    // the file may also contain lines of the log
    expect(exit).toBe(0)
  })

  it('exits with 1 for a file that is not an audit log', async () => {
    const { exit, stdout } = await bench.kc('audit', file('{"level":"info"}\nnot json\n'))
    expect(exit).toBe(1)
    expect(stdout).toContain('2 of 2 lines are not from an audit log')
    expect(stdout).not.toContain('--kid')
  })

  it('lists more visitors than a call can have arguments', async () => {
    const rows = Array.from({ length: 150_000 }, (_, index) => line({ user: `u${index}` }))
    const { exit, stdout } = await bench.kc('audit', file(rows.join('\n')), '--visitors')
    expect([exit, stdout.trim().split('\n').length]).toEqual([0, 150_000])
  })

  it('explains a missing file, a directory or an empty file', async () => {
    expect((await bench.json('audit', join(bench.folder, 'nope'))).data.error).toMatchObject({
      code: 'enoent',
    })
    expect((await bench.json('audit', bench.folder)).data.error).toMatchObject({ code: 'eisdir' })
    expect((await bench.kc('audit', file(''))).exit).toBe(0)
  })
})

describe('keys revoke reports the affected visitors', () => {
  it('with their number if CHAT_AUDIT is set', async () => {
    bench.env['CHAT_AUDIT'] = file(
      [line(), line({ user: 'u2' }), line({ user: 'u3', kid: 'other' })].join('\n'),
    )
    const { data } = await bench.json('keys', 'revoke', kid)
    expect(data.affected).toEqual([{ kid, visitors: 2 }])
  })

  it('with the command to count them if the audit log is missing or unreadable', async () => {
    bench.env['CHAT_AUDIT'] = join(bench.folder, 'nope')
    const { exit, stdout } = await bench.kc('keys', 'revoke', kid)
    expect(exit).toBe(0)
    expect(stdout).toContain(`audit FILE --kid ${kid}`)
    expect(bench.emulator.state.keys.map((key) => key.kid)).not.toContain(kid)
  })

  it('prints that the key is revoked before it reads the audit log', async () => {
    const path = join(bench.folder, 'audit.jsonl')
    const printed: string[] = []
    // the log is there only once something is printed
    const write = (text: string) => {
      if (printed.push(text) === 1) file(line())
    }
    const env = { ...bench.env, CHAT_AUDIT: path }
    await run(['keys', 'revoke', kid, '--yes'], { env, stdout: { write }, stderr: { write }, now: bench.now })
    expect(printed[0]).toContain(`${kid} is deleted`)
    expect(printed[1]).toContain(`Visitors that had tokens of ${kid}: 1`)
  })

  it('takes no line from a pipe, and doesn’t wait for one', async () => {
    bench.env['CHAT_AUDIT'] = pipe()
    const { exit, stdout } = await bench.kc('keys', 'revoke', kid)
    expect(exit).toBe(0)
    expect(stdout).toContain('can’t read')
  })
})

it('a signal ends the read of a log that neither grows nor ends', async () => {
  const path = pipe()
  const writer = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  writeSync(writer, `${line()}\n`)
  const controller = new AbortController()
  const reading = readAudit(path, {}, controller.signal)
  controller.abort()
  expect(await reading).toMatchObject({ isPartial: true })
  closeSync(writer)
})

describe('lines of a file', () => {
  it('are read unchanged, whatever their content and length', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: fc.constantFrom('a', 'ж', '😀', '\r', '\0'), maxLength: 20 }), {
          maxLength: 30,
        }),
        async (texts) => {
          const read = []
          for await (const batch of linesOf(
            createReadStream(file(texts.map((text) => `${text}\n`).join(''))),
          ))
            read.push(...batch)
          expect(read.map(({ text }) => text)).toEqual(texts)
        },
      ),
      { numRuns: 30 },
    )
  })

  it('are dropped if they are too long', async () => {
    const read = []
    for await (const batch of linesOf(createReadStream(file(`${'x'.repeat(5_000_000)}\nshort\n`))))
      read.push(...batch)
    expect(read.map(({ text }) => text)).toEqual([null, 'short'])
  })
})

it('the audit counts tokens, not visitors, beyond the bound, and reports that', async () => {
  const extra = 10
  const users = Array.from({ length: MAX_VISITORS + extra }, (_, i) => line({ user: `u${i}` }))
  const summary = await readAudit(file(users.join('\n')), {})
  expect([summary.visitors.size, summary.isComplete, summary.tokens]).toEqual([
    MAX_VISITORS,
    false,
    MAX_VISITORS + extra,
  ])
})
