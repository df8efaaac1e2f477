import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import type { KeyRing } from '../../src/keys/key-ring.js'
import { builtCli, type BuiltCli } from '../cli/built-cli.js'
import { secret } from '../secrets.js'

const PAGE_MS = 1500
const API_TOKEN = secret('00000000-0000-4000-8000-00000000abcd')
/** Collects garbage continuously: Node 20 then drops an `AbortSignal.timeout()` without other references. */
const GARBAGE = ['--expose-gc', '--import', 'data:text/javascript,setInterval(() => gc(), 500).unref()']

let cli: BuiltCli
beforeAll(async () => {
  cli = await builtCli()
}, 60_000)

it('revokes a key within 30 s although the list of keys never ends and each page takes 1.5 s', async () => {
  const registered: { id: string; kid: string }[] = []
  let slow = false
  let pages = 0
  const api = createServer((request, response) => {
    const answer = (body: unknown) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    let text = ''
    request.on('data', (chunk) => (text += String(chunk)))
    request.on('end', () => {
      if (request.method === 'POST') {
        const { kid } = JSON.parse(text) as { kid: string }
        registered.push({ id: `id-${kid}`, kid })
        answer({ data: { id: `id-${kid}`, kid } })
      } else if (slow) {
        const row = { id: `other-${(pages += 1)}`, kid: `other-${pages}` }
        const body = { data: [row], meta: { pagination: { total: 1000, per_page: 1 } } }
        setTimeout(() => answer(body), PAGE_MS)
      } else answer({ data: registered })
    })
  })
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve))
  const { port } = api.address() as AddressInfo
  const dir = join(mkdtempSync(join(tmpdir(), 'chat-revoke-')), 'keys')
  const env = {
    CHAT_KEY_DIR: dir,
    KINESCOPE_API_URL: `http://127.0.0.1:${port}`,
    KINESCOPE_API_TOKEN: API_TOKEN,
  }
  const ring = () => JSON.parse(readFileSync(join(dir, 'keyring.json'), 'utf8')) as KeyRing
  for (const verb of ['generate', 'register']) expect((await cli.start(['keys', verb], env)).exit).toBe(0)
  const [{ kid } = { kid: '' }] = ring().keys

  slow = true
  const begun = Date.now()
  const process = cli.start(['keys', 'revoke', kid, '--yes'], env, GARBAGE)
  await expect
    .poll(() => ring().keys.find((key) => key.kid === kid)?.revokedAt ?? null, {
      timeout: 30_000,
      interval: 250,
    })
    .not.toBeNull()
  expect(Date.now() - begun).toBeLessThan(30_000)
  api.closeAllConnections()
  api.close()
  expect((await process).exit).toBe(1)
  rmSync(join(dir, '..'), { recursive: true })
}, 90_000)
