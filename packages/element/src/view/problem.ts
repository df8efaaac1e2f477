import { html, nothing, type TemplateResult } from 'lit'
import { tryOrUndefined } from '../platform.js'
import type { Category, Failure, Problem } from '../problem.js'
import { categoryOf, PROBLEMS } from '../problems.js'
import type { ChatState } from '../session/state.js'
import type { Actions } from './actions.js'
import { icon, iconOf } from './icons.js'
import type { Messages } from './messages.js'
import type { ChatViewModel } from './model.js'

/** Categories that only the organizers can fix: the report helps most. */
const FOR_ORGANIZERS: readonly Category[] = ['misconfigured', 'otherStream', 'notForChat', 'unknownKey']
/** Categories for which a new page helps most. */
const FOR_RELOAD: readonly Category[] = ['pageTooOld', 'expiredOnArrival', 'intercepted']

/** Adds the texts to a failure: the visitor's in their language, the developer's in English with what was found first. */
export function describeProblem(
  failure: Failure,
  { problems }: Messages,
  retryInMs: number | null,
  help: string | null = null,
): Problem {
  const { code, reason, status = null, requestId = null } = failure
  const [, , remediation] = PROBLEMS[code]
  return {
    code,
    message: problems[categoryOf(failure)].message,
    remediation: reason ? `${asSentence(reason)} ${remediation}` : remediation,
    help,
    status,
    retryInMs,
    requestId,
  }
}

const asSentence = (clause: string): string => (/[.!?…]$/.test(clause) ? clause : `${clause}.`)

/** The banner's text: while the chat works, it says so. */
export const bannerText = ({ status, category }: ChatState, text: Messages): string =>
  status === 'refreshing' && category !== 'offline' && category !== 'ended'
    ? text.renewing
    : text.problems[category!].heading

/** One row over a chat that stays on the page. */
export function banner(view: ChatViewModel): TemplateResult {
  const { state, text } = view
  return html`${iconOf(state.category!)}
    <p part="message" .textContent=${bannerText(state, text)}></p>
    ${retryButton(view)} ${details(view, state.problem!)}`
}

/** The problem in the place of the chat. */
export function problemPanel(view: ChatViewModel): TemplateResult {
  const { text, state, signInFirst } = view
  const category = state.category!
  const { heading, message } = text.problems[category]
  return html`${iconOf(category)}
    <h2 part="heading" .textContent=${heading}></h2>
    <p part="message" .textContent=${signInFirst ? text.signInFirst : message}></p>
    ${category === 'name' ? nameForm(view) : html`<div class="row">${buttons(view)}</div>`}`
}

/** The buttons, the one that helps most first. */
function buttons(view: ChatViewModel): unknown[] {
  const { text, actions, state } = view
  const category = state.category!
  if (category === 'signIn') return [signInButton(view), retryButton(view)]
  if (FOR_ORGANIZERS.includes(category)) return [copyReport(text, actions, true), retryButton(view)]
  const openInTab = (main = false) => button(text.openInTab, actions.openInTab, main)
  if (category === 'blocked') return [openInTab(true), retryButton(view)]
  return [retryButton(view, true), state.problem!.code === 'frame-timeout' ? openInTab() : nothing]
}

export const button = (label: string, press: (event: Event) => void, main = false): TemplateResult =>
  html`<button class=${classOf(main)} part="button" @click=${press} .textContent=${label}></button>`

const classOf = (main: boolean): string => (main ? 'button main' : 'button')

function signInButton({ text, signinUrl, actions }: ChatViewModel): TemplateResult {
  const label = text.signInButton
  return html`<slot name="signin" @click=${actions.signIn}>
    ${
      signinUrl
        ? html`<a class="button main" part="button" href=${signinUrl} .textContent=${label}></a>`
        : html`<button class="button main" part="button" .textContent=${label}></button>`
    }
  </slot>`
}

/**
 * The button that retries, or reloads the page where nothing else helps. It shows when the next retry is due. A screen
 * reader doesn't hear the countdown: it would read every second.
 */
