import { hostOf, rootOf } from './platform.js'

/** `Element.closest()`, through shadow roots. */
export const closest = (element: Element | undefined, selector: string): Element | undefined =>
  element && (element.closest(selector) ?? closest(hostOf(rootOf(element)), selector))
