/** What may be set on an element; `part` and `style` forward to their values. */
type Properties<E> = Partial<Omit<E, 'part' | 'style'>> & { part?: string; style?: string }

/** Makes an element: properties and text only, no markup, so that it passes any policy of the page. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Properties<HTMLElementTagNameMap[K]> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  Object.assign(element, properties)
  element.append(...children)
  return element
}
