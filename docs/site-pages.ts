import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** The API reference, which typedoc writes into the packages: one page a module. */
function apiPages(of: 'element' | 'server'): Record<string, string> {
  const folder = `packages/${of}/docs/api`
  const names = readdirSync(`${ROOT}${folder}`, { recursive: true }).map(String)
  const pages = names.filter((name) => name.endsWith('.md') && name !== 'README.md')
  return Object.fromEntries(
    pages.map((name) => [`${folder}/${name}`, `api/${of}/${name.replace(/^index\.md$/, 'main.md')}`]),
  )
}

/** The site's pages: files of the repository, each under its place on the site. Nothing else is a page. */
export const PAGES: Readonly<Record<string, string>> = {
  'docs/index.md': 'index.md',
  'docs/start.md': 'start.md',
  'docs/placing.md': 'placing.md',
  'docs/wordpress.md': 'wordpress.md',
  'docs/troubleshooting.md': 'troubleshooting.md',
  'docs/element.md': 'element.md',
  'docs/endpoint.md': 'server/endpoint.md',
  'docs/api.md': 'api/index.md',
  ...apiPages('element'),
  ...apiPages('server'),
  'docs/not-known.md': 'not-known.md',
  'docs/architecture.md': 'architecture.md',
  'docs/browsers.md': 'browsers.md',
  'docs/fault-matrix.md': 'fault-matrix.md',
  'docs/bench.md': 'speed.md',
  'docs/versioning.md': 'versioning.md',
  'docs/ru/index.md': 'ru/index.md',
  'docs/ru/start.md': 'ru/start.md',
  'docs/ru/placing.md': 'ru/placing.md',
  'docs/ru/operating.md': 'ru/operating.md',
  'docs/ru/troubleshooting.md': 'ru/troubleshooting.md',
  'packages/server/README.md': 'server/index.md',
  'packages/server/docs/settings.md': 'server/settings.md',
  'packages/server/docs/operating.md': 'server/operating.md',
  'packages/server/docs/doctor.md': 'server/doctor.md',
  'packages/server/docs/reading-the-log.md': 'server/reading-the-log.md',
  'packages/server/docs/growing.md': 'server/growing.md',
  'SECURITY.md': 'security.md',
  'CONTRIBUTING.md': 'contributing.md',
  'CHANGELOG.md': 'changelog.md',
  'demo/README.md': 'bench.md',
}
