// Assembles the site's pages from the repository's Markdown, for VitePress to build: `docs/.vitepress/pages`.
// Each page is also there as Markdown (`start.md` beside `start`), and `llms.txt` lists them all.
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { existsSync, readdirSync, watch } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { forSite } from './repository-links.js'
import { PAGES } from './site-pages.js'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const SITE = join(ROOT, 'docs/.vitepress/pages')

/** Writes every page and picture. @throws if a page in `PAGES` doesn't exist */
export async function assemble(): Promise<string> {
  await rm(SITE, { recursive: true, force: true })
  const titles = new Map<string, string>()
  for (const [file, page] of Object.entries(PAGES)) titles.set(page, titleOf(await write(file)))
  for (const name of folder('docs/pictures'))
    await put(name.replace(/^docs\//, ''), (to) => copyFile(join(ROOT, name), to))
  // the front page's pictures have fixed addresses
  for (const name of folder('docs/pictures').filter((name) => /chat-\w+-\w+\.png$/.test(name)))
    await put(`public/${name.replace('docs/pictures/', '')}`, (to) => copyFile(join(ROOT, name), to))
  await put('public/openapi.json', (to) => copyFile(join(ROOT, 'docs/openapi.json'), to))
  await put('public/llms.txt', (to) => writeFile(to, llmsText(titles)))
  return SITE
}

/** Rewrites a page when its file changes. */
export function follow(): void {
  for (const file of Object.keys(PAGES))
    watch(join(ROOT, file), () => void write(file).catch((error: unknown) => console.error(error)))
}

const folder = (path: string): string[] =>
  existsSync(join(ROOT, path)) ? readdirSync(join(ROOT, path)).map((name) => `${path}/${name}`) : []

async function write(file: string): Promise<string> {
  const page = PAGES[file]!
  const text = titled(forSite(await readFile(join(ROOT, file), 'utf8'), file, PAGES), page)
  await put(page, (to) => writeFile(to, text))
  await put(`public/${page}`, (to) => writeFile(to, text.replace(/^---\n[^]*?\n---\n/, '')))
  return text
}

async function put(name: string, write: (to: string) => Promise<void>): Promise<void> {
  const to = join(SITE, name)
  await mkdir(dirname(to), { recursive: true })
  await write(to)
}

export const titleOf = (text: string): string =>
  (/^# (.+)$/m.exec(text)?.[1] ?? /^ {2}text: (.+)$/m.exec(text)?.[1] ?? '').replaceAll('`', '')

/** Titles an API page with its import specifier, because typedoc uses the name of the file. */
const titled = (text: string, page: string): string => {
  const [, of, path = ''] = /^api\/(\w+)\/(.+)\.md$/.exec(page) ?? []
  if (!of) return text
  const name = `kinescope-chat${of === 'server' ? '-server' : ''}`
  return text.replace(/^# .+$/m, `# ${path === 'main' ? name : `${name}/${path.replace('token/', '')}`}`)
}

/** Returns the list of pages in the format of https://llmstxt.org. */
function llmsText(titles: Map<string, string>): string {
  const list = (pages: string[]) => pages.map((page) => `- [${titles.get(page)}](/${page})`).join('\n')
  const all = [...titles.keys()].filter((page) => titles.get(page))
  const isCode = (page: string) => page.includes('codes/')
  const english = all.filter((page) => !page.startsWith('ru/') && !isCode(page))
  return `# kinescope-chat

> Kinescope's live-stream chat on any web page, with the visitor already signed in: a custom element and a token server. Unofficial.

Start with [For coding assistants](/assistants.md). The packages are on no registry: do not run npx with their names.

## Pages

${list(english)}

## One page for each code

${list(all.filter((page) => isCode(page) && !page.startsWith('ru/')))}

## По-русски

${list(all.filter((page) => page.startsWith('ru/') && !isCode(page)))}
`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await assemble()
