import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Finding } from '../../src/doctor/finding.js'
import { NOTES } from '../../src/doctor/readiness-checks.js'
import { listen } from '../running-server.js'
import { FAULTS, SECRET, vaultSign, withIdentityToken, withVault } from './planted-faults.js'
import { scene, type Scene } from './scene.js'

let stage: Scene
beforeEach(async () => {
  stage = await scene()
})
afterEach(() => stage.close())

it('without a fault, the visitor enters the chat, and the doctor’s checks all pass', async () => {
  expect(await stage.visit()).toBe('in as Анна')
  const { exit, findings } = await stage.doctor()
  expect(findings.filter(({ status }) => status !== 'ok')).toEqual([])
  expect(exit).toBe(0)
})

it('without a visitor’s credential, the doctor reports that it has tried no visitor', async () => {
  stage.visitor.flags = []
  const { findings } = await stage.doctor()
  expect(findings.filter(({ status }) => status === 'skip').map(({ code }) => code)).toEqual([
    'visitor-not-tried',
  ])
})

describe('in a chain that admits guests', () => {
  const codesOf = (findings: Finding[], status: Finding['status']) =>
    findings.filter((finding) => finding.status === status).map(({ code }) => code)
  const guestsToo = (kind: string, names = 'number') =>
    Object.assign(stage.env, {
      CHAT_IDENTITY: `${kind},guest`,
      CHAT_IDENTITY_SECRET: SECRET,
      CHAT_GUEST_NAMES: names,
    })

  it.each(['number', 'ask'])('the rejection of a visitor’s identity token (%s)', async (names) => {
    withIdentityToken(stage, {}, `${SECRET} of another server`)
    guestsToo('jwt', names)
    stage.away = true
    expect(await stage.visit()).toBe('sign-in-required')
    const { exit, findings } = await stage.doctor()
    expect([exit, codesOf(findings, 'fail')]).toEqual([1, ['visitor-unknown']])
  })

  it.each(['number', 'ask'])('a visitor who counts as a guest (%s)', async (names) => {
    guestsToo('forward', names)
    stage.away = true
    stage.visitor.flags = ['--cookie-file', stage.file('cookie', 'sid=of-last-year')]
    const { findings } = await stage.doctor()
    expect(codesOf(findings, 'fail')).toEqual(['visitor-unknown'])
    expect(findings.map(({ code }) => code)).not.toContain('visitor')
  })

  it.each(['number', 'ask'])('a visitor whose cookie doesn’t arrive (%s)', async (names) => {
    guestsToo('forward', names)
    stage.proxy.request = (headers) => headers.delete('cookie')
    const { findings } = await stage.doctor()
    expect(codesOf(findings, 'fail')).toEqual(['cookie-lost'])
  })

  it.each(['number', 'ask'])('a member (%s), or that none was tried', async (names) => {
    guestsToo('forward', names)
    const member = await stage.doctor()
    expect(member.findings.map(({ code }) => code)).toContain('visitor')
    expect(codesOf(member.findings, 'fail')).toEqual([])
    stage.visitor.flags = []
    const skipped = (await stage.doctor()).findings.find(({ code }) => code === 'visitor-not-tried')
    expect(skipped?.remediation).toContain('--cookie-file')
    expect(skipped?.remediation).not.toContain('with the server’s settings')
  })
})

it.each([
  ['jwt', 'identity-token-lost'],
  ['jwt,guest', 'visitor-unknown'], // it arrived: else the visitor would be a guest
])('a server with another secret than here (%s): %s, and that it may need a restart', async (chain, code) => {
  withIdentityToken(stage, {})
  Object.assign(stage.env, { CHAT_IDENTITY: chain, CHAT_IDENTITY_SECRET: `${SECRET} of another server` })
  expect(await stage.visit()).toBe('sign-in-required')
  stage.env['CHAT_IDENTITY_SECRET'] = SECRET
  const { findings } = await stage.doctor()
  const bad = findings.filter(({ status }) => status === 'fail')
  expect(bad.map((finding) => finding.code)).toEqual([code])
  expect(bad[0]!.remediation).toMatch(/restart the server/i)
})

