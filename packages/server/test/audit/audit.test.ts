import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { auditLine, parseAuditLine } from '../../src/audit/audit-line.js'
import type { AuditFile } from '../../src/audit/audit-file.js'
import { AuditWriter, openAudit } from '../../src/audit/audit-writer.js'
import type { IssuedToken } from '../../src/endpoint/request.js'
import { cutAddress } from '../../src/net/addresses.js'
import { ConfigProblem } from '../../src/problem.js'

const directory = mkdtempSync(join(tmpdir(), 'chat-audit-'))
afterAll(() => rmSync(directory, { recursive: true }))

const noOutput = { write: () => false }
const issued = (requestId: string, more: Partial<IssuedToken> = {}): IssuedToken => ({
  time: Date.UTC(2026, 10, 25, 18),
  requestId,
  kid: 'kid-1',
  eventId: 'stream',
  userId: 'u-1',
  exp: 1_800_000_000,
  address: '203.0.113.77',
  ...more,
})
const linesOf = (text: string) => text.split('\n').filter(Boolean)
const idsIn = (text: string) => linesOf(text).map((line) => parseAuditLine(line)?.request_id)

describe('a line of the audit log', () => {
  it('contains exactly the documented members, with the address cut', () => {
    const line = auditLine(issued('r-1'))
    expect(JSON.parse(line)).toEqual({
      time: '2026-11-25T18:00:00.000Z',
      request_id: 'r-1',
      kid: 'kid-1',
      event_id: 'stream',
      user_id: 'u-1',
      exp: 1_800_000_000,
      network: '203.0.113.0/24',
    })
  })

  it.each([
    ['203.0.113.77', '203.0.113.0/24'],
    ['203.0.113.77:4711', '203.0.113.0/24'],
    ['::ffff:203.0.113.77', '203.0.113.0/24'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1::/48'],
    ['2001:DB8::1', '2001:db8:0::/48'],
    ['[2001:db8:1:2::1]:443', '2001:db8:1::/48'],
    ['fe80::1%eth0', 'fe80:0:0::/48'],
    ['unknown', null],
    ['', null],
  ])('cuts %s to %s', (address, network) => expect(cutAddress(address)).toBe(network))

  it('is one line and parses back unchanged, for any name and id of a visitor (property)', () => {
    const text = fc.string({ unit: 'binary' })
    fc.assert(
      fc.property(text, text, text, (userId, eventId, requestId) => {
        const line = auditLine(issued(requestId, { userId, eventId }))
        expect(line.indexOf('\n')).toBe(line.length - 1)
        expect(parseAuditLine(line)).toMatchObject({
          user_id: userId,
          event_id: eventId,
          request_id: requestId,
        })
      }),
    )
  })

  it('is not parsed from text of another form', () => {
    const line = auditLine(issued('r-1'))
    for (const other of ['', 'null', '[]', '{}', line.slice(0, 60), line.replace('1800000000', '"soon"')])
      expect(parseAuditLine(other), other).toBeNull()
  })
})

describe('the audit log in a file', () => {
  it('is readable by its owner only, and appends to an existing file', async () => {
    const path = join(directory, 'fresh.jsonl')
    for (const id of ['r-1', 'r-2']) {
      const audit = await openAudit(path, {}, noOutput)
      audit.write(issued(id))
      await audit.close()
    }
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(idsIn(readFileSync(path, 'utf8'))).toEqual(['r-1', 'r-2'])
  })

  it('survives a rotation by rename, with and without a SIGHUP', async () => {
    const path = join(directory, 'rotated.jsonl')
    const audit = await openAudit(path, { retryMs: 1 }, noOutput)
    audit.write(issued('r-1'))
    await vi.waitFor(() => expect(idsIn(readFileSync(path, 'utf8'))).toEqual(['r-1']))
    renameSync(path, `${path}.1`)
    let count = 1
    // lines written during the rename may still go to the old file, so none is lost
    await vi.waitFor(() => {
      audit.write(issued(`r-${++count}`))
      expect(existsSync(path)).toBe(true)
    })
    renameSync(path, `${path}.2`)
    audit.reopen()
    audit.write(issued('last'))
    await audit.close()
    const all = [`${path}.1`, `${path}.2`, path].flatMap((file) => idsIn(readFileSync(file, 'utf8')))
    expect(all).toEqual([...Array.from({ length: count }, (_, index) => `r-${index + 1}`), 'last'])
    expect(idsIn(readFileSync(path, 'utf8'))).toContain('last')
  })

  it.each<[string, () => string]>([
    ['a directory', () => directory],
    ['in no directory', () => join(directory, 'nowhere', 'audit.jsonl')],
    ['below a file', () => join(directory, 'fresh.jsonl', 'audit.jsonl')],
    ['a pipe that nobody reads', () => pipe()],
  ])('that can’t be written at start is a wrong setting: %s', async (_what, path) => {
    await expect(openAudit(path(), {}, noOutput)).rejects.toThrow(ConfigProblem)
  })

  function pipe(): string {
    const path = join(directory, 'pipe')
    execFileSync('mkfifo', [path])
    return path
  }

  it('keeps the mode of an existing file', async () => {
    const path = join(directory, 'shared.jsonl')
    writeFileSync(path, '')
    chmodSync(path, 0o640)
    const audit = await openAudit(path, {}, noOutput)
    audit.write(issued('r-1'))
    await audit.close()
    expect(statSync(path).mode & 0o777).toBe(0o640)
  })
})

describe('the check for access by other users', () => {
  let count = 0
  const fresh = (mode = 0o700) => {
    const dir = join(directory, `untrusted-${count++}`)
    mkdirSync(dir)
    chmodSync(dir, mode)
    return dir
  }
  const file = (dir: string, mode: number) => {
    const path = join(dir, 'audit.jsonl')
    writeFileSync(path, '')
    chmodSync(path, mode)
    return path
  }
  const link = (target: string) => {
    const path = join(fresh(), 'audit.jsonl')
    symlinkSync(target, path)
    return path
  }

  it.each<[string, () => string, RegExp]>([
    ['a file of mode 0666', () => file(fresh(), 0o666), /mode 0666.*chmod 600/s],
    ['a file of mode 0620', () => file(fresh(), 0o620), /mode 0620/],
    ['a link to a file', () => link(file(fresh(), 0o600)), /symbolic link.*- for standard output/s],
    ['a link to nothing', () => link(join(directory, 'not-there')), /symbolic link/],
    ['a link to standard output', () => '/dev/stdout', /symbolic link.*- for standard output/s],
    ['a directory of mode 0777', () => file(fresh(0o777), 0o600), /mode 0777.*chmod 700/s],
    ['a new file in a directory of mode 0777', () => join(fresh(0o777), 'audit.jsonl'), /mode 0777/],
    ['a directory of mode 0770', () => join(fresh(0o770), 'audit.jsonl'), /mode 0770/],
  ])('stops the start: %s', async (_what, path, text) => {
    const error = await openAudit(path(), {}, noOutput).catch((fault: unknown) => fault)
    expect(error).toBeInstanceOf(ConfigProblem)
    const [{ message, remediation }] = (error as ConfigProblem).settings as unknown as [
      { message: string; remediation: string },
    ]
    expect(`${message} ${remediation}`).toMatch(text)
  })

  it.each<[string, () => string]>([
    ['a sticky directory', () => join(fresh(0o1777), 'audit.jsonl')],
    ['a readable directory', () => join(fresh(0o755), 'audit.jsonl')],
    ['the null device', () => '/dev/null'],
  ])('accepts %s', async (_what, path) => {
    const audit = await openAudit(path(), {}, noOutput)
    audit.write(issued('r-1'))
    await audit.close()
  })

  it('rejects a link that replaces the file while the server runs', async () => {
    const path = join(fresh(), 'audit.jsonl')
    const onFailure = vi.fn()
    const audit = await openAudit(path, { retryMs: 1, onFailure }, noOutput)
    audit.write(issued('r-1'))
    await vi.waitFor(() => expect(readFileSync(path, 'utf8')).toContain('r-1'))
    const target = join(directory, 'stolen.jsonl')
    rmSync(path)
    symlinkSync(target, path)
    audit.reopen()
    audit.write(issued('r-2'))
    await vi.waitFor(() => expect(onFailure).toHaveBeenCalled())
    expect(existsSync(target)).toBe(false)
    rmSync(path)
    await vi.waitFor(() => expect(readFileSync(path, 'utf8')).toContain('r-2'))
    await audit.close()
  })
})

describe('the audit log on standard output', () => {
  it('shares the log’s writer: a slow reader gets whole lines, and each lost line is counted', async () => {
    const script = fileURLToPath(new URL('one-output.ts', import.meta.url))
    const child = spawn(process.execPath, ['--import', 'tsx', script], { stdio: ['ignore', 'pipe', 'pipe'] })
    let [text, counts] = ['', '']
    child.stderr.setEncoding('utf8').on('data', (part: string) => (counts += part))
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      text += part
      child.stdout.pause()
      setTimeout(() => child.stdout.resume(), 2)
    })
    await once(child, 'close')
    const lines = linesOf(text).map((line) => JSON.parse(line) as Record<string, unknown>)
    const audited = lines.filter((line) => parseAuditLine(JSON.stringify(line)))
    const { lost, dropped } = JSON.parse(counts) as { lost: number; dropped: number }
    expect(audited.length + lost).toBe(3000)
    expect(lines.length + dropped).toBe(6000)
  })

  it('shares it also by the name of the file that it goes to', async () => {
    const script = fileURLToPath(new URL('one-output.ts', import.meta.url))
    const file = join(directory, 'output.jsonl')
    // as the shell's `>`: each writer has a position of its own
    const descriptor = openSync(file, 'w', 0o600)
    const child = spawn(process.execPath, ['--import', 'tsx', script, file], {
      stdio: ['ignore', descriptor, 'ignore'],
    })
    await once(child, 'close')
    closeSync(descriptor)
    const lines = linesOf(readFileSync(file, 'utf8'))
    expect(lines.filter((line) => parseAuditLine(line))).toHaveLength(3000)
    expect(lines).toHaveLength(6000)
  })

  it('goes on in a new file of that name after a rotation by rename', async () => {
    const script = fileURLToPath(new URL('one-output.ts', import.meta.url))
    const file = join(directory, 'appended.jsonl')
    const descriptor = openSync(file, 'a', 0o600)
    const child = spawn(process.execPath, ['--import', 'tsx', script, file, 'rotate'], {
      stdio: ['ignore', descriptor, 'ignore'],
    })
    await once(child, 'close')
    closeSync(descriptor)
    const audited = [`${file}.1`, file].map(
      (path) => linesOf(readFileSync(path, 'utf8')).filter((line) => parseAuditLine(line)).length,
    )
    expect(audited[0]! + audited[1]!).toBe(3000)
    expect(audited[1]).toBeGreaterThanOrEqual(1500)
  })

  it('reports once that lines are lost, and how many were lost when it recovers', async () => {
    let full = true
    const [onLost, onFailure, onRecovered] = [vi.fn(), vi.fn(), vi.fn()]
    const audit = await openAudit('-', { onLost, onFailure, onRecovered }, { write: () => !full })
    for (let index = 0; index < 3; index++) audit.write(issued('r'))
    full = false
    audit.write(issued('r'))
    audit.write(issued('r'))
    expect([onLost, onFailure, onRecovered].map(({ mock }) => mock.calls.length)).toEqual([3, 1, 1])
    expect(onRecovered).toHaveBeenCalledWith(3)
  })
})

