import { html, nothing, type TemplateResult } from 'lit'
import type { ChatState } from '../session/state.js'
import { debugPanel } from './debug-panel.js'
import type { Diagnostics } from '../diagnostics.js'
import type { Messages } from './messages.js'
import type { Moment } from './pacing.js'
import { panel } from './panel.js'
import { copyReport, countdown, forTheSite, retry } from './problem-parts.js'
import { bannerText } from './banner-text.js'

/** Everything that is shown. */
export interface ChatViewModel {
  /** The frames' node: placed here, and looked into by the frame swapper alone. */
  stage: Node
  state: ChatState
  moment: Moment
  text: Messages
  language: string
  /** The accessible name. */
  name: string
  eventId: string
  signinUrl: string | undefined
  /** Pressing "Sign in" has led nowhere. */
  signInFirst: boolean
  /** Whether "Chat not working?" is offered. */
  help: boolean
  /** The developer's panel, where it is shown. */
  debug: Diagnostics | undefined
  /** What a screen reader is told. */
  spoken: string
  actions: ChatActions
}

/** What the view's buttons do, and what has come of "Copy report". */
export interface ChatActions {
  readonly copied: boolean
  /** The report, where the visitor has to copy it by hand. */
  readonly byHand: string
  reload: () => void
  reloadPage: () => void
  openInTab: () => void
  copyReport: (event: Event) => void
  signIn: (event: Event) => void
}

/**
 * The one root template. What must never be made anew stands in it unconditionally: the stage, whose frames would load
 * again; the live region, which is in the document before its text, or a screen reader says nothing (WCAG 2.2, 4.1.3); the
 * slots.
 */
export const chatView = (view: ChatViewModel): TemplateResult => {
  const { moment, text, language } = view
  const { layer, banner } = moment
  return html`<div class="all" lang=${language}>
    <section class="box" aria-label=${view.name}>
      <div class="banner row line" part="banner" ?hidden=${!banner}>${banner ? bannerOf(view) : nothing}</div>
      <div class="view">
        ${view.stage}
        <div class="panel" part="panel" ?hidden=${layer === 'chat'}>
          ${panel(view)}
          <slot name="placeholder"></slot>
        </div>
      </div>
      <details class="help line" ?hidden=${!view.help || layer === 'preview'}>
        <summary>${text.help}</summary>
        ${helpOf(view)}
      </details>
      <div class="status" role="status" .textContent=${view.spoken}></div>
    </section>
    ${view.debug ? debugPanel(view.debug, text) : nothing}
    <div class="rest"><slot></slot></div>
  </div>`
}

function bannerOf(view: ChatViewModel): TemplateResult {
  const problem = view.state.problem!
  return html`<p part="message">${bannerText(view.state, view.text)}</p>
    ${countdown(view)} ${retry(view, problem)} ${forTheSite(view, problem)}`
}

function helpOf({ text, actions }: ChatViewModel): TemplateResult {
  return html`<div class="row">
    <button class="button" part="button" @click=${actions.reload}>${text.reload}</button>
    <button class="button" part="button" @click=${actions.openInTab}>${text.openInTab}</button>
    ${copyReport(text, actions)}
  </div>`
}
