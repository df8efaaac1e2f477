import { html, nothing, type TemplateResult } from 'lit'
import { httpUrl } from '../frame/chat-url.js'
import { baseOf, tryOrUndefined } from '../platform.js'
import { PROBLEMS, type Category, type Problem } from '../problems.js'
import type { ChatState } from '../session/state.js'
import { isOn } from '../settings.js'
import type { Actions, ActionsHost } from './actions.js'
import { developerPanel } from './developer.js'
import type { Messages } from './en.js'
import type { Moment } from './pacing.js'

/** The data that the templates show. */
export interface ChatView extends ActionsHost {
  readonly moment: Moment
  readonly language: string
  /** The accessible name. */
  readonly name: string
  /** Whether the visitor pressed "Sign in", and nothing on the page handled it. */
  readonly signInFirst: boolean
  /** The text of the live region. */
  readonly spoken: string
  readonly actions: Actions
}

/**
 * The root template. The stage, the live region and the slots are unconditional: a moved frame loads again, and a
 * screen reader announces only a region that existed before its text (WCAG 2.2, 4.1.3).
 *
 * Every text is bound as `.textContent`: a translator replaces text nodes, and lit would update the detached ones.
 */
export function chatTemplate(view: ChatView): TemplateResult {
  const { element, session, moment, text, actions } = view
  const { state, frames } = session
  const { layer } = moment
  const problem = layer === 'problem' ? state.problem : null
  // the page can't see a rejection inside Kinescope's chat: a visitor may reload twice because of one
  const help = isOn(element.help) || state.problem?.code === 'frame-timeout' || session.reloads > 1
  return html`<div class="all" lang=${view.language}>
    <section class="box" aria-label=${view.name}>
      <div class="banner" part="banner" ?hidden=${!moment.banner}>
        ${moment.banner ? banner(view) : nothing}
      </div>
      <div class="view" aria-busy=${state.busy && layer !== 'chat'}>
        ${frames.stage}
        <div class="panel" part="panel" ?hidden=${layer === 'chat'}>
          <div class="body">
            ${problem ? problemPanel(view) : panel(view)}
            <slot name="placeholder"></slot>
          </div>
          ${problem && details(view, problem)}
        </div>
      </div>
      <details class="drawer help" ?hidden=${!help || layer === 'preview'}>
        <summary .textContent=${text.help}></summary>
        <div class="sheet row">
          ${button(text.reload, actions.reload)} ${button(text.openInTab, actions.openInTab)}
          ${copyReport(text, actions)}
        </div>
      </details>
      <div class="status" role="status" .textContent=${view.spoken}></div>
    </section>
    ${isOn(element.debug) ? developerPanel(element.diagnostics()) : nothing}
    <div class="rest"><slot></slot></div>
  </div>`
}

/** The panel instead of the chat while there is no problem. */
function panel({ moment, text, settings }: ChatView): TemplateResult | typeof nothing {
  if (moment.layer === 'skeleton')
    return html`<div class="bars"></div>
      <p part="message" .textContent=${moment.still ? text.stillLoading : text.loading}></p>`
  if (moment.layer === 'preview')
    return html`${icon('chat')}
      <h2 part="heading" .textContent=${text.label}></h2>
      <bdi part="details" .textContent=${settings.eventId}></bdi>
      <p part="message" .textContent=${text.preview}></p>`
  return nothing
}

/** Categories that only the organizers can fix: the report helps most. */
const FOR_ORGANIZERS: readonly Category[] = ['misconfigured', 'otherStream', 'notForChat', 'unknownKey']
/** Categories for which a page reload helps most. */
const FOR_RELOAD: readonly Category[] = ['pageTooOld', 'expiredOnArrival', 'intercepted']

/** The banner's text. While the chat works, the text says so. */
export const bannerText = ({ status, category }: ChatState, text: Messages): string =>
  status === 'refreshing' && category !== 'offline' && category !== 'ended'
    ? text.renewing
    : text.problems[category!].heading

/** One row over a chat that stays on the page. */
function banner(view: ChatView): TemplateResult {
  const { session, text } = view
  const { state } = session
  return html`${iconOf(state.category!)}
    <p part="message" .textContent=${bannerText(state, text)}></p>
    ${retryButton(view)} ${details(view, state.problem!)}`
}

/** The problem, shown instead of the chat. */
function problemPanel(view: ChatView): TemplateResult {
  const { text, session, signInFirst } = view
  const category = session.state.category!
  const { heading, message } = text.problems[category]
  return html`${iconOf(category)}
    <h2 part="heading" .textContent=${heading}></h2>
    <p part="message" .textContent=${signInFirst ? text.signInFirst : message}></p>
    ${category === 'name' ? nameForm(view) : html`<div class="row">${buttons(view)}</div>`}`
}

/** The buttons, with the most helpful one first. */
function buttons(view: ChatView): unknown[] {
  const { text, actions, session } = view
  const { category, problem } = session.state
  if (category === 'signIn') return [signInButton(view), retryButton(view)]
  if (FOR_ORGANIZERS.includes(category!)) return [copyReport(text, actions, true), retryButton(view)]
  const openInTab = (main: boolean) => button(text.openInTab, actions.openInTab, main)
  if (category === 'blocked') return [openInTab(true), retryButton(view)]
  return [retryButton(view, true), problem!.code === 'frame-timeout' ? openInTab(false) : nothing]
}

/**
 * A button of ours. A disabled one keeps the focus.
 * @param time the countdown, hidden from screen readers: they would read every second
 */
