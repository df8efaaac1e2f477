import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { run } from '../src/cli/run.js'
import { histogramQuantile, readMetrics } from '../src/status/read-metrics.js'
import { readStatus, type ReplicaLook, type Status } from '../src/status/screen.js'

const NOW = Date.UTC(2026, 10, 29)

const page = (tokens: number, rejected: number, blocked: number) => `# HELP kinescope_chat_build_info x
kinescope_chat_build_info{version="1.0.0",node="v22.0.0"} 1
kinescope_chat_tokens_total{event="E1",kid="k1"} ${tokens}
kinescope_chat_refusals_total{code="overloaded",reason="queue"} ${rejected}
kinescope_chat_refusals_total{code="bad-request",reason="method"} 0
kinescope_chat_page_problems_total{code="frame-blocked",engine="webkit",origin="other"} ${blocked}
kinescope_chat_requests_queued 3
kinescope_chat_requests_in_flight 4
kinescope_chat_connections 50
kinescope_chat_key_ring_stale 0
kinescope_chat_signing_key_usable{kid="k1"} 1
kinescope_chat_key_expires_timestamp_seconds{kid="k1"} ${NOW / 1000 + 40 * 86_400}
kinescope_chat_page_ready_seconds_bucket{le="1",engine="webkit"} 50
kinescope_chat_page_ready_seconds_bucket{le="2",engine="webkit"} 100
kinescope_chat_page_ready_seconds_bucket{le="+Inf",engine="webkit"} 100
`

/** Of a replica that has no key. */
const KEYLESS = page(1, 0, 0)
  .replace('signing_key_usable{kid="k1"} 1', 'signing_key_usable{kid=""} 0')
  .replace(/.*key_expires_timestamp_seconds.*\n/, '')

describe('readMetrics', () => {
  it('reads labels that contain quotes, line ends and braces', () => {
    expect(
      readMetrics('a{x="1 \\"2\\"",y="{\\n}"} 3 1790000000\n# a comment\nbroken line here\nb 4'),
    ).toEqual([
      { name: 'a', labels: { x: '1 "2"', y: '{\n}' }, value: 3 },
      { name: 'b', labels: {}, value: 4 },
    ])
  })

  it('estimates quantiles as Prometheus does', () => {
    const samples = readMetrics(page(0, 0, 0))
    expect(histogramQuantile(samples, 'kinescope_chat_page_ready_seconds', 0.75)).toBe(1.5)
    expect(histogramQuantile(samples, 'kinescope_chat_nothing', 0.5)).toBeNull()
  })
})

describe('readStatus', () => {
  const look = (url: string, at: number, text: string | null): ReplicaLook => ({
    url,
    at,
    samples: text === null ? null : readMetrics(text),
  })

  it('adds up the replicas, with rates over the interval between readings', () => {
    const status = readStatus(
      [look('a', 0, page(100, 0, 0)), look('b', 0, page(7, 5, 2))],
      [look('a', 5000, page(200, 10, 4)), look('b', 5000, page(57, 5, 2))],
    )
    expect(status).toMatchObject({
      replicas: { answering: 2, all: 2, silent: [] },
      tokensPerSecond: 30,
      queued: 6,
      inFlight: 8,
      connections: 100,
      rejections: [['overloaded', 10]],
      visitorProblems: [['frame-blocked · webkit', 4]],
      stale: 0,
    })
    expect(status.keys).toEqual([{ kid: 'k1', endsAtMs: NOW + 40 * 86_400_000 }])
  })

  it('counts a restarted replica from 0, and names a silent one', () => {
    const status = readStatus(
      [look('a', 0, page(1000, 0, 0)), look('b', 0, page(1, 0, 0))],
      [look('a', 1000, page(20, 0, 0)), look('b', 1000, null)],
    )
    expect(status.tokensPerSecond).toBe(20)
    expect(status.replicas).toEqual({ answering: 1, all: 2, silent: ['b'] })
    expect(status.withoutKey).toEqual([])
    expect(readStatus([look('b', 0, null)], [look('b', 1000, null)]).tokensPerSecond).toBeNull()
  })

  it('names each replica without a usable key', () => {
    const now = [look('a', 0, page(1, 0, 0)), look('b', 0, KEYLESS), look('c', 0, null)]
    expect(readStatus([], now)).toMatchObject({ keys: [{ kid: 'k1' }], withoutKey: ['b'] })
  })
})

describe('status', () => {
  it('prints one screen where there is no terminal, and ends with 1 if a replica is silent or has no key', async () => {
    let asked = 0
    const server = createServer((_request, response) => response.end(page(100 * ++asked, 0, 0))).listen(
      0,
      '127.0.0.1',
    )
    await new Promise((resolve) => server.once('listening', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const status = async (...flags: string[]) => {
      let out = ''
      const output = { write: (text: string) => (out += text) }
      const exit = await run(['status', ...flags], {
        env: {},
        stdout: output,
        stderr: output,
        now: () => NOW,
        wait: () => Promise.resolve(),
      })
      return { exit, out }
    }
    const well = await status('--url', url)
    expect(well.exit).toBe(0)
    expect(well.out).toContain('1 of 1')
    expect(well.out).toContain('40 days left')
    const json = JSON.parse((await status('--url', `${url},http://127.0.0.1:9`, '--json')).out) as Status
    expect(json.replicas).toEqual({ answering: 1, all: 2, silent: ['http://127.0.0.1:9'] })
    expect((await status('--url', `${url},http://127.0.0.1:9`)).exit).toBe(1)
    expect((await status('--url', 'ftp://x')).exit).toBe(2)
    const keyless = createServer((_request, response) => response.end(KEYLESS)).listen(0, '127.0.0.1')
    await new Promise((resolve) => keyless.once('listening', resolve))
    const keylessUrl = `http://127.0.0.1:${(keyless.address() as AddressInfo).port}`
    const { exit, out } = await status('--url', `${url},${keylessUrl}`)
    expect([exit, out]).toEqual([1, expect.stringContaining(`✖ keys       no usable key: ${keylessUrl}`)])
    keyless.close()
    server.close()
  })
})
