import { LitElement, type PropertyDeclaration } from 'lit'
import { baseOf, ownOrigin, tryOrUndefined } from './platform.js'
import {
  PROPERTIES,
  readSettings,
  type FetchToken,
  type Identity,
  type PageDefaults,
  type Settings,
} from './settings.js'

/** What a page can set of a chat, by attributes and properties, and whose word counts where they differ. */
export class SettableChat extends LitElement {
  /** What the standalone script's tag sets for the whole page. */
  static defaults: PageDefaults = {}
  static override readonly properties = PROPERTIES

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

  override attributeChangedCallback(name: string, old: string | null, value: string | null): void {
    super.attributeChangedCallback(name, old, value)
    if (name === PROPERTIES.chatOrigin.attribute) this.#originByCode = false
  }

  override requestUpdate(name?: PropertyKey, ...change: [unknown?, PropertyDeclaration?]): void {
    if (name === 'tokenUrl') this.#base = undefined
    super.requestUpdate(name, ...change)
  }

  /** The settings of a session. */
  protected get settings(): Settings {
    const page = {
      baseUrl: (this.#base ??= baseOf(this.ownerDocument)),
      hostname: location.hostname,
      origin: ownOrigin(),
      linkIdentity: takeLinkIdentity(),
    }
    return readSettings(this, (this.constructor as typeof SettableChat).defaults, page, this.#originByCode)
  }
}

let linkIdentity: string | undefined

/** What mail clients and click trackers leave of a link's fragment: an encoded `=`, a period, a query after it. */
const LINK = /^#kinescope-chat=(?:3D)?([\w-]+(?:\.[\w-]+)*)/

/**
 * The identity token of a personal link, taken out of the page's address so that nobody copies it from there. Kept for a
 * reload of this tab.
 */
function takeLinkIdentity(): string | undefined {
  const { hash, pathname, search } = location
  const key = `kinescope-chat:${pathname}`
  const token = LINK.exec(decodeFragment(hash))?.[1]
  if (token) {
    history.replaceState(history.state, '', pathname + search)
    const isOurs = token.startsWith('link.')
    linkIdentity = isOurs ? `${token}.${browserId()}` : token
    if (isOurs) tryOrUndefined(() => sessionStorage.setItem(key, linkIdentity!))
  }
  return (linkIdentity ??= tryOrUndefined(() => sessionStorage.getItem(key)) ?? undefined)
}

/** A tracker encodes an address once or twice. */
const decodeFragment = (hash: string): string =>
  tryOrUndefined(() => decodeURIComponent(decodeURIComponent(hash))) ?? hash

/** Tells the server which browser uses a link for one browser; made anew where nothing can be stored. */
function browserId(): string {
  const key = 'kinescope-chat-browser'
  const id =
    tryOrUndefined(() => localStorage.getItem(key)) ?? crypto.getRandomValues(new Uint32Array(4)).join('-')
  tryOrUndefined(() => localStorage.setItem(key, id))
  return id
}
