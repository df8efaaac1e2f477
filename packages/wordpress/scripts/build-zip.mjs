// Makes dist/live-chat-for-kinescope-streams.zip, which an administrator uploads, and an unpacked copy beside it.
// The same sources make the same bytes.
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { zipSync } from 'fflate'
import { translations } from './translations.mjs'

const NAME = 'live-chat-for-kinescope-streams'
/** The files of packages/php that the plugin doesn't need. */
const LEFT_OUT = [
  'autoload.php',
  'Console.php',
  'CurlTransport.php',
  'FileStore.php',
  'IdentityToken.php',
  'Site.php',
]
const home = fileURLToPath(new URL('..', import.meta.url))
const dist = join(home, 'dist')

/** @type {Record<string, Buffer>} */
const files = { LICENSE: await readFile(join(home, '../../LICENSE')) }
for (const entry of await readdir(join(home, 'plugin'), { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue
  const path = join(entry.parentPath, entry.name)
  files[path.slice(join(home, 'plugin/').length).replaceAll('\\', '/')] = await readFile(path)
}
// packages/php under the plugin's own namespace, because another plugin may contain another version
const core = join(home, '../php/src')
for (const name of await readdir(core)) {
  if (name === 'openssl.cnf') files[`lib/${name}`] = await readFile(join(core, name))
  if (!name.endsWith('.php') || LEFT_OUT.includes(name)) continue
  const text = (await readFile(join(core, name), 'utf8'))
    .replaceAll('KinescopeChat\\TokenServer', 'Live_Chat_For_Kinescope_Streams\\Token_Server')
    .replace(/^namespace .+;$/m, "$&\n\ndefined( 'ABSPATH' ) || exit;")
  files[`lib/${name}`] = Buffer.from(text)
}
files['js/kinescope-chat.js'] = await readFile(join(home, '../element/dist/kinescope-chat.js'))
for (const [path, bytes] of Object.entries(files)) {
  if (path.endsWith('.po')) Object.assign(files, translations(path, bytes))
}
sameVersionEverywhere()

await rm(dist, { recursive: true, force: true })
for (const [path, bytes] of Object.entries(files)) {
  const target = join(dist, NAME, path)
  await mkdir(dirname(target), { recursive: true })
  await writeFile(target, bytes)
}
const zip = zipSync(
  Object.fromEntries(
    Object.keys(files)
      .sort()
      .map((path) => [`${NAME}/${path}`, new Uint8Array(files[path])]),
  ),
  { level: 9, mtime: new Date(1980, 0, 1), os: 3, attrs: 0o100644 << 16 },
)
await writeFile(join(dist, `${NAME}.zip`), zip)
console.log(`${NAME}.zip  ${zip.length} bytes, ${Object.keys(files).length} files`)

/** Throws if versions differ. The WordPress.org directory rejects a plugin whose readme and header disagree. */
function sameVersionEverywhere() {
  const text = (path) => files[path].toString()
  const found = {
    header: /^ \* Version: +(\S+)$/m.exec(text(`${NAME}.php`))?.[1],
    constant: /^const VERSION = '(.+)';$/m.exec(text(`${NAME}.php`))?.[1],
    readme: /^Stable tag: (\S+)$/m.exec(text('readme.txt'))?.[1],
    block: JSON.parse(text('blocks/chat/block.json')).version,
  }
  if (new Set(Object.values(found)).size !== 1) throw new Error(`versions differ: ${JSON.stringify(found)}`)
}
