// Draws the dashboard's panels for each injected fault, from recorded metrics, with Prometheus queried as by Grafana:
//     pnpm --filter kinescope-chat-server run pictures
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { dashboard, END_S, FAULT_AT_S, FAULTS, recordShow, STEP_S, targetsOf, type Fault } from './shows.js'

export const PICTURE = fileURLToPath(
  new URL('../../../../docs/pictures/dashboard-faults.svg', import.meta.url),
)

interface Line {
  metric: Record<string, string>
  values: [seconds: number, value: string][]
}

const DRAWN = Object.entries(FAULTS)

/** Starts Prometheus with the recorded metrics, one job for each simulated stream. */
export async function openShows(shows: Record<string, Fault>) {
  const folder = mkdtempSync(join(tmpdir(), 'shows-'))
  const lines: string[] = []
  for (const [job, fault] of Object.entries(shows))
    for (const { series, values } of await recordShow(fault)) {
      const named = series.replace('job="kinescope-chat"', `job="${job}"`)
      for (let step = 0; step <= END_S / STEP_S; step++) {
        const value = values.split(' ')[step]!
        if (/^[\d.e+-]+$/.test(value)) lines.push(`${named} ${value} ${step * STEP_S}`)
      }
    }
  writeFileSync(join(folder, 'shows.om'), `${lines.join('\n')}\n# EOF\n`)
  writeFileSync(join(folder, 'prometheus.yaml'), '')
  const data = join(folder, 'data')
  execFileSync('promtool', ['tsdb', 'create-blocks-from', 'openmetrics', join(folder, 'shows.om'), data])
  const port = await freePort()
  const prometheus = spawn(
    'prometheus',
    [
      `--config.file=${join(folder, 'prometheus.yaml')}`,
      `--storage.tsdb.path=${data}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ],
    { stdio: 'ignore' },
  )
  const ended = new Promise<void>((resolve) => prometheus.once('exit', () => resolve()))
  const url = `http://127.0.0.1:${port}`
  const isReady = () =>
    fetch(`${url}/-/ready`).then(
      ({ status }) => status === 200,
      () => false,
    )
  while (!(await isReady())) {
    if (prometheus.exitCode !== null) throw new Error('Prometheus ended at start')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return {
    async range(expr: string): Promise<Line[]> {
      const query = new URLSearchParams({
        query: expr,
        start: '60',
        end: String(END_S),
        step: String(STEP_S),
      })
      const response = await fetch(`${url}/api/v1/query_range?${query}`)
      const { data: found, error } = (await response.json()) as { data?: { result: Line[] }; error?: string }
      if (!found) throw new Error(`${expr}: ${error}`)
      return found.result
    },
    async close() {
      prometheus.kill('SIGTERM')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

const WIDTH = 330
const HEIGHT = 166
const PLOT = { left: 44, top: 52, width: 270, height: 84 }
const COLORS = ['#d4380d', '#d48806', '#531dab']

/** One panel: the series without a fault in gray, the series with the fault in color. */
export function panelSvg(
  { title, fault, alert }: { title: string; fault: string; alert: string },
  good: readonly Line[],
  faulty: readonly Line[],
): string {
  const all = [...good, ...faulty].flatMap(({ values }) => values.map(([, value]) => Number(value)))
  const top = Math.max(...all.filter(Number.isFinite), 0.001)
  const x = (seconds: number) => (PLOT.left + ((seconds - 60) / (END_S - 60)) * PLOT.width).toFixed(1)
  const y = (value: number) => (PLOT.top + (1 - value / top) * PLOT.height).toFixed(1)
  const path = ({ values }: Line) =>
    values
      .filter(([, value]) => Number.isFinite(Number(value)))
      .map(([at, value], index) => `${index ? 'L' : 'M'}${x(at)} ${y(Number(value))}`)
      .join('')
  const labels = faulty
    .map(({ metric }) => [metric['code'], metric['engine']].filter(Boolean).join(' · '))
    .filter(Boolean)
  return [
    `<text x="8" y="15" class="t">${escape(title)}</text>`,
    `<text x="8" y="29">${escape(fault)}</text>`,
    `<text x="8" y="42">${alert}</text>`,
    `<path class="a" d="M${PLOT.left} ${PLOT.top}V${PLOT.top + PLOT.height}H${PLOT.left + PLOT.width}"/>`,
    `<path class="f" d="M${x(FAULT_AT_S)} ${PLOT.top}V${PLOT.top + PLOT.height}"/>`,
    `<text x="${PLOT.left - 4}" y="${PLOT.top + 8}" class="e">${amount(top)}</text>`,
    `<text x="${PLOT.left - 4}" y="${PLOT.top + PLOT.height}" class="e">0</text>`,
    `<text x="${PLOT.left}" y="${HEIGHT - 12}">1 min</text>`,
    `<text x="${PLOT.left + PLOT.width}" y="${HEIGHT - 12}" class="e">8 min</text>`,
    ...good.map((line) => `<path class="g" d="${path(line)}"/>`),
    ...faulty.map((line, index) => `<path stroke="${COLORS[index % COLORS.length]}" d="${path(line)}"/>`),
    ...labels.map(
      (text, index) =>
        `<text x="${PLOT.left + 4}" y="${PLOT.top + 10 + index * 12}" style="fill:${COLORS[index % COLORS.length]}">${escape(text)}</text>`,
    ),
  ].join('\n')
}

const escape = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
const amount = (value: number) =>
  value > 86_400 ? `${Math.round(value / 86_400)} d` : String(Number(value.toPrecision(2)))

/** The picture: two columns of three panels. */
export async function drawFaults(): Promise<string> {
  const jobs = DRAWN.map(([name]) => name.replaceAll(/\W+/g, '-'))
  const faults = Object.fromEntries(DRAWN.map(([, { fault }], index) => [jobs[index]!, fault]))
  const shows = await openShows({ good: {}, ...faults })
  try {
    const panels: string[] = []
    for (const [index, [name, { alert, shown }]] of DRAWN.entries()) {
      const targets = dashboard.panels.filter(({ title }) => title === shown.panel).flatMap(targetsOf)
      const { expr } = targets.find(({ legendFormat }) => legendFormat === shown.legend)!
      const of = (job: string) => shows.range(expr.replaceAll('kinescope-chat', job))
      const svg = panelSvg(
        { title: shown.panel, fault: name, alert },
        await of('good'),
        await of(jobs[index]!),
      )
      const place = `translate(${(index % 2) * WIDTH} ${Math.floor(index / 2) * HEIGHT})`
      panels.push(`<g transform="${place}">\n${svg}\n</g>`)
    }
    const [width, height] = [WIDTH * 2, (HEIGHT * DRAWN.length) / 2]
    return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img">
<title>What the dashboard shows of six faults</title>
<style>text{font:9px sans-serif;fill:#555}.t{font:bold 12px sans-serif;fill:#222}.e{text-anchor:end}path{fill:none;stroke-width:1.5}.a{stroke:#999;stroke-width:1}.f{stroke:#999;stroke-dasharray:3}.g{stroke:#bbb}</style>
<rect width="${width}" height="${height}" fill="#fff"/>
${panels.join('\n')}
</svg>
`
  } finally {
    await shows.close()
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(PICTURE, await drawFaults())
