/**
 * The platform's own classes, for the built file. The build puts them in the place of the globals of the same names, in our
 * modules and in lit's: old libraries (MooTools) and a page's own `var URL` replace the globals, and content clobbers the
 * names that lit reads (`<a id="litHtmlVersions">`). They come from the platform's objects, which a page doesn't replace.
 */
const classOf = (object: object): unknown => (Object.getPrototypeOf(object) as object).constructor
const parentOf = (constructor: unknown): unknown => Object.getPrototypeOf(constructor)

/** A page's `document` has the names of its content; the methods of its class don't. */
const page = parentOf(classOf(document)) as typeof globalThis.Document
const call = (name: 'createElement' | 'createEvent', word: string) =>
  Reflect.apply(Reflect.get(page.prototype, name) as (word: string) => object, document, [word])

export const NativeDocument = page
export const NativeEvent = classOf(call('createEvent', 'Event')) as typeof globalThis.Event
export const NativeHTMLScriptElement = classOf(
  call('createElement', 'script'),
) as typeof globalThis.HTMLScriptElement
export const NativeHTMLElement = parentOf(NativeHTMLScriptElement) as typeof globalThis.HTMLElement

let frame: HTMLIFrameElement | undefined
/** A class that no object of the page leads to: the page's, if it works, else that of an empty frame. */
function working<K extends 'URL' | 'Map' | 'Set'>(
  name: K,
  test: (native: (typeof globalThis)[K]) => boolean,
): (typeof globalThis)[K] {
  try {
    if (test(globalThis[name])) return globalThis[name]
  } catch {
    // replaced by something else
  }
  if (!frame) {
    frame = call('createElement', 'iframe') as HTMLIFrameElement
    frame.hidden = true
    const root = Reflect.get(NativeDocument.prototype, 'documentElement', document) as Element
    root.appendChild(frame)
  }
  return (frame.contentWindow as Window & typeof globalThis)[name]
}

export const NativeURL = working(
  'URL',
  (native) => new native('b', 'https://a.test/').href === 'https://a.test/b',
)
export const NativeMap = working('Map', (native) => new native([[1, 2]]).get(1) === 2)
export const NativeSet = working('Set', (native) => new native([1]).has(1))
frame?.remove()

const { trustedTypes } = globalThis as { trustedTypes?: object }

/** What lit reads of the window. An element may have a name of these. */
const litWindow = {
  // where a browser has none, the name may be an element's
  trustedTypes:
    Object.prototype.toString.call(trustedTypes) === '[object TrustedTypePolicyFactory]'
      ? trustedTypes
      : undefined,
  litPropertyMetadata: new WeakMap(),
}
/** lit makes its templates in a document of its own, in which no content has names. */
const litDocument = Reflect.get<Document, 'implementation'>(
  NativeDocument.prototype,
  'implementation',
  document,
).createHTMLDocument('')

const { litPropertyMetadata } = litWindow

export { litWindow, litDocument, litPropertyMetadata }
