import type { LitElement, ReactiveController, TemplateResult } from 'lit'
import { steadyNow } from '../clock.js'
import type { ElementCode } from '../contract.js'
import { oddCharacters } from '../event-id.js'
import { httpUrl } from '../frame/chat-url.js'
import { baseOf, focusedBeside, isFocusFree, ofDocument, tryOrUndefined } from '../platform.js'
import type { Failure, Problem } from '../problems.js'
import type { ChatSession } from '../session/session.js'
import { isOn, textOf, type PageDefaults, type Settings } from '../settings.js'
import { quote, readPasted } from '../text.js'
import { Actions, type ViewElement } from './actions.js'
import type { Messages } from './en.js'
import { focusFirst, isShown } from './focus.js'
import { describeProblem, ignoreLanguage, languageOf, messagesIn, observeLanguage } from './language.js'
import { BEGINNING, pace, type Moment } from './pacing.js'
import { bannerText, chatTemplate, type ChatView } from './templates.js'

/** How often the developer panel is updated. */
const DEBUG_EVERY_MS = 1_000

/** Where the view finds the session, and the page's settings. */
interface SessionSource {
  readonly session: ChatSession
  readonly settings: Settings
  connected(): void
}

/** What a visitor sees and hears of one chat. Has the one timer of all that changes by itself. */
export class View implements ReactiveController, ChatView {
  readonly element: ViewElement
  readonly actions: Actions = new Actions(this)
  moment: Moment = BEGINNING
  language = 'en'
  /** The text of the live region. */
  spoken = ''
  readonly #source: SessionSource
  readonly #languageChanges: MutationObserver
  readonly #states: CustomStateSet | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  /** The problem that was announced last. */
  #announced = ''
  /** Whether a problem was announced since the chat was last there. */
  #inProblem = false
  /** What had the focus before the update. */
  #focused: Element | null = null

  constructor(element: ViewElement, source: SessionSource) {
    this.element = element
    this.#source = source
    this.#states = tryOrUndefined(() => element.attachInternals().states)
    this.#languageChanges = new MutationObserver(() => element.requestUpdate())
    element.addController(this)
  }

  get session(): ChatSession {
    return this.#source.session
  }

  get settings(): Settings {
    return this.#source.settings
  }

  get text(): Messages {
    return messagesIn(this.language)
  }

