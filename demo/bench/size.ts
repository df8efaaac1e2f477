import { execFileSync } from 'node:child_process'
import { brotliCompressSync, constants } from 'node:zlib'
import { build } from 'vite'
import { rounded, type Part } from './part.js'

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

export async function size(): Promise<Part> {
  const rows = []
  for (const [name, { entry, does }] of Object.entries(CONTENDERS)) {
    const code = Buffer.from(await bundleOf(entry))
    const brotli = brotliCompressSync(code, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } })
    rows.push({
      '': name,
      'raw, kB': rounded(code.length / 1000, 1),
      'gzip −9, kB': rounded(execFileSync('gzip', ['-9'], { input: code }).length / 1000, 1),
      'brotli 11, kB': rounded(brotli.length / 1000, 1),
      'what it does': does,
    })
  }
  return {
    title: 'Size',
    how: 'The same Vite bundled and minified all four, with everything they import, for the same browsers.',
    tables: [{ title: 'What a page loads', bars: 'gzip −9, kB', rows }],
  }
}
