import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import type { Plugin } from 'vite'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string
}

/**
 * Runs before anything else in the file, lit included: where another copy of the file was first, this one ends here, for a
 * second Trusted Types policy of one name is an error. So it does on a server, which has no page.
 */
const INTRO = `
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
export const OUTPUT = { intro: INTRO, postBanner: '//# allFunctionsCalledOnLoad\n;' }

/** The version stands in the file once. */
export const oneVersion: Plugin = {
  name: 'one-version',
  transform: (_, id) =>
    id.endsWith('/src/version.ts')
      ? { code: 'export const VERSION = fileVersion', map: { mappings: '' } }
      : null,
}

/** The styles without white space. */
export const foldStyles: Plugin = {
  name: 'fold-styles',
  transform: (code, id) =>
    /\/view\/styles\.ts/.test(id)
      ? {
          code: code
            .replace(/\s*([{};:,])\s*|\s+/g, (_, mark: string | undefined) => mark ?? ' ')
            .replaceAll(';}', '}'),
          // nobody debugs the one string that is left
          map: { mappings: '' },
        }
      : null,
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
 * The same bytes under the second name. They begin with a byte order mark: a classic script that comes without a `charset` is
 * read in the page's encoding, Windows-1251 it may be, and the mark goes before that (HTML, "fetch a classic script").
 */
export const secondName: Plugin = {
  name: 'second-name',
  writeBundle({ dir }) {
    const file = `${dir}/kinescope-chat.js`
    // a line of its own for the next script, where files are put together
    writeFileSync(file, `\ufeff${readFileSync(file, 'utf8').trimEnd()}\n`)
    copyFileSync(file, `${dir}/kinescope-chat.classic.js`)
  },
}

/** Compressed copies for the token server, so that it doesn't compress at each start. */
export const compressedCopies: Plugin = {
  name: 'compressed-copies',
  writeBundle: {
    // after the byte order mark is in
    order: 'post',
    handler({ dir }) {
      const file = `${dir}/kinescope-chat.js`
      const bytes = readFileSync(file)
      writeFileSync(`${file}.br`, brotliCompressSync(bytes))
      writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }))
    },
  },
}
