import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import express from 'express'
import { expect, it } from 'vitest'
import { listen } from '../running-server.js'

const PAGE = readFileSync(new URL('../../../../docs/start/node.md', import.meta.url), 'utf8')

it('the Express app of docs/start/node.md serves the element from a pnpm folder too', async () => {
  const [route] = /^app\.get\('\/kinescope-chat\.js'.*$/m.exec(PAGE)!
  const folder = mkdtempSync(join(tmpdir(), 'kinescope-chat-express-'))
  const script = join(folder, '.pnpm', 'kinescope-chat.js')
  mkdirSync(join(folder, '.pnpm'))
  writeFileSync(script, '/* the element */')
  const app = express()
  // oxlint-disable-next-line typescript/no-implied-eval
  const mount = new Function('app', 'script', route) as (app: object, script: string) => void
  mount(app, script)
  const host = await listen(app)
  try {
    const response = await fetch(`${host.url}/kinescope-chat.js`)
    expect([response.status, await response.text()]).toEqual([200, '/* the element */'])
  } finally {
    await host.close()
    rmSync(folder, { recursive: true })
  }
})
