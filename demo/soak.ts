// `npm run soak:element`: an open page over ten minutes with 60-second tokens, by the real clock and the real server.
import type { Page } from 'playwright-core'
import { startDemo } from './start-demo.js'
import { launchBrowser } from './test/e2e/browser.js'

const MINUTES = Number(process.env['SOAK_MINUTES'] ?? 10)
/** Refreshes come 36 to 45 seconds after each other. */
const expectedRequests = {
  least: Math.floor((MINUTES * 60) / 45) - 1,
  most: Math.ceil((MINUTES * 60) / 36) + 1,
}
const HEAP_GROWTH = 1.25

const demo = await startDemo({
  ports: { site: 0, token: 0, emulator: 0 },
  watch: false,
  logLevel: 'silent',
  tokenTtl: 60,
  report: (step) => console.log(`  ✓ ${step}`),
})
const browser = await launchBrowser()
const page = await browser.newPage({ locale: 'en-GB' })
let asked = 0
page.on('request', (request) => {
  if (request.method() === 'POST' && request.url().endsWith('/token')) asked += 1
})

try {
  await page.goto(demo.site)
  await page.fill('#name', 'Soaker')
  await page.press('#name', 'Enter')
  const chat = page.frameLocator('kinescope-chat iframe').last()
  await chat.locator('#standing.verified').waitFor()
  const history = await page.evaluate(() => window.history.length)
  await startSampling(page)
  asked = 1

  const end = performance.now() + MINUTES * 60_000
  const heaps: number[] = []
  let drafts = 0
  while (performance.now() < end) {
    // every other token, somebody is in the middle of a sentence when it is renewed
    if (heaps.length % 2 === 1) {
      await keepDraft(page)
      drafts += 1
    } else await page.waitForTimeout(Math.max(0, Math.min(45_000, end - performance.now())))
    heaps.push(await heapAfterCollection(page))
    const { blank, samples } = await sampled(page)
    console.log(`  ${asked} token requests, ${blank} blank of ${samples} samples, heap ${heaps.at(-1)} bytes`)
  }

  const { blank, samples } = await sampled(page)
  // the first rounds warm the page up
  const [warm = 0] = heaps.slice(2)
  const findings = [
    check('token requests', asked >= expectedRequests.least && asked <= expectedRequests.most, String(asked)),
    check('no blank moment', blank === 0, `${blank} of ${samples}`),
    check(
      'history unchanged',
      (await page.evaluate(() => window.history.length)) === history,
      String(history),
    ),
    check(
      'memory flat',
      warm === 0 || heaps.at(-1)! < warm * HEAP_GROWTH,
      `${warm} to ${heaps.at(-1)} bytes`,
    ),
    check('drafts survived', drafts > 0 || MINUTES < 2, String(drafts)),
    check('still verified', (await chat.locator('#standing').getAttribute('class')) === 'badge verified', ''),
  ]
  process.exitCode = findings.every(Boolean) ? 0 : 1
} finally {
  await browser.close()
  await demo.close()
}

function check(what: string, fine: boolean, measured: string): boolean {
  console.log(`${fine ? 'ok  ' : 'FAIL'} ${what}: ${measured}`)
  return fine
}

/** Looks ten times a second whether a frame is to be seen. */
async function startSampling(page: Page): Promise<void> {
  await page.evaluate(() => {
    const seen = { samples: 0, blank: 0 }
    Object.assign(window, { seen })
    setInterval(() => {
      seen.samples += 1
      const frames = document.querySelector('kinescope-chat')?.shadowRoot?.querySelectorAll('iframe') ?? []
      const visible = [...frames].some(
        (frame) => getComputedStyle(frame).visibility === 'visible' && frame.clientHeight > 100,
      )
      if (!visible) seen.blank += 1
    }, 100)
  })
}

function sampled(page: Page): Promise<{ samples: number; blank: number }> {
  return page.evaluate(() => (window as unknown as { seen: { samples: number; blank: number } }).seen)
}

/** Types until the renewed token waits, and on; the draft must be there until its author leaves. */
async function keepDraft(page: Page): Promise<void> {
  const message = page.frameLocator('kinescope-chat iframe').last().locator('#message')
  await message.click()
  const state = () => page.evaluate(() => document.querySelector('kinescope-chat')?.state)
  let draft = ''
  while ((await state()) !== 'refreshing') {
    await message.press('a')
    draft += 'a'
    await page.waitForTimeout(1000)
  }
  for (let more = 0; more < 3; more += 1) {
    await page.waitForTimeout(1000)
    const kept = await page.frameLocator('kinescope-chat iframe').first().locator('#message').inputValue()
    if (kept !== draft) throw new Error(`the draft was lost: ${kept.length} of ${draft.length} characters`)
    await page.keyboard.press('a')
    draft += 'a'
  }
  await page.locator('#stream-name').click()
  await page.waitForFunction(() => document.querySelector('kinescope-chat')?.state === 'ready')
}

async function heapAfterCollection(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page)
  await session.send('HeapProfiler.collectGarbage')
  await session.send('Performance.enable')
  const { metrics } = await session.send('Performance.getMetrics')
  await session.detach()
  return metrics.find(({ name }) => name === 'JSHeapUsedSize')?.value ?? 0
}
