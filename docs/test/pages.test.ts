import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { CODE_PAGES, codePage } from '../code-pages.js'
import { elementPage } from '../element-page.js'
import { endpointPage, openApi } from '../endpoint-page.js'
import { forSite } from '../repository-links.js'

const written = (name: string) => readFile(new URL(`../${name}`, import.meta.url), 'utf8')

describe('the generated pages (pnpm --filter kinescope-chat-docs run pages)', () => {
  it.each(['en', 'ru'] as const)('about the codes are current: %s', async (language) => {
    expect(await written(CODE_PAGES[language])).toBe(codePage(language))
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
  const pages = { 'docs/placing.md': 'placing.md', 'packages/server/docs/settings.md': 'server/settings.md' }

  it.each([
    ['[a](placing.md)', 'docs/placing.md', '[a](./placing.md)'],
    ['[a](../packages/server/docs/settings.md#who)', 'docs/placing.md', '[a](./server/settings.md#who)'],
    ['[a](../../../docs/placing.md "T")', 'packages/server/docs/settings.md', '[a](./../placing.md "T")'],
    ['[a](https://example.com/x.md)', 'docs/placing.md', '[a](https://example.com/x.md)'],
    ['[a](#here)', 'docs/placing.md', '[a](#here)'],
    [
      'see [the code](../demo/run.ts) and [b](placing.md)',
      'docs/placing.md',
      'see the code and [b](./placing.md)',
    ],
    ['`[a](x.md)`', 'docs/placing.md', '`[a](x.md)`'],
    ['    [a](x.md)', 'docs/placing.md', '    [a](x.md)'],
    ['```\n[a](x.md)\n```', 'docs/placing.md', '```\n[a](x.md)\n```'],
  ])('%s', (text, file, expected) => {
    expect(forSite(text, file, pages)).toBe(expected)
  })
})
