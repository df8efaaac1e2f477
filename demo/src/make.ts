type Attributes = Record<string, string | boolean | ((event: Event) => void)>

/** Makes an element with attributes, listeners (`onclick: …`) and children. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.replace(/^on/, ''), value)
    else if (typeof value === 'string') element.setAttribute(name, value)
    else element.toggleAttribute(name, value)
  }
  element.append(...children)
  return element
}

/** The element of that id, which the page is known to have. */
export const find = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T
