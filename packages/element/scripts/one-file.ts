import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { minify } from 'terser'
import type { Plugin } from 'vite'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string
}

/**
 * Runs before anything else in the file, lit included. If another copy of the file was first, this one stops, because a
 * second Trusted Types policy of the same name is an error. It also stops on a server, which has no page.
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
 * Lets the file run as a module, as a classic script, in `eval`, and after a script without a final semicolon. The hint
 * makes V8 compile all functions on another thread while the file arrives, because most of them run at once.
 */
const PREAMBLE = '//# allFunctionsCalledOnLoad\n;'

/** Keeps the version only once in the file. */
export const oneVersion: Plugin = {
  name: 'one-version',
  transform: (_, id) =>
    id.endsWith('/src/version.ts')
      ? { code: 'export const VERSION = fileVersion', map: { mappings: '' } }
      : null,
}

/** Removes the white space of a template's source. */
const FOLDS: Readonly<Record<string, (text: string) => string>> = {
  // texts are bound as properties, so white space beside a tag or an expression is never visible
  html: (text) =>
    text
      .replace(/\s+/g, ' ')
      .replace(/(^|>) (?=[<>]|$)/g, '$1')
      .replace(/> $/, '>'),
  css: (text) =>
    text
      .replace(/\s*([{};:,>!])\s*|\s+/g, (_, mark: string | undefined) => mark ?? ' ')
      .replaceAll(';}', '}'),
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

/**
 * Folds the white space of our templates. Moves their line breaks behind each text, so that the source map stays right.
 */
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

/** Renames lit-html's policy, so that it collides with no other lit on the page, and a page can allow it by name. */
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
 * Minifies the file again (terser finds more than oxc) and writes it under both names. The file begins with a byte
 * order mark, which takes precedence over the page's encoding. Otherwise, a classic script without a `charset` is read
 * in that encoding, for example Windows-1251 (HTML, "fetch a classic script").
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
    // ends the last line, so that another script can be appended
    writeFileSync(file, `\ufeff${code}\n`)
    writeFileSync(`${file}.map`, map as string)
    copyFileSync(file, `${dir}/kinescope-chat.classic.js`)
    // compressed copies for the token server, so that it doesn't compress at each start
    const bytes = readFileSync(file)
    writeFileSync(`${file}.br`, brotliCompressSync(bytes))
    writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }))
  },
}