function retryButton(view: ChatViewModel, main = false): TemplateResult {
  const { moment, text, actions, state, language } = view
  const { seconds } = moment
  if (seconds === null && FOR_RELOAD.includes(state.category!))
    return button(text.reloadPage, actions.reloadPage, main)
  const busy = state.busy || seconds === 0
  const label = busy ? text.retrying : seconds ? text.retryNow : text.retry
  const time = !busy && seconds ? ` · ${duration(seconds, language)}` : ''
  // white space would be part of the button's text
  // prettier-ignore
  return html`<button class=${classOf(main)} part="button" aria-disabled=${busy} @click=${actions.retry}
    ><span .textContent=${label}></span><span class="countdown" aria-hidden="true" .textContent=${time}></span></button>`
}

/** A duration in the largest unit that fits: "56 sec", "30 min", "1 hr". */
function duration(seconds: number, language: string): string {
  const [unit, size] = seconds < 100 ? ['second', 1] : seconds < 3_600 ? ['minute', 60] : ['hour', 3_600]
  const count = Math.ceil(seconds / size)
  const options = { style: 'unit', unit, unitDisplay: 'short' } as Intl.NumberFormatOptions
  // an added language may have a tag that the browser doesn't know
  return (
    tryOrUndefined(() => new Intl.NumberFormat(language, options).format(count)) ?? `${count} ${unit[0]!}`
  )
}

/** The collapsed part for the site's owner. It opens as a layer over its neighbors and moves nothing. */
export function details(view: ChatViewModel, problem: Problem): TemplateResult {
  const { text, state, actions, moment } = view
  const { code, remediation, requestId, help } = problem
  const [, , remedy] = PROBLEMS[code]
  const found = remediation.endsWith(remedy) ? remediation.slice(0, -remedy.length).trim() : ''
  const fact = (name: string, value: string | null) =>
    value
      ? html`<dt .textContent=${name}></dt>
          <dd lang="en" dir="ltr" translate="no" .textContent=${value}></dd>`
      : nothing
  return html`<details class="drawer site" part="details">
    <summary>${icon('info')}<span .textContent=${text.forTheSite}></span></summary>
    <div class="sheet">
      ${moment.banner ? html`<p .textContent=${text.problems[state.category!].message}></p>` : nothing}
      <dl class="facts">
        ${fact(text.code, code)} ${fact(text.found, found)} ${fact(text.whatToDo, remedy)}
        ${fact(text.requestId, requestId)}
      </dl>
      ${
        help
          ? html`<p><a href=${help} target="_blank" rel="noopener" .textContent=${text.howToFix}></a></p>`
          : nothing
      }
      ${!moment.banner && FOR_ORGANIZERS.includes(state.category!) ? nothing : copyReport(text, actions)}
    </div>
  </details>`
}

/** "Copy report", and the report to copy by hand where the browser lets no page write to the clipboard. */
export function copyReport(
  text: Messages,
  { copied, reportToCopy, copyReport: copy }: Actions,
  main = false,
): TemplateResult {
  return html`${button(copied ? text.copied : text.copyReport, copy, main)}
  ${reportToCopy ? html`<textarea readonly aria-label=${text.copyReport} .value=${reportToCopy}></textarea>` : nothing}`
}

/** The longest name that a server accepts, in code points. */
const LONGEST_NAME = 64

/** The form for a guest who chooses a name. */
function nameForm({ text, actions, state }: ChatViewModel): TemplateResult {
  const { nameError, name } = actions
  const busy = actions.entering || state.busy
  return html`<form class="row name" @submit=${actions.enterName} novalidate>
    <label for="name" .textContent=${text.nameField}></label>
    <input
      id="name"
      name="nickname"
      autocomplete="nickname"
      maxlength=${LONGEST_NAME}
      required
      aria-invalid=${nameError !== ''}
      aria-describedby="name-error"
      .value=${name}
    />
    <button
      class="button main"
      part="button"
      aria-disabled=${busy}
      .textContent=${busy ? text.retrying : text.enter}
    ></button>
    <p id="name-error" class="wrong" role="alert" .textContent=${nameError}></p>
  </form>`
}