describe('a cookie that isn’t one JWT', () => {
  const JWE = 'e30..aXY.Y2lwaGVy.dGFn'
  it.each([
    ['encrypted', `session=${JWE}`, /cookie session .*encrypted/],
    ['encrypted, in parts', `session.0=${JWE.slice(0, 9)}; session.1=${JWE.slice(9)}`, /encrypted/],
    ['twice', 'session=a; session=b', /two different cookies named session/],
    ['of another kind', 'session=abc--def', /not a JWT/],
  ])('%s: the doctor names it, with and without the server’s settings', async (_what, cookie, remedy) => {
    const settings = {
      CHAT_IDENTITY: 'jwt',
      CHAT_IDENTITY_SECRET: SECRET,
      CHAT_IDENTITY_COOKIE: 'session',
    }
    Object.assign(stage.env, settings)
    stage.visitor.flags = ['--cookie-file', stage.file('cookie', cookie)]
    for (const away of [true, false]) {
      stage.away = away
      const bad = (await stage.doctor()).findings.filter(({ status }) => status === 'fail')
      expect(bad.map(({ code }) => code)).toEqual([
        ...(away ? [] : ['identity-token-refused']),
        'visitor-unknown',
      ])
      for (const { remediation } of bad) expect(remediation).toMatch(remedy)
    }
  })
})

it('an app’s origin', async () => {
  stage.origin = 'capacitor://localhost'
  stage.env['CHAT_ALLOWED_ORIGINS'] = stage.origin
  const { exit, findings } = await stage.doctor()
  expect(exit).toBe(0)
  const unfit = findings.filter(({ status }) => status !== 'ok').map(({ code }) => code)
  expect(unfit).toEqual(['page-not-read'])
  stage.env['CHAT_ALLOWED_ORIGINS'] = 'ionic://localhost'
})

it('a route in an app whose key lies in a vault: nothing found, and that the keys are not here', async () => {
  await withVault(stage, () => vaultSign(stage))
  expect(await stage.visit()).toBe('in as Анна')
  const { exit, findings } = await stage.doctor()
  expect(findings.filter(({ status }) => status !== 'ok').map(({ code }) => code)).toEqual([
    'keys-not-here',
    'ready-unknown',
  ])
  expect(findings.map(({ code }) => code)).toContain('key-life')
  expect(exit).toBe(0)
  // if a key directory is configured, its absence is a problem
  stage.bench.env['CHAT_KEY_DIR'] = `${stage.bench.folder}/nowhere`
  const { data } = await stage.bench.json('doctor', '--url', stage.serverUrl)
  expect((data.findings as { code: string }[]).map(({ code }) => code)).toContain('key-directory-missing')
})

