import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** Files that aren't pages under their own path. The pages of the API reference have other names. */
const NO_PAGE = /(?:^|\/)README\.md$|^(?:node_modules|\.vitepress|dist|api)\//

/** Returns a folder's Markdown files, each with its path on the site. */
function folder(of: string, place: (name: string) => string): Record<string, string> {
  if (!existsSync(`${ROOT}${of}`)) return {}
  const names = readdirSync(`${ROOT}${of}`, { recursive: true }).map(String)
  const pages = names.filter((name) => name.endsWith('.md') && !NO_PAGE.test(name))
  return Object.fromEntries(pages.map((name) => [`${of}/${name}`, place(name)]))
}

/** Returns the API reference, which typedoc writes into the packages: one page for each module. */
const apiPages = (of: 'element' | 'server') =>
  folder(`packages/${of}/docs/api`, (name) => `api/${of}/${name.replace(/^index\.md$/, 'main.md')}`)

/** The files in `docs/` whose path on the site is different. */
const ELSEWHERE: Record<string, string> = {
  'docs/endpoint.md': 'server/endpoint.md',
  'docs/api.md': 'api/index.md',
  'docs/bench.md': 'speed.md',
}

/** All pages of the site: files of the repository, each with its path on the site. */
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
