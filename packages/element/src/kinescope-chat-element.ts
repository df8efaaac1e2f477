import {
  LitElement,
  type PropertyDeclaration,
  type PropertyDeclarations,
  type PropertyValues,
  type TemplateResult,
} from 'lit'
import { diagnose, type Diagnostics } from './diagnostics.js'
import { removeFailed } from './placing/placement.js'
import { upgrade } from './placing/upgrade.js'
import { assertPlatform, baseOf, logFault, outsideZones, ownOrigin, tryOrUndefined } from './platform.js'
import type { Problem } from './problems.js'
import { Lifecycle, resetAll } from './session/lifecycle.js'
import type { ChatEventMap, Status } from './session/state.js'
import {
  PROPERTIES,
  readSettings,
  takeLinkIdentity,
  type FetchToken,
  type Identity,
  type PageDefaults,
  type Settings,
} from './settings.js'
import { VERSION } from './version.js'
import { focusFirst, keepKeys } from './view/focus.js'
import { addMessages } from './view/language.js'
import { adoptStyles, styles } from './view/styles.js'
import { showFallback, View } from './view/view.js'

/**
 * `<kinescope-chat>`: Kinescope's stream chat, with the visitor signed in by the page's own token endpoint.
 *
 * @tag kinescope-chat
 * @slot - Always shown below the chat. After a self-closed tag, it contains the rest of the page.
 * @slot placeholder - Shown until the chat is ready. A link here is the fallback where no script runs.
 * @slot signin - Replaces the sign-in button.
 * @csspart frame - The chat's frame.
 * @csspart panel - Replaces the frame while there is none.
 * @csspart heading - The panel's heading.
 * @csspart message - The panel's or the banner's text.
 * @csspart button - Each button.
 * @csspart banner - The slim banner over a chat with a problem.
 * @csspart details - "For the site" under a problem, and the developer's panel.
 * @cssproperty [--kinescope-chat-height=600px] - The chat's height, unless the tag or its container sets one.
 * @cssproperty [--kinescope-chat-accent] - Buttons, links and outlines; needs contrast with the background.
 * @cssproperty [--kinescope-chat-on-accent] - The text on a filled button.
 * @cssproperty [--kinescope-chat-background=Canvas] - Behind everything but the chat itself.
 * @cssproperty [--kinescope-chat-color=CanvasText] - The text.
 * @cssproperty [--kinescope-chat-line] - Borders.
 * @cssproperty [--kinescope-chat-mark] - Errors in the developer's panel.
 * @cssproperty [--kinescope-chat-radius=12px] - The corners.
 * @cssproperty [--kinescope-chat-font=16px/1.4 system-ui] - The font, as a `font` shorthand.
 * @cssstate idle - Nothing has started.
 * @cssstate preview - A static placeholder, in an editor or with `preview`.
 * @cssstate loading - The chat isn't shown yet.
 * @cssstate ready - The chat is on the page.
 * @cssstate refreshing - The element requests a newer token or waits to use it; the chat is on the page.
 * @cssstate error - There is a problem; see `problem`.
 * @fires {ChatStateChangeEvent} kinescope-chat-statechange - `state` has changed.
 * @fires {ChatReadyEvent} kinescope-chat-ready - The chat is on the page.
 * @fires {ChatRefreshEvent} kinescope-chat-refresh - A new token is in effect or held.
 * @fires {ChatErrorEvent} kinescope-chat-error - There is a problem; fired once per problem.
 * @fires {ChatSigninEvent} kinescope-chat-signin - The visitor pressed "Sign in"; cancelable.
 */
export class KinescopeChatElement extends LitElement {
  /** The version of this release. */
  static readonly version = VERSION
  /** Adds a language, or changes texts of an existing one. */
  static readonly addMessages = addMessages
  /** Upgrades marked links and divs below a node to chats; see docs/embedding.md. */
  static readonly upgrade = (root: unknown = document): void => upgrade(root, this.defaults)
  /** Resets every chat of this page and of the site's other tabs, for example on sign-out. */
  static readonly reset = (): void => outsideZones(resetAll)
  /** The defaults that the standalone script's tag sets for the whole page. */
  static defaults: PageDefaults = {}
  static override readonly properties: PropertyDeclarations = PROPERTIES
  static override readonly styles = styles

