import { html, nothing, type TemplateResult } from 'lit'
import { developerPanel } from './developer.js'
import { icon } from './icons.js'
import type { ChatViewModel } from './model.js'
import { banner, button, copyReport, details, problemPanel } from './problem.js'

/**
 * The root template. The stage, the live region and the slots are unconditional: a frame that is moved loads again, and a
 * screen reader announces only a region that was there before its text (WCAG 2.2, 4.1.3).
 *
 * Every text is bound as `.textContent`: a translator replaces text nodes, and lit would update the detached ones.
 */
export const chatTemplate = (view: ChatViewModel): TemplateResult => {
  const { moment, text, language, state, actions } = view
  const { layer } = moment
  const problem = layer === 'problem' ? state.problem : null
  return html`<div class="all" lang=${language}>
    <section class="box" aria-label=${view.name} aria-busy=${state.busy && layer !== 'chat'}>
      <div class="banner" part="banner" ?hidden=${!moment.banner}>
        ${moment.banner ? banner(view) : nothing}
      </div>
      <div class="view">
        ${view.stage}
        <div class="panel" part="panel" ?hidden=${layer === 'chat'}>
          <div class="body">
            ${problem ? problemPanel(view) : panel(view)}
            <slot name="placeholder"></slot>
          </div>
          ${problem ? details(view, problem) : nothing}
        </div>
      </div>
      <details class="drawer help" ?hidden=${!view.help || layer === 'preview'}>
        <summary .textContent=${text.help}></summary>
        <div class="sheet row">
          ${button(text.reload, actions.reload)} ${button(text.openInTab, actions.openInTab)}
          ${copyReport(text, actions)}
        </div>
      </details>
      <div class="status" role="status" .textContent=${view.spoken}></div>
    </section>
    ${view.debug ? developerPanel(view.debug) : nothing}
    <div class="rest"><slot></slot></div>
  </div>`
}

/** What is shown in the chat's place while there is no problem. */
function panel({ moment, text, eventId }: ChatViewModel): TemplateResult | typeof nothing {
  if (moment.layer === 'skeleton')
    return html`<div class="bars"></div>
      <p part="message" .textContent=${moment.still ? text.stillLoading : text.loading}></p>`
  if (moment.layer === 'preview')
    return html`${icon('chat')}
      <h2 part="heading" .textContent=${text.label}></h2>
      <bdi part="details" .textContent=${eventId}></bdi>
      <p part="message" .textContent=${text.preview}></p>`
  return nothing
}
