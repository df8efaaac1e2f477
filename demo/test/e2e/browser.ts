import { existsSync } from 'node:fs'
import { chromium, type Browser, type BrowserServer } from 'playwright-core'
import { borrow } from './lending.js'

const CANDIDATES = [
  process.env['CHROME_PATH'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
]

const HEADLESS_SHELL = '/usr/bin/chromium-headless-shell'

const FLAGS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
]

/** The variable with the address that lends browsers, which `shared-browsers.ts` sets. */
export const SHARED_BROWSERS = 'TEST_BROWSERS'

/** A Chromium of the worker's own, or one started with these flags. Closing it closes its pages. */
export async function launchBrowser(flags: string[] = []): Promise<Browser> {
  const lent = flags.length > 0 ? null : await borrow(SHARED_BROWSERS, process.env['VITEST_POOL_ID'])
  if (lent === null) return chromium.launch(options(shellPath(), flags))
  return withoutAnimations(await chromium.connect(lent))
}

/** Its pages ask for reduced motion, unless a test asks for more: an animation is drawn sixty times a second. */
function withoutAnimations(browser: Browser): Browser {
  const newContext = browser.newContext.bind(browser)
  browser.newContext = (options) => newContext({ reducedMotion: 'reduce', ...options })
  return browser
}

/** A Chromium of its own with all that it has, such as its rules for the cookies of other sites. */
export const launchWholeBrowser = async (): Promise<Browser> => chromium.launch(options(chromiumPath()))

/** Starts a Chromium that other processes can connect to. */
export const launchBrowserServer = async (): Promise<BrowserServer> =>
  chromium.launchServer(options(shellPath()))

/** The address of the installed Chromium. */
export function chromiumPath(): string {
  const found = CANDIDATES.find((path) => path && existsSync(path))
  if (!found) throw new Error('Chromium was not found. Install it, or set CHROME_PATH to it.')
  return found
}

/** Chromium without its windows and their own pages, which takes half of the processor time; else the whole. */
export function shellPath(): string {
  return process.env['CHROME_PATH'] || !existsSync(HEADLESS_SHELL) ? chromiumPath() : HEADLESS_SHELL
}

function options(executablePath: string, flags: string[] = []) {
  return {
    executablePath,
    // a sandbox needs a user other than root
    args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), ...FLAGS, ...flags],
  }
}
