import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { checkPorts, readPorts } from '../ports.js'
import { startDemo } from '../start-demo.js'
import { startHostSite } from '../site/host-site.js'
import type { PageFacts } from '../src/page-facts.js'
import { launchBrowser } from './e2e/browser.js'
import { QUIET } from './e2e/test-demo.js'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** `npm run demo` without the build before it. */
function runDemo(env: Record<string, string>) {
  const child = spawn(process.execPath, ['--import', 'tsx', 'run.ts'], {
    cwd: ROOT,
    env: { ...process.env, ...env },
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const ended = once(child, 'exit').then(([code]) => code as number | null)
  return {
    child,
    ended,
    said: () => said,
    async until(what: string) {
      while (!said.includes(what)) {
        const code = await Promise.race([once(child.stdout, 'data').then(() => null), ended])
        if (code !== null && !said.includes(what)) throw new Error(`the demo ended with ${code}:\n${said}`)
      }
    },
  }
}

async function freePorts(): Promise<Record<string, string>> {
  const names = ['DEMO_PORT', 'TOKEN_PORT', 'EMULATOR_PORT']
  const servers = await Promise.all(
    names.map(async () => {
      const server = createServer().listen(0, '127.0.0.1')
      await once(server, 'listening')
      return server
    }),
  )
  const ports = servers.map((server) => String((server.address() as AddressInfo).port))
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return Object.fromEntries(names.map((name, index) => [name, ports[index]!]))
}

describe('npm run demo', () => {
  it('starts all servers, prints their addresses, and ends with Ctrl-C', async () => {
    const env = await freePorts()
    const demo = runDemo(env)
    try {
      await demo.until('Ctrl-C ends everything')
      const addresses = [
        `http://localhost:${env['DEMO_PORT']}`,
        `http://localhost:${env['TOKEN_PORT']}`,
        `http://127.0.0.1:${env['EMULATOR_PORT']}`,
      ]
      for (const address of addresses) expect(demo.said()).toContain(address)
      const page = await fetch(addresses[0]!)
      expect(await page.text()).toContain(`${addresses[1]}/kinescope-chat.js`)
      expect((await fetch(`${addresses[1]}/kinescope-chat.js`)).status).toBe(200)
    } finally {
      demo.child.kill('SIGINT')
    }
    expect(await demo.ended).toBe(0)
    await expect(checkPorts(readPorts(env))).resolves.toBeUndefined()
  })

  it('responds with 503 until its servers run, and then shows the page automatically', async () => {
    let facts: PageFacts | undefined
    const browser = await launchBrowser()
    const site = await startHostSite({
      port: 0,
      watch: false,
      facts: () => facts,
      otherServer: () => Promise.reject(new Error('none')),
      identityServers: () => undefined,
      rotateKeys: () => Promise.resolve(),
    })
    try {
      const early = await fetch(site.url)
      expect(early.status).toBe(503)
      expect(await early.text()).not.toContain('kinescope-chat.js')
      const page = await browser.newPage()
      await page.goto(site.url)
      expect(await page.locator('kinescope-chat').count()).toBe(0)
      facts = { tokenServer: 'http://localhost:9', chatOrigin: 'http://127.0.0.1:9', events: {} }
      await page.locator('kinescope-chat').waitFor({ state: 'attached' })
    } finally {
      await browser.close()
      await site.close()
    }
  })

  it('serves the element from its sources if configured, and shows a change without a restart', async () => {
    const browser = await launchBrowser()
    // a copy next to the packages that it imports, so that other readers of the sources see no change
    const element = fileURLToPath(new URL('../../packages/element', import.meta.url))
    const elementSources = await mkdtemp(`${element}/src-changed-`)
    await cp(`${element}/src`, elementSources, { recursive: true })
    const demo = await startDemo({ ...QUIET, watch: true, elementSources })
    try {
      const page = await browser.newPage()
      await page.goto(demo.site)
      const heading = page.locator('kinescope-chat [part=heading]')
      await heading.waitFor()
      expect(await heading.textContent()).not.toContain('Changed')
      const texts = `${elementSources}/view/en.ts`
      const changed = (await readFile(texts, 'utf8')).replaceAll("heading: '", "heading: 'Changed: ")
      await writeFile(texts, changed)
      await heading.getByText('Changed: ').waitFor()
    } finally {
      await browser.close()
      await demo.close()
      await rm(elementSources, { recursive: true })
    }
  })

  it('names a port that is in use, and the remedy', async () => {
    const env = await freePorts()
    const taken = createServer().listen(Number(env['TOKEN_PORT']), '127.0.0.1')
    await once(taken, 'listening')
    const demo = runDemo(env)
    expect(await demo.ended).toBe(1)
    expect(demo.said()).toContain(env['TOKEN_PORT'])
    expect(demo.said()).toContain('TOKEN_PORT=')
    taken.close()
  })

  it.each([['no-number'], ['70000'], ['-1']])('rejects the port %s', (text) => {
    expect(() => readPorts({ DEMO_PORT: text })).toThrow(/DEMO_PORT/)
  })
})
