import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { linkFiles } from '../../src/identity/link-files.js'
import { linkIdentity } from '../../src/identity/link.js'
import { secret } from '../secrets.js'
import { workbench, type Workbench } from './workbench.js'

const EVENT = '0csUJYzAHfe3PcyMEVScmQ'
const PUBLIC = 'https://chat.example.com'
let bench: Workbench
let key: string
beforeEach(async () => {
  bench = await workbench()
  key = secret(crypto.randomUUID() + crypto.randomUUID())
  Object.assign(bench.env, {
    CHAT_LINK_SECRET: key,
    CHAT_LINK_DIR: join(bench.folder, 'links'),
    CHAT_PUBLIC_URL: PUBLIC,
  })
})
afterEach(() => bench.close())

const file = (content: string | Buffer, name = 'people.csv') => {
  const path = join(bench.folder, name)
  writeFileSync(path, content)
  return path
}
const output = () => join(bench.folder, 'links.csv')
const linesOf = (csv: string) =>
  csv
    .replace(/^\uFEFF/, '')
    .trimEnd()
    .split('\r\n')
const tokenOf = (line: string) => line.split('#kinescope-chat=')[1]!

/** The server's verdict on a link's token. */
function admit(token: string, now = bench.now()) {
  const store = linkFiles({ dir: bench.env['CHAT_LINK_DIR']!, now: () => now })
  const header = (name: string) => (name === 'authorization' ? `Bearer ${token}` : null)
  const call = { header, address: null, request: null }
  return linkIdentity({ secret: key, store, now: () => now })(call, EVENT, {
    signal: new AbortController().signal,
  })
}

