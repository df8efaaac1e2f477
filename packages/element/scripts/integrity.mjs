// The lasting names and SRI hashes of the two standalone files, for `<script integrity>`. The build prints them;
// `node scripts/integrity.mjs --docs` writes them into the documents, which test/package/integrity.test.ts compares.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const { version } = JSON.parse(readFileSync(here('../package.json'), 'utf8'))

/** Each file under the name the token server gives it for good, with its hash. */
export function standaloneFiles() {
  return ['kinescope-chat.js', 'kinescope-chat.classic.js'].map((name) => {
    const bytes = readFileSync(here(`../dist/${name}`))
    const mark = createHash('sha256').update(bytes).digest('hex').slice(0, 8)
    return {
      name,
      lastingName: name.replace(/\.js$/, `.${version}-${mark}.js`),
      integrity: `sha384-${createHash('sha384').update(bytes).digest('base64')}`,
    }
  })
}

/** The documents that may show a script tag with a hash. */
export function documents() {
  const docs = here('../../../docs/')
  const found = [here('../../../README.md'), here('../README.md')]
  if (existsSync(docs)) found.push(...readdirSync(docs).map((name) => docs + name))
  return found.filter((path) => path.endsWith('.md') && existsSync(path))
}

/** A script tag with a lasting name and a hash, in any document. */
export const HASHED_TAG =
  /(kinescope-chat(?:\.classic)?)\.\d[\w.]*-[0-9a-f]{8}\.js("\s+integrity=")sha384-[^"]+/g

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const files = standaloneFiles()
  for (const { lastingName, integrity } of files) console.log(`${lastingName}  ${integrity}`)
  if (process.argv.includes('--docs'))
    for (const path of documents()) {
      const text = readFileSync(path, 'utf8')
      const current = text.replaceAll(HASHED_TAG, (_tag, name, between) => {
        const { lastingName, integrity } = files.find((file) => file.name === `${name}.js`)
        return lastingName + between + integrity
      })
      if (current !== text) writeFileSync(path, current)
    }
}
