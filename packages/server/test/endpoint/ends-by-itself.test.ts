import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ringDirectory, ringEntry, writeRing } from '../ring-directory.js'
import { run } from '../serve/spawned.js'

const SRC = new URL('../../src/', import.meta.url).href
const ring = ringDirectory()
const folder = mkdtempSync(join(tmpdir(), 'chat-ends-'))
beforeAll(() => writeRing(ring.dir, 1, [ringEntry()]))
afterAll(() => {
  ring.remove()
  rmSync(folder, { recursive: true })
})

/** Runs a program until it exits, without a signal. */
async function runToEnd(program: string): Promise<string> {
  const file = join(folder, `${Math.random()}.mts`)
  writeFileSync(file, program)
  const { ended, output, child } = run(process.execPath, ['--import', import.meta.resolve('tsx'), file], {
    RING: ring.dir,
  })
  const giveUp = setTimeout(() => child.kill('SIGKILL'), 25_000)
  const exit = await ended
  clearTimeout(giveUp)
  expect(exit, output()).toBe(0)
  return output()
}

const OPTIONS = `events: ['e'], authenticate: () => ({ id: 'u', name: 'N' })`
const ASK = `{ method: 'POST', headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' }, body: '{"event_id":"e"}' }`

it.each([
  [
    'a ring that is followed, never closed',
    `import { ringKeySource } from '${SRC}index.ts'
     const keys = await ringKeySource({ dir: process.env.RING })
     console.log('key' in keys.current(Date.now()))`,
    'true',
  ],
  [
    'the handler of node:http, once its server is closed',
    `import { createServer } from 'node:http'
     import { createNodeHandler, ringKeySource } from '${SRC}index.ts'
     const keys = await ringKeySource({ dir: process.env.RING })
     const server = createServer(createNodeHandler({ keys, ${OPTIONS} })).listen(0, '127.0.0.1', async () => {
       const response = await fetch('http://127.0.0.1:' + server.address().port + '/token', ${ASK})
       console.log(response.status)
       server.close()
       server.closeAllConnections()
     })`,
    '200',
  ],
  [
    'the Fastify plugin, once its application is closed',
    `import Fastify from 'fastify'
     import { kinescopeChat, ringKeySource } from '${SRC}index.ts'
     const app = Fastify()
     app.register(kinescopeChat, { prefix: '/chat', scripts: false, keys: await ringKeySource({ dir: process.env.RING }), ${OPTIONS} })
     await app.listen({ port: 0, host: '127.0.0.1' })
     const response = await fetch('http://127.0.0.1:' + app.server.address().port + '/chat/token', ${ASK})
     console.log(response.status)
     await app.close()`,
    '200',
  ],
])(
  '%s: the process ends by itself',
  async (_what, program, output) => {
    // tsx compiles in its own folder, so bare imports are resolved from here
    const text = program.replace(`'fastify'`, `'${import.meta.resolve('fastify')}'`)
    expect((await runToEnd(text)).trim()).toBe(output)
  },
  30_000,
)