describe('an audit log that can’t be written', () => {
  /** A disk that accepts only some bytes of each write, or fails. */
  function disk(behave: (bytes: Uint8Array) => number | Promise<number>) {
    let text = ''
    const file: AuditFile = {
      async write(bytes) {
        const taken = await behave(bytes)
        text += Buffer.from(bytes.subarray(0, taken)).toString()
        return taken
      },
      isCurrent: () => Promise.resolve(true),
      close: () => Promise.resolve(),
    }
    return { open: () => Promise.resolve(file), text: () => text }
  }

  it('reports the failure once, keeps every line, and reports the recovery', async () => {
    let full = false
    let taken = 0
    const { open, text } = disk((bytes) => {
      if (full) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' })
      // half a line, then nothing, as when a disk fills up
      if (++taken === 2) {
        full = true
        return 20
      }
      return bytes.length
    })
    const onFailure = vi.fn()
    const onRecovered = vi.fn()
    const audit = await AuditWriter.start({ open, retryMs: 1, onFailure, onRecovered })
    audit.write(issued('r-1'))
    await vi.waitFor(() => expect(text()).toContain('r-1'))
    audit.write(issued('r-2'))
    audit.write(issued('r-3'))
    await vi.waitFor(() => expect(onFailure).toHaveBeenCalledTimes(1))
    full = false
    await vi.waitFor(() => expect(onRecovered).toHaveBeenCalledExactlyOnceWith(0))
    await audit.close()
    const whole = linesOf(text()).flatMap((line) => parseAuditLine(line)?.request_id ?? [])
    expect(whole).toEqual(['r-1', 'r-2', 'r-3'])
    expect(onFailure).toHaveBeenCalledTimes(1)
  })

  it('drops and counts the lines beyond its bound, and never delays a token', async () => {
    let release = (_bytes: number) => {}
    let hangs = true
    const { open, text } = disk((bytes) =>
      hangs ? new Promise<number>((resolve) => (release = resolve)) : bytes.length,
    )
    const [onLost, onFailure, onRecovered] = [vi.fn(), vi.fn(), vi.fn()]
    const audit = await AuditWriter.start({
      open,
      maxWaiting: 10,
      retryMs: 1,
      onLost,
      onFailure,
      onRecovered,
    })
    audit.write(issued('r-0'))
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    for (let i = 1; i <= 15; i++) expect(audit.write(issued(`r-${i}`))).toBeUndefined()
    expect(onLost).toHaveBeenCalledTimes(5)
    expect(onFailure).toHaveBeenCalledTimes(1)
    hangs = false
    release(0)
    await vi.waitFor(() => expect(onRecovered).toHaveBeenCalledWith(5))
    expect(idsIn(text())).toEqual(Array.from({ length: 11 }, (_, index) => `r-${index}`))
    await audit.close()
  })

  it('reports at its end how many lines it could not write', async () => {
    const { open } = disk(() => {
      throw Object.assign(new Error('no space left'), { code: 'ENOSPC' })
    })
    const onFailure = vi.fn()
    const audit = await AuditWriter.start({ open, retryMs: 60_000, onFailure })
    audit.write(issued('r-1'))
    await vi.waitFor(() => expect(onFailure).toHaveBeenCalledTimes(1))
    audit.write(issued('r-2'))
    await audit.close()
    expect(String(onFailure.mock.lastCall?.[0])).toContain('2 lines are lost')
  })

  it('closes although the disk hangs', async () => {
    const hanging = () => new Promise<never>(() => undefined)
    const { open } = disk(hanging)
    const audit = await AuditWriter.start({ open })
    audit.write(issued('r-1'))
    await audit.close()
    const idle = await AuditWriter.start({ open: async () => ({ ...(await open()), close: hanging }) })
    await idle.close()
  })
})
