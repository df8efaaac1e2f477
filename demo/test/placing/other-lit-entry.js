import { html, LitElement } from 'lit'

/** An element of the page's own, drawn by a lit of the page's own. */
globalThis.customElements.define(
  'other-lit',
  class extends LitElement {
    render() {
      return html`<p>drawn</p>`
    }
  },
)
