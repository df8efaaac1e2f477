import { createPublicKey } from 'node:crypto'
import { isIP } from 'node:net'
import { isOrigin, originListFault } from './endpoint/origin.js'
import type { AllowedEvent, AllowedEvents } from './endpoint/request.js'
import { weaknessOf } from './identity/hmac.js'
import { chainFault, type SourceKind } from './identity/source-kinds.js'
import type { OidcIssuer } from './identity/oidc.js'
import { readPublicKeyText } from './token/public-key.js'
import type { SecretName } from './keys/store/key-store.js'
import { MIN_BITS } from './keys/import-key.js'
import { addressesIn } from './net/request-facts.js'
import { cleanName } from './token/user-name.js'

/** Why a value is rejected, to be read after the setting's name. It never repeats the value, which may be a secret. */
export class Invalid {
  readonly message: string
  /** What to write, where the setting's example doesn't show it. */
  readonly remediation: string | undefined

  constructor(message: string, remediation?: string) {
    this.message = message
    this.remediation = remediation
  }
}

/** Reads the text of one setting. The text is clean (setting-reader.ts) and not empty. */
export type Parser<T> = (text: string) => T | Invalid

export const anyText: Parser<string> = (text) => text

export const integer =
  (from: number, to: number): Parser<number> =>
  (text) => {
    const value = Number(text)
    return /^\d{1,15}$/.test(text) && value >= from && value <= to
      ? value
      : new Invalid(`must be an integer from ${from} to ${to}.`)
  }

export const oneOf =
  <const T extends string>(...choices: readonly T[]): Parser<T> =>
  (text) =>
    choices.find((choice) => choice === text) ??
    new Invalid(`must be ${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}.`)

export const onOrOff: Parser<boolean> = (text) =>
  text === 'on' || text === 'off' ? text === 'on' : new Invalid('must be on or off.')

