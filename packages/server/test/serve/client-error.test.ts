import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answerClientError, type RejectedRequest } from '../../src/serve/client-error.js'
import { LISTED } from '../endpoint/callee.js'

let server: Server
const reported: RejectedRequest[] = []
beforeAll(async () => {
  server = createServer(
    { headersTimeout: 150, requestTimeout: 200, connectionsCheckingInterval: 50 },
    (request, response) => {
      if (request.method === 'GET') response.end('fine')
      else request.resume()
    },
  )
  server.on('clientError', (error, socket) => {
    const rejected = answerClientError(error, socket as Socket, new Set([LISTED]))
    if (rejected) reported.push(rejected)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(() => server.close())

async function raw(...texts: string[]): Promise<string> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  let answer = ''
  socket.setEncoding('latin1').on('data', (part: string) => (answer += part))
  socket.on('error', () => undefined)
  for (const text of texts) {
    const before = answer
    socket.write(text)
    // sends the next text after the response to this one
    while (answer === before && !socket.destroyed) await new Promise((resolve) => setImmediate(resolve))
  }
  if (!socket.destroyed) await once(socket, 'close')
  return answer
}
const large = (origin: string) =>
  `POST /token HTTP/1.1\r\nHost: x\r\nOrigin: ${origin}\r\nCookie: ${'c=1; '.repeat(6000)}\r\n\r\n`

describe('a request that Node’s parser rejects', () => {
  it('gets our own code, which a listed page can read', async () => {
    const answer = await raw(large(LISTED))
    expect(answer).toMatch(/^HTTP\/1\.1 431 /)
    const [head = '', body = ''] = answer.split('\r\n\r\n')
    expect(JSON.parse(body)).toMatchObject({ code: 'bad-request', status: 431 })
    expect(head).toContain(`Access-Control-Allow-Origin: ${LISTED}`)
    expect(head).toContain('Cache-Control: no-store')
  })

  it('gets a response without CORS headers for any other origin', async () => {
    for (const origin of ['https://evil.test', 'null', `${LISTED}.evil.test`, '*']) {
      const answer = await raw(large(origin))
      expect(answer, origin).toMatch(/^HTTP\/1\.1 431 /)
      expect(answer, origin).not.toContain('Access-Control')
    }
  })

  it('gets a response even if it is not HTTP, also after a valid request', async () => {
    expect(await raw('nonsense\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /)
    const both = await raw('GET / HTTP/1.1\r\nHost: x\r\n\r\n', 'nonsense\r\n\r\n')
    expect(both).toMatch(/^HTTP\/1\.1 200 /)
    expect(both).toContain('HTTP/1.1 400 ')
  })

  it.each<[string, string, string]>([
    ['headers that never end', 'GET / HTTP/1.1\r\nHost: x\r\n', '408 Request Timeout'],
    ['half a request line', 'GET /', '408 Request Timeout'],
    [
      'a body that never ends',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc',
      '408 Request Timeout',
    ],
    ['headers that are too large', large(LISTED), '431 Request Header Fields Too Large'],
    [
      'two lengths',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      '400 Bad Request',
    ],
    ['no HTTP', 'nonsense\r\n\r\n', '400 Bad Request'],
    ['another version', 'GET / HTTP/9.1\r\nHost: x\r\n\r\n', '400 Bad Request'],
  ])('gets an error that names the cause: %s', async (_what, text, status) => {
    const answer = await raw(text)
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status}\r\n`))
    const { detail, title } = JSON.parse(answer.split('\r\n\r\n')[1]!) as { detail: string; title: string }
    expect(title).toBe('Bad request')
    expect(detail).toMatch(/^[A-Z][^.]*\.( |$)/)
    expect(detail.includes('in time')).toBe(status.startsWith('408'))
  })

  it('is reported with its origin and its address, for log and metrics', async () => {
    reported.length = 0
    const answer = await raw(large(LISTED))
    expect(reported).toMatchObject([
      { refusal: { reason: 'headers-too-large', status: 431 }, origin: LISTED, url: '/token' },
    ])
    expect(answer).toContain(reported[0]!.requestId)
  })

  it.each([
    ['whose handler waits for the body', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc'],
    ['that never began', ''],
  ])('is not reported where it is one %s', async (_what, text) => {
    reported.length = 0
    expect(await raw(text)).toMatch(/^HTTP\/1\.1 408 /)
    expect(reported).toEqual([])
  })
})
