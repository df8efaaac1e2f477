/** Makes an element: properties and text only, no markup, so that it passes any policy of the page. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  { part, ...properties }: Partial<Omit<HTMLElementTagNameMap[K], 'part'>> & { part?: string } = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  if (part) element.part.value = part
  Object.assign(element, properties).append(...children)
  return element
}
