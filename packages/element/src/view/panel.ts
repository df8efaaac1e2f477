import { html, nothing, type TemplateResult } from 'lit'
import type { Problem } from '../problem.js'
import type { ChatViewModel } from './chat-view.js'
import { countdown, forTheSite, retry } from './problem-parts.js'

/** What stands in the place of the chat while there is none. */
export function panel(view: ChatViewModel): TemplateResult | typeof nothing {
  const { text, moment, eventId, state } = view
  switch (moment.layer) {
    case 'skeleton':
      return html`<div class="bars"></div>
        <p part="message">${moment.still ? text.stillLoading : text.loading}</p>`
    case 'preview':
      return html`<h2 part="heading">${text.label}</h2>
        <bdi part="details">${eventId}</bdi>
        <p part="message">${text.preview}</p>`
    case 'problem':
      return problemPanel(view, state.problem!)
    case 'nothing':
    case 'chat':
      return nothing
  }
}

function problemPanel(view: ChatViewModel, problem: Problem): TemplateResult {
  const { heading, message } = view.text.problems[view.state.category!]
  return html`<h2 part="heading">${heading}</h2>
    <p part="message">${view.signInFirst ? view.text.signInFirst : message}</p>
    ${countdown(view)}
    <div class="row">${buttons(view, problem)}</div>
    ${forTheSite(view, problem)}`
}

function buttons(view: ChatViewModel, problem: Problem): unknown[] {
  const { text, actions, state } = view
  const { category } = state
  const { code } = problem
  if (category === 'signIn') return [signIn(view), retry(view, problem)]
  const tab = (look: string) =>
    html`<button class="button ${look}" part="button" @click=${actions.openInTab}>${text.openInTab}</button>`
  if (category === 'blocked') return [tab('main'), retry(view, problem)]
  return [retry(view, problem, true), code === 'frame-timeout' ? tab('') : nothing]
}

function signIn({ text, signinUrl, actions }: ChatViewModel): TemplateResult {
  const button = signinUrl
    ? html`<a class="button main" part="button" href=${signinUrl}>${text.signInButton}</a>`
    : html`<button class="button main" part="button">${text.signInButton}</button>`
  return html`<slot name="signin" @click=${actions.signIn}>${button}</slot>`
}
