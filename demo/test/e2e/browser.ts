import { existsSync } from 'node:fs'
import { chromium, type Browser } from 'playwright-core'

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

/** Starts the Chromium that is installed, with these flags besides. */
export async function launchBrowser(flags: string[] = []): Promise<Browser> {
  const executablePath = CANDIDATES.find((path) => path && existsSync(path))
  if (!executablePath) throw new Error('no Chromium found: install one, or set CHROME_PATH to it')
  return chromium.launch({
    executablePath,
    // a sandbox needs a user other than root
    args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), ...FLAGS, ...flags],
  })
}