  /** The stream: a UUID, a public id, a number, or a pasted link to its chat. */
  declare eventId: string | undefined
  /** The token endpoint, resolved against the page. */
  declare tokenUrl: string | undefined
  /** As in `fetch`: `include` (default), `same-origin` or `omit`. */
  declare credentials: RequestCredentials | undefined
  /**
   * An identity token: a JWT from the page's own server that identifies the visitor. The property can also be a
   * function, called before each request. A different token with the same `sub` is used at the next request.
   */
  declare identity: Identity | undefined
  /** An initial token, rendered by the page's server. It is used once if there is an endpoint. */
  declare token: string | undefined
  /** `swap` (default): a new token takes effect before the old one expires. `hold`: at the next reload. */
  declare refresh: 'swap' | 'hold' | undefined
  /** `lazy`: the element requests nothing until it comes near the viewport. */
  declare loading: 'eager' | 'lazy' | undefined
  /** `en`, `ru` or an added language. By default the nearest `lang`, then the browser's languages, then `en`. */
  declare language: string | undefined
  /** The frame's accessible name. */
  declare label: string | undefined
  /** Shows a static placeholder and sends no request. */
  declare preview: boolean
  /** Offers "Chat not working?" under the frame. */
  declare help: boolean
  /** The address that the sign-in button opens. */
  declare signinUrl: string | undefined
  /** For unattended screens: does automatically what needs a visitor elsewhere, page reloads included. */
  declare unattended: boolean
  /** Shows the developer's panel. */
  declare debug: boolean
  /** Replaces the request to the token endpoint. */
  declare fetchToken: FetchToken | undefined

