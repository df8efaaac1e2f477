// Extracts the texts of the plugin's sources into languages/*.pot, and updates the catalogues (GNU gettext).
// `--check` changes nothing, and fails if they are not up to date.
import { spawnSync } from 'node:child_process'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { po } from 'gettext-parser'

const DOMAIN = 'live-chat-for-kinescope-streams'
const home = fileURLToPath(new URL('../plugin', import.meta.url))
const check = process.argv.includes('--check')

const KEYWORDS = ['__', '_e', 'esc_html__', 'esc_html_e', 'esc_attr__', 'esc_attr_e', '_x:1,2c', '_n:1,2']
const gettext = (command, ...args) => {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: home, encoding: 'utf8' })
  if (error || status !== 0) throw new Error(`${command}: ${error ?? stderr}`)
  return stdout
}
const extract = (language, files) =>
  gettext(
    'xgettext',
    `--language=${language}`,
    '--from-code=UTF-8',
    '--output=-',
    '--add-comments=translators',
    '--no-location',
    ...KEYWORDS.map((keyword) => `--keyword=${keyword}`),
    ...files,
  )

const sources = readdirSync(home, { recursive: true })
  .map((path) => path.replaceAll('\\', '/'))
  .sort()
const words = new Map()
const add = (msgid, path, { msgctxt = '', extracted } = {}) => {
  const key = `${msgctxt}\u0004${msgid}`
  const word = words.get(key) ?? { msgid, msgctxt, references: new Set(), extracted }
  word.references.add(path)
  words.set(key, word)
}
for (const path of sources.filter((path) => /\.(php|js)$/.test(path))) {
  const text = extract(path.endsWith('.js') ? 'JavaScript' : 'PHP', [path])
  if (!text) continue
  for (const group of Object.values(po.parse(text).translations))
    for (const { msgid, msgctxt, comments } of Object.values(group))
      if (msgid) add(msgid, path, { msgctxt, extracted: comments?.extracted })
}
const header = readFileSync(join(home, `${DOMAIN}.php`), 'utf8')
for (const name of ['Plugin Name', 'Description'])
  add(new RegExp(`^ \\* ${name}: +(.+)$`, 'm').exec(header)[1], `${DOMAIN}.php`)
const block = JSON.parse(readFileSync(join(home, 'blocks/chat/block.json'), 'utf8'))
add(block.title, 'blocks/chat/block.json', { msgctxt: 'block title' })
add(block.description, 'blocks/chat/block.json', { msgctxt: 'block description' })
for (const keyword of block.keywords) add(keyword, 'blocks/chat/block.json', { msgctxt: 'block keyword' })

/** Makes a catalogue of the texts, with the translations in `known`. */
function catalogue(headers, known = {}) {
  const translations = {}
  for (const { msgid, msgctxt, references, extracted } of words.values()) {
    const msgstr = known[msgctxt]?.[msgid]?.msgstr ?? ['']
    const comments = { reference: [...references].join('\n'), ...(extracted ? { extracted } : {}) }
    ;(translations[msgctxt] ??= {})[msgid] = { msgid, msgstr, comments, ...(msgctxt ? { msgctxt } : {}) }
  }
  return po.compile({ charset: 'utf-8', headers, translations }, { foldLength: 0 }).toString() + '\n'
}

const common = {
  'Project-Id-Version': 'Live Chat for Kinescope Streams',
  'MIME-Version': '1.0',
  'Content-Type': 'text/plain; charset=UTF-8',
  'Content-Transfer-Encoding': '8bit',
  'X-Domain': DOMAIN,
}
const stale = []
const put = (path, text) => {
  const now = (() => {
    try {
      return readFileSync(path, 'utf8')
    } catch {
      return ''
    }
  })()
  if (now === text) return
  stale.push(path)
  if (!check) writeFileSync(path, text)
}
const languages = join(home, 'languages')
put(join(languages, `${DOMAIN}.pot`), catalogue(common))
for (const name of readdirSync(languages).filter((name) => name.endsWith('.po'))) {
  const known = po.parse(readFileSync(join(languages, name)))
  put(join(languages, name), catalogue({ ...common, ...known.headers }, known.translations))
  const left = Object.values(known.translations).flatMap((group) =>
    Object.values(group).filter(({ msgid, msgstr }) => msgid && !msgstr[0]),
  )
  if (left.length) console.log(`${name}: ${left.length} without translation`)
  if (check && left.length) stale.push(name)
}
if (check && stale.length) {
  console.error(`Not up to date: ${stale.join(', ')}. Run: pnpm --filter ./packages/wordpress run pot`)
  process.exit(1)
}
