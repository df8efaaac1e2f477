import { html, nothing, type TemplateResult } from 'lit'
import { tryOrUndefined } from '../platform.js'
import type { Problem } from '../problem.js'
import type { ChatActions, ChatViewModel } from './chat-view.js'
import type { Messages } from './messages.js'

/** When it is tried again; for the eye: read aloud each second it would drown the chat. */
export function countdown({ moment, text, language }: ChatViewModel): TemplateResult | typeof nothing {
  const { seconds } = moment
  if (seconds === null) return nothing
  const time =
    // an added language may have a name that the browser doesn't know
    tryOrUndefined(() => new Intl.RelativeTimeFormat(language).format(seconds, 'second')) ?? `${seconds} s`
  return html`<span aria-hidden="true">${text.retryNow} · ${time}</span>`
}

/** The button that tries again, or loads the page again where nothing else helps. */
export function retry(
  { moment, text, actions, state }: ChatViewModel,
  { code }: Problem,
  main = false,
): TemplateResult {
  const needsPage =
    code === 'identity-expired' || (state.category === 'intercepted' && moment.seconds === null)
  const [words, act] = needsPage
    ? [text.reloadPage, actions.reloadPage]
    : [moment.seconds === null ? text.retry : text.retryNow, actions.reload]
  return html`<button class="button ${main ? 'main' : ''}" part="button" @click=${act}>${words}</button>`
}

/** The closed part under a problem: for whoever runs the site, or hears of it from a visitor. */
export function forTheSite({ text, actions }: ChatViewModel, problem: Problem): TemplateResult {
  const { code, remediation, requestId } = problem
  return html`<details class="site" part="details">
    <summary>${text.forTheSite}</summary>
    <dl class="facts">
      <dt>${text.code}</dt>
      <dd><code>${code}</code></dd>
      <dt>${text.whatToDo}</dt>
      <dd lang="en" dir="ltr">${remediation}</dd>
      ${
        requestId
          ? html`<dt>${text.requestId}</dt>
              <dd><code>${requestId}</code></dd>`
          : nothing
      }
    </dl>
    ${copyReport(text, actions)}
  </details>`
}

/** "Copy report", and its text to copy by hand where the browser lets no page write to the clipboard. */
export function copyReport(
  text: Messages,
  { copied, byHand, copyReport: copy }: ChatActions,
): TemplateResult {
  return html`<button class="button" part="button" @click=${copy}>
      ${copied ? text.copied : text.copyReport}
    </button>
    ${byHand ? html`<textarea readonly aria-label=${text.copyReport} .value=${byHand}></textarea>` : nothing}`
}
