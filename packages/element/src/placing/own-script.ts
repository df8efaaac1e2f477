import { attempt } from '../attempt.js'
import { baseOf, ofDocument } from '../platform.js'

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
 * Finds the tag that has brought this file while it runs. `document.currentScript` knows a classic script; a module, an
 * imported file and what an optimizer runs in its own time have none, and are found by the address that the engine gives
 * the running code. Only a real script element counts: not an image of that name, nor a drawing's script.
 */
export function findOwnScript(): OwnScript {
  const current = ofDocument('currentScript')
  const scripts = [...ofDocument('scripts')].filter(isScript)
  const ours = (script: HTMLScriptElement) => NAME.test(pathOf(sourceOf(script)))
  const address = runningFile()
  if (isScript(current) && ours(current))
    return { settings: current.dataset, address: address ?? sourceOf(current) }
  if (address) {
    const isOf = (source: string) => pathOf(source) === pathOf(address)
    const tag = scripts.find((script) => isOf(script.src) || isOf(sourceOf(script)))
    return { settings: tag?.dataset ?? {}, address }
  }
  const named = scripts.find(ours)
  if (named) return { settings: named.dataset, address: sourceOf(named) }
  return { settings: isScript(current) ? current.dataset : {}, address: undefined }
}

const isScript = (script: unknown): script is HTMLScriptElement => script instanceof HTMLScriptElement

/** Where a tag's file is by the tag: not `src`, which a `<base>` further down in the content moves. */
const sourceOf = (script: HTMLScriptElement): string =>
  attempt(() => new URL(script.getAttribute('src')!, baseOf()).href) ?? ''

/** An address without its query and fragment. */
const pathOf = (address: string): string => address.replace(/[?#].*/s, '')

/**
 * The file that is running, where it has our name. `import.meta.url` would say it too, but a classic script with these words
 * in it does not parse.
 */
function runningFile(): string | undefined {
  // a page may have put something of its own in the stack's place
  const stack = attempt(() => `${new Error().stack}`)
  const file = /https?:\/\/[^\s()]+?(?=:\d+(?::\d+)?(?!\S*\/))/.exec(stack ?? '')?.[0]
  return file && NAME.test(pathOf(file)) ? file : undefined
}
