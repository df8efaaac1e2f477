import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { decodeProtectedHeader } from 'jose'
import jsonwebtoken from 'jsonwebtoken'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { SEED, seedEvents } from '../../../../demo/emulator/seed-events.js'
import { verifyChatToken } from '../../../../demo/emulator/verify-chat-token.js'
import { Cluster } from '../keys/cluster.js'
import { askToken, startTestServer, type TestServer } from '../running-server.js'
import { secret } from '../secrets.js'
import { KID, withoutChance } from './without-chance.js'
import { workbench, type Workbench } from './workbench.js'

const PAGE = fileURLToPath(new URL('../../docs/operating.md', import.meta.url))
const MINUTE = 60_000
const DAY = 86_400_000
const EVENT = SEED.live.publicId
const SITE_SECRET = secret(randomBytes(32).toString('base64'))
const AUDIT = '/var/log/kinescope-chat/audit.jsonl'

/** A scenario of the page, from its marker to its end. */
const nightOf = (page: string, name: string) =>
  new RegExp(`<!-- night: ${name} -->[\\s\\S]*?<!-- morning -->`).exec(page)![0]

/** A server with visitors. Its keys are in a directory or in a Secret. */
class Night {
  readonly tokens = new Map<string, string>()
  server!: TestServer

  readonly bench: Workbench
  readonly place: Record<string, string>

  constructor(bench: Workbench, place: Record<string, string>) {
    this.bench = bench
    this.place = place
    delete bench.env['CHAT_KEY_DIR']
    Object.assign(bench.env, place)
  }

  get audit(): string {
    return join(this.bench.folder, 'audit.jsonl')
  }

  async begin(visitors: number): Promise<void> {
    for (const verb of ['generate', 'register']) expect((await this.bench.kc('keys', verb)).exit).toBe(0)
    await this.bench.kc('events', 'enable', EVENT)
    await this.serve()
    for (let index = 1; index <= visitors; index += 1) await this.enter(`user-${index}`)
  }

  async serve(): Promise<void> {
    const env = {
      ...this.place,
      CHAT_EVENTS: EVENT,
      CHAT_IDENTITY: 'jwt',
      CHAT_IDENTITY_SECRET: SITE_SECRET,
      CHAT_AUDIT: this.audit,
      CHAT_ADMIN_PORT: '0',
    }
    this.server = await startTestServer(env, { keyPollMs: 50 })
  }

  /** A visitor's element requests a token, at a load or a refresh. Returns Kinescope's verdict on the token. */
  async enter(sub: string): Promise<string | null> {
    const iat = Math.floor(Date.now() / 1000)
    const claims = { sub, name: sub, aud: 'kinescope-chat', iat, exp: iat + 600 }
    const identityToken = jsonwebtoken.sign(claims, SITE_SECRET)
    const answer = await askToken(
      this.server.url,
      { authorization: `Bearer ${identityToken}` },
      { event_id: EVENT },
    )
    const body = (await answer.json()) as { token?: string; code?: string }
    if (body.token === undefined) return body.code ?? 'no token'
    this.tokens.set(sub, body.token)
    return this.verdict(sub)
  }

  /** Kinescope's verdict on the visitor's current token. */
  verdict(sub: string): string | null {
    return verifyChatToken(this.bench.emulator.state, this.tokens.get(sub)!, SEED.live, EVENT, Date.now())
      .code
  }

  /** The signing key that the server reports, read from the metrics without a token request. */
  async signing(): Promise<string> {
    const metrics = await (await fetch(`${this.server.adminUrl}/metrics`)).text()
    return metrics
      .split('\n')
      .filter((line) => line.includes('signing_key_usable{'))
      .join('\n')
  }

  kidOf(sub: string): string {
    return decodeProtectedHeader(this.tokens.get(sub)!).kid!
  }

  /** Runs the commands of a scenario, with `kid` in place of KID. Returns the text with the new output. */
  async play(text: string, kid: string, afterCommand: (line: string) => Promise<void>): Promise<string> {
    const made: string[] = []
    for (const part of text.split(/(```console\n[\s\S]*?```|<!-- clock: [\s\S]*? -->)/)) {
      if (part.startsWith('<!-- clock: 90 min')) {
        vi.setSystemTime(Date.now() + 90 * MINUTE)
        // in this time, the server switches to the new key
        await this.until(async () => (await this.enter('user-1')) === null && this.kidOf('user-1') !== kid)
      }
      if (!part.startsWith('```console')) {
        made.push(part)
        continue
      }
      const outputs: string[] = []
      for (const line of part.split('\n').filter((candidate) => candidate.startsWith('$ '))) {
        const words = line
          .split(' ')
          .slice(2)
          .map((word) => (word === 'KID' || word.match(KID) ? kid : word))
        const { stdout, stderr } = await this.bench.kc(
          ...words.map((word) => (word === AUDIT ? this.audit : word)),
        )
        const output = (stderr + stdout).trimEnd().replaceAll(this.audit, AUDIT)
        outputs.push(`$ kinescope-chat-server ${words.join(' ')}\n${output}`)
        await afterCommand(line)
      }
      made.push(`\`\`\`console\n${outputs.join('\n\n')}\n\`\`\``)
    }
    return made.join('')
  }

