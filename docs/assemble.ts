// Puts the site's pages together from the repository's Markdown, for VitePress to build: `docs/.vitepress/pages`.
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { existsSync, readdirSync, watch } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { forSite } from './repository-links.js'
import { PAGES } from './site-pages.js'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const SITE = join(ROOT, 'docs/.vitepress/pages')

/** Writes every page and picture. @throws where a page is named that isn't there */
export async function assemble(): Promise<string> {
  await rm(SITE, { recursive: true, force: true })
  for (const file of Object.keys(PAGES)) await place(file)
  for (const name of folder('docs/pictures'))
    await put(name.replace(/^docs\//, ''), (to) => copyFile(join(ROOT, name), to))
  for (const name of ['chat.png', 'openapi.json'])
    await put(`public/${name}`, (to) => copyFile(join(ROOT, 'docs', name), to))
  return SITE
}

/** Writes a page again whenever its file changes. */
export function follow(): void {
  for (const file of Object.keys(PAGES))
    watch(join(ROOT, file), () => void place(file).catch((error: unknown) => console.error(error)))
}

const folder = (path: string): string[] =>
  existsSync(join(ROOT, path)) ? readdirSync(join(ROOT, path)).map((name) => `${path}/${name}`) : []

async function place(file: string): Promise<void> {
  const text = await readFile(join(ROOT, file), 'utf8')
  await put(PAGES[file]!, (to) => writeFile(to, forSite(text, file, PAGES)))
}

async function put(name: string, write: (to: string) => Promise<void>): Promise<void> {
  const to = join(SITE, name)
  await mkdir(dirname(to), { recursive: true })
  await write(to)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await assemble()