describe('links', () => {
  it('keeps every column and adds links that the server accepts', async () => {
    const rows = ['1,Anna,"Room ""A"", 2"', '2,Иван,x', ' 3 , Zoë ,', '', '4,Li']
    const { exit, stdout, stderr } = await bench.kc(
      'links',
      EVENT,
      file(['id,name,note', ...rows].join('\n')),
    )
    expect(exit).toBe(0)
    expect(stdout.startsWith('\uFEFF')).toBe(true)
    const [header, ...lines] = linesOf(stdout)
    expect(header).toBe('id,name,note,link')
    expect(lines[3]).toBe('')
    for (const [index, line] of lines.entries()) expect(line.startsWith(rows[index]!)).toBe(true)
    expect(lines[4]).toMatch(/^4,Li,,https:/)
    const users = [
      ['1', 'Anna'],
      ['2', 'Иван'],
      ['3', 'Zoë'],
      ['4', 'Li'],
    ]
    for (const [index, line] of lines.filter(Boolean).entries()) {
      expect(line).toContain(`${PUBLIC}/embed/${EVENT}#kinescope-chat=link.`)
      const [id, name] = users[index]!
      expect(await admit(tokenOf(line))).toEqual({ user: { id, name } })
    }
    expect(stderr).toContain('4 links, valid until')
    expect(stderr).not.toContain('kinescope-chat=')
  })

  it('reads semicolons, tabs, a byte order mark and Windows line ends', async () => {
    for (const content of [
      '\uFEFFФИО;Почта\r\nАнна, из Твери;anna@example.com\r\n',
      'Name\tEmail\nAnna, of Tver\tANNA@example.com',
    ]) {
      const { stdout } = await bench.kc('links', EVENT, file(content))
      const line = linesOf(stdout)[1]!
      expect(line).toMatch(/^\S[^;\t]*[;\t][^;\t]*[;\t]https:/)
      const answer = await admit(tokenOf(line))
      expect(answer).toMatchObject({ user: { name: expect.stringMatching(/^Ann|^Анн/) as string } })
      const claims = Buffer.from(tokenOf(line).split('.')[1]!, 'base64url').toString()
      expect(claims).not.toMatch(/@|example/i)
    }
  })

  it('gives one person with one email address one id', async () => {
    const people = file('name,email\nA,a@example.com\nA,A@Example.com\n')
    const { stdout, stderr } = await bench.kc('links', EVENT, people)
    const [first, second] = await Promise.all(
      linesOf(stdout)
        .slice(1)
        .map((line) => admit(tokenOf(line))),
    )
    expect((first as { user: object }).user).toEqual((second as { user: object }).user)
    expect(stderr).toContain('1 of the rows repeat an id')
  })

  it('lead to the site’s own page, with the requested limits', async () => {
    const people = file('id,name\n1,Anna\n')
    const claims = async (...flags: string[]) => {
      const { stdout } = await bench.kc('links', EVENT, people, ...flags)
      const link = linesOf(stdout)[1]!.split(',').at(-1)!
      const token = tokenOf(link).split('.')[1]!
      return {
        link,
        claims: JSON.parse(Buffer.from(token, 'base64url').toString()) as Record<string, unknown>,
      }
    }
    const own = await claims('--site', 'https://school.example/live?room=1', '--once', '--expires', '2h')
    expect(own.link).toMatch(/^https:\/\/school\.example\/live\?room=1#kinescope-chat=link\./)
    expect(own.claims).toMatchObject({ devices: 1, once: true, event_id: EVENT })
    expect((own.claims['exp'] as number) - bench.now() / 1000).toBeGreaterThan(7190)
    expect((own.claims['exp'] as number) - bench.now() / 1000).toBeLessThanOrEqual(7200)
    expect((await claims('--device')).claims).toMatchObject({ devices: 1 })
    expect((await claims('--devices', '3')).claims).toMatchObject({ devices: 3 })
    expect((await claims()).claims).not.toHaveProperty('devices')
  })

  it('writes a file that only the operator can read, and overwrites none', async () => {
    const people = file('id,name\n1,Anna\n')
    const { data } = await bench.json('links', EVENT, people, '--output', output())
    expect(data).toMatchObject({ links: 1, output: output() })
    expect(JSON.stringify(data)).not.toContain('link.')
    expect(statSync(output()).mode & 0o777).toBe(0o600)
    const again = await bench.kc('links', EVENT, people, '--output', output())
    expect(again).toMatchObject({ exit: 2, stdout: '' })
    expect(again.stderr).toContain('exists already')
  })

  it('names the rows without an id or a name, and writes nothing', async () => {
    const { exit, stdout, stderr } = await bench.kc('links', EVENT, file('id,name\n1,A\n,B\n0,C\n4,\n'))
    expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' })
    expect(stderr).toContain('row 3, 4, 5')
  })

  it('rejects unsuitable input, and says what to write', async () => {
    const good = 'id,name\n1,Anna\n'
    const cases: [string, RegExp, string | Buffer, ...string[]][] = [
      ['no id column', /no column id/, 'phone,name\n1,A\n'],
      ['another id column', /no column nr/, good, '--id-column', 'nr'],
      ['links already', /column link already/, 'id,name,link\n1,A,x\n'],
      ['no rows', /no rows/, 'id,name\n'],
      ['empty', /no rows/, ''],
      ['Windows code page', /not UTF-8/, Buffer.from([0x69, 0x64, 0x0a, 0xc0, 0xed])],
      ['an open quote', /not CSV/, 'id,name\n1,"A\n'],
      ['too many cells', /row 2 has 3 columns/, 'id,name\n1,A,b\n'],
      ['a time that has passed', /--expires/, good, '--expires', '2020-01-01'],
      ['a day that no month has', /--expires/, good, '--expires', '2027-02-30'],
      ['a time too far', /--expires/, good, '--expires', '9999d'],
      ['a site with a fragment', /--site/, good, '--site', 'https://school.example/#live'],
      ['a site that is no address', /--site/, good, '--site', 'school.example/live'],
      ['two limits', /both given/, good, '--once', '--device'],
      ['JSON without a file', /--output/, good, '--json'],
    ]
    for (const [what, message, content, ...flags] of cases) {
      const { exit, stdout, stderr } = await bench.kc('links', EVENT, file(content), ...flags)
      expect(exit, what).toBe(2)
      expect(stdout + stderr, what).toMatch(message)
      expect(stdout + stderr, what).not.toContain('kinescope-chat=link')
    }
  })

  it('warns of settings with which the server rejects the links', async () => {
    Object.assign(bench.env, { CHAT_EVENTS: 'another', CHAT_IDENTITY: 'forward,guest' })
    const { stderr } = await bench.kc('links', EVENT, file('id,name\n1,Anna\n'))
    expect(stderr).toContain('CHAT_EVENTS doesn’t list')
    expect(stderr).toContain('CHAT_IDENTITY=link,forward,guest')
  })

  it('creates ten thousand links in seconds', async () => {
    const rows = Array.from({ length: 10_000 }, (_, index) => `${index + 1},Visitor ${index}`)
    const before = process.cpuUsage()
    const { data } = await bench.json(
      'links',
      EVENT,
      file(`id,name\n${rows.join('\n')}`),
      '--output',
      output(),
    )
    const { user, system } = process.cpuUsage(before)
    expect(data).toMatchObject({ links: 10_000 })
    expect((user + system) / 1e6).toBeLessThan(10)
    const lines = linesOf(readFileSync(output(), 'utf8'))
    expect(lines).toHaveLength(10_001)
    expect(new Set(lines.map(tokenOf)).size).toBe(10_001)
  })
})

describe('links revoke', () => {
  const made = async () => {
    const people = file('id,name\n1,A\n2,"B\nb"\n\n3,C\n4,D\n')
    await bench.kc('links', EVENT, people, '--output', output())
    const text = readFileSync(output(), 'utf8')
    return [...text.matchAll(/#kinescope-chat=(\S+)/g)].map(([, token]) => token!)
  }
  const outcome = async (tokens: string[]) =>
    (await Promise.all(tokens.map((token) => admit(token)))).map((answer) =>
      'user' in answer ? answer.user.id : answer.reason,
    )

  it('revokes the given rows, numbered as in a spreadsheet, and no others', async () => {
    const tokens = await made()
    expect(await outcome(tokens)).toEqual(['1', '2', '3', '4'])
    const { data } = await bench.json('links', 'revoke', output(), '--rows', '3, 5-6')
    expect(data).toEqual({ revoked: 3, rows: [3, 5, 6] })
    expect(await outcome(tokens)).toEqual(['1', 'link-revoked', 'link-revoked', 'link-revoked'])
  })

  it('revokes all rows after a confirmation', async () => {
    const tokens = await made()
    bench.asks.on = true
    const asked = await bench.kc('links', 'revoke', output(), '--all')
    expect(asked.exit).toBe(2)
    expect(asked.stderr).not.toContain('revoked')
    expect(await outcome(tokens)).toEqual(['1', '2', '3', '4'])
    bench.asks.on = false
    await bench.kc('links', 'revoke', output(), '--all')
    expect(new Set(await outcome(tokens))).toEqual(new Set(['link-revoked']))
  })

  it('revokes nothing if one row is wrong', async () => {
    await made()
    const wrong = (...argv: string[]) => bench.kc('links', 'revoke', output(), ...argv)
    for (const rows of ['1', '4', '99', 'x', '', '3-', '6-3']) {
      expect((await wrong('--rows', rows)).exit, rows).toBe(2)
    }
    expect((await wrong()).exit).toBe(2)
    expect((await wrong('--all', '--rows', '3')).exit).toBe(2)
    bench.env['CHAT_LINK_SECRET'] = secret(crypto.randomUUID() + crypto.randomUUID())
    const { exit, stderr } = await wrong('--all')
    expect(exit).toBe(2)
    expect(stderr).toContain('Nothing was revoked')
    expect(existsSync(bench.env['CHAT_LINK_DIR']!)).toBe(false)
  })
})
