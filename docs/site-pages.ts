import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** The API reference has names of its own. */
const NO_PAGE = /(?:^|\/)README\.md$|^(?:node_modules|\.vitepress|dist|api)\//

/** A folder's Markdown files, each under its place on the site. */
function folder(of: string, place: (name: string) => string): Record<string, string> {
  if (!existsSync(`${ROOT}${of}`)) return {}
  const names = readdirSync(`${ROOT}${of}`, { recursive: true }).map(String)
  const pages = names.filter((name) => name.endsWith('.md') && !NO_PAGE.test(name))
  return Object.fromEntries(pages.map((name) => [`${of}/${name}`, place(name)]))
}

/** The API reference, which typedoc writes into the packages: one page a module. */
const apiPages = (of: 'element' | 'server') =>
  folder(`packages/${of}/docs/api`, (name) => `api/${of}/${name.replace(/^index\.md$/, 'main.md')}`)

/** `docs/` is laid out as the site is, but for these. */
const ELSEWHERE: Record<string, string> = {
  'docs/endpoint.md': 'server/endpoint.md',
  'docs/api.md': 'api/index.md',
  'docs/bench.md': 'speed.md',
}

/** The site's pages: files of the repository, each under its place on the site. Nothing else is a page. */
export const PAGES: Readonly<Record<string, string>> = {
  ...folder('docs', (name) => name),
  ...ELSEWHERE,
  ...apiPages('element'),
  ...apiPages('server'),
  'packages/server/README.md': 'server/index.md',
  ...folder('packages/server/docs', (name) => `server/${name}`),
  ...apiPages('server'),
  'SECURITY.md': 'security.md',
  'CONTRIBUTING.md': 'contributing.md',
  'CHANGELOG.md': 'changelog.md',
  'demo/README.md': 'bench.md',
}
