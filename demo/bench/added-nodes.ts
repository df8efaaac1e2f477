import type { Browser } from 'playwright-core'
import { launchBrowser } from '../test/e2e/browser.js'
import { Site } from '../test/placing/site.js'
import { median, rounded, type Part } from './part.js'

const ROUNDS = 9
const NODES = 10_000

const WAYS = {
  'in one task': `for (let i = 0; i < ${NODES}; i++) list.append(row(i))`,
  'in 1,000 tasks': `for (let i = 0; i < ${NODES}; i++) { list.append(row(i)); if (i % 10 === 9) await turn() }`,
  'in one string of markup': `list.innerHTML = Array.from({ length: ${NODES} }, (_, i) => '<p class="row"><a href="/' + i + '">' + i + '</a></p>').join('')`,
}

/** What our observer costs a page that adds 10,000 nodes. */
export async function addedNodes(): Promise<Part> {
  const site = await new Site().listen()
  const script = `<script src="/kinescope-chat.js" data-upgrade="main"></script>`
  for (const [path, head] of [
    ['/without', ''],
    ['/with', script],
  ] as const)
    site.pages.set(path, {
      html: `<!doctype html><html lang="en"><head><title>Page</title>${head}</head><body><main id="list"></main></body></html>`,
    })
  const browser = await launchBrowser()
  try {
    const rows = []
    for (const [name, way] of Object.entries(WAYS)) {
      const times: Record<string, number[]> = { '/without': [], '/with': [] }
      for (let round = 0; round < ROUNDS; round++)
        for (const path of Object.keys(times))
          times[path]!.push(await measure(browser, site.url() + path, way))
      rows.push({
        added: name,
        'without the script, ms': rounded(median(times['/without']!), 1),
        'with it, ms': rounded(median(times['/with']!), 1),
      })
    }
    return {
      title: 'A page that grows',
      how: `The script watches a page for placeholders. ${NODES.toLocaleString('en')} nodes are added to a page with it and without it, alternately. Medians of ${ROUNDS} rounds.`,
      tables: [{ title: `${NODES.toLocaleString('en')} nodes`, bars: 'with it, ms', rows }],
    }
  } finally {
    await browser.close()
    await site.close()
  }
}

async function measure(browser: Browser, address: string, way: string): Promise<number> {
  const page = await browser.newPage()
  await page.goto(address)
  const time = await page.evaluate<number>(`(async () => {
    const list = document.getElementById('list')
    const row = (i) => { const p = document.createElement('p'); p.className = 'row'; const a = p.appendChild(document.createElement('a')); a.href = '/' + i; a.textContent = i; return p }
    const channel = new MessageChannel()
    const turn = () => new Promise((resolve) => { channel.port1.onmessage = resolve; channel.port2.postMessage(0) })
    await turn()
    const begun = performance.now()
    ${way}
    await turn()
    return performance.now() - begun
  })()`)
  await page.close()
  return time
}
