import { ofDocument } from '../platform.js'

/** Leaves nothing but what the page itself put into the tag: where the element can't do its work, the link in it can. */
export function showPlaceholder(root: ShadowRoot): void {
  const slots = ['placeholder', ''].map((name) => {
    const slot = ofDocument('createElement')('slot')
    slot.setAttribute('name', name)
    return slot
  })
  root.replaceChildren(...slots)
}
