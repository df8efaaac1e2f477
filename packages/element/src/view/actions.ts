import type { LitElement } from 'lit'
import { writeReport, type Diagnostics } from '../diagnostics.js'
import { chatUrl } from '../frame/chat-url.js'
import { openAddress } from '../frame/frame.js'
import { focusedBeside, isFocusFree, ofDocument, rootOf, tryOrUndefined } from '../platform.js'
import { categoryOf, retryPolicyOf } from '../problems.js'
import type { ChatSession } from '../session/session.js'
import { dispatch } from '../session/state.js'
import { visitorOf, type Settings } from '../settings.js'
import { readFailure } from '../token/answer.js'
import { enterGuest } from '../token/ask.js'
import type { Messages } from './en.js'

/** A browser may ask the visitor before it copies, or never answer. */
const COPYING_MS = 2_000
const COPIED_MS = 4_000
/** Where a guest's name is remembered. */
const REMEMBERED = 'kinescope-chat-name'

/** The element, as the view reads it. */
export interface ViewElement extends LitElement {
  readonly eventId: unknown
  readonly language: unknown
  readonly label: unknown
  readonly help: unknown
  readonly debug: unknown
  readonly signinUrl: unknown
  reload(): void
  diagnostics(): Diagnostics
}

/** What the buttons need of the view. */
export interface ActionsHost {
  readonly element: ViewElement
  readonly session: ChatSession
  readonly settings: Settings
  readonly text: Messages
  /** Announces a text to screen readers. */
  announce(text: string): void
}

/** What the buttons do, and the state that they show. */
export class Actions {
  /** The visitor pressed "Sign in", and nothing on the page handled it. */
  signInPressed = false
  copied = false
  /** The report, where the visitor must copy it by hand. */
  reportToCopy = ''
  nameError = ''
  entering = false
  readonly #host: ActionsHost
  #name: string | undefined
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(host: ActionsHost) {
    this.#host = host
  }

  /** The name in the form for guests, as remembered: read for the form alone, since storage makes a page wait. */
  get name(): string {
    return (this.#name ??= tryOrUndefined(() => localStorage.getItem(REMEMBERED)) ?? '')
  }

  readonly reload = (): void => this.#host.element.reload()

  /** Retries, unless a try is under way. */
  readonly retry = (): void => {
    const { state } = this.#host.session
    if (state.busy) return
    this.#host.announce(this.#host.text.retrying)
    this.reload()
  }

  readonly reloadPage = (): void => location.reload()

  readonly openInTab = (): void => {
    const { settings, session } = this.#host
    const { token, timeLeft } = session
    // the chat page rejects an expired token
    if (timeLeft! < 0) return this.retry()
    openAddress(chatUrl(settings.chatOrigin, token?.chatId ?? settings.eventId, token?.value), '_blank')
  }

  readonly copyReport = ({ currentTarget }: Event): void => {
    const { element } = this.#host
    const report = writeReport(element.diagnostics())
    const page = ofDocument('defaultView', element.ownerDocument) ?? window
    const showReport = () => {
      this.reportToCopy = report
      element.requestUpdate()
      const button = currentTarget as HTMLElement
      void element.updateComplete.then(() => {
        if (focusedBeside(button) !== button) return
        const area = button.nextElementSibling as HTMLTextAreaElement
        area.focus()
        area.select()
      })
    }
    const late = setTimeout(showReport, COPYING_MS)
    const write = async () => page.navigator.clipboard.writeText(report)
    void write()
      .then(this.#showCopied, showReport)
      .then(() => clearTimeout(late))
  }

  /**
   * Dispatches `kinescope-chat-signin`. Our own button without an address repeats the request: the visitor may have signed in
   * by now. A button that the page put into the slot, and our link, lead somewhere by themselves.
   */
  readonly signIn = (event: Event): void => {
    const { element } = this.#host
    if (!dispatch(element, 'kinescope-chat-signin')) return event.preventDefault()
    const target = event.target as Element
    if (rootOf(target) !== element.shadowRoot || target.closest('a')) return
    this.signInPressed = true
    this.reload()
  }

  /** Sends a guest's name; then the chat opens. A sandboxed frame may submit no form, but a click on its button counts. */
  readonly enterName = (event: Event): void => {
    event.preventDefault()
    const { element, session, settings, text } = this.#host
    const { tokenUrl } = settings
    if (this.entering || session.state.busy) return
    const field = element.shadowRoot!.querySelector('input')!
    const name = (this.#name = field.value.trim())
    const rejected = (reason: string) => {
      this.entering = false
      this.nameError = reason
      this.#host.announce('')
      // meanwhile, the visitor may have gone to another part of the page; on macOS, a click gives a button no focus
      if (focusedBeside(field) ?? isFocusFree(element.ownerDocument)) field.focus()
    }
    if (!name || !tokenUrl) return rejected(text.nameEmpty)
    this.entering = true
    this.nameError = ''
    this.#host.announce(text.retrying)
    void enterGuest(settings, name).then(
      (identity) => {
        this.entering = false
        tryOrUndefined(() => localStorage.setItem(REMEMBERED, name))
        session.guest = { identity, of: visitorOf(settings) }
        this.reload()
      },
      (error: unknown) => {
        const failure = readFailure(error)
        const { heading, message } = text.problems[categoryOf(failure)]
        // those messages say that the element retries, but a name is sent by the visitor alone
        const advice = retryPolicyOf(failure) === 'retry' ? '' : ` ${message}`
        rejected(failure.code === 'bad-request' ? text.nameRefused : `${heading}.${advice}`)
      },
    )
  }

  readonly #showCopied = (): void => {
    clearTimeout(this.#timer)
    this.copied = true
    this.reportToCopy = ''
    this.#host.announce(this.#host.text.copied)
    this.#timer = setTimeout(() => {
      this.copied = false
      this.#host.announce('')
    }, COPIED_MS)
  }
}
