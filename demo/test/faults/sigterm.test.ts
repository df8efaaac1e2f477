import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { testsAll } from '../../../scripts/test-tier.js'
import { workbench } from '../../../packages/server/test/cli/workbench.js'
import { freePort, run, untilListening } from '../../../packages/server/test/serve/spawned.js'
import { SEED } from '../../emulator/seed-events.js'
import { makeKey } from '../../site/craft-token.js'
import { askToken } from './ask-token.js'
import { SITE } from './cells.js'
import { startHttpProxy, type Proxy } from './fault-proxy.js'
import { HOLDING, HTTP_FAULTS, type HttpFault } from './http-faults.js'

/** The faults that hold a request until the signal arrives. `npm run soak` plays all faults. */
const FAULTS: readonly HttpFault[] = process.env['FAULTS'] === 'long' ? HTTP_FAULTS : HOLDING

const MAIN = fileURLToPath(new URL('../../../packages/server/dist/cli/main.js', import.meta.url))
const EVENT = SEED.live.publicId
/** An orchestrator kills a process after this time. The server ends within five seconds. */
const GONE_MS = 10_000

const node = (args: readonly string[], env: Record<string, string>) =>
  run(process.execPath, [MAIN, ...args], env)

/** Resolves once the fault has met a request, or the process has ended without one. */
async function untilStruck(proxy: Proxy, ended: Promise<unknown>): Promise<void> {
  let over = false
  void ended.then(() => (over = true))
  while (proxy.struck === 0 && !over) await new Promise((resolve) => setTimeout(resolve, 5))
}

describe('SIGTERM while a visitor waits for the site', () => {
  const { kid, privateKey } = makeKey('sigterm')
  let site: Server
  beforeAll(async () => {
    site = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":"ann","name":"Ann"}')
    }).listen(0, '127.0.0.1')
    await once(site, 'listening')
  })
  afterAll(() => void site.close())

  it.concurrent.for(FAULTS.map((fault) => [fault, SITE[fault]] as const))(
    '%s → %s for the visitor, and the process ends in time',
    async ([fault, code], { expect }) => {
      const proxy = await startHttpProxy(`http://127.0.0.1:${(site.address() as AddressInfo).port}`, 1000)
      const port = await freePort()
      const server = node(['serve'], {
        PORT: String(port),
        CHAT_EVENTS: EVENT,
        CHAT_PRIVATE_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
        CHAT_KEY_ID: kid,
        CHAT_IDENTITY: 'forward',
        CHAT_IDENTITY_URL: `http://127.0.0.1:${proxy.port}/me`,
        CHAT_LOG_LEVEL: 'silent',
      })
      try {
        await untilListening(server, port)
        proxy.fault = fault
        const asked = askToken(`http://127.0.0.1:${port}`, EVENT, { cookie: 'visitor=ann' })
        await untilStruck(proxy, asked)
        const signaledAt = performance.now()
        server.child.kill('SIGTERM')
        expect(await server.ended, server.output()).toBe(0)
        expect(performance.now() - signaledAt).toBeLessThan(GONE_MS)
        expect((await asked).code).toBe(code)
      } finally {
        server.child.kill('SIGKILL')
        await proxy.close()
      }
    },
  )
})

const READS = ['GET', 'OPTIONS']
const SETUP = ['setup', '--event', EVENT]
const ROTATE = ['keys', 'rotate', '--propagation', '0']

describe('SIGTERM while the command line waits for Kinescope’s API', () => {
  const cells = [
    ['set-up', SETUP, []],
    ['the first change of a set-up', SETUP, READS],
    ['a rotation', ROTATE, []],
    ['the first change of a rotation', ROTATE, READS],
  ] as const
  // `npm test` plays each fault at one moment
  const isPlayed = (fault: number, moment: number) => testsAll || fault % cells.length === moment
  const played = cells.flatMap((cell, moment) =>
    FAULTS.filter((_, fault) => isPlayed(fault, moment)).map((fault) => [fault, ...cell] as const),
  )
  it.concurrent.for(played)(
    '%s at %s → the command finishes when run again, and one key signs',
    async ([fault, , argv, spared], { expect }) => {
      // the API accepts a second registration, so a test sees it; a fault that doubles requests would cause one too
      const duplicateKid = fault === 'request twice' ? '400201' : 'creates-duplicate'
      const bench = await workbench({ variants: { duplicateKid } })
      const proxy = await startHttpProxy(bench.env['KINESCOPE_API_URL']!, 1000)
      bench.env['KINESCOPE_API_URL'] = `http://127.0.0.1:${proxy.port}`
      try {
        if (argv === ROTATE) await bench.kc(...SETUP)
        proxy.spared = [...proxy.spared, ...spared]
        proxy.fault = fault
        const command = node(argv, bench.env)
        await untilStruck(proxy, command.ended)
        expect(proxy.struck, command.output()).toBeGreaterThan(0)
        command.child.kill('SIGTERM')
        await command.ended
        proxy.fault = null
        const again = await bench.kc(...argv)
        expect(again.exit, again.stdout + again.stderr).toBe(0)
        const { data } = await bench.json('keys', 'list')
        const { keys } = data as { keys: { kid: string; signs: boolean }[] }
        expect(keys.filter(({ signs }) => signs)).toHaveLength(1)
        const registered = bench.emulator.state.keys.map(({ kid: one }) => one)
        expect(registered.toSorted()).toEqual(keys.map(({ kid: one }) => one).toSorted())
        expect(bench.emulator.state.events.find(({ id }) => id === SEED.live.id)!.jwtRequired).toBe(true)
      } finally {
        await proxy.close()
        await bench.close()
      }
    },
  )
})
