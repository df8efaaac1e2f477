import type { SettingReader } from '../setting-reader.js'
import { DEFAULT_RESERVED_NAMES } from './guest.js'
import type { SiteKey } from './jwt.js'
import type { OidcIssuer } from './oidc.js'
import type { SourceKind } from './source-kinds.js'
import type { InitDataBot } from './telegram.js'

/** One identity source, as configured. */
export type SourceConfig =
  | { kind: 'forward'; url: string; idField: string; nameField: string }
  | {
      kind: 'jwt'
      key: SiteKey
      cookie: string | undefined
      issuer: string | undefined
      audience: string | undefined
      /** Seconds that `exp` may be ahead. */
      maxAge: number
      idField: string
      nameField: string
    }
  | { kind: 'header'; idHeader: string; nameHeader: string }
  | { kind: 'oidc'; issuers: readonly OidcIssuer[]; maxAge: number }
  | { kind: 'hmac'; secret: string; maxAge: number }
  | { kind: 'telegram'; bots: readonly InitDataBot[] }
  | { kind: 'link'; secret: string; dir: string }
  | {
      kind: 'guest'
      secret: string
      names: 'number' | 'ask'
      mark: string | undefined
      reserved: readonly string[]
    }

/** The sources in the order in which they are asked; more than one is a chain. */
export type IdentityConfig = readonly SourceConfig[]

/** The source of one kind, if the configuration names it. */
export const sourceOfKind = <K extends SourceKind>(
  identity: IdentityConfig,
  kind: K,
): Extract<SourceConfig, { kind: K }> | undefined =>
  identity.find((source): source is Extract<SourceConfig, { kind: K }> => source.kind === kind)

/** Reads `CHAT_IDENTITY` and the settings of the sources it names. Problems are reported at the reader. */
export function readIdentity(
  reader: SettingReader,
  trustedProxies: readonly string[],
): IdentityConfig | undefined {
  const kinds = reader.required('CHAT_IDENTITY')
  if (kinds === undefined) return undefined
  const sources = kinds.map((kind) => SOURCES[kind](reader, trustedProxies))
  return sources.every((source) => source !== undefined) ? sources : undefined
}

type ReadSource = (reader: SettingReader, trustedProxies: readonly string[]) => SourceConfig | undefined

const because = (kind: SourceKind) => ` although CHAT_IDENTITY has ${kind}`

