import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { secretRemover } from '../../src/kinescope/api-client.js'
import { API_TOKEN, workbench, type Workbench } from '../cli/workbench.js'

let bench: Workbench
let api: Server
let respond: () => { status: number; body: string; requestId?: string }
beforeEach(async () => {
  bench = await workbench()
  await bench.kc('keys', 'generate')
  api = createServer((request, response) => {
    const { status, body, requestId } = respond()
    request.resume()
    response.writeHead(status, {
      'content-type': 'application/json',
      ...(requestId === undefined ? {} : { 'x-request-id': requestId }),
    })
    response.end(body)
  })
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve))
  bench.env['KINESCOPE_API_URL'] = `http://127.0.0.1:${(api.address() as AddressInfo).port}`
})
afterEach(async () => {
  api.close()
  await bench.close()
})

const mixed = [...API_TOKEN].map((c, index) => (index % 2 ? c.toUpperCase() : c)).join('')
const escapedToken = [...API_TOKEN].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')
const percent = (sign: string) =>
  [...API_TOKEN].map((c) => sign + c.charCodeAt(0).toString(16).toUpperCase()).join('')
const base64url = (text: string) => Buffer.from(text).toString('base64url')
const error = (message: string, more = {}) => JSON.stringify({ error: { code: 400000, message, ...more } })

const QUOTES: [string, () => ReturnType<typeof respond>][] = [
  ['as it is', () => ({ status: 401, body: error(`bad token ${API_TOKEN}`) })],
  ['in upper case', () => ({ status: 401, body: error(`bad token ${API_TOKEN.toUpperCase()}`) })],
  ['in mixed case', () => ({ status: 403, body: error(`Bearer ${mixed}`) })],
  ['without dashes', () => ({ status: 400, body: error(API_TOKEN.replaceAll('-', '')) })],
  ['percent-encoded', () => ({ status: 400, body: error(`?token=${API_TOKEN.replaceAll('-', '%2D')}`) })],
  ['percent-encoded in full', () => ({ status: 400, body: error(`?token=${percent('%')}`) })],
  ['percent-encoded twice', () => ({ status: 400, body: error(`?token=${percent('%25')}`) })],
  [
    'in quoted parts',
    () => ({
      status: 400,
      body: error(
        API_TOKEN.split('-')
          .map((part) => `"${part}"`)
          .join(' - '),
      ),
    }),
  ],
  ['in base64', () => ({ status: 400, body: error(btoa(API_TOKEN)) })],
  ['in base64url, behind its scheme', () => ({ status: 400, body: error(base64url(`Bearer ${API_TOKEN}`)) })],
  ['in base64, as a password', () => ({ status: 400, body: error(btoa(`id:${API_TOKEN.toUpperCase()}`)) })],
  ['with JSON escapes', () => ({ status: 400, body: `{"error":{"message":"${escapedToken}"}}` })],
  [
    'in the detail',
    () => ({ status: 500, body: error('failed', { detail: `Authorization: ${API_TOKEN}` }) }),
  ],
  [
    'in a parameter',
    () => ({ status: 400, body: error('', { invalid_params: [{ name: API_TOKEN, reason: mixed }] }) }),
  ],
  [
    'as the request id',
    () => ({ status: 500, body: error('failed'), requestId: `${'r'.repeat(80)}${API_TOKEN}` }),
  ],
  ['as a kid in a list', () => ({ status: 200, body: JSON.stringify({ data: [{ id: '1', kid: mixed }] }) })],
]

/** What a reader who tries it makes of a text: the bytes of percent-encoding and of base64. */
function decoded(text: string): string {
  const bytes = text
    .replaceAll('%25', '%')
    .replace(/%([\da-f]{2})/gi, (_all, code: string) => String.fromCharCode(Number(`0x${code}`)))
  const base64 = (text.match(/[\w+/-]{20,}/g) ?? []).flatMap((run) =>
    [0, 1, 2, 3].map((at) => Buffer.from(run.slice(at), 'base64').toString('latin1')),
  )
  return [bytes, ...base64].join(' ').toLowerCase()
}

it.each(QUOTES)('no output contains the API token, if the API quotes it %s', async (_what, response) => {
  respond = response
  const bare = API_TOKEN.replaceAll('-', '')
  for (const argv of [
    ['keys', 'list'],
    ['keys', 'register'],
    ['events', 'list'],
    ['doctor', '--event', 'stream'],
  ]) {
    for (const flags of [[], ['--json']]) {
      const { stdout, stderr } = await bench.kc(...argv, ...flags)
      const output = stdout + stderr
      const text = output.toLowerCase()
      expect(text.replace(/[^0-9a-z]|%2d/g, '')).not.toContain(bare)
      expect(decoded(output).replace(/[^0-9a-z]/g, '')).not.toContain(bare)
      for (const start of [API_TOKEN.slice(0, 20)]) expect(text).not.toContain(start)
    }
  }
})

it('other texts and values stay unchanged', () => {
  const remove = secretRemover(API_TOKEN)
  const value = { data: [{ id: API_TOKEN.replace('0', '1'), n: 5, on: true, none: null }] }
  expect(remove(value)).toEqual(value)
  expect(secretRemover('')('text')).toBe('text')
})

it('a secret of dashes leaves a text readable, and one of punctuation marks takes no time', () => {
  expect(secretRemover('--')('connect ECONNREFUSED')).toBe('connect ECONNREFUSED')
  const remove = secretRemover('!*'.repeat(9))
  const started = performance.now()
  expect(remove('!*'.repeat(8) + '*!'.repeat(5))).toBe('!*'.repeat(8) + '*!'.repeat(5))
  expect(remove(`AUTH ${'!*'.repeat(9)} is wrong`)).toBe('AUTH [hidden] is wrong')
  expect(performance.now() - started).toBeLessThan(500)
})
