import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const packages = fileURLToPath(new URL('../../..', import.meta.url))
const typedoc = join(
  createRequire(join(packages, '../package.json')).resolve('typedoc/package.json'),
  '../bin/typedoc',
)

const pagesIn = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .sort()
      .map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
  )

it.each(['element', 'server'])(
  'the API reference of packages/%s matches its docstrings (`npm run api` writes it)',
  async (name) => {
    const out = mkdtempSync(join(tmpdir(), 'kinescope-chat-api-'))
    const cwd = join(packages, name)
    try {
      await promisify(execFile)(process.execPath, [typedoc, '--options', 'typedoc.json', '--out', out], {
        cwd,
      })
      const made = pagesIn(out)
      expect(Object.keys(made)).toContain('index.md')
      expect(pagesIn(join(cwd, 'docs/api'))).toEqual(made)
    } finally {
      rmSync(out, { recursive: true })
    }
  },
  240_000,
)