  /** Waits for an action of the server, in real time. */
  until(condition: () => Promise<boolean>): Promise<void> {
    return vi.waitFor(async () => expect(await condition()).toBe(true), { timeout: 20_000, interval: 50 })
  }
}

const page = readFileSync(PAGE, 'utf8')
let text = page
let cluster: Cluster | null = null
let night: Night
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-11-25T09:00:00Z') }))
afterEach(async () => {
  await night.server.close()
  await night.bench.close()
  await cluster?.close()
  cluster = null
  vi.unstubAllEnvs()
  vi.useRealTimers()
})

const KEY_STORES: [string, (bench: Workbench) => Promise<Record<string, string>>][] = [
  ['a directory', (bench) => Promise.resolve({ CHAT_KEY_DIR: bench.keyDir })],
  [
    'a Secret of a cluster',
    async () => {
      cluster = new Cluster()
      await cluster.listen()
      cluster.put(undefined)
      vi.stubEnv('KUBECONFIG', cluster.kubeconfig)
      return { CHAT_KEY_SECRET: 'chat/chat-keys' }
    },
  ],
]

/** Compares the page with the output, for both key stores. UPDATE_DOCS=1 writes the page. */
function expectAsOnPage(name: string, played: string): void {
  const shown = nightOf(text, name)
  if (process.env['UPDATE_DOCS'] && cluster === null) {
    text = text.replace(shown, () => played)
    writeFileSync(PAGE, text)
    return
  }
  expect(withoutChance(played)).toBe(withoutChance(shown))
}

describe.each(KEY_STORES)('with the keys in %s', (_name, open) => {
  beforeEach(async () => {
    const bench = await workbench({
      events: seedEvents().filter(({ name }) => !name.startsWith('A chat that')),
    })
    night = new Night(bench, await open(bench))
  })

  it('a leak: visitors lose access at once and regain it at the next refresh or load', async () => {
    await night.begin(3)
    const leaked = night.kidOf('user-1')
    vi.setSystemTime(Date.parse('2026-11-26T02:50:00Z'))
    for (const sub of ['user-1', 'user-2']) expect(await night.enter(sub)).toBeNull()
    const stolen = night.tokens.get('user-1')!
    const startedAt = performance.now()

    const played = await night.play(nightOf(text, 'leak'), leaked, async (line) => {
      if (!line.includes('revoke')) return
      // every token of the leaked key is rejected from now on
      for (const sub of ['user-1', 'user-2', 'user-3']) expect(night.verdict(sub)).toBe('key-not-registered')
      // the server has switched keys without a restart
      await night.until(async () => {
        const signing = await night.signing()
        return signing !== '' && !signing.includes(leaked)
      })
      expect(await night.enter('user-2')).toBeNull()
      expect(night.kidOf('user-2')).not.toBe(leaked)
      expect(performance.now() - startedAt).toBeLessThan(MINUTE)
      for (const sub of ['user-1', 'user-3']) expect(await night.enter(sub)).toBeNull()
    })
    const { state } = night.bench.emulator
    expect(verifyChatToken(state, stolen, SEED.live, EVENT, Date.now()).code).toBe('key-not-registered')
    expect(state.keys.map(({ kid }) => kid)).toEqual([night.kidOf('user-1')])
    const { data } = await night.bench.json('audit', night.audit, '--kid', leaked, '--visitors')
    expect((data.userIds as string[]).sort()).toEqual(['user-1', 'user-2', 'user-3'])
    expectAsOnPage('leak', played)
  }, 60_000)

  it('a key that ends on Sunday: another key signs by Friday night', async () => {
    vi.setSystemTime(Date.parse('2026-11-28T09:00:00Z'))
    await night.begin(0)
    const sunday = Date.now() + 365 * DAY
    await night.server.close()
    vi.setSystemTime(sunday - 2 * DAY + 9 * 60 * MINUTE)
    await night.serve()
    const ready = async () => (await fetch(`${night.server.url}/readyz`)).text()
    expect(await ready()).toContain('key-ends-soon')
    expect(await night.enter('user-1')).toBeNull()
    const old = night.kidOf('user-1')

    const played = await night.play(nightOf(text, 'weekend'), old, async () => {
      expect(await night.enter('user-1')).toBeNull()
    })
    await night.until(async () => (await night.enter('user-1')) === null && night.kidOf('user-1') !== old)
    expect(await ready()).not.toContain('key-ends-soon')
    for (const time of [sunday - MINUTE, sunday, sunday + DAY]) {
      vi.setSystemTime(time)
      expect(await night.enter('user-1')).toBeNull()
    }
    expectAsOnPage('weekend', played)
  }, 60_000)
})
