import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../../src/cli/run.js'
import type { Verdict } from '../../src/rehearse/verdict.js'
import { forwardEnv, makeKey, startSite, startTestServer } from '../running-server.js'
import { secret as kept } from '../secrets.js'

const SECRET = kept(randomBytes(32).toString('base64'))

describe('rehearse', () => {
  let site: Awaited<ReturnType<typeof startSite>>
  let folder = ''
  let cookies = ''
  /** ms that the site's identity endpoint takes. */
  let identityMs = 0
  let slowSite: { url: string; close: () => void }

  beforeAll(async () => {
    site = await startSite()
    folder = await mkdtemp(join(tmpdir(), 'rehearse-'))
    cookies = join(folder, 'cookies.txt')
    const lines = Array.from({ length: 50 }, (_, index) => site.signIn(`v${index}`, `Viewer ${index}`))
    await writeFile(cookies, lines.join('\n'))
    const server = createServer((request, response) => {
      setTimeout(() => {
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end(JSON.stringify({ id: request.headers.cookie, name: 'Viewer' }))
      }, identityMs)
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    slowSite = {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      close: () => (server.closeAllConnections(), void server.close()),
    }
  })
  afterAll(async () => {
    await site.close()
    slowSite.close()
    await rm(folder, { recursive: true })
  })

  async function rehearse(url: string, ...flags: string[]) {
    let out = ''
    let err = ''
    const exit = await run(
      [
        'rehearse',
        '--json',
        '--url',
        url,
        '--viewers',
        '60',
        '--within',
        '1s',
        '--cookies',
        cookies,
        ...flags,
      ],
      {
        env: { CHAT_REHEARSAL: SECRET },
        stdout: { write: (text: string) => (out += text) },
        stderr: { write: (text: string) => (err += text) },
      },
    )
    return {
      exit,
      verdict: (out.trim() ? JSON.parse(out) : {}) as Verdict & { error?: { code: string } },
      text: out + err,
    }
  }
  const start = (change: Record<string, string> = {}, identityUrl = site.url) =>
    startTestServer({
      ...forwardEnv(identityUrl, makeKey()),
      CHAT_REHEARSAL: SECRET,
      CHAT_PUBLIC_URL: 'http://127.0.0.1',
      ...change,
    })

  // whether it holds depends on the machine: verdict.test.ts has that
  it('measures a server from its own proof to its steps', async () => {
    const server = await start({ CHAT_RATE_LIMIT: 'off' })
    const { exit, verdict } = await rehearse(server.url, '--origin', 'https://www.example.com')
    await server.close()
    expect(verdict.outcomes).toEqual({ ok: verdict.requests })
    expect(verdict.steps['identity']).toBeGreaterThan(0)
    expect(exit).toBe(verdict.holds ? 0 : 1)
  })

  it('names a rate limit that is too small', async () => {
    const server = await start({ CHAT_RATE_LIMIT: '1,3000' })
    const { exit, verdict } = await rehearse(
      server.url,
      '--origin',
      'https://www.example.com',
      '--reloads',
      '100',
    )
    await server.close()
    expect(verdict.bottleneck).toMatchObject({ id: 'rate-limit' })
    expect(exit).toBe(1)
  })

  it('names a slow identity endpoint', async () => {
    identityMs = 1_300
    const server = await start({ CHAT_RATE_LIMIT: 'off' }, slowSite.url)
    const { verdict } = await rehearse(server.url, '--origin', 'https://www.example.com')
    await server.close()
    identityMs = 0
    expect(verdict.bottleneck).toMatchObject({ id: 'identity' })
  })

  it.each([
    [
      'a server without the secret',
      async () => startTestServer(forwardEnv(site.url, makeKey())),
      'not-your-server',
    ],
    [
      'a server with another secret',
      async () => start({ CHAT_REHEARSAL: randomBytes(32).toString('base64') }),
      'not-your-server',
    ],
  ])('sends no load to %s', async (_name, open, code) => {
    const server = await open()
    const { exit, text } = await rehearse(server.url)
    await server.close()
    expect(exit).toBe(1)
    expect(text).toContain(code)
    expect(server.log.join('\n')).not.toContain('/token')
  })

  it('asks for the secret, and shows it nowhere', async () => {
    let err = ''
    const output = { write: (text: string) => (err += text) }
    expect(
      await run(['rehearse', '--url', 'http://127.0.0.1:9'], { env: {}, stdout: output, stderr: output }),
    ).toBe(2)
    expect(err).toContain('CHAT_REHEARSAL')
    expect(
      await run(['rehearse', '--url', 'http://127.0.0.1:9'], {
        env: { CHAT_REHEARSAL: SECRET },
        stdout: output,
        stderr: output,
      }),
    ).toBe(1)
    expect(err).not.toContain(SECRET)
  })
})
