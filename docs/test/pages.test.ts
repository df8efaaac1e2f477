import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import MarkdownIt from 'markdown-it'
import { describe, expect, it } from 'vitest'
import { codePages, CODES, PAGES_WITH_BLOCKS } from '../code-pages.js'
import { elementPage } from '../element-page.js'
import { endpointPage, openApi } from '../endpoint-page.js'
import { pictureTexts } from '../picture-texts.js'
import { BLOCKS, PUBLISHED, withBlocks } from '../published.js'
import { forSite } from '../repository-links.js'
import { PAGES } from '../site-pages.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

const written = (name: string) => readFile(new URL(`../${name}`, import.meta.url), 'utf8')

describe('the generated pages (pnpm --filter kinescope-chat-docs run pages)', () => {
  it('about the codes are current, and none is left for a removed code', async () => {
    const pages = codePages()
    for (const [name, page] of pages) expect(await written(name), name).toBe(page)
    for (const folder of ['codes', 'ru/codes'])
      expect((await readdir(new URL(`../${folder}`, import.meta.url))).sort()).toEqual(
        CODES.map((code) => `${code}.md`).sort(),
      )
  })

  it('have the current copyable blocks', async () => {
    for (const name of PAGES_WITH_BLOCKS) {
      const page = await written(name)
      expect(withBlocks(page), name).toBe(page)
      expect(
        Object.values(BLOCKS).some((block) => page.includes(block)),
        name,
      ).toBe(true)
    }
  })

  it('about the element is current', async () => {
    expect(await written('element.md')).toBe(await elementPage())
  })

  it('about the token endpoint are current', async () => {
    expect(await written('endpoint.md')).toBe(endpointPage())
    expect(JSON.parse(await written('openapi.json'))).toEqual(openApi())
  })
})

describe('the pictures (pnpm --filter ./demo run pictures NAME…)', () => {
  it('show the current texts', async () => {
    const texts = pictureTexts()
    expect(JSON.parse(await written('pictures/texts.json'))).toEqual(texts)
    const files = await readdir(new URL('../pictures', import.meta.url))
    expect(files.filter((name) => name.endsWith('.png')).sort()).toEqual(Object.keys(texts).sort())
  })
})

describe('copyable lines', () => {
  /** Commands that download a package by its name, and run or install the package. */
  const BY_NAME =
    /\b(?:npx|pnpx|bunx|(?:pnpm|yarn) dlx|npm (?:install|i|exec|create)|(?:pnpm|yarn|bun) add|composer require)\s+(?:-[-\w=]+\s+)*kinescope-chat/

  it('name no package that is not published', () => {
    const listed = execFileSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8' }).split('\0')
    const texts = listed.filter(
      (file) =>
        /\.(?:md|ts|mjs|js|php|txt|yaml|json|sh)$/.test(file) && !/(?:^|\/)(?:test|dist)\//.test(file),
    )
    const found = texts.filter(
      (file) =>
        file !== 'docs/published.ts' &&
        // prints npx before a command only when npx ran it
        file !== 'packages/server/src/cli/terminal.ts' &&
        existsSync(ROOT + file) &&
        BY_NAME.test(readFileSync(ROOT + file, 'utf8')),
    )
    expect(PUBLISHED ? [] : found).toEqual([])
  })

  it.each([
    'npx kinescope-chat-server serve',
    'npm install -g kinescope-chat',
    'pnpm add kinescope-chat-server',
  ])('are found with this command: %s', (line) => expect(line).toMatch(BY_NAME))

  it('are in fenced blocks, which have a copy button', async () => {
    const indented: string[] = []
    for (const file of Object.keys(PAGES))
      for (const { type, map } of new MarkdownIt().parse(await readFile(ROOT + file, 'utf8'), {}))
        if (type === 'code_block') indented.push(`${file}:${map![0] + 1}`)
    expect(indented).toEqual([])
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
    ['![a](pictures/x.png)', 'docs/embedding.md', '![a](pictures/x.png)'],
    ['![a](../../../docs/pictures/x.svg)', 'packages/server/docs/settings.md', '![a](../pictures/x.svg)'],
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
