import type { LitElement } from 'lit'
import { ChatSigninEvent } from './chat-events.js'
import { follow } from './frame/frame.js'
import type { ChatActions } from './view/chat-view.js'
import { isElement, ofDocument, ofNode } from './platform.js'

/** How long a browser may take to copy: it may have asked the visitor, or be silent for ever. */
const COPYING_MS = 2_000
/** How long "Copied" is to be read. */
const COPIED_MS = 4_000

export interface ActionsHost {
  readonly element: LitElement
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

  readonly copyReport = ({ currentTarget }: Event): void => {
    const report = this.#host.report()
    const page = ofDocument('defaultView', this.#host.element.ownerDocument) ?? window
    // where a page may not write to the clipboard, the visitor can
    const byHand = () => {
      this.byHand = report
      this.#host.requestUpdate()
      const button = currentTarget as HTMLElement
      void this.#host.element.updateComplete.then(() => {
        if (!button.matches(':focus')) return
        const area = button.nextElementSibling as HTMLTextAreaElement
        area.focus()
        area.select()
      })
    }
    const late = setTimeout(byHand, COPYING_MS)
    const write = async () => page.navigator.clipboard.writeText(report)
    void write()
      .then(this.#copied, byHand)
      .finally(() => clearTimeout(late))
  }

  readonly signIn = (event: Event): void => {
    const { element } = this.#host
    if (!element.dispatchEvent(new ChatSigninEvent())) return event.preventDefault()
    // a link leads somewhere; a button that nobody has taken over does not: perhaps the visitor is signed in by now
    const leads = event.composedPath().some((node) => isElement(node) && ofNode('matches', node)('a[href]'))
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
