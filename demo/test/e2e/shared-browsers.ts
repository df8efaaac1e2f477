import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { BrowserServer } from 'playwright-core'
import { launchBrowserServer, SHARED_BROWSERS } from './browser.js'

/**
 * Lends one Chromium to each worker for the whole run, started when the first test asks for it. A start per test file
 * costs a second of both cores.
 */
export default async function shareBrowsers(): Promise<() => Promise<void>> {
  if (process.env[SHARED_BROWSERS]) return () => Promise.resolve() // another project's set-up shares them
  const browsers = new Map<string, Promise<BrowserServer>>()
  const lender = createServer((request, response) => {
    const worker = request.url!
    const browser = browsers.get(worker) ?? launchBrowserServer()
    browsers.set(worker, browser)
    browser.then(
      (running) => response.end(running.wsEndpoint()),
      (error: unknown) => {
        browsers.delete(worker)
        response.writeHead(500).end(String(error))
      },
    )
  })
  await new Promise<void>((listening) => lender.listen(0, '127.0.0.1', listening))
  process.env[SHARED_BROWSERS] = `http://127.0.0.1:${(lender.address() as AddressInfo).port}`
  return async () => {
    delete process.env[SHARED_BROWSERS]
    lender.close()
    lender.closeAllConnections()
    await Promise.all([...browsers.values()].map(async (browser) => (await browser).close()))
  }
}
