import { ATTRIBUTES, LOOK_ATTRIBUTES, SWITCHES } from './attributes.js'
import { emit, type ChatEventMap } from './chat-events.js'
import { chatUrl, httpUrl, readEventId, readOrigin } from './frame/chat-url.js'
import { follow } from './frame/load-frame.js'
import { inEditorCanvas } from './placing/editor-canvas.js'
import { upgrade } from './placing/upgrade.js'
import { PROBLEMS, type Failure, type Problem } from './problem.js'
import { ChatSession, type SessionHost, type SessionSettings } from './session/chat-session.js'
import type { Status } from './session/chat-state.js'
import type { FetchToken } from './token/token-client.js'
import { ChatView } from './view/chat-view.js'
import { writeDiagnostics, type Diagnostics } from './view/diagnostics.js'
import { make } from './make.js'
import { addMessages, languageOf, messagesIn, type Messages } from './view/messages.js'
import { styles } from './view/styles.js'
import { VERSION } from './version.js'

/** Attributes for the whole page, set on the standalone script's own tag. */
export interface PageDefaults {
  tokenUrl?: string | undefined
  identity?: string | undefined
  language?: string | undefined
  chatOrigin?: string | undefined
}

const LAZY_MARGIN = '200px'

const toProperty = (attribute: string) =>
  attribute.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())
const PROPERTIES = [...ATTRIBUTES.map(toProperty), 'fetchToken']
/** What a change of these means: another look; of all others, another visit. */
const LOOKS = LOOK_ATTRIBUTES.map(toProperty)

/** The chats on the page that have no label of their own. */
const unnamed = new Set<Element>()

/** A server that renders the page may import the element too, and has no such class. */
const PlatformElement = globalThis.HTMLElement ?? (Object as unknown as typeof HTMLElement)

/**
 * `<kinescope-chat>`: Kinescope's stream chat, with the visitor signed in by the page's own token endpoint.
 *
 * @tag kinescope-chat
 * @slot - Always shown below the chat; also where a self-closed tag leaves the rest of the page.
 * @slot placeholder - Shown until the chat is; a link here is the fallback where no script runs.
 * @slot signin - Replaces the sign-in button.
 * @csspart frame - The chat's frame.
 * @csspart panel - What stands in the frame's place while there is none.
 * @csspart heading - The panel's heading.
 * @csspart message - The panel's or the banner's text.
 * @csspart button - Each button.
 * @csspart banner - The slim banner over a chat in trouble.
 * @csspart details - The code of a problem, and the developer's panel.
 * @cssproperty [--kinescope-chat-height=600px] - The element's height, 400px at the least.
 * @cssstate idle - Nothing has begun.
 * @cssstate preview - A still placeholder, in an editor or by `preview`.
 * @cssstate loading - No chat yet.
 * @cssstate ready - The chat is on the page.
 * @cssstate refreshing - A newer token is being fetched or waits to be used; the chat is on the page.
 * @cssstate error - Something is wrong; `problem` tells what.
 * @fires {ChatStateChangeEvent} kinescope-chat-statechange - `state` has changed.
 * @fires {ChatReadyEvent} kinescope-chat-ready - The chat is on the page.
 * @fires {ChatRefreshEvent} kinescope-chat-refresh - A new token is in effect or held.
 * @fires {ChatErrorEvent} kinescope-chat-error - Something is wrong; once per problem.
 * @fires {ChatSigninEvent} kinescope-chat-signin - The visitor pressed "Sign in"; cancelable.
 */
export class KinescopeChatElement extends PlatformElement implements SessionHost {
  static readonly version = VERSION
  static readonly addMessages = addMessages
  /** Puts the element in the place of marked links and divs below a node; see docs/placing.md. */
  static readonly upgrade = (root: unknown = document): void => upgrade(root, this.defaults)
  /** What the standalone script's tag sets for the whole page. */
  static defaults: PageDefaults & { upgrade?: string | undefined } = {}
  static readonly observedAttributes = ATTRIBUTES

