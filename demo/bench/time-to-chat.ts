import { setTimeout as sleep } from 'node:timers/promises'
import { EVENT } from '../test/placing/kinescope.js'
import type { Site } from '../test/placing/site.js'
import { CHAT_PAGE, CHAT_PATHS, chatTag, startBenchSite } from './bench-site.js'
import { startDelayingProxy } from './delay.js'
import { mainThread, type MainThread } from './main-thread.js'
import { marked, median, quantile, rounded, type NamedAim, type Part, type Table } from './part.js'
import { bundleOf } from './size.js'
import { startTracedBrowser, type LoadOptions, type TracedBrowser } from './traced-browser.js'

const LATENCY_MS = 50
/** How many times slower the processor is, and the rounds then. */
const PROCESSORS = [
  { slower: 1, rounds: 15 },
  { slower: 4, rounds: 5 },
]
const LOAD_TIMEOUT_MS = 60_000
/** The element's own, milliseconds. */
const AIMS_MS = { tasks: 15, background: 15, tokenAsked: 25 }

interface Contender {
  name: string
  page: string
  script: string
}

/** Milliseconds from the script's arrival. */
interface Moments {
  tokenAsked: number
  /** As the chat's server gets the request. */
  frameAsked: number
}

type Load = MainThread & Moments

/** From the script's arrival to the token's request and the frame's, beside the least that a page could do and a peer. */
export async function timeToChat(): Promise<Part> {
  const site = await startBenchSite()
  const far = await startDelayingProxy(Number(new URL(site.url()).port), LATENCY_MS)
  const [page, chat] = ['localhost', '127.0.0.1'].map((host) => `http://${host}:${far.port}`)
  const place = placer(site, page!, chat!)
  const bare = place('a bare frame', bareFrame(chat!))
  // the file that a page loads: the site has it
  const ours = place('<kinescope-chat>', null)
  const contenders = [bare, ours, place('Superset’s SDK', await superset(chat!))]
  const measure = measurer(site, await startTracedBrowser())
  try {
    const tables: Table[] = []
    const own: number[] = []
    const aims: NamedAim[] = []
    for (const { slower, rounds } of PROCESSORS) {
      const loads = new Map(contenders.map((contender) => [contender, [] as Load[]]))
      for (let round = -1; round < rounds; round++)
        for (const contender of contenders) {
          const load = await measure.load(contender, slower)
          // the first one warms the browser up
          if (round >= 0) loads.get(contender)!.push(load)
        }
      const over = loads.get(ours)!.map(({ tasks }, round) => tasks - loads.get(bare)![round]!.tasks)
      own.push(rounded(median(over), 1))
      if (slower === 1) aims.push(...aimsOf(own[0]!, loads.get(ours)!))
      const title = slower === 1 ? 'This processor' : `A processor ${slower} times slower than this one`
      tables.push(tableOf(title, loads))
    }
    return {
      title: 'Time to chat',
      how: `Chromium, ${LATENCY_MS} ms a round trip, ${PROCESSORS[0]!.rounds} rounds of each page, alternately, and ${PROCESSORS[1]!.rounds} on the slower processor; medians. Each page has \`<script async>\` with a relative \`src\`, in a profile of its own. No DevTools are attached to a page, except to slow its processor down. The threads’ figures are processor time of the whole load, from Chromium’s trace. The moments are measured in loads without a trace, except on the slower processor. The token’s request is measured by the page’s Resource Timing. The frame’s is measured by its server, so it includes the handshake and half a round trip. In the same rounds the element takes ${own.join(' and ')} ms more on the main thread than the bare frame, on this and on the slower processor. "Background" is V8 compiling the script on another thread while it arrives. Superset’s SDK requests its frame before its token, and posts the token later.`,
      aims,
      tables,
    }
  } finally {
    await measure.close()
    far.close()
    await site.close()
  }
}

function aimsOf(tasks: number, loads: readonly Load[]): NamedAim[] {
  const middle = (what: keyof Load) => rounded(median(loads.map((load) => load[what])), 1)
  const aim = (what: string, measured: number, limit: number): NamedAim => ({
    what,
    measured,
    bound: 'at most',
    limit,
  })
  return [
    aim('the element’s own time on the main thread, over a bare frame, ms', tasks, AIMS_MS.tasks),
    aim('compiling the element in the background, ms', middle('background'), AIMS_MS.background),
    aim('the script’s arrival to the token request, ms', middle('tokenAsked'), AIMS_MS.tokenAsked),
  ]
}

