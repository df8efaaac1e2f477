import { createHash, randomBytes, createHmac, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import jwt from 'jsonwebtoken'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { SEED } from '../../../../demo/emulator/seed-events.js'
import { readServeConfig } from '../../src/config.js'
import { diagnose } from '../../src/doctor/doctor.js'
import type { Finding } from '../../src/doctor/finding.js'
import { checkSettings } from '../../src/doctor/settings-checks.js'
import { workbench, type Workbench } from '../cli/workbench.js'
import { startTestServer, type TestServer } from '../running-server.js'

let bench: Workbench
let kid: string
beforeEach(async () => {
  bench = await workbench({ variants: { keyFields: 'full' } })
  kid = (await bench.json('setup', '--event', SEED.live.id)).data.kid as string
})
afterEach(() => bench.close())

interface Diagnosis {
  exit: number
  healthy: boolean
  findings: Finding[]
}
const EVENT = ['--event', SEED.live.publicId]
const doctor = async (...argv: string[]): Promise<Diagnosis> => {
  const { exit, data } = await bench.json('doctor', ...argv)
  return { exit, ...(data as Omit<Diagnosis, 'exit'>) }
}
/** The codes of the problems. Each must have a remedy. */
const codes = ({ findings }: Diagnosis, status: Finding['status'] = 'fail') => {
  const bad = findings.filter((finding) => finding.status === status)
  for (const { remediation } of bad) expect(remediation).toBeTruthy()
  return bad.map(({ code }) => code)
}
const remote = () => bench.emulator.state.keys.find((key) => key.kid === kid)!
const privatePem = () => readFileSync(join(bench.keyDir, `${kid}.pem`), 'utf8')
const mintElsewhere = (claims: object, options: jwt.SignOptions = {}) =>
  jwt.sign(
    {
      aud: 'chat',
      user_id: 'u',
      username: 'N',
      event_id: SEED.live.publicId,
      exp: Math.floor(bench.now() / 1000) + 60,
      ...claims,
    },
    privatePem(),
    { algorithm: 'RS256', keyid: kid, ...options },
  )

const OTHER_HASH = `sha384-${createHash('sha384').update('other').digest('base64')}`

describe('a healthy setup', () => {
  it('has no findings, in any variant of the API', async () => {
    for (const keyFields of ['full', 'article'] as const) {
      bench.emulator.state.variants.keyFields = keyFields
      const found = await doctor(...EVENT, '--token', mintElsewhere({}))
      expect(found).toMatchObject({ exit: 0, healthy: true })
    }
    const { stdout } = await bench.kc('doctor', ...EVENT)
    expect(stdout).not.toContain('Nothing found.') // the server was not requested
  })

  it('is checked without an API token as far as possible', async () => {
    delete bench.env['KINESCOPE_API_TOKEN']
    const found = await doctor()
    expect(found.exit).toBe(0)
    expect(codes(found, 'skip')).toEqual(['api-token-missing', 'server-not-asked'])
  })

  it('is not all checked without a stream', async () => {
    expect(codes(await doctor(), 'skip')).toEqual(['stream-not-given', 'server-not-asked'])
    expect(codes(await doctor(...EVENT), 'skip')).toEqual(['server-not-asked'])
  })

  it('is not changed by the doctor', async () => {
    const before =
      JSON.stringify(bench.emulator.state.keys) + readFileSync(join(bench.keyDir, 'keyring.json'), 'utf8')
    await doctor(...EVENT)
    const after =
      JSON.stringify(bench.emulator.state.keys) + readFileSync(join(bench.keyDir, 'keyring.json'), 'utf8')
    expect(after).toBe(before)
    expect(bench.emulator.state.requests.filter(({ method }) => method === 'PUT')).toHaveLength(1) // by setup
  })
})

describe('the article’s troubleshooting: the doctor reports', () => {
  it('a signature that doesn’t fit the registered key', async () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    remote().publicJwk = publicKey.export({ format: 'jwk' }) as ReturnType<typeof remote>['publicJwk']
    expect(codes(await doctor(...EVENT))).toEqual(['bad-signature', 'bad-signature']) // of key and token
  })

  it('a given token signed with another key', async () => {
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    const token = jwt.sign(jwt.decode(mintElsewhere({})) as object, other, { algorithm: 'RS256', keyid: kid })
    expect(codes(await doctor(...EVENT, '--token', token))).toEqual(['bad-signature'])
  })

  it('an unregistered key', async () => {
    bench.emulator.state.keys = []
    expect(codes(await doctor(...EVENT))).toEqual(['key-not-registered', 'key-not-registered'])
  })

  it('a key that will sign, or signed before, if it is not registered', async () => {
    await bench.json('keys', 'rotate')
    const next = bench.emulator.state.keys.at(-1)!.kid
    bench.emulator.state.keys = bench.emulator.state.keys.filter((key) => key.kid !== next)
    const found = await doctor(...EVENT)
    expect(codes(found)).toEqual(['key-not-registered'])
    expect(found.findings.find(({ status }) => status === 'fail')!.message).toContain(next)
  })

  it('an expired key', async () => {
    remote().expiresAt = '2020-01-01T00:00:00Z'
    expect(new Set(codes(await doctor(...EVENT)))).toEqual(new Set(['key-expired']))
    bench.ahead.ms = 400 * 86_400_000
    expect(codes(await doctor(...EVENT))).toContain('key-expired')
  })

  it('a key that expires soon', async () => {
    bench.ahead.ms = 340 * 86_400_000
    expect(codes(await doctor(...EVENT), 'warn')).toContain('key-ends-soon')
    bench.ahead.ms = 361 * 86_400_000
    expect(codes(await doctor(...EVENT))).toContain('key-ends-soon')
  })

  it('a token for another stream', async () => {
    expect(
      codes(await doctor(...EVENT, '--token', mintElsewhere({ event_id: SEED.second.publicId }))),
    ).toEqual(['wrong-event'])
    expect(codes(await doctor(...EVENT, '--token', mintElsewhere({ event_id: SEED.live.id })))).toEqual([])
  })

  it('a nonexistent stream', async () => {
    expect(codes(await doctor('--event', '00000000-0000-4000-8000-000000000000'))).toEqual([
      'event-not-found',
    ])
  })

  it('JWT disabled for the stream', async () => {
    bench.emulator.state.events.find(({ id }) => id === SEED.live.id)!.jwtRequired = false
    expect(codes(await doctor(...EVENT))).toEqual(['jwt-not-enabled'])
  })

  it('JWT disabled for a finished stream, without the command that Kinescope would reject', async () => {
    const { findings } = await doctor('--event', SEED.finished.publicId)
    const off = findings.find(({ code }) => code === 'jwt-not-enabled')!
    expect(off.remediation).toBe('Use another stream: a finished one can’t be changed.')
  })

  it('an expired token', async () => {
    expect(
      codes(await doctor(...EVENT, '--token', mintElsewhere({ exp: Math.floor(bench.now() / 1000) - 1 }))),
    ).toEqual(['token-expired'])
  })

  it.each([60_000, -60_000])('a clock that is wrong by a minute (%i ms)', async (ms) => {
    bench.emulator.state.clockOffsetMs = ms
    expect(codes(await doctor(...EVENT))).toContain('clock-off')
  })

  it('this machine’s clock, and no token that is good by Kinescope’s', async () => {
    const ms = -7_200_000
    bench.emulator.state.clockOffsetMs = ms
    const token = mintElsewhere({ exp: Math.floor((bench.now() + ms) / 1000) + 60 })
    expect(codes(await doctor(...EVENT, '--token', token))).toEqual(['clock-off'])
  })

  it('a wrong aud', async () => {
    expect(codes(await doctor(...EVENT, '--token', mintElsewhere({ aud: 'Chat' })))).toEqual(['bad-audience'])
  })

  it('a key that is too small', async () => {
    const small = generateKeyPairSync('rsa', { modulusLength: 1024 })
    remote().publicJwk = small.publicKey.export({ format: 'jwk' }) as ReturnType<typeof remote>['publicJwk']
    expect(codes(await doctor(...EVENT))).toContain('key-too-small')
    delete bench.env['CHAT_KEY_DIR']
    bench.env['CHAT_PRIVATE_KEY'] = small.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
    bench.env['CHAT_KEY_ID'] = kid
    expect(codes(await doctor(...EVENT))).toContain('private-key-too-small')
  })

  it('a wrong algorithm of the registered key or of a token', async () => {
    remote().alg = 'PS256'
    expect(codes(await doctor(...EVENT))).toEqual(['bad-algorithm'])
    remote().alg = 'RS256'
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const text = `${part({ alg: 'HS256', kid })}.${part(jwt.decode(mintElsewhere({})) as object)}`
    const spki = createPublicKey(privatePem()).export({ type: 'spki', format: 'pem' })
    const forged = `${text}.${createHmac('sha256', spki).update(text).digest('base64url')}`
    expect(codes(await doctor(...EVENT, '--token', forged))).toEqual(['bad-algorithm'])
  })

  it('a rejected API token, with the request id', async () => {
    bench.env['KINESCOPE_API_TOKEN'] = '00000000-0000-4000-8000-000000000000'
    const found = await doctor()
    expect(codes(found)).toEqual(['api-token-refused'])
    expect(found.findings.find(({ code }) => code === 'api-token-refused')!.requestId).toBeTruthy()
  })
})

