import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { minify } from 'terser'
import type { Plugin } from 'vite'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string
}

/**
 * Runs before anything else in the file, lit included: where another copy of the file was first, this one ends here, for a
 * second Trusted Types policy of one name is an error. So it does on a server, which has no page.
 */
export const INTRO = `
if (typeof HTMLScriptElement !== 'function' || typeof customElements !== 'object') return
var fileVersion = '${version}'
var first = customElements.get('kinescope-chat')
if (first && first === globalThis.KinescopeChat) {
  if (first.version !== fileVersion)
    console.warn('<kinescope-chat> ' + first.version + ' is defined already; ' + fileVersion + ' is not used.')
  return
}`

/**
 * Runs however it is run: as a module, as a classic script, evaluated, after a script that forgot its last semicolon. Most of it
 * runs at once: told so, V8 compiles all of it on another thread while it arrives, and not piece by piece on the page's.
 */
const PREAMBLE = '//# allFunctionsCalledOnLoad\n;'

/** The version stands in the file once. */
export const oneVersion: Plugin = {
  name: 'one-version',
  transform: (_, id) =>
    id.endsWith('/src/version.ts')
      ? { code: 'export const VERSION = fileVersion', map: { mappings: '' } }
      : null,
}

/** A template without the white space of its source. */
const FOLDS: Readonly<Record<string, (text: string) => string>> = {
  // texts are bound as properties, so no white space beside a tag or an expression is seen
  html: (text) =>
    text
      .replace(/\s+/g, ' ')
      .replace(/(^|>) (?=[<>]|$)/g, '$1')
      .replace(/> $/, '>'),
  css: (text) =>
    text.replace(/\s*([{};:,])\s*|\s+/g, (_, mark: string | undefined) => mark ?? ' ').replaceAll(';}', '}'),
}

interface Tree {
  type?: string
  [member: string]: unknown
}
interface Text extends Tree {
  start: number
  end: number
  tail: boolean
}

/** Folds the white space of our templates. Their line breaks move behind each text, so that the source map stays right. */
export const foldTemplates: Plugin = {
  name: 'fold-templates',
  transform(code, id) {
    if (!/\/src\/view\//.test(id)) return null
    const texts: [text: Text, fold: (text: string) => string][] = []
    const walk = (tree: Tree) => {
      const fold = tree.type === 'TaggedTemplateExpression' && FOLDS[(tree['tag'] as { name: string }).name]
      if (fold) for (const text of (tree['quasi'] as { quasis: Text[] }).quasis) texts.push([text, fold])
      for (const child of Object.values(tree).flat()) if (child instanceof Object) walk(child as Tree)
    }
    walk(this.parse(code) as unknown as Tree)
    let folded = code
    for (const [{ start, end, tail }, fold] of texts.sort(([a], [b]) => b.start - a.start)) {
      const text = code.slice(start, end)
      const after = end + (tail ? 1 : 2)
      const lines = text.replace(/[^\n]/g, '')
      folded = folded.slice(0, start) + fold(text) + folded.slice(end, after) + lines + folded.slice(after)
    }
    return { code: folded, map: null }
  },
}

/** lit-html's policy under our name, so that it collides with no other lit on the page and a page can allow it by name. */
export function namePolicy(): Plugin {
  let named = 0
  return {
    name: 'name-policy',
    transform(code, id) {
      if (!/\/lit-html\/.*lit-html\.js$/.test(id)) return null
      const parts = code.split(/(?<=\.createPolicy\(\s*)["']lit-html["']/)
      if (parts.length !== 2) this.error(`lit-html has no policy to be named, or several: ${id}`)
      named++
      return { code: parts.join('"kinescope-chat"'), map: null }
    },
    generateBundle(_options, bundle) {
      const code = Object.values(bundle)
        .map((file) => ('code' in file ? file.code : ''))
        .join('')
      const made = code.match(/createPolicy\(/g)?.length ?? 0
      if (named !== 1 || made !== 1) this.error(`${named} policies named, ${made} made: expected one`)
    },
  }
}

/**
 * Minifies the file once more (terser finds what oxc leaves) and writes it under both names. It begins with a byte order mark: a
 * classic script that comes without a `charset` is read in the page's encoding, Windows-1251 it may be, and the mark goes
 * before that (HTML, "fetch a classic script").
 */
export const finish: Plugin = {
  name: 'finish',
  async writeBundle({ dir }) {
    const file = `${dir}/kinescope-chat.js`
    const { code, map } = await minify(readFileSync(file, 'utf8'), {
      ecma: 2020,
      compress: { passes: 3, keep_fargs: false },
      format: { preamble: PREAMBLE },
      sourceMap: {
        content: readFileSync(`${file}.map`, 'utf8'),
        includeSources: true,
        url: 'kinescope-chat.js.map',
      },
    })
    // a line of its own for the next script, where files are put together
    writeFileSync(file, `\ufeff${code}\n`)
    writeFileSync(`${file}.map`, map as string)
    copyFileSync(file, `${dir}/kinescope-chat.classic.js`)
    // compressed copies for the token server, so that it doesn't compress at each start
    const bytes = readFileSync(file)
    writeFileSync(`${file}.br`, brotliCompressSync(bytes))
    writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }))
  },
}
