import type { CDPSession, Page } from 'playwright-core'
import { launchBrowser } from '../test/e2e/browser.js'
import { chatTag, startBenchSite } from './bench-site.js'
import { rounded, type Part, type Row } from './part.js'

const CHATS = 100
const MOUNTS = 1000
/** A question for a token is waited for ten seconds, and its timer holds what asked. */
const SETTLED_MS = 12_000

/** A hundred chats on a page, and one that is mounted a thousand times. */
export async function manyChats(): Promise<Part> {
  const site = await startBenchSite()
  const browser = await launchBrowser()
  try {
    const page = await browser.newPage()
    const asked = { tokens: 0, frames: 0 }
    page.on('request', (request) => {
      if (request.url().endsWith('/token')) asked.tokens++
      if (request.url().includes('/chat/')) asked.frames++
    })
    site.pages.set('/empty', {
      html: '<!doctype html><html lang="en"><title>Page</title><script src="/kinescope-chat.js"></script><main></main>',
    })
    const devtools = await page.context().newCDPSession(page)
    await devtools.send('Performance.enable')
    const rows: Row[] = []
    for (const [what, work] of [
      [`${CHATS} chats on a page, until all are open`, () => open(page, chatTag(site).repeat(CHATS))],
      [`a chat mounted and removed ${MOUNTS.toLocaleString('en')} times`, () => mount(page, chatTag(site))],
    ] as const) {
      await page.goto(`${site.url()}/empty`)
      await page.evaluate(() => customElements.whenDefined('kinescope-chat').then(() => undefined))
      const before = await weigh(devtools)
      Object.assign(asked, { tokens: 0, frames: 0 })
      const ms = await work()
      await page.evaluate(() => document.querySelector('main')!.replaceChildren())
      await page.waitForTimeout(SETTLED_MS)
      const after = await weigh(devtools)
      rows.push({
        what,
        'time, ms': rounded(ms),
        'token requests': asked.tokens,
        'frame requests': asked.frames,
        'memory kept, kB': rounded((after.heap - before.heap) / 1000),
        'listeners kept': after.listeners - before.listeners,
        'nodes kept': after.nodes - before.nodes,
      })
    }
    return {
      title: 'Many chats',
      how: 'Chromium. "Kept" is measured twelve seconds after the last chat is gone, after a garbage collection. The timeout of a token request, ten seconds, holds its chat.',
      tables: [{ title: 'Many chats on one page', bars: 'time, ms', rows }],
    }
  } finally {
    await browser.close()
    await site.close()
  }
}

const open = (page: Page, tags: string) =>
  page.evaluate(async (markup) => {
    const begun = performance.now()
    const main = document.querySelector('main')!
    main.innerHTML = markup
    const chats = [...main.querySelectorAll('kinescope-chat')]
    // some wait until they are near the view
    while (chats.some(({ state }) => state !== 'ready') && performance.now() - begun < 60_000) {
      chats.find(({ state }) => state !== 'ready')?.scrollIntoView()
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    return performance.now() - begun
  }, tags)

const mount = (page: Page, tag: string) =>
  page.evaluate(
    async ([markup, times]) => {
      const main = document.querySelector('main')!
      const begun = performance.now()
      for (let i = 0; i < times; i++) {
        main.innerHTML = markup
        await new Promise((resolve) => setTimeout(resolve))
        main.replaceChildren()
      }
      return performance.now() - begun
    },
    [tag, MOUNTS] as const,
  )

async function weigh(devtools: CDPSession) {
  // what the first one frees may hold what the second one does
  for (let times = 0; times < 2; times++) await devtools.send('HeapProfiler.collectGarbage')
  const { metrics } = await devtools.send('Performance.getMetrics')
  const of = (name: string) => metrics.find((metric) => metric.name === name)?.value ?? Number.NaN
  return { heap: of('JSHeapUsedSize'), listeners: of('JSEventListeners'), nodes: of('Nodes') }
}
