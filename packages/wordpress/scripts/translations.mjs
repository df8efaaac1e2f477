import { mo, po } from 'gettext-parser'

/** The script that reads its translations from a JSON file, and the handle in the name of that file. */
const SCRIPT = { path: 'blocks/chat/editor.js', handle: 'live-chat-for-kinescope-streams-block' }

/**
 * Converts a catalogue to the files that WordPress reads: .mo for PHP, and JSON (Jed 1.x) for the editor's script.
 * @param {string} path of the .po file
 * @param {Buffer} bytes of the .po file
 * @returns {Record<string, Buffer>} by path
 */
export function translations(path, bytes) {
  const catalogue = po.parse(bytes)
  const base = path.replace(/\.po$/, '')
  const messages = Object.values(catalogue.translations[''] ?? {}).filter(
    ({ msgid, comments }) => msgid && comments?.reference?.includes(SCRIPT.path),
  )
  const { 'Plural-Forms': plural, Language: lang } = catalogue.headers
  const jed = {
    domain: 'messages',
    locale_data: {
      messages: {
        '': { domain: 'messages', lang, 'plural-forms': plural },
        ...Object.fromEntries(messages.map(({ msgid, msgstr }) => [msgid, msgstr])),
      },
    },
  }
  return {
    [`${base}.mo`]: mo.compile(catalogue),
    [`${base}-${SCRIPT.handle}.json`]: Buffer.from(JSON.stringify(jed)),
  }
}
