import { tryOrUndefined, baseOf, ofDocument } from '../platform.js'

/** How the file is called, in every release: `kinescope-chat.js`, `kinescope-chat.classic.0.1.0-1a2b3c4d.js`. */
const NAME = /\/kinescope-chat[^/]*\.js$/

/** The tag that has brought this file, and where the file is. */
export interface OwnScript {
  /** The tag's `data-…`; empty where the tag is lost. */
  settings: DOMStringMap
  /** Undefined where the file runs under another name: concatenated, evaluated. */
  address: string | undefined
}

/**
 * Finds the tag that has brought this file while it runs: `document.currentScript` for a classic script, the one tag with the
 * file's name for a module, and the address that the engine gives the running code where there is no such tag or several.
 * Only a real script element counts: not an image of that name, nor a drawing's script.
 */
export function findOwnScript(): OwnScript {
  const current = [ofDocument('currentScript')].filter(isScript)
  const isNamed = (script: HTMLScriptElement) => NAME.test(pathOf(sourceOf(script)))
  const named =
    [current, [...ofDocument('scripts')].filter(isScript)]
      .map((scripts) => scripts.filter(isNamed))
      .find((scripts) => scripts.length > 0) ?? []
  const address = named.length === 1 ? sourceOf(named[0]!) : runningFile()
  const tag = named.find((script) => pathOf(sourceOf(script)) === pathOf(address ?? ''))
  return { settings: (tag ?? (named.length ? undefined : current[0]))?.dataset ?? {}, address }
}

const isScript = (script: unknown): script is HTMLScriptElement => script instanceof HTMLScriptElement

/** Where a tag's file is by the tag: not `src`, which a `<base>` further down in the content moves. */
const sourceOf = (script: HTMLScriptElement): string =>
  tryOrUndefined(() => new URL(script.getAttribute('src')!, baseOf()).href) ?? ''

/** An address without its query and fragment. */
const pathOf = (address: string): string => address.replace(/[?#].*/s, '')

/**
 * The file that is running, where it has our name. `import.meta.url` would say it too, but a classic script with these words
 * in it does not parse.
 */
function runningFile(): string | undefined {
  const file = /https?:\/\/[^\s()]+?(?=:\d+(?::\d+)?(?!\S*\/))/.exec(`${new Error().stack}`)?.[0]
  return file && NAME.test(pathOf(file)) ? file : undefined
}
