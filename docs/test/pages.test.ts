import { readdir, readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { codePages, CODES, PAGES_WITH_BLOCKS } from '../code-pages.js'
import { elementPage } from '../element-page.js'
import { endpointPage, openApi } from '../endpoint-page.js'
import { withBlocks } from '../published.js'
import { forSite } from '../repository-links.js'

const written = (name: string) => readFile(new URL(`../${name}`, import.meta.url), 'utf8')

describe('the generated pages (pnpm --filter kinescope-chat-docs run pages)', () => {
  it('about the codes are current, and there is none for a code that is gone', async () => {
    const pages = codePages()
    for (const [name, page] of pages) expect(await written(name), name).toBe(page)
    for (const folder of ['codes', 'ru/codes'])
      expect((await readdir(new URL(`../${folder}`, import.meta.url))).sort()).toEqual(
        CODES.map((code) => `${code}.md`).sort(),
      )
  })

  it('have the copyable blocks of the switch', async () => {
    for (const name of PAGES_WITH_BLOCKS)
      expect(withBlocks(await written(name)), name).toBe(await written(name))
  })

  it('about the element is current', async () => {
    expect(await written('element.md')).toBe(await elementPage())
  })

  it('about the token endpoint are current', async () => {
    expect(await written('endpoint.md')).toBe(endpointPage())
    expect(JSON.parse(await written('openapi.json'))).toEqual(openApi())
  })
})

describe('links between files, on the site', () => {
  const pages = {
    'docs/embedding.md': 'embedding.md',
    'packages/server/docs/settings.md': 'server/settings.md',
  }

  it.each([
    ['[a](embedding.md)', 'docs/embedding.md', '[a](./embedding.md)'],
    ['[a](../packages/server/docs/settings.md#who)', 'docs/embedding.md', '[a](./server/settings.md#who)'],
    ['[a](../../../docs/embedding.md "T")', 'packages/server/docs/settings.md', '[a](./../embedding.md "T")'],
    ['[a](https://example.com/x.md)', 'docs/embedding.md', '[a](https://example.com/x.md)'],
    ['[a](#here)', 'docs/embedding.md', '[a](#here)'],
    [
      'see [the code](../demo/run.ts) and [b](embedding.md)',
      'docs/embedding.md',
      'see the code and [b](./embedding.md)',
    ],
    ['`[a](x.md)`', 'docs/embedding.md', '`[a](x.md)`'],
    ['   ```\n   [a](x.md)\n   ```', 'docs/embedding.md', '   ```\n   [a](x.md)\n   ```'],
    ['```\n[a](x.md)\n```', 'docs/embedding.md', '```\n[a](x.md)\n```'],
  ])('%s', (text, file, expected) => {
    expect(forSite(text, file, pages)).toBe(expected)
  })
})