  static {
    for (const name of PROPERTIES)
      Object.defineProperty(this.prototype, name, {
        get(this: KinescopeChatElement) {
          return this.#values[name]
        },
        set(this: KinescopeChatElement, value: unknown) {
          if (value === this.#values[name]) return
          this.#values[name] = value
          this.#change(!LOOKS.includes(name))
        },
      })
  }

  /** The stream: a UUID, a public id, a number, or a pasted link to its chat. */
  declare eventId: string | undefined
  /** The token endpoint, resolved against the page. */
  declare tokenUrl: string | undefined
  /** As in `fetch`: `include` (default), `same-origin` or `omit`. */
  declare credentials: RequestCredentials | undefined
  /** A JWT by the page's own server that says who the visitor is; sent as `Authorization: Bearer`. */
  declare identity: string | undefined
  /** A first token, rendered by the page's server. */
  declare token: string | undefined
  /** `swap` (default): a new token takes effect before the old one ends. `hold`: at the next reload. */
  declare refresh: 'swap' | 'hold' | undefined
  /** `lazy`: nothing is fetched until the element comes near the viewport. */
  declare loading: 'eager' | 'lazy' | undefined
  /** `en`, `ru` or an added one; else the nearest `lang`, the browser's languages, `en`. */
  declare language: string | undefined
  /** The frame's accessible name. */
  declare label: string | undefined
  /** The origin of the chat page, for staging and QA. */
  declare chatOrigin: string | undefined
  /** Draws a still placeholder and contacts nothing. */
  declare preview: boolean
  /** Offers "Chat not working?" under the frame. */
  declare help: boolean
  /** Where the sign-in button leads. */
  declare signinUrl: string | undefined
  /** Shows the developer's panel. */
  declare debug: boolean
  /** Replaces the call of the token endpoint. */
  declare fetchToken: FetchToken | undefined

  readonly #values: Record<string, unknown> = {}
  readonly #internals = this.attachInternals()
  readonly #view = new ChatView({
    reload: () => this.reload(),
    openInTab: () => {
      const { token } = this.#session
      follow(chatUrl(this.#chatOrigin, token?.chatId ?? this.#eventId, token?.value), '_blank')
    },
    copyReport: () => {
      const report = writeDiagnostics(this.diagnostics(), true)
      // where a page may not write to the clipboard, the visitor can
      const byHand = () => prompt(this.#text.copyReport, report)
      if (navigator.clipboard) navigator.clipboard.writeText(report).catch(byHand)
      else byHand()
    },
    signIn: (event) => {
      if (!emit(this, 'signin', {})) event.preventDefault()
    },
    report: () => writeDiagnostics(this.diagnostics()),
  })
  readonly #session = new ChatSession(this, this.#view.stage)
  readonly #languages = new MutationObserver(() => this.#change())
  /** Waits for a lazy chat to come near the viewport. */
  readonly #nearness = new IntersectionObserver(
    (entries) => {
      if (!entries.at(-1)!.isIntersecting) return
      this.#nearness.disconnect()
      this.#session.start()
    },
    { rootMargin: LAZY_MARGIN },
  )
  #changing = false
  /** Whether the next update begins another visit. */
  #anew = true
  #left = false
  #offersHelp = false

  /** `idle`, `preview`, `loading`, `ready`, `refreshing` or `error`. */
  get state(): Status {
    return this.#session.state.status
  }

  /** What is wrong, or null. */
  get problem(): Problem | null {
    return this.#session.state.problem
  }

  /** When the token ends, by the browser's clock; null without one. */
  get expiresAt(): Date | null {
    const { token, timeLeft } = this.#session
    return token && new Date(Date.now() + timeLeft!)
  }

  /** Gets a new token and a new frame. */
  reload(): void {
    if (!this.#ready || this.#still) return
    this.#nearness.disconnect()
    this.#session.reload()
  }

  /** Drops the token and the frame at once, for example on sign-out, then starts again. */
  reset(): void {
    if (this.#ready) this.#begin()
  }

  override focus(options?: FocusOptions): void {
    this.#session.frames.welcome()
    super.focus(options)
  }

  /** A plain object for the person who debugs it, without secrets. */
  diagnostics(): Diagnostics {
    const { token, timeLeft, clockDifferenceMs, steps } = this.#session
    return {
      version: VERSION,
      eventId: this.#eventId,
      state: this.state,
      problem: this.problem,
      header: token?.header ?? null,
      claims: token?.claims ?? null,
      timeLeftMs: timeLeft,
      clockDifferenceMs,
      steps: [...steps],
      browser: navigator.userAgent,
      page: location.origin,
    }
  }

  attributeChangedCallback(attribute: string, _: string | null, value: string | null): void {
    const isSwitch = SWITCHES.includes(attribute)
    Object.assign(this, { [toProperty(attribute)]: isSwitch ? value !== null : (value ?? undefined) })
  }

  connectedCallback(): void {
    if (!this.shadowRoot) this.#attach()
    this.#languages.observe(document, { attributeFilter: ['lang'], subtree: true })
    const moved = !this.#left && this.#still === (this.state === 'preview')
    this.#left = false
    // what is moved in one task was never gone: its token is still good, only the browser has emptied its frame
    if (this.#ready && !(moved && this.#session.frames.empty)) this.#begin({ keep: true })
    else this.#change()
  }

  disconnectedCallback(): void {
    setTimeout(() => this.isConnected || this.#leave())
  }

  /** `moveBefore()`: where the browser can keep the frame over a move, so do we. */
  connectedMoveCallback(): void {}

  #attach(): void {
    const root = this.attachShadow({ mode: 'open', delegatesFocus: true })
    try {
      const sheet = new CSSStyleSheet()
      sheet.replaceSync(styles)
      root.adoptedStyleSheets = [sheet]
    } catch {
      // an editor made the element here and put it into another document, where it is only a preview
      root.append(make('style', {}, styles))
    }
    root.append(...this.#view.nodes)
    // what the page has set before the class was defined hides the class's property
    for (const name of PROPERTIES) {
      const own = Object.getOwnPropertyDescriptor(this, name)
      if (!own) continue
      Reflect.deleteProperty(this, name)
      Object.assign(this, { [name]: own.value as unknown })
    }
  }

  /** Updates once for all that changes in one task, on a page. */
  #change(anew = false): void {
    this.#anew ||= anew
    if (this.#changing) return
    this.#changing = true
    queueMicrotask(() => {
      this.#changing = false
      if (!this.isConnected) return
      if (this.#anew) this.#begin()
      else this.draw()
    })
  }

  settings(): SessionSettings {
    const { defaults } = KinescopeChatElement
    const tokenUrl = resolve(this.tokenUrl ?? defaults.tokenUrl)
    // the page's statement of who the visitor is goes to the page's token server only: the tag may be anybody's
    const trusted = tokenUrl?.origin === resolve(defaults.tokenUrl)?.origin
    return {
      eventId: this.#eventId,
      tokenUrl: tokenUrl?.href,
      credentials: this.credentials ?? 'include',
      identity: this.identity ?? (trusted ? defaults.identity : undefined),
      token: this.token,
      fetchToken: this.fetchToken,
      chatOrigin: this.#chatOrigin,
      hold: this.refresh === 'hold',
    }
  }

  describe({ code, reason, status = null, requestId = null }: Failure, retryInMs: number | null): Problem {
    const [topic, , cure] = PROBLEMS[code]
    const stray =
      code === 'event-id-missing' && this.hasAttribute('eventid') ? 'the tag has `eventid`' : reason
    const remediation = stray ? `${cure} (${stray})` : cure
    console.warn(`<kinescope-chat> ${code}: ${remediation}`)
    const message = this.#text[topic].join('. ')
    return { code, message, remediation, status, retryInMs, requestId }
  }

  draw(): void {
    const { state, reloads } = this.#session
    const { states } = this.#internals
    states.clear()
    states.add(state.status)
    // Kinescope's own refusal can't be seen from the page: whoever reloads twice has a reason
    this.#offersHelp ||= state.problem?.code === 'frame-timeout' || reloads > 1
    this.#view.render({
      state,
      language: this.#language,
      text: this.#text,
      title: this.#title,
      eventId: this.#eventId,
      signinUrl: resolve(this.signinUrl)?.href,
      help: this.help || this.#offersHelp,
      debug: this.debug,
    })
  }

  /** Whether there is a visit to go on with. */
  get #ready(): boolean {
    return this.isConnected && !this.#anew
  }

  get #chatOrigin(): string {
    return readOrigin(this.chatOrigin ?? KinescopeChatElement.defaults.chatOrigin)
  }

  get #eventId(): string {
    return readEventId(this.eventId, this.#chatOrigin)
  }

  get #language(): string {
    return languageOf(this, this.language, KinescopeChatElement.defaults.language)
  }

  get #text(): Messages {
    return messagesIn(this.#language)
  }

  /** Two unnamed chats on a page must not have one name. */
  get #title(): string {
    if (this.label) return this.label
    unnamed.add(this)
    const seat = [...unnamed].indexOf(this)
    return this.#text.label + (seat ? ` ${seat + 1}` : '')
  }

  /** In an editor, or by wish, the element is a picture of itself. */
  get #still(): boolean {
    return this.preview || inEditorCanvas(this)
  }

  #begin({ keep = false } = {}): void {
    this.#anew = false
    this.#nearness.disconnect()
    this.#session.stop({ keep, preview: this.#still })
    this.draw()
    if (this.#still) return
    if (this.loading === 'lazy') this.#nearness.observe(this)
    else this.#session.start()
  }

  #leave(): void {
    this.#left = true
    this.#nearness.disconnect()
    this.#languages.disconnect()
    this.#session.stop({ keep: true })
    this.#view.stop()
    unnamed.delete(this)
  }
}

/** Against the page. */
const resolve = (raw: string | undefined): URL | undefined => httpUrl(raw, document.baseURI)

declare global {
  interface HTMLElementTagNameMap {
    'kinescope-chat': KinescopeChatElement
  }
  interface HTMLElementEventMap extends ChatEventMap {}
}
