import { ChatSigninEvent } from './chat-events.js'
import { follow } from './frame/load-frame.js'
import type { ChatActions } from './view/chat-view.js'
import { ofDocument } from './platform.js'

/** How long "Copied" is to be read. */
const COPIED_MS = 4_000

export interface ActionsHost {
  readonly element: HTMLElement
  reload(): void
  /** The chat's address, signed in where there is a token. */
  address(): string
  /** The masked report. */
  report(): string
  /** Says something aloud. */
  say(words: string): void
  /** "Copied", in the element's language. */
  copiedWords(): string
  requestUpdate(): void
}

/** What the buttons do, and what is to be seen of it. */
export class Actions implements ChatActions {
  /** "Sign in" was pressed where it leads nowhere, and nobody took it over. */
  signInPressed = false
  copied = false
  byHand = ''
  readonly #host: ActionsHost
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(host: ActionsHost) {
    this.#host = host
  }

  readonly reload = (): void => this.#host.reload()

  readonly reloadPage = (): void => location.reload()

  readonly openInTab = (): void => follow(this.#host.address(), '_blank')

  readonly copyReport = (): void => {
    const report = this.#host.report()
    const { clipboard } = ofDocument('defaultView', this.#host.element.ownerDocument)?.navigator ?? navigator
    // where a page may not write to the clipboard, the visitor can
    const byHand = () => {
      this.byHand = report
      this.#host.requestUpdate()
    }
    if (typeof clipboard?.writeText === 'function') clipboard.writeText(report).then(this.#copied, byHand)
    else byHand()
  }

  readonly signIn = (event: Event): void => {
    const { element } = this.#host
    if (!element.dispatchEvent(new ChatSigninEvent())) return event.preventDefault()
    // a link leads somewhere; a button that nobody has taken over does not: perhaps the visitor is signed in by now
    const leads = event.composedPath().some((node) => node instanceof Element && node.matches('a[href]'))
    if (leads) return
    this.signInPressed = true
    this.#host.reload()
  }

  readonly #copied = (): void => {
    clearTimeout(this.#timer)
    this.copied = true
    this.byHand = ''
    this.#host.say(this.#host.copiedWords())
    this.#timer = setTimeout(() => {
      this.copied = false
      this.#host.say('')
    }, COPIED_MS)
  }
}
