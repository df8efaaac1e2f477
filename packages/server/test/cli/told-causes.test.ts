import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SEED } from '../../../../demo/emulator/seed-events.js'
import { systemProblem } from '../../src/cli/system-error.js'
import { startServer } from '../../src/serve/server.js'
import { readServeConfig } from '../../src/config.js'
import { createLogger } from '../../src/serve/log.js'
import { listen } from '../running-server.js'
import { workbench, type Workbench } from './workbench.js'

let bench: Workbench
beforeEach(async () => {
  bench = await workbench()
})
afterEach(() => bench.close())

const MINT = ['token', 'mint', '--event', SEED.live.publicId, '--user', 'u', '--name', 'N']
const error = async (...argv: string[]) =>
  (await bench.json(...argv)).data.error as { code: string; message: string; remediation: string }

describe('an error names its cause', () => {
  it('a port that can’t be used: names it, and the settings of both ports', async () => {
    const taken = await listen((_, response) => response.end())
    const env = {
      ...bench.env,
      CHAT_EVENTS: '*',
      CHAT_IDENTITY: 'guest',
      CHAT_IDENTITY_SECRET: randomBytes(32).toString('base64'),
    }
    await bench.kc('setup', '--event', SEED.live.id)
    const { port } = new URL(taken.url)
    for (const [settings, code, remedies] of [
      [{ PORT: port }, 'port-in-use', ['--port', '--admin-port']],
      [{ PORT: '0', CHAT_ADMIN_PORT: port }, 'port-in-use', ['--port', '--admin-port']],
      [{ PORT: '0', HOST: '192.0.2.1' }, 'address-unknown', ['HOST', 'CHAT_ADMIN_HOST']],
      [{ PORT: '0', HOST: 'no-host.invalid' }, 'address-unknown', ['HOST', 'CHAT_ADMIN_HOST']],
    ] as const) {
      const config = readServeConfig({ ...env, ...settings })
      const failure: unknown = await startServer(config, { logger: createLogger('silent') }).catch(
        (cause: unknown) => cause,
      )
      const problem = systemProblem(failure)
      expect(problem, JSON.stringify(settings)).toMatchObject({ code })
      for (const remedy of remedies) expect(problem!.remediation).toContain(remedy)
    }
    await taken.close()
  })

  it('no key, no key directory', async () => {
    expect((await error(...MINT)).code).toBe('key-directory-missing')
    mkdirSync(bench.keyDir, { mode: 0o700 })
    expect((await error(...MINT)).code).toBe('key-unavailable')
  })

  it('no key directory: names it, and only a command that creates the first key makes it', async () => {
    const lookers = [
      ['keys', 'list'],
      ['keys', 'show', 'KID'],
      ['keys', 'register'],
      ['keys', 'rotate'],
      ['keys', 'reconcile'],
      ['keys', 'revoke', 'KID'],
      ['keys', 'revoke', '--all'],
      ['token', 'verify', 'x'],
    ]
    for (const argv of lookers) {
      const { code, message } = await error(...argv)
      expect([argv, code]).toEqual([argv, 'key-directory-missing'])
      expect(message).toContain(bench.keyDir)
    }
    expect(existsSync(bench.keyDir)).toBe(false)
    expect(bench.emulator.state.keys).toEqual([])
    expect((await bench.kc('keys', 'generate')).exit).toBe(0)
  })

  it('a key directory that is a file, and a missing file', async () => {
    writeFileSync(bench.keyDir, '')
    const { code, remediation } = await error('keys', 'generate')
    expect(code).not.toBe('unexpected')
    expect(remediation).toBeTruthy()
    expect(await error('token', 'verify', 'x', '--jwk', join(bench.folder, 'nope'))).toMatchObject({
      code: 'enoent',
    })
  })

  it('a flag’s file that is endless, a directory or missing', async () => {
    await bench.kc('keys', 'generate')
    const flags: string[][] = [
      ['keys', 'register', '--adopt'],
      ['token', 'verify', 'a.b.c', '--jwk'],
      ['doctor', '--url', 'http://127.0.0.1:1', '--cookie-file'],
      ['doctor', '--url', 'http://127.0.0.1:1', '--identity-token-file'],
      ['links', 'e', '--site', 'https://www.example.com/', '--output', join(bench.folder, 'links.csv')],
    ]
    bench.env['CHAT_LINK_SECRET'] = randomBytes(32).toString('base64')
    for (const argv of flags) {
      expect([argv, (await error(...argv, '/dev/zero')).code]).toEqual([argv, 'usage'])
      expect([argv, (await error(...argv, bench.folder)).code]).toEqual([argv, 'eisdir'])
      expect([argv, (await error(...argv, '/nowhere/at/all')).code]).toEqual([argv, 'enoent'])
    }
  })

  it.each([
    ['EACCES', 'mkdir'],
    ['EACCES', 'open'],
    ['EROFS', 'open'],
    ['ENOSPC', 'write'],
    ['EDQUOT', 'write'],
    ['EMFILE', 'open'],
    ['EIO', 'read'],
    ['EISDIR', 'read'],
  ])('%s at %s has a code and a remedy', (code, syscall) => {
    const problem = systemProblem(Object.assign(new Error(code), { code, syscall, path: '/keys/x.pem' }))
    expect(problem!.code).toBe(code.toLowerCase())
    expect(problem!.remediation).toBeTruthy()
  })

  it('an error that is not of the system has no system code', () => {
    for (const other of [new Error('x'), Object.assign(new Error('x'), { code: 'ERR_ASSERTION' }), null, 'E'])
      expect(systemProblem(other)).toBeNull()
  })

  it.each([
    [401, 'api-token-refused'],
    [403, 'api-forbidden'],
  ])('an API that responds with %i', async (status, code) => {
    const api = await listen((_, response) => response.writeHead(status).end('{}'))
    bench.env['KINESCOPE_API_URL'] = api.url
    expect((await error('events', 'list')).code).toBe(code)
    await api.close()
  })

  it('an unreachable API', async () => {
    bench.env['KINESCOPE_API_URL'] = 'http://127.0.0.1:9'
    expect((await error('events', 'list')).code).toBe('api-unreachable')
  })
})

