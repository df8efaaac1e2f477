import { randomBytes } from 'node:crypto'
import type { PageReport } from 'kinescope-chat/contract'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  EVENT,
  forwardEnv,
  makeKey,
  SITE_ORIGIN,
  startSite,
  startTestServer,
  type TestServer,
} from '../running-server.js'

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

  it('counts what pages saw, and has nothing of the visitor in a series', async () => {
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

  it('makes no new series of ten thousand hostile reports, and hands out tokens meanwhile', async () => {
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

  it('lets listed pages send JSON, and reads no cookie', async () => {
    const ask = (origin: string) => fetch(`${server.url}/report`, { method: 'OPTIONS', headers: { origin } })
    expect((await ask(SITE_ORIGIN)).headers.get('access-control-allow-origin')).toBe(SITE_ORIGIN)
    expect((await ask('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull()
    expect((await ask(SITE_ORIGIN)).headers.get('access-control-allow-credentials')).toBeNull()
  })
})
