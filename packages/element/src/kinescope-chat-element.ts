import { LitElement, type PropertyDeclaration, type PropertyValues, type TemplateResult } from 'lit'
import { diagnose, type Diagnostics } from './diagnostics.js'
import { removeFailed } from './placing/placement.js'
import { upgrade } from './placing/upgrade.js'
import { assertPlatform, baseOf, outsideZones, ownOrigin } from './platform.js'
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
 * @slot - Always shown below the chat; also where a self-closed tag leaves the rest of the page.
 * @slot placeholder - Shown until the chat is; a link here is the fallback where no script runs.
 * @slot signin - Replaces the sign-in button.
 * @csspart frame - The chat's frame.
 * @csspart panel - What stands in the frame's place while there is none.
 * @csspart heading - The panel's heading.
 * @csspart message - The panel's or the banner's text.
 * @csspart button - Each button.
 * @csspart banner - The slim banner over a chat in trouble.
 * @csspart details - "For the site" under a problem, and the developer's panel.
 * @cssproperty [--kinescope-chat-height=600px] - The chat's height where the tag or its place gives it none.
 * @cssproperty [--kinescope-chat-accent] - Buttons, links and outlines; dark enough on the background to be read.
 * @cssproperty [--kinescope-chat-on-accent] - The words on a filled button.
 * @cssproperty [--kinescope-chat-background=Canvas] - Behind everything but the chat itself.
 * @cssproperty [--kinescope-chat-color=CanvasText] - The words.
 * @cssproperty [--kinescope-chat-line] - Borders.
 * @cssproperty [--kinescope-chat-mark] - What is wrong in the developer's panel.
 * @cssproperty [--kinescope-chat-radius=12px] - The corners.
 * @cssproperty [--kinescope-chat-font=16px/1.4 system-ui] - The font, as the `font` shorthand takes it.
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
export class KinescopeChatElement extends LitElement {
  /** The release that this is. */
  static readonly version = VERSION
  /** Adds a language, or changes texts of one that is there. */
  static readonly addMessages = addMessages
  /** Puts the element in the place of marked links and divs below a node; see docs/embedding.md. */
  static readonly upgrade = (root: unknown = document): void => upgrade(root, this.defaults)
  /** Resets every chat of this page and of the site's other tabs, for example on sign-out. */
  static readonly reset = (): void => outsideZones(resetAll)
  /** What the standalone script's tag sets for the whole page. */
  static defaults: PageDefaults = {}
  static override readonly properties = PROPERTIES
  static override readonly styles = styles

  /** The stream: a UUID, a public id, a number, or a pasted link to its chat. */
  declare eventId: string | undefined
  /** The token endpoint, resolved against the page. */
  declare tokenUrl: string | undefined
  /** As in `fetch`: `include` (default), `same-origin` or `omit`. */
  declare credentials: RequestCredentials | undefined
  /**
   * An identity token: a JWT by the page's own server that says who the visitor is. As a property also a function, called
   * before each request. Another token of the same `sub` is used at the next request.
   */
  declare identity: Identity | undefined
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
  /** Draws a still placeholder and contacts nothing. */
  declare preview: boolean
  /** Offers "Chat not working?" under the frame. */
  declare help: boolean
  /** Where the sign-in button leads. */
  declare signinUrl: string | undefined
  /** For screens without a person: what needs one, a page reload included, is done automatically. */
  declare unattended: boolean
  /** Shows the developer's panel. */
  declare debug: boolean
  /** Replaces the call of the token endpoint. */
  declare fetchToken: FetchToken | undefined

  #chatOrigin: string | undefined
  /** Whether code has set the chat origin, and not an attribute, which may be an author's. */
  #originByCode = true
  /** Where the page was when the token address was set: a soft navigation doesn't change what it means. */
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

  /** What is wrong, or null. */
  get problem(): Problem | null {
    return this.#session.state.problem
  }

  /** When the token ends, by the browser's clock; null without one. */
  get expiresAt(): Date | null {
    const { timeLeft } = this.#session
    return timeLeft === null ? null : new Date(Date.now() + timeLeft)
  }

  /** Gets a new token and a new frame. */
  reload(): void {
    outsideZones(() => this.#lifecycle.reload())
  }

  /** Drops the token and the frame at once, for example on sign-out, then starts again. */
  reset(): void {
    outsideZones(() => this.#lifecycle.reset())
  }

  /** A plain object for the person who debugs it, without secrets. */
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
      // before the first picture: the first request doesn't wait for it
      queueMicrotask(() => this.#guard(() => this.#lifecycle.connected()))
      super.connectedCallback()
    })
  }

  override disconnectedCallback(): void {
    outsideZones(() => {
      super.disconnectedCallback()
      this.#lifecycle.disconnected()
    })
  }

  /** `moveBefore()`: where the browser can keep the frame over a move, so do we. */
  connectedMoveCallback(): void {}

  /** A window of its own, such as picture in picture, takes no sheet of another document. */
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

  /** Whatever is missing, the page is not left with an empty box: the link in the tag is shown. */
  #breakDown(fault: unknown): void {
    console.error('<kinescope-chat> could not start:', fault)
    if (this.#session.state.framed) return
    this.#broken = true
    removeFailed(this)
    // without a shadow root nothing hides what the page has put into the tag
    if (this.shadowRoot) showFallback(this.shadowRoot)
  }
}

/** Whether this is a page: a server that renders one has no elements, or only what imitates them. */
export const isPage = (): boolean =>
  typeof HTMLScriptElement === 'function' && typeof customElements === 'object'

/**
 * Registers `<kinescope-chat>`, once: a second copy of the script leaves the first in charge and says so.
 * @returns the class that is in charge
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
