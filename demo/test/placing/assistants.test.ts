import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildEmulator, type Emulator } from '../../emulator/emulator.js'
import { blocksOf, ROOT } from './page-blocks.js'

const PAGE = 'docs/assistants.md'

describe(`the code of ${PAGE}`, () => {
  let emulator: Emulator
  let app: string

  beforeAll(async () => {
    app = await mkdtemp(join(tmpdir(), 'assistant-'))
    const [, token] = /KINESCOPE_API_TOKEN=(\S+)/.exec(await readFile(join(ROOT, PAGE), 'utf8'))!
    emulator = buildEmulator({ apiTokens: [token!] })
    await emulator.listen()
  })
  afterAll(async () => {
    await emulator?.close()
    await rm(app, { recursive: true, force: true })
  })

  /** Runs the page's shell blocks in one shell, as an assistant does. Returns the output. */
  async function run(script: string): Promise<string> {
    const { PATH = '', HOME = '' } = process.env
    const child = spawn('bash', ['-euo', 'pipefail', '-c', script], { cwd: ROOT, env: { PATH, HOME } })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
    const [exit] = (await once(child, 'close')) as [number]
    expect(exit, output).toBe(0)
    return output
  }

  /** The page's shell blocks, with this test's emulator and app. */
  const shellBlocks = async () =>
    (await blocksOf(PAGE))
      .filter(({ language }) => language === 'sh')
      .map(({ code }) =>
        code
          .replaceAll('http://127.0.0.1:9090', emulator.url)
          .replaceAll('/path/to/your/app', app)
          // the original command installs build dependencies first, and removes packages that this run needs
          .replace('npm run pack ', 'pnpm run pack:inner '),
      )

  const check = (output: string) => {
    expect(output).toMatch(/^\d+\.\d+\.\d+/m)
    expect(output).toContain('signature, form, claims and times')
  }

  it('checks the command line, and makes a key and a token', async () => {
    const [, ...blocks] = await shellBlocks()
    expect(blocks).toHaveLength(2)
    const clone = `kinescope-chat-server() { node "${ROOT}/packages/server/dist/cli/main.js" "$@"; }\ncd ${app}\n`
    check(await run(clone + blocks.join('\n')))
  })

  it('does the same from the archives', { tags: ['rare'], timeout: 300_000 }, async () => {
    await rm(join(app, 'keys'), { recursive: true, force: true })
    check(await run((await shellBlocks()).join('\n')))
  })
})
