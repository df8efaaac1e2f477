import type { PropertyDeclaration } from 'lit'
import type { TokenReply } from './contract.js'
import { CHAT_ORIGIN, httpUrl, listedOrigins, readEventId } from './frame/chat-url.js'
import { isLoopback, own, tryOrUndefined } from './platform.js'
import { readPasted } from './text.js'
import { readClaims } from './token/check-token.js'

/** Why a token is requested: on load, before the old one expires, after a failure, or on a reload. */
export type TokenReason = 'load' | 'refresh' | 'retry' | 'reload'

/**
 * Replaces the request to the token endpoint. `signal` aborts after ten seconds, or when the result is no longer
 * needed. The function may reject with an error that has a `code` of the contract, or an HTTP `status`. Any other error
 * is `endpoint-unreachable`.
 */
export type FetchToken = (request: {
  eventId: string
  reason: TokenReason
  signal: AbortSignal
}) => Promise<TokenReply>

/** An identity token, or a function that returns one. The function is called before each request. */
export type Identity = string | (() => string | undefined | Promise<string | undefined>)

/** The settings of the standalone script's tag, for every chat on the page. */
export interface PageDefaults {
  /** A configured token endpoint. */
  tokenUrl?: string | undefined
  /** The token endpoint next to the script, used if none is configured. */
  scriptTokenUrl?: string | undefined
  identity?: string | undefined
  language?: string | undefined
  /** The address of the docs, for links to the codes' pages. */
  docs?: string | undefined
  /** The chat origins that an attribute may name, separated by spaces; the first is the default. */
  chatOrigin?: string | undefined
  /** The selector inside which links are upgraded automatically. */
  upgrade?: string | undefined
  /** Enables reports. The value is their address, by default `report` next to the token endpoint. */
  report?: string | undefined
}

interface ChatProperty extends PropertyDeclaration {
  attribute: string | false
  /** Whether an author may set it on a marked div. An author must not choose where a token goes. */
  authored?: boolean
}

/**
 * A property that an attribute sets too. It inherits nothing, because lit would read more options of it, such as `state`.
 * lit's own converter returns `null` for a removed attribute; the declared types have `undefined`.
 */
const property = (
  attribute: string,
  authored = false,
  fromAttribute: (value: string | null) => unknown = (value) => value ?? undefined,
) => ({ __proto__: null, attribute, authored, converter: { fromAttribute } })
const onOff = (attribute: string, authored?: boolean) =>
  property(attribute, authored, (value) => value !== null && isOn(value))

/** Every property that a page may set. The attributes and the authors' subset follow from this table. */
export const PROPERTIES = {
  eventId: property('event-id'),
  tokenUrl: property('token-url'),
  credentials: property('credentials'),
  identity: property('identity'),
  token: property('token'),
  fetchToken: { __proto__: null, attribute: false } as ChatProperty,
  chatOrigin: property('chat-origin'),
  loading: property('loading', true),
  preview: onOff('preview', true),
  refresh: property('refresh', true),
  language: property('language', true),
  label: property('label', true),
  help: onOff('help', true),
  signinUrl: property('signin-url'),
  unattended: onOff('unattended'),
  debug: onOff('debug'),
} satisfies Record<string, ChatProperty>

/** The attributes that the `data-…` attributes of a marked div may set too. A closed list. */
export const PLACED_ATTRIBUTES = Object.values<ChatProperty>(PROPERTIES)
  .filter(({ authored }) => authored)
  .map(({ attribute }) => String(attribute))

/** Reads a boolean. The text "false" is off, as frameworks and CMS fields write it. */
export const isOn = (value: unknown): boolean =>
  typeof value === 'string' ? wordOf(value) !== 'false' : Boolean(value)
/** Reads a text; undefined if it is blank or isn't text. */
export const textOf = (value: unknown): string | undefined => readPasted(value) || undefined
/** Reads a keyword, in any case (HTML, "enumerated attribute"). */
const wordOf = (value: unknown): string => readPasted(value).toLowerCase()
/** Reads a valid header value. With any other value, browsers send no request. */
export const readHeaderValue = (value: unknown): string | undefined =>
  /^[\x21-\x7e]+$/.exec(textOf(value) ?? '')?.[0]

/** The settings of a session. */
export interface Settings {
  eventId: string
  tokenUrl: string | undefined
  /** Whether the request is a simple one (Fetch standard): to our own server on another origin. */
  simple: boolean
  credentials: RequestCredentials
  identity: Identity | undefined
  fetchToken: FetchToken | undefined
  /** An initial token, rendered into the page. */
  token: string | undefined
  chatOrigin: string
  /** A `chat-origin` attribute that the element ignores. */
  ignoredOrigin: string | undefined
  /** Whether the element keeps a new token until the next reload. */
  hold: boolean
  lazy: boolean
  preview: boolean
  unattended: boolean
  reportUrl: string | undefined
}

/** The properties as the page set them, of any type. */
type RequestedSettings = Partial<Record<keyof typeof PROPERTIES, unknown>>

interface Page {
  /** The base address for relative addresses. */
  baseUrl: string
  /** The page's own host, without a port. */
  hostname: string
  /** The page's origin as servers see it. */
  origin: string
  /** The identity token of a personal link, taken from the page's address. */
  linkIdentity?: string | undefined
}

const CREDENTIALS: readonly RequestCredentials[] = ['include', 'same-origin', 'omit']

