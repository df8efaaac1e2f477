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
 * Finds the tag that has brought this file while it runs. `document.currentScript` knows a classic script; a module, an
 * imported file and what an optimizer runs in its own time have none, and are found by the address that the engine gives
 * the running code. Only a real script element counts: not an image of that name, nor a drawing's script.
 */
export function findOwnScript(): OwnScript {
  const current = ofDocument('currentScript')
  const scripts = [...ofDocument('scripts')].filter(isScript)
  const ours = (script: HTMLScriptElement) => NAME.test(pathOf(sourceOf(script)))
  if (isScript(current) && ours(current)) {
    const source = sourceOf(current)
    const whole = /^https?:\/\//i.test(current.getAttribute('src')!)
    return { settings: current.dataset, address: whole ? source : (runningFile() ?? source) }
  }
  const address = runningFile()
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
  tryOrUndefined(() => new URL(script.getAttribute('src')!, baseOf()).href) ?? ''

/** An address without its query and fragment. */
const pathOf = (address: string): string => address.replace(/[?#].*/s, '')

/**
 * The file that is running, where it has our name. `import.meta.url` would say it too, but a classic script with these words
 * in it does not parse.
 */
function runningFile(): string | undefined {
  // a page may have put something of its own in the stack's place
  const stack = tryOrUndefined(innermostFrame)
  const file = /https?:\/\/[^\s()]+?(?=:\d+(?::\d+)?(?!\S*\/))/.exec(stack ?? '')?.[0]
  return file && NAME.test(pathOf(file)) ? file : undefined
}

/**
 * The stack of this function alone, whatever the page's limit is. To say where a frame is, V8 reads the frame's function
 * anew, and further out that is the whole file: a quarter of what the element costs a page until its chat is there.
 */
function innermostFrame(): string {
  const { stackTraceLimit } = Error as { stackTraceLimit?: unknown }
  const limited = typeof stackTraceLimit === 'number'
  if (limited) Reflect.set(Error, 'stackTraceLimit', 1)
  try {
    return `${new Error().stack}`
  } finally {
    if (limited) Reflect.set(Error, 'stackTraceLimit', stackTraceLimit)
  }
}
