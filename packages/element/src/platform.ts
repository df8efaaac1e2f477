/**
 * Reads a property from its prototype, because page content can replace it on the object itself: `<img
 * name="currentScript">` a property of `document`, and `<input name="nodeType">` one of its form (HTML:
 * [LegacyOverrideBuiltIns]).
 */
const read = (prototype: object, name: PropertyKey, target: object): unknown => {
  const value: unknown = Reflect.get(prototype, name, target)
  return typeof value === 'function' ? (value as (...words: never[]) => unknown).bind(target) : value
}

/** A property of a document. Methods are bound to it. */
export const ofDocument = <K extends keyof Document>(name: K, page: Document = document): Document[K] =>
  read(Document.prototype, name, page) as Document[K]

/** A property of a node, as the node's own class defines it. */
export const ofNode = <N extends Node, K extends keyof N>(name: K, node: N): N[K] =>
  read(Object.getPrototypeOf(node) as object, name, node) as N[K]

export const isElement = (node: Node): node is Element => ofNode('nodeType', node) === 1

/** The document or shadow root of a node, or the top of its tree. */
export const rootOf = (node: Node): Node => ofNode('getRootNode', node)()

/** The host of the shadow root of a node. The top of a removed tree can be a link, whose `host` is a string. */
export const hostOf = (node: Node): Element | undefined => {
  const host: unknown = ofNode('host', rootOf(node) as ShadowRoot)
  return typeof host === 'object' ? (host as Element) : undefined
}

/** The focused element in the tree of a node. `:focus` matches in a focused window only. */
export const focusedBeside = (node: Node): Element | null | undefined =>
  ofNode('activeElement', rootOf(node) as ShadowRoot)

/** Whether nothing on a page has the focus. */
export const isFocusFree = (page: Document): boolean =>
  ofDocument('activeElement', page) === ofDocument('body', page)

/** The elements below a document, a fragment, a shadow root or an element. */
export const findAll = (root: Node, selector: string): Element[] => [
  ...ofNode('querySelectorAll', root as Element)(selector),
]

/** `Element.closest()`, through shadow roots. */
export const closestAcrossRoots = (element: Element | undefined, selector: string): Element | undefined =>
  element && (element.closest(selector) ?? closestAcrossRoots(hostOf(element), selector))

/** The base address of a page. Ignores a `<base>` of another origin: any author of content can add one. */
export function baseOf(page: Document = document): string {
  const base = ofDocument('baseURI', page)
  const own = [location.origin, globalThis.origin].find((origin) => origin !== 'null')
  return !own || new URL(base).origin === own ? base : location.href
}

/**
 * The page's origin as servers see it. A `srcdoc` page has none in its address, and a sandboxed page has none at all.
 * In any other page, `origin` may be a variable of the page.
 */
export const ownOrigin = (): string =>
  [location.origin, globalThis.origin].includes('null') ? globalThis.origin : location.origin

/** Whether the network may be available. If the browser doesn't say, the answer is yes. */
export const isOnline = (): boolean => (navigator as Partial<Navigator>).onLine !== false

/** Reports an exception of the element to the page's developer. */
export const logFault = (fault: unknown): void => console.error('<kinescope-chat> could not start:', fault)

/** Returns the result of the work, or undefined if it throws. */
export function tryOrUndefined<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}

/**
 * Reads a property of an object from the page. Ignores `Object.prototype`, because a page's script may have added
 * anything.
 */
export function own(object: unknown, name: string): unknown {
  if (Object(object) !== object) return undefined
  const found = Object.prototype.hasOwnProperty.call(object, name) || !(name in Object.prototype)
  return found ? (object as Record<string, unknown>)[name] : undefined
}

/**
 * Runs work outside of any zone of zone.js, together with everything that starts in it. Angular considers a page
 * unstable while a timer or a request from its zone is pending, and the element always has one.
 */
export function outsideZones<T>(work: () => T): T {
  const root = tryOrUndefined(() => {
    // own properties only: an element or a frame of this name isn't zone.js, and looking for those is slow
    if (!Object.hasOwn(globalThis, 'Zone')) return undefined
    const { root } = (globalThis as unknown as { Zone: { root: { run(work: () => T): T } } }).Zone
    return typeof root.run === 'function' ? root : undefined
  })
  return root ? root.run(work) : work()
}

/**
 * Checks that the browser has the required features. Slightly older browsers than supported (README) can parse the
 * file, but a missing feature would look like a fault of the endpoint or of a token.
 * @throws where a feature is missing
 */
export function assertPlatform(): void {
  // the newest: Chromium 100, Firefox 97, Safari 15.4
  if (!('throwIfAborted' in AbortSignal.prototype)) throw new Error('This browser is too old')
}

/** Whether browsers treat `http:` on this host as secure (Secure Contexts, 3.1). */
export const isLoopback = (hostname: string): boolean =>
  /^(?:(?:.+\.)?localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname)

/**
 * Calls back when the page's Content Security Policy blocks this address. Ignores report-only policies and reports of
 * other addresses.
 */
export function onViolation(
  page: Document,
  directive: RegExp,
  address: string,
  signal: AbortSignal,
  violated: () => void,
): void {
  ofDocument('addEventListener', page)(
    'securitypolicyviolation',
    ({ disposition, effectiveDirective, blockedURI }) => {
      if (disposition === 'enforce' && directive.test(effectiveDirective) && isReportOf(blockedURI, address))
        violated()
    },
    { signal },
  )
}

/** Browsers cut a reported address: to its origin (Chromium, frames), or before its query. */
export const isReportOf = (reported: string, address: string): boolean =>
  address.startsWith(reported) && reported.startsWith(new URL(address).origin)
