import type { Browser } from 'playwright-core'
import { afterAll, beforeAll } from 'vitest'
import { startDemo, type Demo, type DemoOptions } from '../../start-demo.js'
import { launchBrowser } from './browser.js'

/** On free ports, and nothing said. */
export const QUIET: DemoOptions = {
  ports: { site: 0, token: 0, emulator: 0 },
  watch: false,
  logLevel: 'silent',
  report: () => undefined,
}

/** The whole demo on free ports, quiet, with nothing kept afterwards; its token server with these settings besides. */
export const startTestDemo = (settings: Record<string, string> = {}): Promise<Demo> =>
  startDemo({ ...QUIET, settings })

/** The same and a browser, while the tests of the block that calls this run. */
export function launchDemo(settings?: Record<string, string>): { demo: Demo; browser: Browser } {
  const running = {} as ReturnType<typeof launchDemo>
  beforeAll(async () => {
    const [demo, browser] = await Promise.all([startTestDemo(settings), launchBrowser()])
    Object.assign(running, { demo, browser })
  })
  afterAll(async () => {
    await running.browser?.close()
    await running.demo?.close()
  })
  return running
}