  #chatOrigin: string | undefined
  /** Whether code set the chat origin. An attribute may come from an author. */
  #originByCode = true
  /** The page's base address when the token address was set: a soft navigation doesn't change its meaning. */
  #base: string | undefined
  #broken = false
  readonly #lifecycle: Lifecycle = new Lifecycle(this, {
    settings: () => this.#settings,
    describe: (failure, retryInMs) => this.#view.describe(failure, retryInMs),
    changed: () => this.#view.changed(),
    guard: (work) => this.#guard(work),
  })
  readonly #view: View = new View(this, this.#lifecycle)

  constructor() {
    super()
    this.preview = this.help = this.unattended = this.debug = false
  }

  /** The origin of the chat page, for staging and QA. An attribute may name listed origins only; code may name any. */
  get chatOrigin(): string | undefined {
    return this.#chatOrigin
  }
  set chatOrigin(origin: string | undefined) {
    this.#chatOrigin = origin
    this.#originByCode = true
  }

  /** `idle`, `preview`, `loading`, `ready`, `refreshing` or `error`. */
  get state(): Status {
    return this.#session.state.status
  }

  /** The current problem, or null. */
  get problem(): Problem | null {
    return this.#session.state.problem
  }

  /** When the token expires, by the browser's clock; null without a token. */
  get expiresAt(): Date | null {
    const { timeLeft } = this.#session
    return timeLeft === null ? null : new Date(Date.now() + timeLeft)
  }

  /** Requests a new token for a new frame. */
  reload(): void {
    outsideZones(() => this.#lifecycle.reload())
  }

  /** Removes the token and the frame at once, for example on sign-out, then starts again. */
  reset(): void {
    outsideZones(() => this.#lifecycle.reset())
  }

  /** A plain object without secrets, for debugging. */
  diagnostics(): Diagnostics {
    return diagnose(this.#session, this.#settings)
  }

  override attributeChangedCallback(name: string, old: string | null, value: string | null): void {
    super.attributeChangedCallback(name, old, value)
    if (name === PROPERTIES.chatOrigin.attribute) this.#originByCode = false
  }

  override requestUpdate(name?: PropertyKey, ...change: [unknown?, PropertyDeclaration?]): void {
    if (name === 'tokenUrl') this.#base = undefined
    super.requestUpdate(name, ...change)
  }

  override focus(options?: FocusOptions): void {
    this.#session.frames.acceptFocus()
    if (this.shadowRoot) focusFirst(this.shadowRoot, options)
  }

  override connectedCallback(): void {
    this.#guard(() => {
      assertPlatform()
      super.connectedCallback()
      if (this.hasUpdated)
        queueMicrotask(() => this.#guard(() => this.#broken || this.#lifecycle.connected()))
    })
  }

  override disconnectedCallback(): void {
    outsideZones(() => {
      super.disconnectedCallback()
      this.#lifecycle.disconnected()
    })
  }

  /** Lets `moveBefore()` keep the frame, in browsers that can. The chat may have another language now. */
  connectedMoveCallback(): void {
    this.#view.hostConnected()
  }

  /** Adopts the styles again: another document, such as a picture-in-picture window, can't use this one's sheets. */
  adoptedCallback(): void {
    if (this.shadowRoot) adoptStyles(this.shadowRoot)
  }

  protected override createRenderRoot(): ShadowRoot {
    const root = this.attachShadow({ mode: 'open' })
    adoptStyles(root)
    keepKeys(root)
    return root
  }

  protected override scheduleUpdate(): void {
    this.#guard(() => this.#broken || void super.scheduleUpdate())
  }

  protected override render(): TemplateResult {
    return this.#view.render()
  }

  protected override updated(changed: PropertyValues<this>): void {
    this.#lifecycle.updated()
    const ignoredOrigin = changed.has('chatOrigin') && this.#settings.ignoredOrigin
    if (ignoredOrigin)
      console.warn(`<kinescope-chat> chat-origin ${ignoredOrigin} is not listed by the page, and ignored.`)
  }

  get #session() {
    return this.#lifecycle.session
  }

  get #settings(): Settings {
    const page = {
      baseUrl: (this.#base ??= baseOf(this.ownerDocument)),
      hostname: location.hostname,
      origin: ownOrigin(),
      linkIdentity: takeLinkIdentity(),
    }
    const { defaults } = this.constructor as typeof KinescopeChatElement
    return readSettings(this, defaults, page, this.#originByCode)
  }

  #guard(work: () => unknown): void {
    try {
      outsideZones(work)
    } catch (fault) {
      this.#breakDown(fault)
    }
  }

  /** Shows the link in the tag if the element can't start, so that the page has no empty box. */
  #breakDown(fault: unknown): void {
    logFault(fault)
    if (this.#session.state.framed) return
    this.#broken = true
    removeFailed(this)
    // without a shadow root, the tag's own content is visible
    if (this.shadowRoot) showFallback(this.shadowRoot)
    tryOrUndefined(() => this.#lifecycle.end())
  }
}

/** Whether this is a page. A server that renders one has no elements, or only imitates them. */
export const isPage = (): boolean =>
  typeof HTMLScriptElement === 'function' && typeof customElements === 'object'

/**
 * Registers `<kinescope-chat>` once. If another copy of the script was first, its class stays registered.
 * @returns the registered class
 */
export function register(): typeof KinescopeChatElement {
  const first = customElements.get('kinescope-chat') as { version?: string } | undefined
  if (!first) customElements.define('kinescope-chat', KinescopeChatElement)
  else if (first.version !== VERSION)
    console.warn(`<kinescope-chat> ${first.version} is defined already; ${VERSION} is not used.`)
  return (first as typeof KinescopeChatElement | undefined) ?? KinescopeChatElement
}

declare global {
  interface HTMLElementTagNameMap {
    'kinescope-chat': KinescopeChatElement
  }
  interface HTMLElementEventMap extends ChatEventMap {}
}
