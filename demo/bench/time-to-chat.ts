import type { Browser } from 'playwright-core'
import { launchBrowser } from '../test/e2e/browser.js'
import { EVENT } from '../test/placing/kinescope.js'
import type { Site } from '../test/placing/site.js'
import { chatTag, startBenchSite } from './bench-site.js'
import { marked, median, quantile, rounded, type Part } from './part.js'
import { bundleOf } from './size.js'

const ROUNDS = 9
const LATENCY_MS = 50

interface Load {
  /** Main-thread time, milliseconds. */
  script: number
  layout: number
  /** Milliseconds from the script's arrival. */
  tokenAsked: number
  frameAsked: number
}

/** From the script's arrival to the token's request and the frame's, beside the least that a page could do and a peer. */
export async function timeToChat(): Promise<Part> {
  const site = await startBenchSite()
  const scripts = {
    'a bare frame': `fetch('/token', { method: 'POST' }).then((reply) => reply.json()).then(({ token }) => {
      const frame = document.createElement('iframe')
      frame.src = '${site.url('127.0.0.1')}/chat/${EVENT}?token=' + token
      document.body.append(frame)
    })`,
    '<kinescope-chat>': await bundleOf(`import 'kinescope-chat/define'`),
    'Superset’s SDK': `${await bundleOf(`import { embedDashboard } from '@superset-ui/embedded-sdk'; window.embed = embedDashboard`)}
      embed({ id: '${EVENT}', supersetDomain: '${site.url('127.0.0.1')}', mountPoint: document.body,
        fetchGuestToken: () => fetch('/token', { method: 'POST' }).then((reply) => reply.json()).then(({ token }) => token) })`,
  }
  const names = Object.keys(scripts) as (keyof typeof scripts)[]
  names.forEach((name, index) => {
    site.handlers.set(`/script-${index}.js`, (_request, response) =>
      response.writeHead(200, { 'content-type': 'text/javascript' }).end(scripts[name]),
    )
    site.pages.set(`/page-${index}`, {
      html: `<!doctype html><html lang="en"><title>Stream</title><body>${name === '<kinescope-chat>' ? chatTag(site) : ''}<script src="/script-${index}.js"></script>`,
    })
  })
  const browser = await launchBrowser()
  try {
    const tables = []
    for (const slower of [1, 4]) {
      const loads = names.map(() => [] as Load[])
      for (let round = -1; round < ROUNDS; round++)
        for (const index of names.keys()) {
          const load = await measure(browser, site, index, slower)
          // the first one warms the browser up
          if (round >= 0) loads[index]!.push(load)
        }
      const rows = names.map((name, index) => {
        const of = (what: keyof Load) => loads[index]!.map((load) => load[what])
        return {
          '': name,
          'script, ms': rounded(median(of('script')), 1),
          'script, quartiles': `${rounded(quantile(of('script'), 0.25), 1)}–${rounded(quantile(of('script'), 0.75), 1)}`,
          'layout, ms': rounded(median(of('layout')), 1),
          'to the token’s request, ms': rounded(median(of('tokenAsked')), 1),
          'to the frame’s request, ms': rounded(median(of('frameAsked')), 1),
        }
      })
      const moments = loads.map((ofOne) => ({
        T: median(ofOne.map(({ tokenAsked }) => tokenAsked)),
        F: median(ofOne.map(({ frameAsked }) => frameAsked)),
      }))
      const last = Math.max(...moments.flatMap(({ T, F }) => [T, F]))
      const picture = [
        `from the script’s arrival to the token’s request (T) and the frame’s (F), ${rounded(last)} ms in all`,
        ...names.map((name, index) => `${marked(moments[index]!, last).padEnd(62)}${name}`),
      ]
      tables.push({
        picture,
        title: `A processor ${slower} times slower than this one`,
        bars: 'script, ms',
        rows,
      })
    }
    tables[0]!.title = 'This processor'
    return {
      title: 'Time to chat',
      how: `Chromium, ${LATENCY_MS} ms of network, ${ROUNDS} rounds that take turns; medians. Script and layout are the main thread’s time in the whole load. Superset’s frame is asked for before its token, which goes in later through a channel.`,
      tables,
    }
  } finally {
    await browser.close()
    await site.close()
  }
}

async function measure(browser: Browser, site: Site, index: number, slower: number): Promise<Load> {
  const context = await browser.newContext()
  const page = await context.newPage()
  const devtools = await context.newCDPSession(page)
  await devtools.send('Network.enable')
  await devtools.send('Performance.enable')
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: slower })
  const network = { offline: false, latency: LATENCY_MS, downloadThroughput: -1, uploadThroughput: -1 }
  await devtools.send('Network.emulateNetworkConditions', network)
  const asked: Record<string, number> = {}
  let scriptId = ''
  let arrived = Number.NaN
  devtools.on('Network.requestWillBeSent', ({ request, requestId, timestamp }) => {
    const { pathname } = new URL(request.url)
    if (pathname.startsWith('/script-')) scriptId = requestId
    asked[pathname] ??= timestamp
  })
  devtools.on('Network.loadingFinished', ({ requestId, timestamp }) => {
    if (requestId === scriptId) arrived = timestamp
  })
  const frame = page.waitForRequest((request) => /\/(chat|embedded)\//.test(request.url()))
  const token = page.waitForRequest((request) => request.url().endsWith('/token'))
  await page.goto(`${site.url()}/page-${index}`)
  await Promise.all([frame, token])
  await page.waitForTimeout(300)
  const { metrics } = await devtools.send('Performance.getMetrics')
  const seconds = (name: string) => metrics.find((metric) => metric.name === name)?.value ?? Number.NaN
  const since = (path: RegExp) =>
    ((Object.entries(asked).find(([name]) => path.test(name))?.[1] ?? Number.NaN) - arrived) * 1000
  const load = {
    script: seconds('ScriptDuration') * 1000,
    layout: (seconds('LayoutDuration') + seconds('RecalcStyleDuration')) * 1000,
    tokenAsked: since(/^\/token$/),
    frameAsked: since(/^\/(chat|embedded)\//),
  }
  await context.close()
  return load
}
