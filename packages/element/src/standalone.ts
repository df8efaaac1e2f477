/**
 * The file that a page loads with one tag: registers the element, reads the page's defaults from its own tag, and
 * upgrades marked links and divs once the page is parsed. The build stops it at once if another copy was first.
 */
import { listen } from './clock.js'
import { httpUrl } from './frame/chat-url.js'
import { KinescopeChatElement, register } from './kinescope-chat-element.js'
import { watch } from './placing/upgrade.js'
import { baseOf, ofDocument, own, tryOrUndefined } from './platform.js'
import type { PageDefaults } from './settings.js'

/** The file's name in every release: `kinescope-chat.js`, `kinescope-chat.classic.0.1.0-1a2b3c4d.js`. */
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
  // assigned, not defined: an assignment replaces an `<a id="KinescopeChat">`, and a page's `var KinescopeChat` allows
  // nothing else. A name that can't be assigned stays the page's, and the chats still start
  tryOrUndefined(() => Object.assign(globalThis, { KinescopeChat: Chat }))
  whenParsed(() => watch(() => Chat.defaults))
}

/** Runs work once the page is parsed. Optimizers delay or rename events, so the first signal counts. */
function whenParsed(work: () => void): void {
  const parsed = new AbortController()
  const check = () => {
    if (ofDocument('readyState') === 'loading') return
    parsed.abort()
    work()
  }
  const options = { capture: true, signal: parsed.signal }
  listen(window, ['readystatechange', 'DOMContentLoaded', 'load'], check, options)
  check()
}

/**
 * Finds the tag that loaded this file: `document.currentScript` for a classic script, or the only tag with the file's
 * name for a module. Otherwise, uses the address that the engine gives the running code. Only a real script element
 * counts: not an image of that name, nor an SVG script.
 * @returns the tag's `data-…`, empty if the tag isn't found; and the file's address, if it has its name
 */
function findOwnScript(): { settings: DOMStringMap; address: string | undefined } {
  const isScript = (script: unknown): script is HTMLScriptElement => script instanceof HTMLScriptElement
  const isNamed = (script: HTMLScriptElement) => FILE_NAME.test(pathOf(sourceOf(script)))
  const current = [ofDocument('currentScript')].filter(isScript)
  const named = current.some(isNamed) ? current : [...ofDocument('scripts')].filter(isScript).filter(isNamed)
  const [only] = named.length === 1 ? named : []
  // another script may have imported this file while the page has a tag with a similar name
  const runs = only && (only === current[0] || only.type === 'module')
  const address = (runs ? undefined : runningFile()) ?? (only && sourceOf(only))
  const tag = named.find((script) => pathOf(sourceOf(script)) === pathOf(address ?? ''))
  return { settings: (tag ?? (named.length ? undefined : current[0]))?.dataset ?? {}, address }
}

/** The address of a tag's file. Not `src`, which a `<base>` later in the content changes. */
const sourceOf = (script: HTMLScriptElement): string =>
  tryOrUndefined(() => new URL(script.getAttribute('src')!, baseOf()).href) ?? ''

/** An address without its query and fragment. */
const pathOf = (address: string): string => address.replace(/[?#].*/s, '')

/**
 * The running file, if it has our name. `import.meta.url` isn't used, because a classic script with it doesn't parse.
 */
function runningFile(): string | undefined {
  const file = /https?:\/\/[^\s()]+?(?=:\d+(?::\d+)?(?!\S*\/))/.exec(
    tryOrUndefined(() => `${new Error().stack}`) ?? '',
  )?.[0]
  return file && FILE_NAME.test(pathOf(file)) ? file : undefined
}

start()
