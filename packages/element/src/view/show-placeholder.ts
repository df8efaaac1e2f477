/** Leaves nothing but what the page itself put into the tag: where the element can't do its work, the link in it can. */
export function showPlaceholder(root: ShadowRoot): void {
  const slots = ['placeholder', ''].map((name) => {
    // a page's own content can take the place of `document.createElement`
    const slot = Document.prototype.createElement.call(document, 'slot')
    slot.setAttribute('name', name)
    return slot
  })
  root.replaceChildren(...slots)
}
