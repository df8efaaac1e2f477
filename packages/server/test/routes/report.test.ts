import { randomBytes } from 'node:crypto'
import Fastify from 'fastify'
import type { PageReport } from 'kinescope-chat/contract'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ReportSampling } from '../../src/endpoint/page-report.js'
import { planRequests } from '../../src/rehearse/plan.js'
import { mountReport } from '../../src/routes/report.js'
import { PageMetrics } from '../../src/serve/page-metrics.js'
import {
  EVENT,
  forwardEnv,
  makeKey,
  SITE_ORIGIN,
  startSite,
  startTestServer,
  type TestServer,
} from '../running-server.js'
import { seeded } from '../seeded.js'

const REPORT: PageReport = {
  code: 'ready',
  ms: 640,
  engine: 'chromium',
  engine_version: 156,
  origin: SITE_ORIGIN,
  version: '1.0.0',
}

describe('POST /report', () => {
  let server: TestServer
  let site: Awaited<ReturnType<typeof startSite>>
  beforeAll(async () => {
    site = await startSite()
    server = await startTestServer({ ...forwardEnv(site.url, makeKey()), CHAT_ADMIN_PORT: '0' })
  })
  afterAll(async () => {
    await server.close()
    await site.close()
  })

  const send = (
    body: string,
    headers: Record<string, string> = { 'content-type': 'text/plain;charset=UTF-8' },
  ) => fetch(`${server.url}/report`, { method: 'POST', body, headers })
  const metrics = async () => (await fetch(`${server.adminUrl}/metrics`)).text()
  const seriesOf = (text: string) =>
    text
      .split('\n')
      .filter((line) => /^kinescope_chat_page_/.test(line))
      .map((line) => line.split(' ')[0]!)
  const valueOf = (text: string, series: string) =>
    Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${series} `))
        ?.split(' ')[1],
    )

  it('responds 204 to any type of content', async () => {
    for (const type of ['nonsense', 'text/', ';', 'application/json; charset=x', ''])
      expect((await send('{}', type === '' ? {} : { 'content-type': type })).status, type).toBe(204)
  })

  it('counts the results of pages, and keeps no data of the visitor in a series', async () => {
    const before = await metrics()
    const problem = `kinescope_chat_page_problems_total{code="frame-blocked",engine="webkit",origin="${SITE_ORIGIN}"}`
    expect(valueOf(before, problem)).toBe(0)
    expect((await send(JSON.stringify(REPORT))).status).toBe(204)
    await send(JSON.stringify({ ...REPORT, code: 'frame-blocked', engine: 'webkit' }), {
      'content-type': 'application/json',
    })
    const after = await metrics()
    expect(valueOf(after, problem)).toBe(1)
    expect(
      valueOf(after, `kinescope_chat_page_ready_seconds_sum{engine="chromium",origin="${SITE_ORIGIN}"}`),
    ).toBe(0.64)
    expect(seriesOf(after)).toEqual(seriesOf(before))
  })

  it('creates no new series for ten thousand hostile reports, and tokens are issued meanwhile', async () => {
    const cookie = site.signIn('7', 'Ann')
    const before = seriesOf(await metrics())
    const hostile = async (index: number) => {
      const noise = randomBytes(8).toString('hex')
      const bodies = [
        JSON.stringify({ ...REPORT, code: noise, engine: noise, origin: `https://${noise}.example` }),
        'x'.repeat(5000),
        '{',
        JSON.stringify({ ...REPORT, origin: { toString: noise } }),
      ]
      return (await send(bodies[index % bodies.length]!)).status
    }
    const token = () =>
      fetch(`${server.url}/token`, {
        method: 'POST',
        headers: { origin: SITE_ORIGIN, cookie, 'content-type': 'application/json' },
        body: JSON.stringify({ event_id: EVENT }),
      })
    const statuses = new Set<number>()
    for (let round = 0; round < 100; round++) {
      const sent = Array.from({ length: 100 }, (_, index) => hostile(index))
      if (round % 20 === 0) expect((await token()).status).toBe(200)
      for (const status of await Promise.all(sent)) statuses.add(status)
    }
    expect([...statuses].every((status) => [204, 503].includes(status))).toBe(true)
    expect(seriesOf(await metrics())).toEqual(before)
    expect(server.log.join('\n')).not.toContain('"path":"/report"')
  })

  it('accepts JSON from listed pages, and reads no cookie', async () => {
    const ask = (origin: string) => fetch(`${server.url}/report`, { method: 'OPTIONS', headers: { origin } })
    expect((await ask(SITE_ORIGIN)).headers.get('access-control-allow-origin')).toBe(SITE_ORIGIN)
    expect((await ask('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull()
    expect((await ask(SITE_ORIGIN)).headers.get('access-control-allow-credentials')).toBeNull()
  })
})

describe('100,000 visitors', () => {
  it.each([
    [1, 1],
    [1, 10],
    [5, 1],
    [10, 1],
  ])(
    'who arrive within %i min at %i replicas send reports of at most 2 % of their token requests',
    async (minutes, replicas) => {
      const random = seeded(28)
      const audience = {
        viewers: 100_000,
        withinMs: minutes * 60_000,
        reloads: 0.05,
        badNetworks: 0.03,
        tokenTtlMs: 3_600_000,
      }
      const requests = planRequests(audience, random)
      const samplings = Array.from({ length: replicas }, () => new ReportSampling())
      let now = 0
      const registry = new Registry()
      const pages = new PageMetrics(registry, [SITE_ORIGIN])
      const app = Fastify()
      let counted = 0
      mountReport(app, {
        allowedOrigins: [SITE_ORIGIN],
        ownOrigin: undefined,
        onReport: (report) => {
          counted++
          pages.report(report)
        },
        onDropped: () => pages.dropped(),
        now: () => now,
      })
      await app.ready()
      const series = async () => (await registry.metrics()).split('\n').map((line) => line.split(' ')[0])
      const before = await series()
      let sent = 0
      const send = async (visitor: number, code: PageReport['code']) => {
        sent++
        const report: PageReport = { ...REPORT, code, ms: 400 + (visitor % 2000), engine: 'chromium' }
        // an address, a cookie and an id that the server must not store
        const response = await app.inject({
          method: 'POST',
          url: `/report?visitor=${visitor}`,
          remoteAddress: `198.51.100.${visitor % 250}`,
          headers: { 'content-type': 'text/plain', cookie: `sid=visitor-${visitor}` },
          body: JSON.stringify({ ...report, user_id: `visitor-${visitor}`, name: 'Ann' }),
        })
        expect(response.statusCode).toBe(204)
      }
      for (const { atMs, kind, viewer, breaksAfterMs } of requests) {
        now = atMs
        const rate = samplings[Math.floor(random() * replicas)]!.next(now)
        // as in the element: a refresh is no new visit, and a visit sends its results if its random number is below the
        // rate
        if (kind === 'refresh' || random() >= rate) continue
        if (breaksAfterMs !== null) await send(viewer, 'endpoint-unreachable')
        await send(viewer, 'ready')
      }
      const text = await registry.metrics()
      await app.close()
      expect(requests.length).toBeGreaterThan(100_000)
      expect(sent / requests.length).toBeLessThan(0.02)
      expect(sent).toBeGreaterThan(300)
      const dropped = Number(/^kinescope_chat_page_reports_dropped_total (\d+)$/m.exec(text)![1])
      expect(counted + dropped).toBe(sent)
      // enough for the alerts, which need twenty visits in two minutes
      expect(counted).toBeGreaterThan(300)
      expect(await series()).toEqual(before)
      expect(text).not.toMatch(/visitor-|198\.51|Ann/)
    },
  )
})
