// One configuration for three engines. BROWSERS=chromium,firefox,webkit; without it, those that are installed.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { join, relative, resolve } from 'node:path'
import { esbuildPlugin } from '@web/dev-server-esbuild'
import { chromeLauncher } from '@web/test-runner-chrome'
import { webdriverLauncher } from '@web/test-runner-webdriver'
import { defaultReporter } from '@web/test-runner'
import * as puppeteer from 'puppeteer-core'
import { bench } from './test/browser/chat-pages.mjs'

const root = resolve(import.meta.dirname, '../..')
const first = (...paths) => paths.find((path) => path && existsSync(path))
const HEADLESS_SHELL = '/usr/bin/chromium-headless-shell' // takes half of the processor time
const chromiumPath = first(
  process.env.CHROME_PATH,
  HEADLESS_SHELL,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
)
const firefoxPath = first(process.env.FIREFOX_PATH, '/usr/bin/firefox-esr', '/usr/bin/firefox')
const driverPath = first(process.env.WEBKIT_DRIVER, '/usr/bin/WebKitWebDriver')
const miniBrowserPath = first(
  process.env.MINIBROWSER_PATH,
  '/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser',
  '/usr/lib/aarch64-linux-gnu/webkit2gtk-4.1/MiniBrowser',
)

const launchers = {
  chromium: () =>
    chromeLauncher({
      concurrency: 3,
      createPage: ownPage,
      launchOptions: {
        executablePath: chromiumPath,
        headless: true,
        args: [
          ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
          '--disable-gpu',
          '--disable-quic',
          '--no-first-run',
          '--disable-background-networking',
          '--disable-component-update',
          '--disable-sync',
          '--disable-dev-shm-usage',
        ],
      },
    }),
  firefox: () =>
    chromeLauncher({
      puppeteer,
      concurrency: 1,
      launchOptions: {
        browser: 'firefox',
        executablePath: firefoxPath,
        headless: true,
        extraPrefsFirefox: {
          'network.captive-portal-service.enabled': false,
          'network.connectivity-service.enabled': false,
        },
      },
    }),
  webkit,
}

/** A page with a window and a storage of its own, so that tests beside each other don't meet. */
async function ownPage({ browser }) {
  const context = await browser.createBrowserContext()
  if (chromiumPath === HEADLESS_SHELL) {
    // as the whole Chromium does; the frame's policy still decides. It ends with the session
    const session = await browser.target().createCDPSession()
    await session.send('Browser.grantPermissions', {
      browserContextId: context.id,
      permissions: ['clipboardSanitizedWrite'],
    })
  }
  return context.newPage()
}

/** WebKitGTK has no launcher of its own: its driver and, without a display, an Xvfb live as long as the launcher. */
async function webkit() {
  const port = await freePort()
  const launcher = webdriverLauncher({
    hostname: '127.0.0.1',
    port,
    path: '/',
    connectionRetryCount: 0,
    capabilities: {
      browserName: 'WebKitGTK',
      'wdio:enforceWebDriverClassic': true,
      'webkitgtk:browserOptions': { binary: miniBrowserPath, args: ['--automation'] },
    },
  })
  delete launcher.options?.capabilities?.browserName // a label for the report; the driver must not be asked for it
  const children = []
  const initialize = launcher.initialize.bind(launcher)
  const stop = launcher.stop.bind(launcher)
  launcher.initialize = async (config) => {
    const env = { ...process.env, WEBKIT_DISABLE_DMABUF_RENDERER: '1', LIBGL_ALWAYS_SOFTWARE: '1' }
    if (!env.DISPLAY && !env.WAYLAND_DISPLAY) {
      const options = ['-displayfd', '3', '-screen', '0', '1280x900x24', '-nolisten', 'tcp']
      const xvfb = spawn('Xvfb', options, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] })
      children.push(xvfb)
      const [display] = await once(xvfb.stdio[3], 'data')
      env.DISPLAY = `:${String(display).trim()}`
    }
    children.push(spawn(driverPath, [`--port=${port}`, '--host=127.0.0.1'], { env, stdio: 'ignore' }))
    await reachable(`http://127.0.0.1:${port}/status`)
    await initialize(config)
    launcher.name = 'WebKitGTK'
  }
  launcher.stop = async () => {
    await stop()
    for (const child of children.reverse()) child.kill()
  }
  process.on('exit', () => children.forEach((child) => child.kill('SIGKILL')))
  return launcher
}

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  return port
}