/** Entries separated by commas or white space; quotes around one are removed as around a whole value. */
const entriesOf = (text: string): string[] =>
  text
    .split(/[\s,]+/)
    .map((entry) => entry.replace(/^["']|["']$/g, ''))
    .filter(Boolean)

/** Whether `fetch` takes the URL: it rejects one with a user name or password. */
export function isHttpUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, username, password } = new URL(text)
  return /^https?:$/.test(protocol) && username === '' && password === ''
}

export const httpUrl: Parser<string> = (text) =>
  isHttpUrl(text) ? text : new Invalid('must be an http or https URL without a user name or password.')

export const apiUrl: Parser<string> = (text) => {
  const url = httpUrl(text)
  return url instanceof Invalid ? url : url.replace(/\/+$/, '')
}

export const redisUrl: Parser<string> = (text) => {
  if (!/^rediss?:\/\/\S+$/.test(text) || !URL.canParse(text))
    return new Invalid('must be a redis:// or rediss:// URL.')
  return isDecodable(new URL(text))
    ? text
    : new Invalid(
        'has a % that encodes no character.',
        'Write %25 for each % of the password or of the user name.',
      )
}

function isDecodable({ username, password, pathname }: URL): boolean {
  try {
    decodeURIComponent(`${username}:${password}${pathname}`)
    return true
  } catch {
    return false
  }
}

export const originOnly: Parser<string> = (text) =>
  isOrigin(text) ? text : new Invalid('must be an origin: scheme and host, nothing after it.')

/** An empty string, or a path such as `/chat`. */
export const basePath: Parser<string> = (text) =>
  pathIn(text) ?? new Invalid('must be a path that begins with a slash.')

function pathIn(text: string): string | undefined {
  const path = text.replace(/\/+$/, '')
  return path === '' || /^(\/(?!\.{1,2}(\/|$))[\w.~-]+)+$/.test(path) ? path : undefined
}

/** The server's own URL without a slash at its end, such as `https://www.example.com/chat`. */
export const publicUrl: Parser<string> = (text) => {
  const url = URL.canParse(text) ? new URL(text) : null
  const path = url && pathIn(url.pathname)
  const plain = url && url.host !== '' && !url.username && !url.password && !/[?#]/.test(text)
  return url && plain && path !== undefined && /^https?:$/.test(url.protocol)
    ? `${url.origin}${path}`
    : new Invalid('must be the http or https URL of this server: scheme, host and base path only.')
}

export const host: Parser<string> = (text) => {
  const bare = text.replace(/^\[(.*)\]$/, '$1')
  return /^[\w.:%-]+$/.test(bare) && (isIP(bare) !== 0 || !bare.includes(':'))
    ? bare
    : new Invalid('must be an address or a host name of this machine, without a port.')
}

export const origins: Parser<string[]> = (text) => {
  const entries = entriesOf(text)
  const problem = originListFault(entries)
  return problem ? new Invalid(problem.fault, problem.remedy) : entries
}

export const events: Parser<AllowedEvents> = (text) => {
  const entries = entriesOf(text)
  const remediation =
    'Write the event ids, such as 0csUJYzAHfe3PcyMEVScmQ, separated by commas. For any stream write * alone.'
  if (entries.length === 0) return new Invalid('lists no stream.', remediation)
  if (entries.length === 1 && entries[0] === '*') return '*'
  const list: AllowedEvent[] = []
  for (const entry of entries) {
    const [id = '', claimId, chatId, ...rest] = entry.split('=')
    const ids = [id, claimId ?? id, chatId ?? id]
    if (rest.length > 0 || ids.some((part) => part === '' || /[*/"'<>]/.test(part) || part.length > 128)) {
      return new Invalid('must contain event ids only.', remediation)
    }
    list.push({
      id,
      ...(claimId === undefined ? {} : { claimId }),
      ...(chatId === undefined ? {} : { chatId }),
    })
  }
  return list
}

export const proxies: Parser<string[]> = (text) => {
  const list = entriesOf(text)
  try {
    addressesIn(list)
    return list
  } catch {
    return new Invalid(
      'must contain addresses or CIDR ranges: with a number or "true", visitors could forge their address.',
    )
  }
}

/** Requests a minute. */
export interface RateLimitConfig {
  visitor: number
  address: number
}

export const rateLimit: Parser<RateLimitConfig | null> = (text) => {
  if (text === 'off') return null
  const [, visitor = 0, address = 0] = /^\s*(\d+)\s*,\s*(\d+)\s*$/.exec(text)?.map(Number) ?? []
  return visitor > 0 && address > 0
    ? { visitor, address }
    : new Invalid('must be two positive integers (VISITOR,ADDRESS) or off.')
}

export const apiToken: Parser<string> = (text) =>
  /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text) ? text : new Invalid('must be a UUID.')

export const secretName: Parser<SecretName> = (text) => {
  // RFC 1123, as Kubernetes names objects
  const label = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/
  const [namespace = '', name = '', ...rest] = text.split('/')
  return rest.length === 0 && label.test(namespace) && label.test(name)
    ? { namespace, name }
    : new Invalid('must be NAMESPACE/NAME of a Secret.')
}

/** A secret that can't be guessed. */
export const strongSecret: Parser<string> = (text) => {
  const weakness = weaknessOf(text)
  return weakness === null ? text : new Invalid(weakness)
}

const CURVES = ['prime256v1', 'secp384r1', 'secp521r1']

/** The text as given, if a public key can be loaded from it that a JWT can be verified with. */
export const publicKey: Parser<string> = (text) => {
  const wrong = new Invalid('must be a public key, PEM (SPKI) or JWK.')
  const key = readPublicKeyText(text)
  if (key === null) return wrong
  try {
    const { asymmetricKeyType: type = '', asymmetricKeyDetails: details = {} } =
      'pem' in key
        ? createPublicKey(key.pem)
        : createPublicKey({ key: key.jwk as Record<string, string>, format: 'jwk' })
    const { modulusLength = 0, namedCurve = '' } = details
    const verifies =
      (type === 'rsa' && modulusLength >= MIN_BITS) ||
      (type === 'ec' && CURVES.includes(namedCurve)) ||
      type === 'ed25519'
    return verifies
      ? text
      : new Invalid(
          `must be an RSA key of ${MIN_BITS} bits or more, an EC key (P-256, P-384, P-521) or Ed25519.`,
        )
  } catch {
    return wrong
  }
}

/** One identity source, or a chain of them. */
export const identitySources: Parser<SourceKind[]> = (text) => {
  const kinds = entriesOf(text)
  const fault = chainFault(kinds)
  return fault ? new Invalid(fault.message, fault.remediation) : (kinds as SourceKind[])
}

/** `ISSUER=CLIENT_ID` entries. A client id may contain `=`, an issuer may not. */
export const oidcIssuers: Parser<OidcIssuer[]> = (text) => {
  const list: OidcIssuer[] = []
  for (const entry of entriesOf(text)) {
    const [, issuer = '', clientId = ''] = /^([^=]+)=(.+)$/.exec(entry) ?? []
    const url = URL.canParse(issuer) ? new URL(issuer) : null
    if (!url || clientId === '') return new Invalid('must contain ISSUER=CLIENT_ID entries.')
    const isLocal = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname)
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLocal)) {
      return new Invalid('must contain https issuers: keys that come without TLS prove nothing.')
    }
    if (url.search !== '' || url.hash !== '')
      return new Invalid('must contain issuers without a query or fragment.')
    if (/\{|%7b/i.test(issuer)) {
      return new Invalid('must contain the issuer of one tenant, without a placeholder.')
    }
    list.push({ issuer, clientId })
  }
  return list.length > 0 ? list : new Invalid('must contain ISSUER=CLIENT_ID entries.')
}

export const botId: Parser<string> = (text) =>
  /^\d{1,20}$/.test(text)
    ? text
    : new Invalid('must be the bot’s number, the part of its token before the colon.')

/** A mark that stays visible after a name. */
export const guestMark: Parser<string> = (text) => {
  const mark = cleanName(text)
  return mark !== '' && [...text].length <= 20 && !mark.includes('@')
    ? mark
    : new Invalid('must be 1 to 20 visible characters.')
}

/** Names separated by commas; a name may have spaces. */
export const nameList: Parser<string[]> = (text) =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean)

/** A name of a header or cookie: a token of RFC 9110, section 5.6.2. */
export const fieldName =
  (kind: 'header' | 'cookie'): Parser<string> =>
  (text) =>
    /^[\w!#$%&'*+.^`|~-]+$/.test(text) ? text : new Invalid(`must be the name of a ${kind}.`)
