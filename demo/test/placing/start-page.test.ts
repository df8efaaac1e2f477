import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { launchBrowser } from '../e2e/browser.js'
import { blocksOf, ROOT } from './page-blocks.js'
import { twoVisitorsTalk } from './two-visitors.js'

/** Ports of the page, and those that this test takes in their place. */
const PORTS: Record<string, string> = { '9090': '19090', '3000': '13000', '8080': '18080' }

const SITE = `http://localhost:${PORTS['3000']}/`

const blocks = (await blocksOf('docs/start.md')).map(({ language, code }) => ({
  language,
  code: Object.entries(PORTS).reduce(
    (text, [from, to]) =>
      text
        .replaceAll(`:${from}`, `:${to}`)
        .replaceAll(`(${from},`, `(${to},`)
        .replaceAll(`port: ${from},`, `port: ${to},`),
    code,
  ),
}))
const sh = (mark: string) =>
  blocks.find(({ language, code }) => language === 'sh' && code.includes(mark))!.code
const file = (name: string) => blocks.find(({ code }) => code.startsWith(`// demo/${name}`))!.code

describe('docs/start.md, followed word for word', () => {
  const children: ChildProcess[] = []
  const files: string[] = []
  let browser: Browser
  let keys: string

  beforeAll(async () => {
    browser = await launchBrowser()
    keys = await mkdtemp(join(tmpdir(), 'start-'))
    await run('npm run emulator', { EMULATOR_PORT: PORTS['9090']! }, 'Ctrl-C ends it')
    await run(`${terminal()}${sh('setup --event')}`, {}, null)
  })
  afterEach(() => stop(1))
  afterAll(async () => {
    await stop(0)
    await browser.close()
    for (const name of [...files, keys]) await rm(name, { recursive: true, force: true })
  })

  /** What the second terminal has set; the keys lie in a folder of this test's own. */
  const terminal = () => `export CHAT_KEY_DIR=${keys}\n${sh('kinescope-chat-server()')}`

  /** Runs in bash as at a prompt; waits for words, or for the end where there are none to wait for. */
  async function run(code: string, env: Record<string, string>, until: string | null): Promise<void> {
    const { PATH = '', HOME = '' } = process.env
    const child = spawn('bash', ['-c', code], { cwd: ROOT, detached: true, env: { PATH, HOME, ...env } })
    children.push(child)
    let said = ''
    await new Promise<void>((resolve, reject) => {
      const listen = (chunk: Buffer) => {
        said += chunk.toString()
        if (until !== null && said.includes(until)) resolve()
      }
      child.stdout.on('data', listen)
      child.stderr.on('data', listen)
      child.on('exit', (exit) => (exit === 0 ? resolve() : reject(new Error(`ended with ${exit}:\n${said}`))))
    })
  }

  /** Ends all but the first ones, each with what it started itself. */
  async function stop(keep: number): Promise<void> {
    for (const child of children.splice(keep))
      if (child.exitCode === null && child.signalCode === null) {
        process.kill(-child.pid!, 'SIGKILL')
        await new Promise((resolve) => child.once('exit', resolve))
      }
  }

  async function save(name: string): Promise<void> {
    const path = join(ROOT, 'demo', name)
    files.push(path)
    await writeFile(path, file(name).replaceAll("'./keys'", `'${keys}'`))
  }

  /** Serves until the address answers. */
  async function up(code: string, address: string): Promise<void> {
    void run(code, {}, null).catch(() => undefined)
    await expect
      .poll(
        () =>
          fetch(address).then(
            ({ ok }) => ok,
            () => false,
          ),
        { timeout: 30_000 },
      )
      .toBe(true)
  }

  it('standalone', async () => {
    await save('my-site.mjs')
    await up(sh('node demo/my-site.mjs &').replace('&', ''), `http://127.0.0.1:${PORTS['3000']}/`)
    await up(
      `export PORT=${PORTS['8080']}\n${terminal()}${sh('chat-server serve')}`,
      `http://127.0.0.1:${PORTS['8080']}/healthz`,
    )
    await twoVisitorsTalk(browser, SITE)
  })

  it.each(['my-express.mjs', 'my-fastify.mjs'])('inside an app: %s', async (name) => {
    await save(name)
    await up(`${terminal()}${sh(`node demo/${name}`)}`, `http://127.0.0.1:${PORTS['3000']}/`)
    await twoVisitorsTalk(browser, SITE)
  })
})