function button(
  label: string,
  press?: (event: Event) => void,
  main = false,
  disabled = false,
  time = '',
): TemplateResult {
  const clicked = (event: Event) => {
    press?.(event)
    // it would open a link around the chat too
    event.preventDefault()
  }
  // white space would be part of the button's text
  // prettier-ignore
  return html`<button class=${main ? 'button main' : 'button'} part="button" aria-disabled=${disabled} @click=${clicked}
    ><span .textContent=${label}></span><span class="countdown" aria-hidden="true" .textContent=${time}></span></button>`
}

function signInButton({ text, element, actions }: ChatView): TemplateResult {
  const url = httpUrl(element.signinUrl, baseOf(element.ownerDocument))?.href
  const label = text.signInButton
  return html`<slot name="signin" @click=${actions.signIn}>
    ${
      url
        ? html`<a class="button main" part="button" href=${url} .textContent=${label}></a>`
        : button(label, undefined, true)
    }
  </slot>`
}

/** The button that retries, or reloads the page where nothing else helps. It counts down to the next retry. */
function retryButton(view: ChatView, main = false): TemplateResult {
  const { moment, text, actions, session, language } = view
  const { category, busy } = session.state
  const { seconds } = moment
  if (seconds === null && FOR_RELOAD.includes(category!))
    return button(text.reloadPage, actions.reloadPage, main)
  const trying = busy || seconds === 0
  const label = trying ? text.retrying : seconds ? text.retryNow : text.retry
  const time = !trying && seconds ? ` · ${duration(seconds, language)}` : ''
  return button(label, actions.retry, main, trying, time)
}

/** A duration in the largest unit that fits: "56 sec", "30 min", "1 hr". */
function duration(seconds: number, language: string): string {
  const [unit, size] = seconds < 100 ? ['second', 1] : seconds < 3_600 ? ['minute', 60] : ['hour', 3_600]
  const count = Math.round(seconds / size)
  const options = { style: 'unit', unit, unitDisplay: 'short' } as Intl.NumberFormatOptions
  // an added language may have a tag that the browser doesn't know
  return (
    tryOrUndefined(() => new Intl.NumberFormat(language, options).format(count)) ?? `${count} ${unit[0]!}`
  )
}

/** The collapsed part for the site's owner. It opens as a layer over its neighbors and moves nothing. */
function details({ text, session, actions, moment }: ChatView, problem: Problem): TemplateResult {
  const category = session.state.category!
  const { code, remediation, requestId, help } = problem
  const [, , remedy] = PROBLEMS[code]
  const found = remediation.endsWith(remedy) ? remediation.slice(0, -remedy.length).trim() : ''
  const fact = (name: string, value: string | null) =>
    value &&
    html`<dt .textContent=${name}></dt>
      <dd lang="en" dir="ltr" translate="no" .textContent=${value}></dd>`
  return html`<details class="drawer site" part="details">
    <summary>${icon('info')}<span .textContent=${text.forTheSite}></span></summary>
    <div class="sheet">
      ${moment.banner ? html`<p .textContent=${text.problems[category].message}></p>` : nothing}
      <dl class="facts">
        ${fact(text.code, code)} ${fact(text.found, found)} ${fact(text.whatToDo, remedy)}
        ${fact(text.requestId, requestId)}
      </dl>
      ${help && html`<p><a href=${help} target="_blank" rel="noopener" .textContent=${text.howToFix}></a></p>`}
      ${!moment.banner && FOR_ORGANIZERS.includes(category) ? nothing : copyReport(text, actions)}
    </div>
  </details>`
}

/** "Copy report", and the report to copy by hand where the browser denies access to the clipboard. */
function copyReport(text: Messages, actions: Actions, main = false): TemplateResult {
  const { copied, reportToCopy } = actions
  return html`${button(copied ? text.copied : text.copyReport, actions.copyReport, main)}
  ${reportToCopy && html`<textarea readonly aria-label=${text.copyReport} .value=${reportToCopy}></textarea>`}`
}

/** The longest name in UTF-16 units, as `maxlength` counts. A server accepts at most 32 code points. */
const LONGEST_NAME = 64

/** The form for a guest who chooses a name. */
function nameForm({ text, actions, session }: ChatView): TemplateResult {
  const { nameError, name } = actions
  const busy = actions.entering || session.state.busy
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
    ${button(busy ? text.retrying : text.enter, actions.enterName, true, busy)}
    <p id="name-error" class="wrong" role="alert" .textContent=${nameError}></p>
  </form>`
}

/** The icons, as paths in a box of 24 by 24. */
const PATHS = {
  person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21a8 8 0 0 1 16 0',
  lock: 'M5 11h14v9H5zM8 11V8a4 4 0 0 1 8 0v3',
  chat: 'M4 5h16v11H9l-5 4z',
  clock: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7v5l3 2',
  network: 'M4 10a12 12 0 0 1 16 0M7 13.5a7.5 7.5 0 0 1 10 0M10 17a3 3 0 0 1 4 0M4 4l16 16',
  settings: 'M4 7h9m4 0h3M4 17h3m4 0h9M15 5v4M9 15v4',
  info: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 11v5m0-8v.01',
}
type Icon = keyof typeof PATHS

/** The icon of each kind of problem; the icon of a wrong setup for all others. */
const ICONS: Partial<Record<Category, Icon>> = {
  signIn: 'person',
  name: 'person',
  denied: 'lock',
  notHere: 'chat',
  busy: 'clock',
  tooOften: 'clock',
  slow: 'clock',
  offline: 'network',
  blocked: 'lock',
  intercepted: 'lock',
  transient: 'network',
  expiredOnArrival: 'clock',
  ended: 'clock',
  pageTooOld: 'clock',
}
const iconOf = (category: Category): TemplateResult => icon(ICONS[category] ?? 'settings')

/** An icon in the color of the text, hidden from screen readers: the text beside it says the same. */
const icon = (name: Icon): TemplateResult =>
  html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d=${PATHS[name]} /></svg>`
