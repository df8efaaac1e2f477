/**
 * The file that a page loads with one tag: registers the element, takes the page's defaults from its own tag, and
 * upgrades marked links and divs once the page is parsed. The build ends it at once where another copy was first.
 */
import { httpUrl } from './frame/chat-url.js'
import { KinescopeChatElement, isPage, register } from './kinescope-chat-element.js'
import { watch } from './placing/upgrade.js'
import { baseOf, ofDocument, own, tryOrUndefined } from './platform.js'
import type { PageDefaults } from './settings.js'

/** The file's name, in every release: `kinescope-chat.js`, `kinescope-chat.classic.0.1.0-1a2b3c4d.js`. */
const FILE_NAME = /\/kinescope-chat[^/]*\.js$/
/** The settings of the script's tag, as `data-…`. */
const SETTINGS = ['tokenUrl', 'identity', 'language', 'chatOrigin', 'upgrade', 'report', 'docs']

function start(): void {
  const { settings, address } = findOwnScript()
  const { tokenUrl, ...others } = Object.fromEntries(
    SETTINGS.map((name) => [name, own(settings, name)]),
  ) as PageDefaults
  const defaults: PageDefaults = {
    ...others,
    ...(tokenUrl
      ? { tokenUrl: httpUrl(tokenUrl, baseOf())?.href }
      : { scriptTokenUrl: httpUrl('token', address)?.href }),
  }
  // before any chat on the page begins
  KinescopeChatElement.defaults = defaults
  const Chat = register()
  Chat.defaults = defaults
  // set and not defined anew: an `<a id="KinescopeChat">` gives way, and a page's `var KinescopeChat` can be no more than set;
  // what can't be set either stays the page's, and the chats come all the same
  tryOrUndefined(() => Object.assign(globalThis, { KinescopeChat: Chat }))
  whenParsed(() => watch(() => Chat.defaults))
}

/** Optimizers hold events back or rename them: the first signal counts. */
function whenParsed(work: () => void): void {
  const signals = ['readystatechange', 'DOMContentLoaded', 'load']
  const check = () => {
    if (ofDocument('readyState') === 'loading') return
    for (const signal of signals) removeEventListener(signal, check, true)
    work()
  }
  for (const signal of signals) addEventListener(signal, check, true)
  check()
}

/**
 * Finds the tag that has brought this file while it runs: `document.currentScript` for a classic script, the one tag with the
 * file's name for a module, and the address that the engine gives the running code where there is no such tag or several.
 * Only a real script element counts: not an image of that name, nor a drawing's script.
 * @returns the tag's `data-…`, empty where the tag is lost; and the file's address, where it has its name
 */
function findOwnScript(): { settings: DOMStringMap; address: string | undefined } {
  const isScript = (script: unknown): script is HTMLScriptElement => script instanceof HTMLScriptElement
  const isNamed = (script: HTMLScriptElement) => FILE_NAME.test(pathOf(sourceOf(script)))
  const current = [ofDocument('currentScript')].filter(isScript)
  const named = current.some(isNamed) ? current : [...ofDocument('scripts')].filter(isScript).filter(isNamed)
  const [only] = named.length === 1 ? named : []
  // another script may have imported this file while a tag with a similar name stands on the page
  const runs = only && (only === current[0] || only.type === 'module')
  const address = (runs ? undefined : runningFile()) ?? (only && sourceOf(only))
  const tag = named.find((script) => pathOf(sourceOf(script)) === pathOf(address ?? ''))
  return { settings: (tag ?? (named.length ? undefined : current[0]))?.dataset ?? {}, address }
}

/** The address of a tag's file: not `src`, which a `<base>` further down in the content moves. */
const sourceOf = (script: HTMLScriptElement): string =>
  tryOrUndefined(() => new URL(script.getAttribute('src')!, baseOf()).href) ?? ''

/** An address without its query and fragment. */
const pathOf = (address: string): string => address.replace(/[?#].*/s, '')

/**
 * The file that is running, where it has our name. `import.meta.url` would say it too, but a classic script with these words
 * in it does not parse.
 */
function runningFile(): string | undefined {
  const file = /https?:\/\/[^\s()]+?(?=:\d+(?::\d+)?(?!\S*\/))/.exec(
    tryOrUndefined(() => `${new Error().stack}`) ?? '',
  )?.[0]
  return file && FILE_NAME.test(pathOf(file)) ? file : undefined
}

if (isPage()) start()
