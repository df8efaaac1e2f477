import { posix } from 'node:path'

/** Matches `](address)` and `](address "title")` in Markdown. */
const LINK = /\]\(([^()\s]+)((?:\s+"[^"]*")?)\)/g

/**
 * Rewrites the links of one Markdown file for the site. The files link to each other by their paths in the repository,
 * and these differ from the paths on the site. A link to a file that isn't a page becomes plain text.
 */
export function forSite(text: string, file: string, pages: Readonly<Record<string, string>>): string {
  const from = pages[file] ?? file
  return outsideCode(text, (prose) =>
    prose.replaceAll(LINK, (whole, href: string, title: string, at: number) => {
      if (/^[a-z][a-z+.-]*:|^\/|^#/i.test(href)) return whole
      const [path = '', hash] = href.split('#')
      const target = posix.normalize(posix.join(posix.dirname(file), path))
      if (target === 'docs/openapi.json') return `](/openapi.json)`
      if (/\.(png|svg)$/.test(target)) {
        if (file.startsWith('docs/')) return whole
        return `](${posix.relative(posix.dirname(from), target.replace(/^docs\//, ''))}${title})`
      }
      const page = pages[target]
      if (page === undefined) return `](#no-page${at})`
      const address = posix.relative(posix.dirname(from), page) || posix.basename(page)
      return `](./${address}${hash === undefined ? '' : `#${hash}`}${title})`
    }),
  ).replaceAll(/\[([^\]]*)\]\(#no-page\d+\)/g, '$1')
}

/** Changes the text outside of fenced code and code spans. */
function outsideCode(text: string, change: (prose: string) => string): string {
  return text
    .split(/(^ *```[^]*?^ *```$|`[^`\n]*`)/gm)
    .map((part, index) => (index % 2 === 0 ? change(part) : part))
    .join('')
}
