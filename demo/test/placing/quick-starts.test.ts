import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { launchBrowser } from '../e2e/browser.js'
import { blockOf, blocksOf, PLACEHOLDER, ROOT } from './page-blocks.js'
import { twoVisitorsTalk } from './two-visitors.js'

/** Ports of the pages, and those that this test takes instead. */
const PORTS: Record<string, string> = { '9090': '19090', '3000': '13000', '8080': '18080' }
const EVENT = '4hYq8vWzT2mKc9RbXsLd7N'
const SITE = `http://localhost:${PORTS['3000']}/`

/** What docs/start.md tells a reader with the emulator to replace. */
const withEmulator = (code: string) =>
  Object.entries(PORTS).reduce(
    (text, [from, to]) =>
      text
        .replaceAll(`:${from}`, `:${to}`)
        .replaceAll(`(${from},`, `(${to},`)
        .replaceAll(`port: ${from},`, `port: ${to},`),
    code
      .replaceAll(
        `event-id="${PLACEHOLDER}"`,
        `event-id="${PLACEHOLDER}" chat-origin="http://127.0.0.1:9090"`,
      )
      .replaceAll(PLACEHOLDER, EVENT),
  )
const block = async (page: string, language: string, mark: string) =>
  withEmulator(await blockOf(page, language, mark))

describe('the quick starts, followed word for word with the emulator', () => {
  const children: ChildProcess[] = []
  const files: string[] = []
  let browser: Browser
  let keys: string
  let terminal: string

  beforeAll(async () => {
    browser = await launchBrowser()
    keys = await mkdtemp(join(tmpdir(), 'start-'))
    const [command] = (await blocksOf('docs/start.md')).filter(({ code }) =>
      code.includes('kinescope-chat-server() {'),
    )
    // the build is there already; the emulator runs until the end
    const getCommand = command!.code.replace(/^npm run build.*\n/, '')
    await run('npm run emulator', { EMULATOR_PORT: PORTS['9090']! }, 'Ctrl-C ends it')
    const setUp = (await block('docs/start.md', 'sh', 'KINESCOPE_API_URL')).replace('$PWD/keys', keys)
    terminal = getCommand + setUp.replace(/^kinescope-chat-server setup.*\n/m, '')
    await run(getCommand + setUp, {}, null)
  })
  afterEach(() => stop(1))
  afterAll(async () => {
    await stop(0)
    await browser.close()
    for (const name of [...files, keys]) await rm(name, { recursive: true, force: true })
  })

  /** Runs in bash as at a prompt; waits for a text, or for the end where there is none. */
  async function run(code: string, env: Record<string, string>, until: string | null): Promise<void> {
    const { PATH = '', HOME = '' } = process.env
    const child = spawn('bash', ['-c', code], { cwd: ROOT, detached: true, env: { PATH, HOME, ...env } })
    children.push(child)
    let printed = ''
    await new Promise<void>((resolve, reject) => {
      const listen = (chunk: Buffer) => {
        printed += chunk.toString()
        if (until !== null && printed.includes(until)) resolve()
      }
      child.stdout.on('data', listen)
      child.stderr.on('data', listen)
      child.on('exit', (exit) =>
        exit === 0 ? resolve() : reject(new Error(`ended with ${exit}:\n${printed}`)),
      )
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

  /** Saves a file of a page where its imports resolve. */
  async function save(name: string, code: string): Promise<string> {
    const path = join(ROOT, 'demo', name)
    files.push(path)
    await writeFile(path, code)
    return path
  }

  /** Serves until the address answers. */
  async function up(code: string, address: string): Promise<void> {
    const failed = run(code, {}, null).then(
      () => undefined,
      (error: unknown) => error,
    )
    await expect
      .poll(
        async () => {
          const answer = await fetch(address).then(
            ({ ok }) => ok,
            () => false,
          )
          return answer || (await Promise.race([failed, Promise.resolve(false)]))
        },
        { timeout: 30_000 },
      )
      .toBe(true)
  }

  const serve = async (page: string) =>
    up(
      `export PORT=${PORTS['8080']}\n${terminal}${await block(page, 'sh', 'chat-server serve')}`,
      `http://127.0.0.1:${PORTS['8080']}/healthz`,
    )

  it('static pages, with a token server beside them', async () => {
    const page = 'docs/start/static.md'
    const site = await save('quick-start-site.mjs', await block(page, 'js', '// site.mjs'))
    const start = await block(page, 'sh', 'node site.mjs &')
    await up(start.replace('site.mjs &', site), SITE)
    await serve(page)
    await twoVisitorsTalk(browser, SITE)
  })

  it.each(['Express', 'Fastify'])('one route of a Node app: %s', async (framework) => {
    const page = 'docs/start/node.md'
    const app = await save(
      `quick-start-${framework}.mjs`,
      await block(page, 'js', `// ${framework}: app.mjs`),
    )
    // the reader's app is in another folder than the clone, where the key was made
    const start = (await block(page, 'sh', 'node app.mjs')).replace('app.mjs', app)
    await up(`${terminal}cd ${tmpdir()}\n${start}`, SITE)
    await twoVisitorsTalk(browser, SITE)
  })

  it('guests only', async () => {
    const page = 'docs/start/guests.md'
    await serve(page)
    const html = await block(page, 'html', '<kinescope-chat')
    const site = createServer((_request, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end(html),
    )
    await new Promise<void>((resolve) => site.listen(Number(PORTS['3000']), '127.0.0.1', resolve))
    const names = await Promise.all(
      [1, 2].map(async () => {
        const context = await browser.newContext()
        const tab = await context.newPage()
        await tab.goto(SITE)
        const chat = tab.frameLocator('kinescope-chat iframe')
        await chat.locator('#standing.verified').waitFor()
        const name = await chat.locator('#who').textContent()
        await context.close()
        return name
      }),
    )
    site.close()
    site.closeAllConnections()
    expect(names[0]).toMatch(/\d/)
    expect(names[0]).not.toBe(names[1])
  })
})