/** Puts pages on the site that run a script, or the element's own file with its tag. */
function placer(site: Site, pageOrigin: string, chatOrigin: string) {
  return (name: string, code: string | null): Contender => {
    const file = code === null ? '/kinescope-chat.js' : `/script-${site.pages.size}.js`
    const path = `/page-${site.pages.size}`
    if (code !== null)
      site.handlers.set(file, (_request, response) =>
        response.writeHead(200, { 'content-type': 'text/javascript' }).end(code),
      )
    const tag = code === null ? chatTag(site, chatOrigin) : ''
    site.pages.set(path, {
      html: `<!doctype html><html lang="en"><title>Stream</title>${REPORTER}<body>${tag}<script async src="${file}"></script>`,
    })
    return { name, page: pageOrigin + path, script: pageOrigin + file }
  }
}

/** Sends the moments that the page knows. The same in all pages. */
const REPORTER = `<script>
  new PerformanceObserver((_list, observer) => {
    const entries = performance.getEntriesByType('resource')
    const [script, token] = [/[.]js$/, /[/]token$/].map((address) => entries.find(({ name }) => address.test(name)))
    if (!script || !token) return
    observer.disconnect()
    const arrived = performance.timeOrigin + script.responseEnd
    fetch('/report', { method: 'POST', body: JSON.stringify({ arrived, tokenAsked: token.startTime - script.responseEnd }) })
  }).observe({ type: 'resource', buffered: true })
</script>`

const bareFrame = (chatOrigin: string) =>
  `fetch('/token', { method: 'POST' }).then((reply) => reply.json()).then(({ token }) => {
    const frame = document.createElement('iframe')
    frame.src = '${chatOrigin}/chat/${EVENT}?token=' + token
    document.body.append(frame)
  })`

const superset = async (chatOrigin: string) =>
  `${await bundleOf(`import { embedDashboard } from '@superset-ui/embedded-sdk'; window.embed = embedDashboard`)}
  embed({ id: '${EVENT}', supersetDomain: '${chatOrigin}', mountPoint: document.body,
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
      'background, ms': rounded(median(values('background')), 1),
      'to the token’s request, ms': rounded(T, 1),
      'to the frame’s request at its server, ms': rounded(F, 1),
    }
  })
  const last = Math.max(...moments.flatMap(({ T, F }) => [T, F]))
  const picture = [
    `from the script’s arrival to the token’s request (T) and the frame’s (F), ${rounded(last)} ms in all`,
    ...moments.map(({ name, T, F }) => `${marked({ T, F }, last).padEnd(62)}${name}`),
  ]
  return { title, bars: 'main thread, ms', rows, picture }
}

interface Report {
  /** Milliseconds since the epoch. */
  arrived: number
  tokenAsked: number
}

function measurer(site: Site, browser: TracedBrowser) {
  let reported: (report: Report) => void = () => {}
  let framed: (at: number) => void = () => {}
  site.handlers.set('/report', async (request, response) => {
    let text = ''
    for await (const part of request.setEncoding('utf8')) text += String(part)
    response.end()
    reported(JSON.parse(text) as Report)
  })
  for (const path of CHAT_PATHS)
    site.handlers.set(path, (_request, response) => {
      framed(performance.timeOrigin + performance.now())
      response.writeHead(200, { 'content-type': 'text/html' }).end(CHAT_PAGE)
    })
  async function once(page: string, options: LoadOptions) {
    const frame = new Promise<number>((resolve) => (framed = resolve))
    const report = new Promise<Report>((resolve) => (reported = resolve))
    const late = new AbortController()
    const done = Promise.race([
      Promise.all([report, frame]),
      sleep(LOAD_TIMEOUT_MS, undefined, { signal: late.signal }).then(() => {
        throw new Error(`${page} had no chat`)
      }),
    ])
    const trace = await browser.load(page, done, options)
    const [{ arrived, tokenAsked }, frameAt] = await done
    late.abort()
    return { trace, moments: { tokenAsked, frameAsked: frameAt - arrived } }
  }
  return {
    async load({ page, script }: Contender, slower: number): Promise<Load> {
      const traced = await once(page, { slower, isTraced: true })
      // the trace makes the moments later
      const { moments } = slower === 1 ? await once(page, { slower, isTraced: false }) : traced
      return { ...mainThread(traced.trace, script), ...moments }
    },
    close: () => browser.close(),
  }
}
