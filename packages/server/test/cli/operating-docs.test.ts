import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { SEED, seedEvents } from '../../../../demo/emulator/seed-events.js'
import { startTestServer, type TestServer } from '../running-server.js'
import { secret } from '../secrets.js'
import { KID, withoutChance } from './without-chance.js'
import { workbench, type Workbench } from './workbench.js'

const PAGE = fileURLToPath(new URL('../../docs/operating.md', import.meta.url))
const START = Date.parse('2026-11-25T09:00:00Z')

/** Runs the page's commands and returns the page with new outputs. The prose stays. */
async function replay(text: string, bench: Workbench): Promise<string> {
  let policy = false
  let server: TestServer | null = null
  const site = createServer((_request, response) => {
    const headers = policy ? { 'content-security-policy': "default-src 'self'" } : {}
    response.writeHead(200, { 'content-type': 'text/html', ...headers }).end('<!doctype html>')
  })
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve))
  const siteUrl = `http://127.0.0.1:${(site.address() as AddressInfo).port}`
  /** The names that the page uses for the local addresses. */
  const names = (): [string, string][] => [
    ['https://www.example.com', siteUrl],
    ['https://chat.example.com', server?.url ?? 'https://chat.example.com'],
    ['https://kinescope.io/chat', `${bench.emulator.url}/chat`],
    ['./keys', bench.keyDir],
  ]
  const asOnPage = (output: string) => {
    const named = names().reduce((result, [shown, real]) => result.replaceAll(real, shown), output)
    return named
      .replaceAll(`${bench.emulator.url}/v1`, 'https://api.kinescope.io/v1')
      .replaceAll(bench.emulator.url, 'https://kinescope.io')
      .replace(/ *KINESCOPE_CHAT_ORIGIN=.*\n/, '') // the page's reader doesn't set it
      .replace(/ data-chat-origin="[^"]*"/, '')
      .replace(/(eyJ[\w-]{17})[\w.-]+/g, '$1…')
  }

  const run = async (line: string): Promise<string> => {
    if (line.includes('--url') && !server) {
      server = await startTestServer({
        CHAT_KEY_DIR: bench.keyDir,
        CHAT_EVENTS: SEED.live.publicId,
        CHAT_ALLOWED_ORIGINS: siteUrl,
        CHAT_IDENTITY: 'guest',
        CHAT_IDENTITY_SECRET: secret(randomBytes(32).toString('base64')),
      })
      // Node writes the real time there, and the page shows the fake time
      server.app.server.prependListener('request', (_request, response) => {
        response.setHeader('Date', new Date().toUTCString())
      })
    }
    const words = (line.match(/"[^"]*"|\S+/g) ?? []).slice(2).map((word) => word.replaceAll('"', ''))
    const signer = async () => {
      const { keys } = (await bench.json('keys', 'list')).data as { keys: { kid: string; signs: boolean }[] }
      return keys.find(({ signs }) => signs)!.kid
    }
    const argv = await Promise.all(
      words.map(async (word) => {
        if (word === 'KID' || word.match(KID)) return signer()
        return names().find(([shown]) => shown === word)?.[1] ?? word
      }),
    )
    const { stdout, stderr } = await bench.kc(...argv)
    const shown = words.map((word, index) => (word === 'KID' || word.match(KID) ? argv[index]! : word))
    const quoted = shown.map((word) => (word.includes(' ') ? `"${word}"` : word))
    return asOnPage([`$ kinescope-chat-server ${quoted.join(' ')}`, (stderr + stdout).trimEnd()].join('\n'))
  }

  // nights.test.ts runs these scenarios
  const parts = text.split(/(<!-- night: [\s\S]*?<!-- morning -->|```console\n[\s\S]*?```|<!-- [\s\S]*? -->)/)
  const made: string[] = []
  for (const part of parts) {
    if (part.startsWith('<!-- clock: 90 min')) vi.setSystemTime(Date.now() + 90 * 60_000)
    if (part.startsWith('<!-- fault:')) {
      policy = true
      bench.emulator.state.events.find(({ id }) => id === SEED.live.id)!.jwtRequired = false
    }
    if (!part.startsWith('```console')) {
      made.push(part)
      continue
    }
    const outputs: string[] = []
    for (const line of part.split('\n').filter((candidate) => candidate.startsWith('$ ')))
      outputs.push(await run(line))
    made.push(`\`\`\`console\n${outputs.join('\n\n')}\n\`\`\``)
  }
  await (server as TestServer | null)?.close()
  site.close()
  return made.join('')
}

// only the clock is fake: timers run in real time
beforeEach(() => vi.useFakeTimers({ toFake: ['Date'], now: START }))
afterEach(() => void vi.useRealTimers())

it('docs/operating.md shows the real output of its commands (UPDATE_DOCS=1 writes it)', async () => {
  const events = seedEvents().filter(({ name }) => !name.startsWith('A chat that'))
  const bench = await workbench({ events })
  try {
    const text = readFileSync(PAGE, 'utf8')
    const made = await replay(text, bench)
    if (process.env['UPDATE_DOCS']) writeFileSync(PAGE, made)
    expect(withoutChance(made)).toBe(withoutChance(process.env['UPDATE_DOCS'] ? made : text))
    // the page must show every command that an operator needs
    for (const command of [
      'setup',
      'keys generate',
      'keys register',
      'keys list',
      'keys rotate',
      'keys reconcile',
      'keys revoke',
      'doctor',
    ]) {
      expect(text).toContain(`$ kinescope-chat-server ${command}`)
    }
  } finally {
    await bench.close()
  }
})
