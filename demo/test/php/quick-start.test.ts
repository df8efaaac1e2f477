import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildEmulator, type Emulator } from '../../emulator/emulator.js'
import { SEED } from '../../emulator/seed-events.js'
import { launchBrowser } from '../e2e/browser.js'
import { blockOf, PLACEHOLDER, ROOT } from '../placing/page-blocks.js'
import { twoVisitorsTalk } from '../placing/two-visitors.js'
import { answering, freePort } from '../placing/wordpress-site.js'
import { PHP_PACKAGE, whyNoPhp } from './php-server.js'

const PAGE = 'docs/php.md'
const missing = whyNoPhp()

/** A page of the site with a sign-in of its own: `?as=` is the visitor's name. */
const indexPage = (html: string) => `<?php
session_start();
if (isset($_GET['as'])) { $_SESSION['user_id'] = md5($_GET['as']); $_SESSION['user_name'] = $_GET['as']; }
session_write_close();
?><!doctype html><title>My page</title>
${html}`

describe.skipIf(missing)(`${PAGE}, followed step by step`, () => {
  let folder: string
  let root: string
  let site: string
  let emulator: Emulator
  let server: ChildProcess
  let browser: Browser

  beforeAll(async () => {
    ;[browser, folder] = await Promise.all([launchBrowser(), mkdtemp(join(tmpdir(), 'php-start-'))])
    emulator = buildEmulator()
    await emulator.listen()
    root = join(folder, 'public')
    site = `http://localhost:${await freePort()}`
    await mkdir(root)
  })
  afterAll(async () => {
    if (server?.kill()) await once(server, 'exit')
    await browser?.close()
    await emulator?.close()
    await rm(folder, { recursive: true, force: true })
  })

  /** Runs a command line of the page in the web root. */
  async function run(command: string, input = ''): Promise<string> {
    const child = spawn('bash', ['-c', command], { cwd: root })
    child.stdin.end(`${input}\n`)
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
    const [exit] = (await once(child, 'close')) as [number]
    expect(exit, `${command}\n${output}`).toBe(0)
    return output
  }

  it('brings two visitors into one chat', async () => {
    const page = await readFile(join(ROOT, PAGE), 'utf8')
    // 1 and 2: the package, and token.php with its first lines edited
    await cp(join(PHP_PACKAGE, 'src'), join(root, 'kinescope-chat/src'), { recursive: true })
    const edited = (await readFile(join(PHP_PACKAGE, 'token.php'), 'utf8'))
      .replace("'/vendor/autoload.php'", "'/kinescope-chat/src/autoload.php'")
      .replace('https://www.example.com', site)
      .replace(PLACEHOLDER, SEED.live.publicId)
      .replace('new Site([', `new Site([\n    'api' => '${emulator.url}',`)
    await writeFile(join(root, 'token.php'), edited)
    // 3
    const connect = (await blockOf(PAGE, 'sh', 'connect')).trim()
    expect(await run(connect, emulator.apiToken)).toMatch(/\d/)
    // 4
    const commands = [...page.matchAll(/`(php token\.php [^`]+)`/g)].map(([, command]) => command!)
    const [list, enable] = commands.filter((command) => command.includes('events'))
    const [row] = (await run(list!)).split('\n').filter((line) => line.includes(SEED.live.publicId))
    const [id] = row!.split(' ')
    await run(enable!.replace('ID', id!))
    expect(await run(list!)).toContain(row!.replace('token required: off', 'token required: on'))
    // 5
    const [, script] = /Copy `(packages\/element\/dist\/[\w.-]+)`/.exec(page)!
    await cp(join(ROOT, script!), join(root, 'kinescope-chat.js'))
    const html = (await blockOf(PAGE, 'html', '<kinescope-chat')).replace(
      `event-id="${PLACEHOLDER}"`,
      `event-id="${SEED.live.publicId}" chat-origin="${emulator.url}"`,
    )
    await writeFile(join(root, 'index.php'), indexPage(html))
    const sessions = join(folder, 'sessions')
    await mkdir(sessions)
    const options = ['-d', `session.save_path=${sessions}`, '-S', site.replace('http://', ''), '-t', root]
    server = spawn('php', options, {
      stdio: 'ignore',
      env: { ...process.env, PHP_CLI_SERVER_WORKERS: '4' },
    })
    await answering(`${site}/token.php`, 405)
    // a visitor who isn't signed in gets no session: each request would make another one
    const headers = { 'content-type': 'application/json', origin: site }
    const body = JSON.stringify({ event_id: SEED.live.publicId })
    expect((await fetch(`${site}/token.php`, { method: 'POST', headers, body })).status).toBe(401)
    expect(await readdir(sessions)).toEqual([])
    await twoVisitorsTalk(browser, `${site}/`)
    // 6
    const doctor = commands.find((command) => command.includes('doctor'))
    expect(await run(doctor!)).not.toMatch(/^fail/m)
  })
})