describe('CHAT_PRIVATE_KEY', () => {
  it('signs for token mint as for serve', async () => {
    const { data } = await bench.json('setup', '--event', SEED.live.id)
    bench.env['CHAT_PRIVATE_KEY'] = readFileSync(join(bench.keyDir, `${data.kid as string}.pem`), 'utf8')
    bench.env['CHAT_KEY_ID'] = data.kid as string
    delete bench.env['CHAT_KEY_DIR']
    const minted = await bench.json(...MINT)
    expect(minted).toMatchObject({ exit: 0, data: { kid: data.kid } })
    const page = await fetch(
      `${bench.emulator.url}/chat/${SEED.live.publicId}?token=${minted.data.token as string}`,
    )
    expect(page.status).toBe(200)
  })

  it('with a wrong CHAT_KEY_ID is reported, with the right id if Kinescope shows it', async () => {
    const { data } = await bench.json('setup', '--event', SEED.live.id)
    bench.env['CHAT_PRIVATE_KEY'] = readFileSync(join(bench.keyDir, `${data.kid as string}.pem`), 'utf8')
    bench.env['CHAT_KEY_ID'] = 'of-last-year'
    delete bench.env['CHAT_KEY_DIR']
    for (const [keyFields, code] of [
      ['full', 'wrong-kid'],
      ['article', 'key-not-registered'],
    ] as const) {
      bench.emulator.state.variants.keyFields = keyFields
      const { findings } = (await bench.json('doctor')).data as {
        findings: { code: string; remediation: string }[]
      }
      expect(findings.find((finding) => finding.code === code)!.remediation).toContain(data.kid as string)
    }
  })
})
