import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createNodeHandler, fixedKeySource, importSigningKey } from 'kinescope-chat-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeKey } from '../../site/craft-token.js'
import { contract, hold, type Contestant, type PublicKey } from './contract.js'
import { PHP_PACKAGE, startPhpServer, whyNoPhp } from './php-server.js'

const missing = whyNoPhp()
if (missing) console.log(`Skipped: the PHP server is not tested. ${missing}`)

type Running = Contestant & { close(): Promise<void> }

async function startNodeServer(): Promise<Running> {
  const { kid, privateKey, registration } = makeKey('contract')
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  const handler = createNodeHandler({
    keys: fixedKeySource(await importSigningKey({ kid, privateKey: pem })),
    events: contract.events,
    allowedOrigins: contract.origins,
    authenticate: ({ headers }) => contract.visitors[String(headers['x-test-visitor'])] ?? null,
    authorize: ({ user }) => user.name !== 'Barred',
    limits: null,
  })
  const server = createServer((request, response) => void handler(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const ownOrigin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: `${ownOrigin}/token`,
    ownOrigin,
    keys: () => [registration as unknown as PublicKey],
    visitorHeaders: (visitor) => ({ 'x-test-visitor': visitor }),
    close: async () => void (await once(server.close(), 'close')),
  }
}

describe.skipIf(missing)('one contract', () => {
  describe.each([
    ['the Node server', startNodeServer],
    ['the PHP server', startPhpServer],
  ])('%s', (_name, start) => {
    let server: Running
    beforeAll(async () => void (server = await start()))
    afterAll(() => server?.close())

    it.each(contract.cases.map((test) => [test.name, test] as const))('%s', (_name, test) =>
      hold(server, test),
    )
  })

  it('shows a name as the Node server does', () => {
    const raw = contract.names.map(([name]) => name)
    const { stdout } = spawnSync('php', [join(PHP_PACKAGE, 'test/names.php')], {
      input: JSON.stringify(raw),
      encoding: 'utf8',
    })
    expect(JSON.parse(stdout)).toEqual(contract.names.map(([, shown]) => shown))
  })
})
