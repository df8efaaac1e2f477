/**
 * The platform's own properties, out of reach of the page's content: `<img name="currentScript">` takes the place of a
 * property of `document`, and `<input name="nodeType">` of one of its form (HTML: [LegacyOverrideBuiltIns]). What stands on
 * the prototype stays the platform's.
 */
const read = (prototype: object, name: PropertyKey, target: object): unknown => {
  const value: unknown = Reflect.get(prototype, name, target)
  return typeof value === 'function' ? (value as (...words: never[]) => unknown).bind(target) : value
}

/** A property of a document; methods come bound to it. */
export const ofDocument = <K extends keyof Document>(name: K, page: Document = document): Document[K] =>
  read(Document.prototype, name, page) as Document[K]

/**
 * What the addresses on a page are resolved against. A `<base>` that leads to another origin may be of anybody who writes
 * content, and doesn't count.
 */
export function baseOf(page: Document = document): string {
  const base = ofDocument('baseURI', page)
  const own = [location.origin, globalThis.origin].find((origin) => origin !== 'null')
  return !own || new URL(base).origin === own ? base : location.href
}

/**
 * Whom servers take the page for. A page out of `srcdoc` has none in its address, a sandboxed one has none at all; in any
 * other, `origin` may be a variable of the page's.
 */
export const ownOrigin = (): string =>
  [location.origin, globalThis.origin].includes('null') ? globalThis.origin : location.origin

/** A property of whatever node, as its kind has it. */
export const ofNode = <N extends Node, K extends keyof N>(name: K, node: N): N[K] =>
  read(Object.getPrototypeOf(node) as object, name, node) as N[K]

/** The document or shadow root that a node is in, else the top of its tree. */
export const rootOf = (node: Node): Node => ofNode('getRootNode', node)()

/** The element that bears the shadow root which a node is in. A document may have an image of the name `host`. */
export const hostOf = (node: Node): Element | undefined => ofNode('host', rootOf(node) as ShadowRoot)

/** What a root finds below itself: a document, a fragment, a shadow root or an element. */
export const findAll = (root: Node, selector: string): Element[] => [
  ...ofNode('querySelectorAll', root as Element)(selector),
]

/** Whether there may be a network: where a browser doesn't say, there is. */
export const isOnline = (): boolean => (navigator as Partial<Navigator>).onLine !== false

/** Whether it is an element, of whatever document. */
export const isElement = (node: unknown): node is Element => typeOf(node) === Node.ELEMENT_NODE

/** Whether elements can be looked for below it. */
export const isRoot = (node: unknown): node is Document | DocumentFragment | Element =>
  isElement(node) || typeOf(node) === Node.DOCUMENT_NODE || typeOf(node) === Node.DOCUMENT_FRAGMENT_NODE

function typeOf(node: unknown): unknown {
  try {
    return read(Node.prototype, 'nodeType', node as object)
  } catch {
    return undefined // no node at all
  }
}
