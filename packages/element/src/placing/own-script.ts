import { ofDocument } from '../platform.js'

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
  const ours = (script: HTMLScriptElement) => NAME.test(pathOf(script.src))
  if (isScript(current) && ours(current)) return { settings: current.dataset, address: current.src }
  const address = runningFile()
  if (address) {
    const tag = scripts.find(({ src }) => pathOf(src) === pathOf(address))
    return { settings: tag?.dataset ?? {}, address }
  }
  const named = scripts.find(ours)
  if (named) return { settings: named.dataset, address: named.src }
  return { settings: isScript(current) ? current.dataset : {}, address: undefined }
}

const isScript = (script: unknown): script is HTMLScriptElement => script instanceof HTMLScriptElement

/** An address without its query and fragment. */
const pathOf = (address: string): string => address.replace(/[?#].*/s, '')

/**
 * The file that is running, where it has our name. `import.meta.url` would say it too, but a classic script with these words
 * in it does not parse.
 */
function runningFile(): string | undefined {
  const file = /https?:\/\/[^\s()]+?(?=:\d+(?::\d+)?(?!\S*\/))/.exec(new Error().stack ?? '')?.[0]
  return file && NAME.test(pathOf(file)) ? file : undefined
}
