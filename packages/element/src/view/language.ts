/** The `lang` of the nearest ancestor that has one, through shadow roots; `lang=""` means "unknown". */
export function nearestLang(element: Element): string | null {
  let node: Node | null = element
  while (node) {
    if (node instanceof Element) {
      const lang = node.getAttribute('lang')
      if (lang !== null) return lang
    }
    node = (node as Element).assignedSlot ?? node.parentNode ?? (node as ShadowRoot).host ?? null
  }
  return null
}
