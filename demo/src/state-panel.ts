import { nothing, render } from 'lit'
import { developerPanel } from '../../packages/element/src/view/developer.js'
import { styles } from '../../packages/element/src/view/styles.js'
import type { ChatWatch } from './chat-watch.js'
import { find } from './make.js'

/** What the first chat knows of itself: the element's own panel for developers, fed by its `diagnostics()`. */
export function drawState({ first }: ChatWatch): void {
  // the panel is closed most of the time, and diagnostics are much to write
  if (find('panel-state').hidden) return
  const place = find('state')
  const root = place.shadowRoot ?? dressed(place.attachShadow({ mode: 'open' }))
  render(first ? developerPanel(first.diagnostics()) : nothing, root)
}

/** A root of its own, as in the element: neither's styles reach the other. */
function dressed(root: ShadowRoot): ShadowRoot {
  root.adoptedStyleSheets = [styles.styleSheet!]
  return root
}
