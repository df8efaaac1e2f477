import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { CODE_NOTES } from '../code-notes.js'

const DOCS = fileURLToPath(new URL('..', import.meta.url))
const DIST = join(DOCS, 'dist')

describe('the site', () => {
  const pages = new Map<string, string>()
  let index = ''

  beforeAll(async () => {
    await promisify(execFile)('pnpm', ['run', 'build'], { cwd: DOCS })
    for (const name of await readdir(DIST, { recursive: true })) {
      if (name.endsWith('.html')) pages.set(`/${name}`, await readFile(join(DIST, name), 'utf8'))
      if (/localSearchIndexroot.*\.js$/.test(name)) index = await readFile(join(DIST, name), 'utf8')
    }
  }, 240_000)

  it('leads nowhere that is not there, anchors included', () => {
    const missing: string[] = []
    for (const [page, html] of pages) {
      const links = [...html.matchAll(/<a[^>]* href="([^"]+)"/g)].map(([, href]) => href!)
      for (const href of links) {
        if (/^[a-z]+:/.test(href)) continue
        const [path = '', hash] = decodeURI(href).split('#')
        const target =
          path === ''
            ? page
            : posix.join(
                posix.dirname(page),
                path.startsWith('/') ? posix.relative(posix.dirname(page), path) : path,
              )
        const html_ = [target, `${target}.html`, `${target}/index.html`.replace('//', '/')]
          .map((name) => pages.get(name))
          .find(Boolean)
        if (html_ === undefined) {
          if (!/\.(json|png)$/.test(target)) missing.push(`${page}: ${href}`)
        } else if (hash && !html_.includes(`id="${hash}"`)) missing.push(`${page}: ${href}`)
      }
    }
    expect(pages.size).toBeGreaterThan(15)
    expect([...new Set(missing)]).toEqual([])
  })

  it('has each code in its search', () => {
    expect(index).not.toBe('')
    for (const code of Object.keys(CODE_NOTES)) expect(index).toContain(code)
  })
})