  get #defaults(): PageDefaults {
    return (this.element.constructor as typeof LitElement & { defaults: PageDefaults }).defaults
  }

  /** Adds texts to a failure, and logs the developer's. */
  describe(failure: Failure, retryInMs: number | null): Problem {
    const { code } = failure
    const reason = failure.reason ?? this.#eventIdFault(code)
    const problem = describeProblem({ ...failure, reason }, this.text, retryInMs, this.#help(code))
    console.warn(`<kinescope-chat> ${code}: ${problem.remediation}`)
    return problem
  }

  /** Shows a new state of the session. */
  changed(): void {
    const { status, framed } = this.session.state
    if (framed) this.actions.signInPressed = false
    const states = this.#states
    if (states) {
      states.clear()
      // older Chromium takes the older syntax only
      if (!tryOrUndefined(() => states.add(status))) tryOrUndefined(() => states.add(`--${status}`))
    }
    this.element.requestUpdate()
  }

  announce(text: string): void {
    this.spoken = text
    this.element.requestUpdate()
  }

  render(): TemplateResult {
    return chatTemplate(this)
  }

  hostConnected(): void {
    observeLanguage(this.element, this.#languageChanges)
    this.element.requestUpdate()
  }

  hostUpdate(): void {
    const { element } = this
    this.language = languageOf(element, element.language, this.#defaults.language)
    const focused = focusedBeside(element) ?? null
    this.#focused =
      focused === element ? element.shadowRoot!.activeElement : element.contains(focused) ? focused : null
    // only now lit has set the properties of before the definition; `willUpdate()` is for subclasses
    if (!element.hasUpdated) this.#source.connected()
    const now = steadyNow()
    this.moment = pace(this.moment, this.session.state, now)
    this.#announceChange()
    clearTimeout(this.#timer)
    const debugAt = isOn(element.debug) ? now + DEBUG_EVERY_MS : Infinity
    const due = Math.min(this.moment.next, debugAt) - now
    // a removed chat changes by events only
    if (due < Infinity && element.isConnected) this.#timer = setTimeout(() => element.requestUpdate(), due)
  }

  /** When a focused part of ours, or of the page's own content, goes, another gets the focus. */
  hostUpdated(): void {
    const { frames } = this.session
    const { shadowRoot, ownerDocument: page } = this.element
    frames.title = this.name
    // the visitor has gone on to another part of the page
    if (!isFocusFree(page)) frames.lostFocus = false
    const lost = this.#focused ? !isShown(this.#focused) : frames.lostFocus
    if (!lost) return
    const first = focusFirst(shadowRoot!)
    frames.lostFocus = !first
    if (first?.localName === 'iframe') frames.acceptFocus()
  }

  hostDisconnected(): void {
    clearTimeout(this.#timer)
    names.delete(this.element)
    ignoreLanguage(this.element, this.#languageChanges)
  }

  get name(): string {
    const name = textOf(this.element.label) ?? this.text.label
    return this.element.isConnected ? uniqueName(this.element, name) : name
  }

  get signInFirst(): boolean {
    const { status, category } = this.session.state
    return this.actions.signInPressed && status === 'error' && category === 'signIn'
  }

  /** The address of a code's page in the docs, in the reader's language. */
  #help(code: ElementCode): string | null {
    const docs = httpUrl(this.#defaults.docs, baseOf())?.href
    const folder = this.language === 'ru' ? 'ru/' : ''
    return docs ? `${docs.replace(/\/?$/, '/')}${folder}codes/${code}` : null
  }

  /** What is wrong with the id on the tag, where that is a code's likely cause. */
  #eventIdFault(code: ElementCode): string | undefined {
    const { eventId } = this.element
    if (code === 'event-id-missing') {
      if (this.element.hasAttribute('eventid')) return 'The tag has `eventid`, must be `event-id`'
      const text = readPasted(eventId) || tryOrUndefined(() => [eventId].join())
      return text ? `event-id is ${quote(text)}, a placeholder that nothing replaced` : undefined
    }
    const odd = code.startsWith('event-') && oddCharacters(this.settings.eventId)
    return odd ? `event-id has ${odd}, which is no Latin letter, digit or hyphen` : undefined
  }

  #announceChange(): void {
    const { state } = this.session
    const { problem, category, busy } = state
    const { layer, banner } = this.moment
    const { text } = this
    if (problem && (banner || layer === 'problem')) {
      if (this.actions.entering) return
      const change = [problem.code, category, banner, this.signInFirst].join()
      // after a try, the same problem is news again
      if (this.spoken === text.retrying) this.#announced = ''
      if (busy || change === this.#announced) return
      const { heading, message } = text.problems[category!]
      const words = `${heading}. ${this.signInFirst ? text.signInFirst : message}`
      this.spoken = banner ? bannerText(state, text) : words
      this.#announced = change
      this.#inProblem = true
    } else if (layer === 'chat' && !problem && this.#inProblem) {
      this.spoken = text.restored
      this.#announced = ''
      this.#inProblem = false
    }
  }
}

/** The chats on the page by name: a second one of the same name gets a number, and keeps it while it stays. */
const names = new Map<Element, { name: string; number: number }>()

function uniqueName(chat: Element, name: string): string {
  let own = names.get(chat)
  if (own?.name !== name) {
    const taken = [...names.values()].filter((other) => other.name === name).map(({ number }) => number)
    let number = 1
    while (taken.includes(number)) number++
    own = { name, number }
    names.set(chat, own)
  }
  return own.number > 1 ? `${name} ${own.number}` : name
}

/** Leaves only what the page put into the tag: where the element can't work, the link in it can. */
export function showFallback(root: ShadowRoot): void {
  const slots = ['placeholder', ''].map((name) =>
    Object.assign(ofDocument('createElement')('slot'), { name }),
  )
  root.replaceChildren(...slots)
}
