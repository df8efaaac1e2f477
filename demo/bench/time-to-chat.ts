import type { Browser } from 'playwright-core'
import { launchBrowser } from '../test/e2e/browser.js'
import { EVENT } from '../test/placing/kinescope.js'
import { chatTag, startBenchSite } from './bench-site.js'
import { CATEGORIES, mainThread, type MainThread } from './main-thread.js'
import { marked, median, quantile, rounded, type Aim, type Part } from './part.js'
import { bundleOf } from './size.js'

const ROUNDS = 9
const LATENCY_MS = 50
const BARE = 'a bare frame'
const OURS = '<kinescope-chat>'

interface Load extends MainThread {
  /** Milliseconds from the script's arrival. */
  tokenAsked: number
  frameAsked: number
}

/** From the script's arrival to the token's request and the frame's, beside the least that a page could do and a peer. */
export async function timeToChat(): Promise<Part> {
  const site = await startBenchSite()
  const scripts = {
    [BARE]: `fetch('/token', { method: 'POST' }).then((reply) => reply.json()).then(({ token }) => {
      const frame = document.createElement('iframe')
      frame.src = '${site.url('127.0.0.1')}/chat/${EVENT}?token=' + token
      document.body.append(frame)
    })`,
    [OURS]: '', // the file that a page loads: the site has it
    'Superset’s SDK': `${await bundleOf(`import { embedDashboard } from '@superset-ui/embedded-sdk'; window.embed = embedDashboard`)}
      embed({ id: '${EVENT}', supersetDomain: '${site.url('127.0.0.1')}', mountPoint: document.body,
        fetchGuestToken: () => fetch('/token', { method: 'POST' }).then((reply) => reply.json()).then(({ token }) => token) })`,
  }
  const names = Object.keys(scripts) as (keyof typeof scripts)[]
  const addresses = names.map((name, index) =>
    name === OURS ? `${site.url()}/kinescope-chat.js` : `${site.url()}/script-${index}.js`,
  )
  names.forEach((name, index) => {
    if (name !== OURS)
      site.handlers.set(`/script-${index}.js`, (_request, response) =>
        response.writeHead(200, { 'content-type': 'text/javascript' }).end(scripts[name]),
      )
    site.pages.set(`/page-${index}`, {
      html: `<!doctype html><html lang="en"><title>Stream</title><body>${name === OURS ? chatTag(site) : ''}<script src="${addresses[index]}"></script>`,
    })
  })
  const browser = await launchBrowser()
  try {
    const tables = []
    const aims: Aim[] = []
    for (const slower of [1, 4]) {
      const loads = names.map(() => [] as Load[])
      for (let round = -1; round < ROUNDS; round++)
        for (const index of names.keys()) {
          const load = await measure(browser, `${site.url()}/page-${index}`, addresses[index]!, slower)
          // the first one warms the browser up
          if (round >= 0) loads[index]!.push(load)
        }
      const rows = names.map((name, index) => {
        const of = (what: keyof Load) => loads[index]!.map((load) => load[what])
        return {
          '': name,
          'main thread, ms': rounded(median(of('tasks')), 1),
          quartiles: `${rounded(quantile(of('tasks'), 0.25), 1)}–${rounded(quantile(of('tasks'), 0.75), 1)}`,
          'of it script': rounded(median(of('script')), 1),
          'of it layout': rounded(median(of('layout')), 1),
          'to the token’s request, ms': rounded(median(of('tokenAsked')), 1),
          'to the frame’s request, ms': rounded(median(of('frameAsked')), 1),
        }
      })
      if (slower === 1) {
        const tasksOf = (name: keyof typeof scripts) =>
          median(loads[names.indexOf(name)]!.map(({ tasks }) => tasks))
        aims.push({
          what: 'own time on the main thread over a bare frame, ms',
          measured: rounded(tasksOf(OURS) - tasksOf(BARE), 1),
          bound: 'at most',
          limit: 15,
        })
      }
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
        bars: 'main thread, ms',
        rows,
      })
    }
    tables[0]!.title = 'This processor'
    return {
      title: 'Time to chat',
      how: `Chromium, ${LATENCY_MS} ms of network, ${ROUNDS} rounds that take turns; medians. The main thread’s figures are processor time of the whole load, out of Chromium’s trace: DevTools’ own counter of script leaves out what runs in a promise’s turn. The element is the file that a page loads with one tag. Superset’s frame is asked for before its token, which goes in later through a channel.`,
      aims,
      tables,
    }
  } finally {
    await browser.close()
    await site.close()
  }
}

async function measure(browser: Browser, page: string, script: string, slower: number): Promise<Load> {
  const context = await browser.newContext()
  const tab = await context.newPage()
  const devtools = await context.newCDPSession(tab)
  await devtools.send('Network.enable')
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: slower })
  const network = { offline: false, latency: LATENCY_MS, downloadThroughput: -1, uploadThroughput: -1 }
  await devtools.send('Network.emulateNetworkConditions', network)
  const asked: Record<string, number> = {}
  let scriptId = ''
  let arrived = Number.NaN
  devtools.on('Network.requestWillBeSent', ({ request, requestId, timestamp }) => {
    if (request.url === script) scriptId = requestId
    asked[new URL(request.url).pathname] ??= timestamp
  })
  devtools.on('Network.loadingFinished', ({ requestId, timestamp }) => {
    if (requestId === scriptId) arrived = timestamp
  })
  await browser.startTracing(tab, { categories: CATEGORIES })
  const frame = tab.waitForRequest((request) => /\/(chat|embedded)\//.test(request.url()))
  const token = tab.waitForRequest((request) => request.url().endsWith('/token'))
  await tab.goto(page)
  await Promise.all([frame, token])
  await tab.waitForTimeout(300)
  const trace = await browser.stopTracing()
  const since = (path: RegExp) =>
    ((Object.entries(asked).find(([name]) => path.test(name))?.[1] ?? Number.NaN) - arrived) * 1000
  const load = {
    ...mainThread(trace, script),
    tokenAsked: since(/^\/token$/),
    frameAsked: since(/^\/(chat|embedded)\//),
  }
  await context.close()
  return load
}
