import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { brotliCompressSync, constants } from 'node:zlib'
import { build } from 'vite'
import { rounded, type Part, type Row } from './part.js'

/** What a page imports of each, and what it gets for it. */
const CONTENDERS: Record<string, { entry: string; does: string }> = {
  'kinescope-chat 0.1.0': {
    entry: `import 'kinescope-chat/define'`,
    does: 'a tag: embedding, tokens, refreshes without a blank, sleep and offline, named states and problems in two languages, diagnosis',
  },
  '@superset-ui/embedded-sdk 0.4.0': {
    entry: `import { embedDashboard } from '@superset-ui/embedded-sdk'; window.embed = embedDashboard`,
    does: 'a frame, a token by postMessage, refresh by the wall clock; no states, no problems, no retry',
  },
  '@prismatic-io/embedded 4.14.0': {
    entry: `import prismatic from '@prismatic-io/embedded'; window.embed = prismatic`,
    does: 'frames and pop-overs of its product, texts and themes; the page handles the token',
  },
  '@looker/embed-sdk 2.0.8': {
    entry: `import { getEmbedSDK } from '@looker/embed-sdk'; window.embed = getEmbedSDK`,
    does: 'frames, sessions without cookies with refreshes, messages both ways; no states, no problems for the visitor',
  },
}

/** Bundles what a page would import, as every contender: by Vite, minified, for browsers. */
export async function bundleOf(entry: string): Promise<string> {
  const id = '\0entry.js'
  const result = await build({
    configFile: false,
    logLevel: 'silent',
    root: import.meta.dirname,
    plugins: [
      {
        name: 'entry',
        resolveId: (source) => (source === 'entry.js' ? id : undefined),
        load: (source) => (source === id ? entry : undefined),
      },
    ],
    build: {
      write: false,
      minify: true,
      target: 'es2021',
      rolldownOptions: { input: 'entry.js', output: { format: 'iife' } },
    },
  })
  const [first] = [result].flat()
  if (!first || !('output' in first)) throw new Error('Vite built nothing')
  return first.output[0].code
}

/** What `npm run build` makes: one file with lit in it. */
const BUILT = new URL('../../packages/element/dist/kinescope-chat.js', import.meta.url)
/** Of the built file, bytes. */
const AIMS = { gzip: 29_500, brotli: 26_000 }

export async function size(): Promise<Part> {
  const built = sizesOf(readFileSync(BUILT))
  const rows = [
    rowOf('kinescope-chat.js, as `npm run build` makes it', built, 'the file that a page loads with one tag'),
  ]
  for (const [name, { entry, does }] of Object.entries(CONTENDERS))
    rows.push(rowOf(name, sizesOf(Buffer.from(await bundleOf(entry))), does))
  return {
    title: 'Size',
    how: 'The first row is the built file. The same Vite bundled and minified the other four, with everything they import, for the same browsers.',
    aims: [
      { what: 'the built file, gzip −9, bytes', measured: built.gzip, bound: 'at most', limit: AIMS.gzip },
      {
        what: 'the built file, brotli 11, bytes',
        measured: built.brotli,
        bound: 'at most',
        limit: AIMS.brotli,
      },
    ],
    tables: [{ title: 'What a page loads', bars: 'gzip −9, kB', rows }],
  }
}

interface Sizes {
  raw: number
  gzip: number
  brotli: number
}

const sizesOf = (code: Buffer): Sizes => ({
  raw: code.length,
  gzip: execFileSync('gzip', ['-9'], { input: code }).length,
  brotli: brotliCompressSync(code, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length,
})

const rowOf = (name: string, { raw, gzip, brotli }: Sizes, does: string): Row => ({
  '': name,
  'raw, kB': rounded(raw / 1000, 1),
  'gzip −9, kB': rounded(gzip / 1000, 1),
  'brotli 11, kB': rounded(brotli / 1000, 1),
  'what it does': does,
})