/**
 * Resolves the page's properties and defaults into session settings. The page's identity token goes only to the page's
 * own token server, and a chat token never to a chat origin that only an attribute names.
 * @param byCode whether code set the chat origin; code may set any origin
 */
export function readSettings(
  requested: RequestedSettings,
  defaults: PageDefaults,
  page: Page,
  byCode: boolean,
): Settings {
  const byDefault = (name: keyof PageDefaults) => own(defaults, name) as string | undefined
  const resolve = (address: unknown) => httpUrl(address, page.baseUrl)
  const listed = listedOrigins(byDefault('chatOrigin'))
  const open = listed[0] ? listed : [CHAT_ORIGIN]
  const wanted = httpUrl(requested.chatOrigin)?.origin
  const counts = wanted !== undefined && (byCode || open.includes(wanted) || isLoopback(page.hostname))
  const chatOrigin = counts ? wanted : open[0]!
  const configured = textOf(requested.tokenUrl) ?? byDefault('tokenUrl')
  const tokenUrl = resolve(configured ?? byDefault('scriptTokenUrl'))
  const ownServer = resolve(byDefault('tokenUrl') ?? byDefault('scriptTokenUrl'))
  const trusted = tokenUrl?.origin === ownServer?.origin
  const report = byDefault('report')
  const { identity, fetchToken } = requested
  return {
    eventId: readEventId(requested.eventId, chatOrigin),
    tokenUrl: tokenUrl?.href,
    simple: configured === undefined && tokenUrl !== undefined && tokenUrl.origin !== page.origin,
    credentials: CREDENTIALS.find((known) => known === wordOf(requested.credentials)) ?? 'include',
    identity:
      typeof identity === 'function'
        ? (identity as Identity)
        : (readHeaderValue(identity) ??
          (trusted ? (readHeaderValue(byDefault('identity')) ?? page.linkIdentity) : undefined)),
    token: readHeaderValue(requested.token),
    fetchToken: typeof fetchToken === 'function' ? (fetchToken as FetchToken) : undefined,
    chatOrigin,
    ignoredOrigin: wanted !== undefined && !counts ? wanted : undefined,
    hold: wordOf(requested.refresh) === 'hold',
    lazy: wordOf(requested.loading) === 'lazy',
    preview: isOn(requested.preview),
    unattended: isOn(requested.unattended),
    reportUrl: report === undefined ? undefined : httpUrl(report || 'report', tokenUrl?.href)?.href,
  }
}

/** Whether new settings are for another stream, server or visitor. Any other change keeps the chat. */
export const startsNewSession = (before: Settings, after: Settings): boolean =>
  before.eventId !== after.eventId ||
  before.chatOrigin !== after.chatOrigin ||
  visitorOf(before) !== visitorOf(after)

/** Identifies the visitor and the server that knows them. Equal for a renewed identity token and a recreated function. */
export const visitorOf = ({ tokenUrl, fetchToken, identity }: Settings): string =>
  [
    tokenUrl?.replace(/[?#].*/s, ''),
    !fetchToken,
    typeof identity === 'string' ? subjectOf(identity) : typeof identity,
  ].join()

/** The claims of a JWT that change with each renewal. */
const RENEWED = /^(?:exp|iat|nbf|jti)$/

/**
 * The issuer and subject of a JWT; without a subject, the claims that a renewal keeps, in any order; without claims, the
 * JWT itself.
 */
const subjectOf = (token: string): string => {
  const claims = readClaims(token)
  if (!claims) return token
  const { iss, sub } = claims
  const kept = Object.entries(claims).filter(([name]) => !RENEWED.test(name))
  return JSON.stringify((sub ?? '') === '' ? kept.sort() : [iss, sub])
}

let linkIdentity: string | undefined
let keyRead: string | undefined

/**
 * Matches a link's fragment as mail clients and click trackers leave it: an encoded `=`, a period, a query after it.
 */
const LINK = /^#kinescope-chat=(?:3D)?([\w-]+(?:\.[\w-]+)*)/

/**
 * Takes the identity token of a personal link out of the page's address, so that visitors don't copy it. The tab keeps
 * it for a reload.
 */
export function takeLinkIdentity(): string | undefined {
  const { hash, href, pathname } = location
  const key = `kinescope-chat:${pathname}`
  const token = LINK.exec(decodeFragment(hash))?.[1]
  if (token) {
    // a relative address would be resolved against a `<base>` of the content
    history.replaceState(history.state, '', href.replace(hash, ''))
    const isOurs = token.startsWith('link.')
    linkIdentity = isOurs ? `${token}.${browserId()}` : token
    if (isOurs) tryOrUndefined(() => sessionStorage.setItem(key, linkIdentity!))
  }
  // storage access blocks the page, and settings are read often
  if (keyRead !== key) linkIdentity ??= tryOrUndefined(() => sessionStorage.getItem(key)) ?? undefined
  keyRead = key
  return linkIdentity
}

/** Decodes a fragment. Click trackers encode an address once or twice. */
const decodeFragment = (hash: string): string =>
  tryOrUndefined(() => decodeURIComponent(decodeURIComponent(hash))) ?? hash

/**
 * Identifies this browser to the server for one-browser links. Where nothing can be stored, the id is new each time.
 */
function browserId(): string {
  const key = 'kinescope-chat-browser'
  const id =
    tryOrUndefined(() => localStorage.getItem(key)) ?? crypto.getRandomValues(new Uint32Array(4)).join('-')
  tryOrUndefined(() => localStorage.setItem(key, id))
  return id
}
