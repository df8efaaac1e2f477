import { attempt } from './attempt.js'

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

/** A property of an element of any kind, also of a form; methods come bound to it. */
export const ofElement = <K extends keyof Element>(name: K, element: Element): Element[K] =>
  read(Element.prototype, name, element) as Element[K]

/** The document or shadow root that a node is in, else the top of its tree. */
export const rootOf = (node: Node): Node =>
  (read(Node.prototype, 'getRootNode', node) as Node['getRootNode'])()

/** The element that a shadow root belongs to; undefined for any other root: `<form name="host">` is no document's host. */
export const hostOf = (root: Node): Element | undefined =>
  attempt(() => read(ShadowRoot.prototype, 'host', root) as Element)

/** What a root finds below itself: a document, a fragment, a shadow root or an element. */
export function findAll(root: Node, selector: string): Element[] {
  const type = read(Node.prototype, 'nodeType', root)
  const prototype =
    type === Node.DOCUMENT_NODE ? Document : type === Node.ELEMENT_NODE ? Element : DocumentFragment
  const querySelectorAll = read(
    prototype.prototype,
    'querySelectorAll',
    root,
  ) as ParentNode['querySelectorAll']
  return [...querySelectorAll(selector)]
}

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
