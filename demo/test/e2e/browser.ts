import { existsSync } from 'node:fs'
import { chromium, type Browser, type BrowserServer } from 'playwright-core'

const CANDIDATES = [
  process.env['CHROME_PATH'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
]

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
  const lender = process.env[SHARED_BROWSERS]
  if (!lender || flags.length > 0) return chromium.launch(options(flags))
  const reply = await fetch(`${lender}/${process.env['VITEST_POOL_ID'] ?? ''}`)
  const text = await reply.text()
  if (!reply.ok) throw new Error(text)
  return chromium.connect(text)
}

/** Starts a Chromium that other processes can connect to. */
export const launchBrowserServer = async (): Promise<BrowserServer> => chromium.launchServer(options([]))

/** The address of the installed Chromium. */
export function chromiumPath(): string {
  const found = CANDIDATES.find((path) => path && existsSync(path))
  if (!found) throw new Error('Chromium was not found. Install it, or set CHROME_PATH to it.')
  return found
}

function options(flags: string[]) {
  const executablePath = chromiumPath()
  return {
    executablePath,
    // a sandbox needs a user other than root
    args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), ...FLAGS, ...flags],
  }
}
