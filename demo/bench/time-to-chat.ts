import type { Browser } from 'playwright-core'
import { launchBrowser } from '../test/e2e/browser.js'
import { EVENT } from '../test/placing/kinescope.js'
import type { Site } from '../test/placing/site.js'
import { chatTag, startBenchSite } from './bench-site.js'
import { CATEGORIES, mainThread, type MainThread } from './main-thread.js'
import { marked, median, quantile, rounded, type Part, type Table } from './part.js'
import { bundleOf } from './size.js'

const ROUNDS = 15
const LATENCY_MS = 50
const SLOWER = [1, 4]
/** The element's own time, milliseconds. */
const AIM_MS = 15

interface Contender {
  name: string
  page: string
  script: string
}

interface Load extends MainThread {
  /** Milliseconds from the script's arrival. */
  tokenAsked: number
  frameAsked: number
}

/** From the script's arrival to the token's request and the frame's, beside the least that a page could do and a peer. */
export async function timeToChat(): Promise<Part> {
  const site = await startBenchSite()
  const bare = place(site, 'a bare frame', bareFrame(site))
  // the file that a page loads: the site has it
  const ours = place(site, '<kinescope-chat>', null)
  const contenders = [bare, ours, place(site, 'Superset’s SDK', await superset(site))]
  const browser = await launchBrowser()
  try {
    const tables: Table[] = []
    const own: number[] = []
    for (const slower of SLOWER) {
      const loads = new Map(contenders.map((contender) => [contender, [] as Load[]]))
      for (let round = -1; round < ROUNDS; round++)
        for (const contender of contenders) {
          const load = await measure(browser, contender, slower)
          // the first one warms the browser up
          if (round >= 0) loads.get(contender)!.push(load)
        }
      const over = loads.get(ours)!.map(({ tasks }, round) => tasks - loads.get(bare)![round]!.tasks)
      own.push(rounded(median(over), 1))
      const title = slower === 1 ? 'This processor' : `A processor ${slower} times slower than this one`
      tables.push(tableOf(title, loads))
    }
    return {
      title: 'Time to chat',
      how: `Chromium, ${LATENCY_MS} ms of network, ${ROUNDS} rounds of each page, alternately; medians. The main thread’s figures are processor time of the whole load, from Chromium’s trace. DevTools’ own script counter leaves out promise callbacks. The element is the file that a page loads with one tag. In the same rounds it takes ${own.join(' and ')} ms more than the bare frame, on this and on the slower processor. Superset’s SDK requests its frame before its token, and posts the token later.`,
      aims: [
        {
          what: 'the element’s own time on the main thread, over a bare frame, ms',
          measured: own[0]!,
          bound: 'at most',
          limit: AIM_MS,
        },
      ],
      tables,
    }
  } finally {
    await browser.close()
    await site.close()
  }
}

/** Puts a page on the site that runs the script, or the element's own file with its tag. */
function place(site: Site, name: string, code: string | null): Contender {
  const file = code === null ? '/kinescope-chat.js' : `/script-${site.pages.size}.js`
  const [path, script] = [`/page-${site.pages.size}`, site.url() + file]
  if (code !== null)
    site.handlers.set(file, (_request, response) =>
      response.writeHead(200, { 'content-type': 'text/javascript' }).end(code),
    )
  site.pages.set(path, {
    html: `<!doctype html><html lang="en"><title>Stream</title><body>${code === null ? chatTag(site) : ''}<script src="${script}"></script>`,
  })
  return { name, page: site.url() + path, script }
}

const bareFrame = (site: Site) =>
  `fetch('/token', { method: 'POST' }).then((reply) => reply.json()).then(({ token }) => {
    const frame = document.createElement('iframe')
    frame.src = '${site.url('127.0.0.1')}/chat/${EVENT}?token=' + token
    document.body.append(frame)
  })`

const superset = async (site: Site) =>
  `${await bundleOf(`import { embedDashboard } from '@superset-ui/embedded-sdk'; window.embed = embedDashboard`)}
  embed({ id: '${EVENT}', supersetDomain: '${site.url('127.0.0.1')}', mountPoint: document.body,
    fetchGuestToken: () => fetch('/token', { method: 'POST' }).then((reply) => reply.json()).then(({ token }) => token) })`

function tableOf(title: string, loads: ReadonlyMap<Contender, readonly Load[]>): Table {
  const moments: { name: string; T: number; F: number }[] = []
  const rows = [...loads].map(([{ name }, of]) => {
    const values = (what: keyof Load) => of.map((load) => load[what])
    const [T, F] = [median(values('tokenAsked')), median(values('frameAsked'))]
    moments.push({ name, T, F })
    const quartiles = [0.25, 0.75].map((share) => rounded(quantile(values('tasks'), share), 1))
    return {
      '': name,
      'main thread, ms': rounded(median(values('tasks')), 1),
      quartiles: quartiles.join('–'),
      'of it script': rounded(median(values('script')), 1),
      'of it layout': rounded(median(values('layout')), 1),
      'to the token’s request, ms': rounded(T, 1),
      'to the frame’s request, ms': rounded(F, 1),
    }
  })
  const last = Math.max(...moments.flatMap(({ T, F }) => [T, F]))
  const picture = [
    `from the script’s arrival to the token’s request (T) and the frame’s (F), ${rounded(last)} ms in all`,
    ...moments.map(({ name, T, F }) => `${marked({ T, F }, last).padEnd(62)}${name}`),
  ]
  return { title, bars: 'main thread, ms', rows, picture }
}

async function measure(browser: Browser, { page, script }: Contender, slower: number): Promise<Load> {
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