const SOURCES: Readonly<Record<SourceKind, ReadSource>> = {
  forward(reader) {
    const url = reader.required('CHAT_IDENTITY_URL', because('forward'))
    const idField = reader.value('CHAT_IDENTITY_ID_FIELD') ?? 'id'
    const nameField = reader.value('CHAT_IDENTITY_NAME_FIELD') ?? 'name'
    return url === undefined ? undefined : { kind: 'forward', url, idField, nameField }
  },
  jwt(reader) {
    const key = readSiteKey(reader)
    const idField = reader.value('CHAT_IDENTITY_ID_FIELD') ?? 'sub'
    const nameField = reader.value('CHAT_IDENTITY_NAME_FIELD') ?? 'name'
    const cookie = reader.value('CHAT_IDENTITY_COOKIE')
    const issuer = reader.value('CHAT_IDENTITY_ISSUER')
    // a shared secret is for the chat alone; a public key also verifies tokens for other services
    const audience =
      key && !('secret' in key)
        ? reader.required('CHAT_IDENTITY_AUDIENCE', ' although a public key verifies the identity token')
        : reader.value('CHAT_IDENTITY_AUDIENCE')
    const maxAge = reader.value('CHAT_IDENTITY_MAX_AGE')
    return key && { kind: 'jwt', key, cookie, issuer, audience, maxAge, idField, nameField }
  },
  header(reader, trustedProxies) {
    const idHeader = reader.required('CHAT_IDENTITY_ID_HEADER', because('header'))
    const nameHeader = reader.required('CHAT_IDENTITY_NAME_HEADER', because('header'))
    if (trustedProxies.length === 0) reader.required('CHAT_TRUSTED_PROXIES', because('header'))
    return idHeader && nameHeader ? { kind: 'header', idHeader, nameHeader } : undefined
  },
  oidc(reader) {
    const issuers = reader.required('CHAT_IDENTITY_OIDC', because('oidc'))
    return issuers && { kind: 'oidc', issuers, maxAge: reader.value('CHAT_IDENTITY_MAX_AGE') }
  },
  hmac(reader) {
    const secret = reader.required('CHAT_IDENTITY_SECRET', because('hmac'))
    return secret === undefined
      ? undefined
      : { kind: 'hmac', secret, maxAge: reader.value('CHAT_IDENTITY_MAX_AGE') }
  },
  telegram(reader) {
    const token = reader.value('CHAT_TELEGRAM_BOT_TOKEN')
    const botId = reader.value('CHAT_TELEGRAM_BOT_ID')
    const maxToken = reader.value('CHAT_MAX_BOT_TOKEN')
    if (token !== undefined && botId !== undefined) {
      reader.problem(
        'CHAT_TELEGRAM_BOT_TOKEN',
        'and CHAT_TELEGRAM_BOT_ID are both set.',
        'Keep CHAT_TELEGRAM_BOT_ID: then this server needs no bot token.',
      )
    }
    const bots: InitDataBot[] = []
    if (token !== undefined) bots.push({ platform: 'telegram', token })
    if (botId !== undefined) bots.push({ platform: 'telegram', botId })
    if (maxToken !== undefined) bots.push({ platform: 'max', token: maxToken })
    const given = ['CHAT_TELEGRAM_BOT_TOKEN', 'CHAT_TELEGRAM_BOT_ID', 'CHAT_MAX_BOT_TOKEN'] as const
    if (bots.length === 0 && !given.some((name) => reader.isGiven(name))) {
      reader.problem(
        'CHAT_TELEGRAM_BOT_ID',
        'is missing although CHAT_IDENTITY has telegram.',
        'Set it, or CHAT_TELEGRAM_BOT_TOKEN, or CHAT_MAX_BOT_TOKEN.',
      )
    }
    return bots.length > 0 ? { kind: 'telegram', bots } : undefined
  },
  link(reader) {
    const secret = readOwnSecret(reader, 'CHAT_LINK_SECRET', 'link')
    return secret === undefined ? undefined : { kind: 'link', secret, dir: reader.value('CHAT_LINK_DIR') }
  },
  guest(reader) {
    const secret = readOwnSecret(reader, 'CHAT_GUEST_SECRET', 'guest')
    const names = reader.value('CHAT_GUEST_NAMES')
    const mark = reader.value('CHAT_GUEST_MARK')
    const reserved = [...DEFAULT_RESERVED_NAMES, ...(reader.value('CHAT_GUEST_RESERVED') ?? [])]
    return secret === undefined ? undefined : { kind: 'guest', secret, names, mark, reserved }
  },
}

/** A source's own secret; `CHAT_IDENTITY_SECRET` serves too, since each kind of token is signed under its own prefix. */
function readOwnSecret(
  reader: SettingReader,
  name: 'CHAT_LINK_SECRET' | 'CHAT_GUEST_SECRET',
  kind: SourceKind,
): string | undefined {
  if (reader.isGiven(name)) return reader.value(name)
  return reader.required('CHAT_IDENTITY_SECRET', because(kind))
}

function readSiteKey(reader: SettingReader): SiteKey | undefined {
  const names = ['CHAT_IDENTITY_JWKS_URL', 'CHAT_IDENTITY_PUBLIC_KEY'] as const
  const [first, second] = names.filter((name) => reader.isGiven(name))
  if (second !== undefined) {
    reader.problem(second, `and ${first} are both set.`, 'Keep one: identity tokens are verified in one way.')
    return undefined
  }
  const kinds = reader.value('CHAT_IDENTITY') ?? []
  // another source of the chain may use the secret
  const isSecretShared = kinds.some((kind) => ['hmac', 'guest', 'link'].includes(kind))
  if (first !== undefined && reader.isGiven('CHAT_IDENTITY_SECRET') && !isSecretShared) {
    reader.problem(
      'CHAT_IDENTITY_SECRET',
      `and ${first} are both set.`,
      'Keep one: identity tokens are verified in one way.',
    )
    return undefined
  }
  if (first === undefined && !reader.isGiven('CHAT_IDENTITY_SECRET')) {
    reader.problem(
      'CHAT_IDENTITY_JWKS_URL',
      'is missing although CHAT_IDENTITY has jwt.',
      'Set it, or CHAT_IDENTITY_PUBLIC_KEY, or CHAT_IDENTITY_SECRET.',
    )
    return undefined
  }
  const jwksUrl = reader.value('CHAT_IDENTITY_JWKS_URL')
  const publicKey = reader.value('CHAT_IDENTITY_PUBLIC_KEY')
  if (jwksUrl !== undefined) return { jwksUrl }
  if (publicKey !== undefined) return { publicKey }
  const secret = first === undefined ? reader.value('CHAT_IDENTITY_SECRET') : undefined
  return secret === undefined ? undefined : { secret }
}