describe('the deployment: the doctor reports', () => {
  const SITE = 'http://localhost:1'
  let server: TestServer
  const servers: Server[] = []
  const host = async (handler: (request: IncomingMessage, response: ServerResponse) => void) => {
    const started = createServer(handler)
    servers.push(started)
    await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(started.address() as AddressInfo).port}`
  }
  /** The token server's URL as seen from the page. */
  let pageServer: string
  const tags = (eventId: string = SEED.live.publicId, attributes = '') =>
    `<script async src="${pageServer}/kinescope-chat.js"></script><kinescope-chat event-id="${eventId}"${attributes}></kinescope-chat>`
  const page = (headers: Record<string, string>, html: () => string = () => tags()) =>
    host((request, response) => {
      const script = request.url?.endsWith('.js')
      response.writeHead(200, { 'content-type': script ? 'text/javascript' : 'text/html', ...headers })
      response.end(script ? '' : html())
    })
  /** A proxy before the token server that changes its responses. */
  const proxied = (change: (headers: Headers) => void) =>
    host((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const { method = 'GET', headers } = request
        const body = chunks.length > 0 ? { body: Buffer.concat(chunks) } : {}
        const kept = [
          'content-type',
          'origin',
          'access-control-request-method',
          'access-control-request-headers',
        ]
        const sent = kept.flatMap((name): [string, string][] =>
          headers[name] ? [[name, String(headers[name])]] : [],
        )
        void fetch(server.url + request.url!, { method, headers: sent, ...body }).then(async (answer) => {
          const changed = new Headers(answer.headers)
          for (const name of ['content-encoding', 'content-length', 'transfer-encoding']) changed.delete(name)
          change(changed)
          response.writeHead(answer.status, [...changed].flat()).end(Buffer.from(await answer.arrayBuffer()))
        })
      })
    })

  const guestSettings = (origins: string) => ({
    CHAT_EVENTS: SEED.live.publicId,
    CHAT_ALLOWED_ORIGINS: origins,
    CHAT_IDENTITY: 'guest',
    CHAT_IDENTITY_SECRET: randomBytes(32).toString('base64'),
  })
  const start = (origins: string) =>
    startTestServer({ CHAT_KEY_DIR: bench.keyDir, ...guestSettings(origins) })
  /** Starts the server for a page of this HTML, and lets the doctor look at both. */
  const lookAt = async (html: () => string, headers: Record<string, string> = {}) => {
    const origin = await page(headers, html)
    await server.close()
    server = await start(origin)
    return look(server.url, origin)
  }
  const messageOf = ({ findings }: Diagnosis, code: string) =>
    findings.find((finding) => finding.code === code)?.message
  /** A token endpoint that gives this answer to each POST. */
  const endpoint = (answer: (request: IncomingMessage) => { status: number; body: object }) =>
    host((request, response) => {
      const { status, body } = request.method === 'POST' ? answer(request) : { status: 404, body: {} }
      response
        .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
        .end(JSON.stringify(body))
    })

  let site: string
  beforeEach(async () => {
    site = await page({})
    server = await start(`${site},${SITE}`)
  })
  afterEach(async () => {
    await server.close()
    for (const started of servers.splice(0)) {
      started.closeAllConnections()
      started.close()
    }
  })
  const look = (url: string, origin = site, eventId: string = SEED.live.publicId) => {
    pageServer = url
    return doctor('--event', eventId, '--url', url, '--origin', origin)
  }

  it('nothing, where all is well and its settings admit only guests', async () => {
    Object.assign(bench.env, guestSettings(site))
    const found = await look(server.url)
    expect(found.findings.filter(({ status }) => status !== 'ok')).toEqual([])
    expect(found.findings.map(({ about }) => about)).toEqual(expect.arrayContaining(['server', 'page']))
  })

  it('that it tried no member, where a server of unknown settings admits guests', async () => {
    const found = await look(server.url)
    expect(found.exit).toBe(0)
    expect(codes(found, 'skip')).toEqual(['visitor-not-tried'])
  })

  it('a rejection of everyone, and tries the visitor where it may be meant for guests', async () => {
    const url = await endpoint(({ headers }) =>
      headers.cookie
        ? { status: 200, body: { token: mintElsewhere({}) } }
        : { status: 403, body: { code: 'access-denied' } },
    )
    expect(codes(await doctor(...EVENT, '--token-url', `${url}/token`))).toEqual(['access-denied'])
    const file = join(bench.folder, 'cookie')
    writeFileSync(file, 'sid=anna')
    const found = await doctor(...EVENT, '--token-url', `${url}/token`, '--cookie-file', file)
    expect([codes(found), codes(found, 'warn')]).toEqual([[], ['access-denied']])
    expect(found.findings.map(({ code }) => code)).toContain('visitor')
  })

  it('an origin that CORS doesn’t let in', async () => {
    const foreign = await page({})
    expect(codes(await look(server.url, foreign))).toContain('origin-not-allowed')
  })

  it('a response that the page can’t read, though its preflight succeeds', async () => {
    const url = await proxied((headers) => {
      if (headers.has('content-type')) headers.delete('access-control-allow-origin')
    })
    expect(codes(await look(url))).toContain('origin-not-allowed')
  })

  it('a preflight that fails, and not the headers in it', async () => {
    const url = await host((request, response) => {
      if (request.headers['access-control-request-headers']?.includes('baggage')) request.socket.destroy()
      else if (request.method === 'OPTIONS') {
        const allow = { 'access-control-allow-origin': site, 'access-control-allow-credentials': 'true' }
        response.writeHead(204, { ...allow, 'access-control-allow-headers': 'content-type' }).end()
      } else {
        const allow = { 'access-control-allow-origin': site, 'access-control-allow-credentials': 'true' }
        response.writeHead(401, { ...allow, 'content-type': 'application/json' }).end('{}')
      }
    })
    const found = await look(url)
    expect(codes(found)).toContain('endpoint-unreachable')
    expect(codes(found, 'warn')).not.toContain('cors-monitoring')
  })

  it('a preflight that fails only to pages that send one', async () => {
    const cors = () => ({ 'access-control-allow-origin': site, 'access-control-allow-credentials': 'true' })
    const url = await host((request, response) => {
      const isScript = request.url?.endsWith('.js')
      if (isScript) response.writeHead(200, { 'content-type': 'text/javascript' }).end()
      else if (request.method === 'OPTIONS') response.writeHead(405).end()
      else response.writeHead(401, { ...cors(), 'content-type': 'application/json' }).end('{}')
    })
    const simple = await look(url)
    expect(codes(simple)).not.toContain('origin-not-allowed')
    expect(codes(simple, 'warn')).toContain('cors-monitoring')
    site = await page({}, () => tags(undefined, ` token-url="${url}/token"`))
    expect(codes(await look(url))).toContain('origin-not-allowed')
  })

  it('a firewall that rejects the type of the page’s requests, and passes JSON', async () => {
    const url = await host((request, response) => {
      const cors = { 'access-control-allow-origin': site, 'access-control-allow-credentials': 'true' }
      if (request.url?.endsWith('.js'))
        return void response.writeHead(200, { 'content-type': 'text/javascript' }).end()
      if (request.method === 'OPTIONS')
        return void response.writeHead(204, { ...cors, 'access-control-allow-headers': 'content-type' }).end()
      const isJson = request.headers['content-type'] === 'application/json'
      response.writeHead(isJson ? 401 : 403, { ...cors, 'content-type': 'text/plain' }).end('no')
    })
    expect(codes(await look(url))).toContain('endpoint-bad-reply')
    site = await page({}, () => tags(undefined, ` token-url="${url}/token"`))
    expect(codes(await look(url))).not.toContain('endpoint-bad-reply')
  })

  it('no firewall in a server that was busy, or whose site failed, at one request of two', async () => {
    const cors = () => ({ 'access-control-allow-origin': site, 'access-control-allow-credentials': 'true' })
    const codeOf = { json: 'overloaded', text: 'sign-in-required' }
    const url = await host((request, response) => {
      if (request.url?.endsWith('.js'))
        return void response.writeHead(200, { 'content-type': 'text/javascript' }).end()
      if (request.method === 'OPTIONS')
        return void response
          .writeHead(204, { ...cors(), 'access-control-allow-headers': 'content-type' })
          .end()
      const code = request.headers['content-type'] === 'application/json' ? codeOf.json : codeOf.text
      const status = code === 'sign-in-required' ? 401 : 503
      response.writeHead(status, { ...cors(), 'content-type': 'application/json' })
      response.end(JSON.stringify({ code }))
    })
    for (const [json, text] of [
      ['overloaded', 'sign-in-required'],
      ['sign-in-required', 'identity-unavailable'],
    ]) {
      Object.assign(codeOf, { json, text })
      const { findings } = await look(url)
      expect(findings.filter(({ message }) => message.includes('text/plain'))).toEqual([])
    }
  })

  it('a slow server by requests at once, so that all of them fit into the doctor’s time', async () => {
    const cors = () => ({ 'access-control-allow-origin': site, 'access-control-allow-credentials': 'true' })
    let preflight = () => undefined as void
    const hasPreflight = new Promise<void>((resolve) => (preflight = resolve))
    const url = await host((request, response) => {
      if (request.method === 'OPTIONS') preflight()
      const isReadiness = request.url === '/readyz'
      const answer = () => {
        response.writeHead(isReadiness ? 200 : 401, { ...cors(), 'content-type': 'application/json' })
        response.end(isReadiness ? '{"status":"ready"}' : '{}')
      }
      void (isReadiness ? hasPreflight : Promise.resolve()).then(answer)
    })
    expect((await look(url)).findings.map(({ code }) => code)).toContain('ready')
  })

  it('a proxy that drops the CORS headers', async () => {
    const url = await proxied((headers) => headers.delete('access-control-allow-credentials'))
    expect(codes(await look(url))).toContain('origin-not-allowed')
  })

  it.each<[string, (headers: Headers) => void]>([
    ['without no-store', (headers) => headers.set('cache-control', 'public, max-age=60')],
    ['from a cache', (headers) => headers.set('age', '12')],
    ['of somebody else', (headers) => headers.set('x-request-id', 'always-the-same')],
    ['with an ETag', (headers) => headers.set('etag', '"x"')],
  ])('a token response %s', async (_what, change) => {
    expect(codes(await look(await proxied(change)))).toContain('token-cached')
  })

  it('a page’s policy that blocks the frame, the request or the script, with the remedy', async () => {
    const policy = "default-src 'self'"
    const found = await look(server.url, await page({ 'content-security-policy': policy }))
    expect(codes(found)).toEqual(
      expect.arrayContaining(['frame-blocked', 'connect-blocked', 'script-blocked']),
    )
    const frame = found.findings.find(({ code }) => code === 'frame-blocked')!
    expect(frame.remediation).toContain(`frame-src ${bench.env['KINESCOPE_CHAT_ORIGIN']}`)
  })

  it('a policy in the page’s markup, and cross-origin isolation', async () => {
    const meta = await page(
      {},
      () => `<meta http-equiv="Content-Security-Policy" content="frame-src 'none'">${tags()}`,
    )
    expect(codes(await look(server.url, meta))).toContain('frame-blocked')
    const isolated = await page({ 'cross-origin-embedder-policy': 'require-corp' })
    expect(codes(await look(server.url, isolated))).toContain('frame-blocked')
  })

  it('no policy that lets the page’s own script and the token’s path in', async () => {
    const own = () =>
      `<script src="/kinescope-chat.js" data-token-url="${server.url}/token"></script><kinescope-chat event-id="${SEED.live.publicId}"></kinescope-chat>`
    const frame = `frame-src ${bench.env['KINESCOPE_CHAT_ORIGIN']}`
    const headers: Record<string, string> = {}
    const origin = await host((request, response) => {
      const isScript = request.url?.endsWith('.js')
      response.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html', ...headers })
      response.end(isScript ? '' : own())
    })
    await server.close()
    server = await start(origin)
    const argv = [...EVENT, '--token-url', `${server.url}/token`, '--origin', origin]
    headers['content-security-policy'] = `script-src 'self'; connect-src ${server.url}/token; ${frame}`
    expect(codes(await doctor(...argv))).toEqual([])
    headers['content-security-policy'] = `script-src ${server.url}; connect-src ${server.url}; ${frame}`
    const found = await doctor(...argv)
    expect(codes(found)).toEqual(['script-blocked'])
    expect(found.findings.find(({ code }) => code === 'script-blocked')!.remediation).toContain("'self'")
  })

  it('a policy that stops the script by its Trusted Types policy’s name, where the page loads it', async () => {
    const withTypes = (names: string, html = () => tags()) =>
      lookAt(html, {
        'content-security-policy': `require-trusted-types-for 'script'; trusted-types ${names}`,
      })
    expect(codes(await withTypes('default'))).toEqual(['script-blocked'])
    expect(codes(await withTypes("'none'"))).toEqual(['script-blocked'])
    expect(codes(await withTypes('default kinescope-chat'))).toEqual([])
    expect(codes(await withTypes('*'))).toEqual([])
    expect(codes(await withTypes('lit-html', () => tags().replace(/<script.*\/script>/, '')))).toEqual([])
  })

  it('a script that its tag may not load from another origin, and no other', async () => {
    const dropped = await proxied((headers) => headers.delete('access-control-allow-origin'))
    const same = await proxied((headers) => headers.set('cross-origin-resource-policy', 'same-origin'))
    const site = await proxied((headers) => headers.set('cross-origin-resource-policy', 'same-site'))
    const elsewhere = site.replace('127.0.0.1', 'localhost')
    const scriptOf = async (from: string, attributes: string) => {
      const html = () =>
        tags()
          .replace(
            `async src="${pageServer}`,
            `${attributes} data-token-url="${server.url}/token" src="${from}`,
          )
          .toString()
      return codes(await lookAt(html))
    }
    expect(await scriptOf(dropped, 'async')).toEqual([])
    expect(await scriptOf(same, 'type="module"')).toEqual([])
    expect(await scriptOf(site, 'async')).toEqual([])
    for (const [from, attributes] of [
      [dropped, 'type="module"'],
      [dropped, 'crossorigin'],
      [same, 'async'],
      [elsewhere, 'async'],
      [same, 'integrity="sha384-x"'],
    ] as const)
      expect([attributes, await scriptOf(from, attributes)]).toEqual([attributes, ['page-script']])
  })

  it('no event-id that the element reads as the right one, and a placeholder', async () => {
    for (const around of ['«ID»', ' "ID" ', '\u200bID', 'https://kinescope.io/chat/ID?x=1'])
      expect([
        around,
        codes(await lookAt(() => tags(around.replace('ID', SEED.live.publicId).replaceAll('"', '&quot;')))),
      ]).toEqual([around, []])
    expect(codes(await lookAt(() => tags('{{ event }}')))).toEqual(['event-id-missing'])
  })

  it('another product’s 401 as no response of the token endpoint, as the element does', async () => {
    for (const body of [
      { code: 'rest_forbidden', message: 'Sorry', data: { status: 401 } },
      { error: { code: 401, message: 'Unauthorized' } },
      { errors: [{ message: 'Not signed in' }] },
    ]) {
      const url = await endpoint(() => ({ status: 401, body }))
      expect(codes(await doctor(...EVENT, '--token-url', `${url}/token`))).toEqual(['endpoint-bad-reply'])
    }
    // one of our codes at another status is no response of the endpoint either
    const url = await endpoint(() => ({ status: 200, body: { code: 'sign-in-required' } }))
    expect(codes(await doctor(...EVENT, '--token-url', `${url}/token`))).toEqual(['endpoint-bad-reply'])
  })

  it('no fault of a server or page that there was no time to check', async () => {
    const stop = new AbortController()
    const { href } = new URL('/token', server.url)
    const key = { dir: bench.keyDir }
    const findings = await diagnose({
      key,
      tokenTtl: 3600,
      api: null,
      chatOrigin: bench.env['KINESCOPE_CHAT_ORIGIN']!,
      eventId: SEED.live.publicId,
      tokenUrl: href,
      page: site,
      now: bench.now,
      signal: stop.signal,
      // the time is over while the server is asked
      resolve: () => Promise.resolve((stop.abort(), [])),
    })
    expect(findings.filter(({ status }) => status === 'fail')).toEqual([])
    const skipped = findings.filter(({ code }) => code === 'doctor-timeout').map(({ about }) => about)
    expect(skipped).toEqual(['server', 'page'])
  })

  it('no script by a policy where the page’s HTML loads none', async () => {
    const found = await lookAt(() => `<kinescope-chat event-id="${SEED.live.publicId}">`, {
      'content-security-policy': "script-src 'self'",
    })
    expect(codes(found)).toEqual([])
    expect(codes(found, 'skip')).toContain('page-script-not-seen')
  })

  it('what a long page has at its end, and that the longest are cut off', async () => {
    const long = await lookAt(() =>
      tags()
        .replace('<kinescope-chat', `${' '.repeat(300_000)}$&`)
        .replace('d="', 'd="X'),
    )
    expect(codes(long)).toEqual(['page-event-id'])
    const longest = await lookAt(() => `${' '.repeat(2 ** 22)}${tags()}`, { 'content-type': 'text/html' })
    expect(codes(longest)).toEqual([])
    expect(codes(longest, 'skip')).toEqual([
      'visitor-not-tried',
      'page-truncated',
      'page-script-not-seen',
      'page-tag-not-seen',
    ])
    expect(messageOf(longest, 'page-tag-not-seen')).toContain('the part of')
  })

  it('a link that stays a link, as the script’s tag has no data-upgrade', async () => {
    const link = (attributes = '') =>
      `<script src="${pageServer}/kinescope-chat.js"${attributes}></script><a href="https://kinescope.io/chat/${SEED.live.publicId}#kinescope-chat">Chat</a>`
    expect(codes(await lookAt(() => link()), 'skip')).toContain('page-tag-not-seen')
    expect(codes(await lookAt(() => link(' data-upgrade="main"')), 'skip')).toEqual(['visitor-not-tried'])
  })

  it.each<[string, () => string, string, string]>([
    ['no chat', () => `<script src="${pageServer}/kinescope-chat.js"></script>`, 'skip', 'page-tag-not-seen'],
    ['a chat in a comment only', () => `<!-- ${tags()} -->`, 'skip', 'page-tag-not-seen'],
    [
      'a script that adds the chat',
      () => `<script>add('<kinescope-chat event-id="' + id + '">')</script>`,
      'skip',
      'page-tag-not-seen',
    ],
    ['no script', () => `<kinescope-chat event-id="${SEED.live.publicId}">`, 'skip', 'page-script-not-seen'],
    ['another event-id', () => tags('other'), 'fail', 'page-event-id'],
    ['an empty event-id', () => tags(''), 'fail', 'event-id-missing'],
    ['eventid for event-id', () => tags().replace('event-id', 'eventid'), 'fail', 'event-id-missing'],
    [
      'a script that is 404',
      () => tags().replace('/kinescope-chat', '/gone/kinescope-chat'),
      'fail',
      'page-script',
    ],
    ['a wrong token-url', () => tags(undefined, ' token-url="/elsewhere/token"'), 'fail', 'page-token-url'],
    [
      'a wrong data-token-url',
      () => tags().replace('async', 'data-token-url="https://other.test/token"'),
      'fail',
      'page-token-url',
    ],
    [
      'a div with another stream',
      () => `<script src='${pageServer}/kinescope-chat.js'></script><div data-kinescope-chat=other></div>`,
      'fail',
      'page-event-id',
    ],
    [
      'the integrity of another version',
      () => tags().replace('async', `integrity="${OTHER_HASH}" crossorigin async`),
      'fail',
      'page-script',
    ],
    ['a second chat of another stream', () => tags() + tags('other'), 'skip', 'page-other-events'],
    ['a chat in preview', () => tags(undefined, ' preview'), 'fail', 'page-preview'],
    [
      'another data-chat-origin',
      () => tags().replace('async', 'data-chat-origin="https://other.test" async'),
      'fail',
      'page-chat-origin',
    ],
  ])('a page with %s, and never “Nothing found”', async (_what, html, status, code) => {
    const origin = await page({}, html)
    await server.close()
    server = await start(origin)
    const found = await look(server.url, origin)
    expect(
      found.findings.filter((finding) => finding.code === code).map((finding) => finding.status),
    ).toEqual([status])
    pageServer = server.url
    const { stdout } = await bench.kc('doctor', ...EVENT, '--url', server.url, '--origin', origin)
    expect(stdout).not.toContain('Nothing found')
  })

  it('no other chat page in a list by commas, as the element reads it', async () => {
    const chatOrigin = bench.env['KINESCOPE_CHAT_ORIGIN']!
    const html = () => tags(undefined, ` chat-origin="${chatOrigin}/"`)
    const listed = () => html().replace('async', `data-chat-origin="https://other.test/,${chatOrigin}" async`)
    const origin = await page({}, listed)
    await server.close()
    server = await start(origin)
    const { findings } = await look(server.url, origin)
    expect(findings.map(({ code }) => code)).not.toContain('page-chat-origin')
  })

  it('a page that was not given or can’t be read', async () => {
    const all = async (...argv: string[]) => (await doctor(...argv)).findings.map(({ code }) => code)
    expect(await all(...EVENT, '--url', server.url)).toContain('page-not-read')
    const redirect = await host((_request, response) => response.writeHead(302, { location: '/login' }).end())
    expect(await all(...EVENT, '--url', server.url, '--origin', redirect)).toContain('page-unread')
  })

  it('the id that the page must use, if the server lists the UUID', async () => {
    await server.close()
    server = await startTestServer({
      CHAT_KEY_DIR: bench.keyDir,
      CHAT_EVENTS: SEED.live.id,
      CHAT_ALLOWED_ORIGINS: site,
      CHAT_IDENTITY: 'guest',
      CHAT_IDENTITY_SECRET: randomBytes(32).toString('base64'),
    })
    for (const given of [SEED.live.id, SEED.live.publicId, `https://kinescope.io/${SEED.live.publicId}`]) {
      const found = await look(server.url, site, given)
      expect(codes(found), given).not.toContain('event-not-allowed')
      const id = found.findings.find(({ code }) => code === 'event-id')
      expect(id?.message, given).toBe(
        `the page must use event-id="${SEED.live.id}", not ${SEED.live.publicId}`,
      )
      expect(codes(found), given).toContain('page-event-id')
    }
  })

  it('no id that the server didn’t judge', async () => {
    const foreign = await look(server.url, 'https://unlisted.test', SEED.live.id)
    expect(codes(foreign)).toContain('origin-not-allowed')
    expect(messageOf(foreign, 'event-id')).toBeUndefined()
    for (const [code, status] of [
      ['overloaded', 503],
      ['rate-limited', 429],
      ['bad-request', 400],
      ['server-error', 500],
    ] as const) {
      const url = await endpoint(() => ({ status, body: { code } }))
      const found = await doctor(...EVENT, '--token-url', `${url}/token`)
      expect(messageOf(found, code), code).toBeTruthy()
      expect(messageOf(found, 'event-id'), code).toBeUndefined()
    }
    let count = 0
    const url = await endpoint(() =>
      count++ === 0
        ? { status: 401, body: { code: 'sign-in-required' } }
        : { status: 429, body: { code: 'rate-limited' } },
    )
    const found = await doctor(...EVENT, '--token-url', `${url}/token`)
    expect(messageOf(found, 'event-id')).toBe(`the page must use event-id="${SEED.live.publicId}"`)
  })

  it('no origin that the settings allow by a pattern or as their own', () => {
    const check = (origin: string) => {
      const origins = 'https://my-app-*.example.app,https://www.example.com'
      const settings = { ...guestSettings(origins), CHAT_PUBLIC_URL: 'https://own.example.com/chat' }
      const config = readServeConfig({ CHAT_KEY_DIR: bench.keyDir, ...settings }, {})
      const [finding] = checkSettings({
        settings: { config },
        eventId: undefined,
        origin,
        url: 'http://127.0.0.1:8080',
      })
      return finding
    }
    for (const origin of [
      'https://my-app-abc.example.app',
      'https://own.example.com',
      'https://www.example.com',
    ]) {
      expect(check(origin)?.code, origin).toBe('settings')
    }
    expect(check('https://other-abc.example.app')?.code).toBe('origin-not-allowed')
    expect(check('https://example.com')?.message).toContain('https://www.example.com')
  })

  it.each(['*, *', 'https://a.test, https://a.test', 'https://a.test,*'])(
    'a duplicate Access-Control-Allow-Origin (%s), with its own remedy',
    async (value) => {
      const url = await proxied((headers) => {
        if (headers.has('access-control-allow-origin')) headers.set('access-control-allow-origin', value)
      })
      const cors = (await look(url)).findings.find(({ code }) => code === 'origin-not-allowed')
      expect(cors?.remediation).toContain('proxy_hide_header')
      expect(cors?.remediation).not.toContain('CHAT_ALLOWED_ORIGINS')
    },
  )

  it('each code only once', async () => {
    for (const argv of [
      [...EVENT, '--url', server.url, '--origin', 'https://unlisted.test'],
      ['--event', SEED.second.publicId, '--url', server.url, '--origin', site],
    ]) {
      const { stdout } = await bench.kc('doctor', ...argv)
      for (const line of stdout.split('\n')) {
        const codesIn = [...line.matchAll(/\(([a-z]+(?:-[a-z]+)+)\)/g)].map(([, code]) => code)
        expect(new Set(codesIn).size, line).toBe(codesIn.length)
      }
    }
  })

  it('a private address of a server behind a public page', async () => {
    const addresses: Record<string, string[]> = {
      'www.public.test': ['203.0.113.9'],
      '127.0.0.1': ['127.0.0.1'],
    }
    const findings = await diagnose({
      key: { dir: bench.keyDir },
      tokenTtl: 3600,
      api: null,
      chatOrigin: 'https://kinescope.io',
      url: server.url,
      page: 'https://www.public.test',
      now: bench.now,
      resolve: (hostname) => Promise.resolve(addresses[hostname] ?? []),
    })
    expect(findings.map(({ code }) => code)).toContain('private-address')
  })

  it('a server without https in a local network, behind a page with it', async () => {
    const fetched = vi.spyOn(globalThis, 'fetch').mockRejectedValue(new TypeError('fetch failed'))
    onTestFinished(() => fetched.mockRestore())
    const about = async (page: string) => {
      const findings = await diagnose({
        key: { dir: bench.keyDir },
        tokenTtl: 3600,
        api: null,
        chatOrigin: 'https://kinescope.io',
        url: 'http://192.168.0.1',
        page,
        now: bench.now,
      })
      return findings.map(({ code }) => code)
    }
    expect(await about('https://intranet.example.com')).toContain('insecure')
    expect(await about('http://intranet.example.com')).not.toContain('insecure')
  })

  it('no key at fault, where it knows neither the keys nor Kinescope’s list', async () => {
    delete bench.env['KINESCOPE_API_TOKEN']
    delete bench.env['CHAT_KEY_DIR']
    const found = await doctor(...EVENT, '--url', server.url)
    expect(codes(found)).toEqual([])
    expect(codes(found, 'warn')).toEqual(['signature-unknown'])
  })

  it('a script of the server that can’t be loaded', async () => {
    const url = await host((request, response) => {
      if (request.url?.endsWith('.js')) request.socket.destroy()
      else response.writeHead(401, { 'content-type': 'application/json' }).end('{}')
    })
    const found = await doctor(...EVENT, '--url', url)
    expect(codes(found)).toContain('script')
    expect(messageOf(found, 'script-elsewhere')).toBeUndefined()
  })

  it('a server that isn’t there, isn’t ready, or is something else', async () => {
    const gone = await host(() => undefined)
    servers.pop()!.close()
    expect(codes(await look(gone))).toEqual(['endpoint-unreachable', 'page-script'])
    const wordpress = await host((_request, response) =>
      response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>404'),
    )
    expect(codes(await look(wordpress))).toEqual(expect.arrayContaining(['endpoint-not-found']))
  })

  it('a stream that is not in the server’s list', async () => {
    const found = await doctor('--event', SEED.second.publicId, '--url', server.url, '--origin', site)
    expect(codes(found)).toContain('event-not-allowed')
  })
})
