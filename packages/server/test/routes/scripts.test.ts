import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import zlib, { brotliCompressSync, brotliDecompressSync, gunzipSync } from 'node:zlib'
import { request } from 'node:http'
import { syncBuiltinESMExports } from 'node:module'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { loadScripts } from '../../src/routes/scripts.js'
import { forwardEnv, makeKey, startTestServer, type TestServer } from '../running-server.js'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer(forwardEnv('http://127.0.0.1:1', makeKey()))
})
afterAll(() => server.close())

/** A GET request without decompression of the body. */
function get(path: string, headers: Record<string, string> = {}) {
  return new Promise<{ status: number; headers: Record<string, string | undefined>; body: Buffer }>(
    (resolve, reject) => {
      request(server.url + path, { headers, agent: false }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers as Record<string, string>,
            body: Buffer.concat(chunks),
          }),
        )
      })
        .on('error', reject)
        .end()
    },
  )
}

describe.each(['kinescope-chat.js', 'kinescope-chat.classic.js'])('/%s', (name) => {
  it('can be loaded by any page, with CORS, COEP and integrity, and is compressed', async () => {
    const plain = await get(`/${name}`)
    expect(plain.status).toBe(200)
    expect(plain.headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'access-control-allow-origin': '*',
      'cross-origin-resource-policy': 'cross-origin',
      'x-content-type-options': 'nosniff',
      vary: 'Accept-Encoding',
    })
    expect(plain.headers['content-encoding']).toBeUndefined()
    const brotli = await get(`/${name}`, { 'Accept-Encoding': 'gzip, deflate, br' })
    const gzip = await get(`/${name}`, { 'Accept-Encoding': 'gzip, br;q=0' })
    expect([brotli.headers['content-encoding'], gzip.headers['content-encoding']]).toEqual(['br', 'gzip'])
    expect(brotliDecompressSync(brotli.body).equals(plain.body)).toBe(true)
    expect(gunzipSync(gzip.body).equals(plain.body)).toBe(true)
    expect(brotli.body.length).toBeLessThan(plain.body.length / 2)
  })

  it('is not sent again to a client that has it', async () => {
    const { etag = '' } = (await get(`/${name}`)).headers
    for (const tag of [etag, `"other", ${etag}`, etag.replace('W/', ''), '*']) {
      const again = await get(`/${name}`, { 'If-None-Match': tag })
      expect([again.status, again.body.length, again.headers['etag']], tag).toEqual([304, 0, etag])
    }
    expect((await get(`/${name}`, { 'If-None-Match': '"other"' })).status).toBe(200)
  })

  it('has a permanent name, and its integrity', async () => {
    const list = JSON.parse((await get('/kinescope-chat.json')).body.toString()) as Record<
      string,
      { file: string; integrity: string }
    >
    const { file, integrity } = list[name]!
    expect(file).toMatch(/^kinescope-chat\.(classic\.)?\d+\.\d+\.\d+[\w.-]*-[0-9a-f]{8}\.js$/)
    const lasting = await get(`/${file}`)
    expect(lasting.headers['cache-control']).toContain('immutable')
    expect(integrity).toBe(`sha384-${createHash('sha384').update(lasting.body).digest('base64')}`)
    expect(lasting.body.equals((await get(`/${name}`)).body)).toBe(true)
    expect((await get(`/${name}`)).headers['cache-control']).not.toContain('immutable')
  })

  it('responds to HEAD', async () => {
    const head = await fetch(`${server.url}/${name}`, { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
  })
})

it('both names of the script have the same bytes', async () => {
  const [module, classic] = await Promise.all(
    ['kinescope-chat.js', 'kinescope-chat.classic.js'].map(async (name) =>
      (await fetch(`${server.url}/${name}`)).text(),
    ),
  )
  expect(classic).toBe(module)
})

describe('the compressed copies', () => {
  const compressions = () => [zlib.brotliCompress, zlib.gzip].map((code) => vi.mocked(code).mock.calls.length)

  beforeEach(() => {
    vi.spyOn(zlib, 'brotliCompress')
    vi.spyOn(zlib, 'gzip')
    syncBuiltinESMExports()
  })
  afterEach(() => {
    vi.restoreAllMocks()
    syncBuiltinESMExports()
  })

  it('come from the build, so a start compresses nothing', async () => {
    const [module, classic] = await loadScripts()
    expect(compressions()).toEqual([0, 0])
    expect(classic!.bodies).toBe(module!.bodies)
  })

  it.each([
    ['missing', undefined],
    ['damaged', Buffer.from('no such format')],
    ['of another build', brotliCompressSync('another build')],
  ])('are created at start, once for both names, if they are %s', async (_case, copy) => {
    const folder = mkdtempSync(join(tmpdir(), 'chat-scripts-'))
    try {
      const script = Buffer.from('the script')
      writeFileSync(join(folder, 'kinescope-chat.js'), script)
      if (copy) writeFileSync(join(folder, 'kinescope-chat.js.br'), copy)
      const scripts = await loadScripts(folder)
      expect(scripts.map(({ bodies }) => brotliDecompressSync(bodies.br).equals(script))).toEqual([
        true,
        true,
      ])
      expect(scripts.map(({ bodies }) => gunzipSync(bodies.gzip).equals(script))).toEqual([true, true])
      expect(compressions()).toEqual([1, 1])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
