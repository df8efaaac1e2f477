import { posix } from 'node:path'

/** `](address)` and `](address "title")` of Markdown, outside of code. */
const LINK = /\]\(([^()\s]+)((?:\s+"[^"]*")?)\)/g

/**
 * The Markdown files link to each other as files, so that they can be read in the repository too; on the site they have
 * other places. Rewrites the links of one file for the site; what is a file of the repository and no page loses its link.
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

/** Changes what is prose: fenced code and code spans stay as they are. */
function outsideCode(text: string, change: (prose: string) => string): string {
  return text
    .split(/(^ *```[^]*?^ *```$|`[^`\n]*`)/gm)
    .map((part, index) => (index % 2 === 0 ? change(part) : part))
    .join('')
}