describe('what the server reports of itself in /readyz', () => {
  /** The doctor's findings before a server with this `/readyz`. */
  async function foundBefore(status: number, body: object): Promise<Finding[]> {
    const host = await listen((request, response) => {
      const ready = request.url === '/readyz'
      response.writeHead(ready ? status : 401, { 'content-type': 'application/json' })
      response.end(JSON.stringify(ready ? body : { code: 'sign-in-required' }))
    })
    const { data } = await stage.bench.json('doctor', '--url', host.url)
    await host.close()
    return data.findings as Finding[]
  }
  /** The doctor's warnings and problems of a server with these notes. */
  async function findingsFor(notes: unknown): Promise<Finding[]> {
    const findings = await foundBefore(200, { status: 'ready', notes })
    const wrong = findings.filter(({ status }) => status === 'warn' || status === 'fail')
    // the host is no token server in other respects
    return wrong.filter(({ about, code }) => about === 'server' && !['token-cached', 'script'].includes(code))
  }

  it('are in the doctor’s report, each with a remedy', async () => {
    const codes = Object.keys(NOTES)
    const findings = await findingsFor(codes.map((code) => ({ code })))
    expect(findings.map(({ code }) => code)).toEqual(codes)
    for (const { remediation } of findings) expect(remediation).toBeTruthy()
  })

  it.each([
    [200, 'ready', 'ok ready'],
    [503, 'not-ready', 'fail key-unavailable'],
    [503, 'draining', 'warn server-draining'],
    // another program's
    [200, 'ok', 'skip ready-unknown'],
    [503, 'down', 'skip ready-unknown'],
  ])('is its state (%i, %s)', async (status, state, expected) => {
    const findings = await foundBefore(status, { status: state })
    const about = ['ready', 'ready-unknown', 'key-unavailable', 'server-draining']
    const states = findings.filter(({ code }) => about.includes(code))
    expect(states.map((finding) => `${finding.status} ${finding.code}`)).toEqual([expected])
  })

  it('are explained if the doctor knows them, limited in number, and accepted in any form', async () => {
    const unusual = [
      { code: 'x\u001b[2J' },
      { code: 'constructor' },
      null,
      7,
      { code: 'to-come' },
      { code: {} },
    ]
    const many = Array.from({ length: 1000 }, (_, index) => ({ code: `note-${index}` }))
    const codes = (await findingsFor([...unusual, ...many])).map(({ code }) => code)
    expect(codes.slice(0, 2)).toEqual(['constructor', 'to-come'])
    expect(codes.length).toBeLessThan(25)
    for (const notes of ['', null, {}, 7]) expect(await findingsFor(notes)).toEqual([])
  })
})

describe('an injected fault', () => {
  it.each(FAULTS)('$fault: the visitor gets "$visitor", the doctor reports $doctor', async (fault) => {
    await fault.plant(stage)
    expect(await stage.visit()).toBe(fault.visitor)
    const { exit, findings } = await stage.doctor()
    const bad = findings.filter(({ status }) => status === (fault.warns ? 'warn' : 'fail'))
    expect(bad.map(({ code }) => code)).toContain(fault.doctor)
    for (const { remediation } of bad) expect(remediation).toBeTruthy()
    expect(exit).toBe(fault.warns ? 0 : 1)
  })
})

it('docs/doctor.md has these tables (UPDATE_DOCS=1 writes it)', () => {
  const page = fileURLToPath(new URL('../../docs/doctor.md', import.meta.url))
  const text = readFileSync(page, 'utf8')
  const cells = (...texts: string[]) => `| ${texts.join(' | ')} |`
  const table = [
    cells('what is wrong', 'what the visitor meets', 'what the doctor says', 'what to do'),
    cells('---', '---', '---', '---'),
    ...FAULTS.map(({ fault, visitor, doctor, todo }) =>
      cells(fault, visitor.startsWith('in as') ? visitor : `\`${visitor}\``, `\`${doctor}\``, todo),
    ),
  ].join('\n')
  const said = [
    cells('code', 'what it means', 'what to do'),
    cells('---', '---', '---'),
    ...Object.entries(NOTES).map(([code, [, what, todo]]) => cells(`\`${code}\``, what, todo)),
  ].join('\n')
  const put = (page: string, name: string, table: string) =>
    page.replace(
      new RegExp(`<!-- ${name} -->[\\s\\S]*?<!-- end -->`),
      () => `<!-- ${name} -->\n\n${table}\n\n<!-- end -->`,
    )
  const made = put(put(text, 'planted faults', table), 'readyz', said)
  expect(made).toContain(table)
  expect(made).toContain(said)
  if (process.env['UPDATE_DOCS']) writeFileSync(page, made)
  else expect(made).toBe(text)
  expect(FAULTS.length).toBeGreaterThanOrEqual(20)
})