async function reachable(url) {
  for (let tries = 0; tries < 100; tries++) {
    const answer = await fetch(url).catch(() => null)
    if (answer) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`${url} did not answer`)
}

const installed = { chromium: chromiumPath, firefox: firefoxPath, webkit: driverPath && miniBrowserPath }
const wanted = (
  process.env.BROWSERS ??
  Object.keys(installed)
    .filter((name) => installed[name])
    .join(',')
).split(',')
for (const name of wanted) {
  if (!installed[name])
    throw new Error(`${name} is not installed: apt-get install chromium firefox-esr webkit2gtk-driver xvfb`)
}
console.log(`Browsers: ${wanted.join(', ')}`)

/** Counts the tests and times the files, into the file named by WTR_RESULTS. */
const counter = () => {
  let sessions
  return {
    start: (args) => (sessions = args.sessions),
    stop: () => {
      if (!process.env.WTR_RESULTS) return
      const counts = { passed: 0, failed: 0, skipped: 0, files: [] }
      for (const session of sessions.all()) {
        const name = relative(root, session.testFile)
        const file = { file: name, engine: session.browser.name, tests: 0, ms: 0, failures: [] }
        const count = ({ tests = [], suites = [] }, path = '') => {
          for (const test of tests) {
            if (!test.skipped && !test.passed) file.failures.push(path + test.name)
            else counts[test.skipped ? 'skipped' : 'passed']++
            file.tests += test.skipped ? 0 : 1
            file.ms += test.duration ?? 0
          }
          for (const suite of suites) count(suite, `${path}${suite.name} `)
        }
        if (session.testResults) count(session.testResults)
        if (session.errors.length) file.failures.push(session.errors[0].message)
        counts.failed += file.failures.length
        counts.files.push(file)
      }
      writeFileSync(process.env.WTR_RESULTS, JSON.stringify(counts))
    },
  }
}

/** Where engines differ: frames, focus, policies, the swap, sizes, styles, history. Such a test file has this line. */
const ENGINES = /^\/\/ @engines$/m
const engines = await Promise.all(wanted.map((name) => launchers[name]()))
/** `npm test` runs every file in the first engine, and in the others those where engines differ. */
const others = process.env.TEST_TIER === 'change' && !process.env.FILES ? engines.splice(1) : []
const forEveryEngine = readdirSync(join(import.meta.dirname, 'test/browser'), { recursive: true })
  .map((name) => `test/browser/${name}`)
  .filter((file) => file.endsWith('.test.ts'))
  .filter((file) => ENGINES.test(readFileSync(join(import.meta.dirname, file), 'utf8')))

const { plugin, middleware } = bench()

export default {
  files: process.env.FILES ?? 'test/browser/**/*.test.ts',
  nodeResolve: { exportConditions: ['production', 'default'] },
  concurrency: 1,
  // they wait more than they compute
  concurrentBrowsers: 3,
  hostname: '127.0.0.1',
  browserStartTimeout: 60_000,
  testsStartTimeout: 60_000,
  testsFinishTimeout: 300_000,
  // as in vite.config.ts
  testFramework: { config: { timeout: 60_000, retries: process.env.CI ? 1 : 0 } },
  plugins: [esbuildPlugin({ ts: true, target: 'es2022', tsconfig: 'tsconfig.json' }), plugin],
  middleware: [middleware],
  reporters: [defaultReporter({ reportTestResults: true, reportTestProgress: false }), counter()],
  filterBrowserLogs: ({ args }) => !/^(Lit is in dev mode|<kinescope-chat>)/.test(String(args[0])),
  browsers: engines,
  groups: others.length ? [{ name: 'engines', files: forEveryEngine, browsers: others }] : [],
}
