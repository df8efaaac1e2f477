// Reports the size of the file for a page, by source: `pnpm --filter kinescope-chat run bundle-report`, after a build.
// A share is the size that the compressed file would lose without these sources. So the shares add up to a little less
// than the whole. With `--files`, each source has its own share.
import { readFileSync } from 'node:fs'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const SHARES = [
  ['lit', /\/node_modules\//],
  ['texts for visitors', /\/src\/view\/(en|ru)\.ts$/],
  ['texts for developers', /\/src\/problems\.ts$/],
  ['styles', /\/src\/view\/styles\.ts$/],
  ['whose answer, token', /\/src\/(token\/|contract|event-id|text)/],
  ['session', /\/src\/session\//],
  ['frames', /\/src\/frame\//],
  ['links, divs, own tag', /\/src\/(placing\/|platform|standalone|register)/],
  ['view', /\/src\/view\//],
  ['our code besides', /\/src\//],
]

const file = new URL('../dist/kinescope-chat.js', import.meta.url)
const { mappings, sources } = JSON.parse(readFileSync(`${file.pathname}.map`, 'utf8'))
const lines = readFileSync(file, 'utf8').split('\n')

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
/** The numbers of one segment of a source map (ECMA-426, base64 VLQ). */
function decode(segment) {
  const numbers = []
  let [value, shift] = [0, 0]
  for (const character of segment) {
    const digit = DIGITS.indexOf(character)
    value |= (digit & 31) << shift
    shift += 5
    if (digit & 32) continue
    numbers.push(value & 1 ? -(value >> 1) : value >> 1)
    value = shift = 0
  }
  return numbers
}

// the style sheet consists of strings without a source map; their content identifies them
const byFile = process.argv.includes('--files')
const fileOf = (path) => (/node_modules/.test(path) ? 'lit' : path.replace(/^.*\/src\//, ''))
const shareOf = (source) =>
  byFile
    ? fileOf(sources[source] ?? 'our code besides')
    : (SHARES.find(([, path]) => path.test(sources[source] ?? ''))?.[0] ?? 'our code besides')
/** The pieces of the file in order, each with its source. */
const pieces = []
let source = 0
mappings.split(';').forEach((mapping, index) => {
  const line = lines[index] ?? ''
  let [column, from, owner] = [0, 0, 'our code besides']
  for (const segment of mapping ? mapping.split(',') : []) {
    const [columns, sourceStep] = decode(segment)
    column += columns
    pieces.push({ text: line.slice(from, column), owner })
    from = column
    if (sourceStep !== undefined) source += sourceStep
    owner = sourceStep === undefined ? 'our code besides' : shareOf(source)
  }
  pieces.push({ text: `${line.slice(from)}\n`, owner })
})
for (const piece of pieces) if (/[;{]display:/.test(piece.text)) piece.owner = 'styles'

const weigh = (text) => [
  gzipSync(text, { level: 9 }).length,
  brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length,
]
const textOf = (some) => some.map(({ text }) => text).join('')
const whole = weigh(textOf(pieces))
const print = (name, sizes) => console.log(name.padEnd(22), ...sizes.map((size) => String(size).padStart(9)))

print('share', ['gzip -9', 'brotli 11'])
for (const name of new Set(byFile ? pieces.map(({ owner }) => owner) : SHARES.map(([name]) => name))) {
  const rest = weigh(textOf(pieces.filter(({ owner }) => owner !== name)))
  print(
    name,
    whole.map((size, index) => size - rest[index]),
  )
}
print('whole', whole)
