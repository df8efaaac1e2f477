import type { LevelWithSilent } from 'pino'
import { isOrigin } from './endpoint/origin-policy.js'
import type { AllowedEvent, AllowedEvents } from './endpoint/event-list.js'
import { readIdentity, type IdentityConfig } from './identity/identity-config.js'
import { MIN_SECRET_BYTES } from './identity/site-jwt.js'
import { addressesIn } from './identity/proxy-header.js'
import type { KeyPlace } from './keys/key-store.js'
import { SettingReader, type Environment } from './setting.js'
import { SETTINGS } from './settings.js'

export type KeyConfig = KeyPlace | { privateKey: string; kid: string }

export interface ApiConfig {
  apiUrl: string
  apiToken: string | undefined
  chatOrigin: string
}

/** What `kinescope-chat keys` needs to know. */
export interface KeyRingConfig {
  place: KeyPlace
  passphrase: string | undefined
  /** Seconds. */
  tokenTtl: number
}

/** Requests a minute. */
export interface RateLimitConfig {
  visitor: number
  address: number
}

export interface ServeConfig extends ApiConfig {
  port: number
  host: string
  /** Empty, or a path such as `/chat`. */
  basePath: string
  allowedOrigins: string[]
  events: AllowedEvents
  tokenTtl: number
  notBefore: boolean
  key: KeyConfig
  passphrase: string | undefined
  identity: IdentityConfig
  userIdSecret: string | undefined
  rateLimit: RateLimitConfig | null
  redisUrl: string | undefined
  trustedProxies: string[]
  logLevel: LevelWithSilent
}

/** Reads what `serve` needs; flags go before the environment. @throws ConfigProblem naming every wrong setting */
export function readServeConfig(env: Environment = process.env, flags: Environment = {}): ServeConfig {
  const reader = new SettingReader(SETTINGS, env, flags)
  reader.refuseUnknown('CHAT_')
  const trustedProxies = readTrustedProxies(reader)
  const config = {
    port: reader.number('PORT', 0, 65_535)!,
    host: reader.text('HOST')!,
    basePath: readBasePath(reader)!,
    allowedOrigins: readOrigins(reader),
    events: readEvents(reader)!,
    tokenTtl: reader.number('CHAT_TOKEN_TTL', 60, 86_400)!,
    notBefore: reader.parsed('CHAT_TOKEN_NBF', 'must be on or off.', (text) =>
      ['on', 'off'].includes(text) ? text === 'on' : undefined,
    )!,
    key: readKey(reader, env, flags)!,
    passphrase: reader.text('CHAT_KEY_PASSPHRASE'),
    identity: readIdentity(reader, trustedProxies)!,
    userIdSecret: readSecret(reader, 'CHAT_USER_ID_SECRET'),
    rateLimit: readRateLimit(reader)!,
    redisUrl: reader.parsed('CHAT_REDIS_URL', 'must be a redis:// or rediss:// address.', (text) =>
      /^rediss?:\/\/\S+$/.test(text) && URL.canParse(text) ? text : undefined,
    ),
    trustedProxies,
    logLevel: reader.parsed('CHAT_LOG_LEVEL', 'must be debug, info, warn, error or silent.', (text) =>
      ['debug', 'info', 'warn', 'error', 'silent'].includes(text) ? (text as LevelWithSilent) : undefined,
    )!,
    ...readApi(reader),
  }
  reader.finish()
  return config
}

/** Reads how to reach Kinescope. @throws ConfigProblem */
export function readApiConfig(env: Environment = process.env, flags: Environment = {}): ApiConfig {
  const reader = new SettingReader(SETTINGS, env, flags)
  const config = readApi(reader)
  reader.finish()
  return config
}

/** Reads where the key ring lies. @throws ConfigProblem */
export function readKeyConfig(env: Environment = process.env, flags: Environment = {}): KeyRingConfig {
  const reader = new SettingReader(SETTINGS, env, flags)
  const config = {
    place: readPlace(reader, env, flags),
    passphrase: reader.text('CHAT_KEY_PASSPHRASE'),
    tokenTtl: reader.number('CHAT_TOKEN_TTL', 60, 86_400)!,
  }
  reader.finish()
  return config
}

/** Reads which key the server signs with: the ring's directory or `CHAT_PRIVATE_KEY`. @throws ConfigProblem */
export function readKeyPlace(env: Environment = process.env, flags: Environment = {}): KeyConfig {
  const reader = new SettingReader(SETTINGS, env, flags)
  const key = readKey(reader, env, flags)
  reader.finish()
  return key!
}

/** What the operator should think about although the server starts. */
export function configWarnings({ events, rateLimit, identity, trustedProxies }: ServeConfig): string[] {
  return [
    events === '*'
      ? 'CHAT_EVENTS is *: every visitor may ask for a token of any stream of the workspace'
      : null,
    rateLimit === null ? 'CHAT_RATE_LIMIT is off' : null,
    identity.kind === 'guest' ? 'CHAT_IDENTITY is guest: anyone may write, under a number' : null,
    trustedProxies.length === 0
      ? null
      : 'CHAT_TRUSTED_PROXIES is set: make sure that nobody else can reach this server from those addresses',
  ].filter((warning) => warning !== null)
}

function readBasePath(reader: SettingReader): string | undefined {
  return reader.parsed('CHAT_BASE_PATH', 'must be a path that begins with a slash.', (text) => {
    const path = text.replace(/\/+$/, '')
    return path === '' || /^(\/[\w.~-]+)+$/.test(path) ? path : undefined
  })
}

function readOrigins(reader: SettingReader): string[] {
  const origins = reader.list('CHAT_ALLOWED_ORIGINS')
  for (const origin of origins) {
    if (isOrigin(origin)) continue
    const meant = URL.canParse(origin) ? new URL(origin).origin : null
    const instead =
      meant && meant !== 'null'
        ? `Write ${meant}`
        : 'Name each origin in full, such as https://www.example.com'
    const wrong = origin.includes('*')
      ? 'must not hold *: with credentials every site on the web could act for your visitors.'
      : 'must hold exact origins: scheme, host, port if unusual, and nothing after it.'
    reader.problem('CHAT_ALLOWED_ORIGINS', wrong, instead)
  }
  return origins
}

function readEvents(reader: SettingReader): AllowedEvents | undefined {
  if (reader.required('CHAT_EVENTS') === undefined) return undefined
  const entries = reader.list('CHAT_EVENTS')
  if (entries.length === 1 && entries[0] === '*') return '*'
  return entries.flatMap((entry): AllowedEvent[] => {
    const [id = '', claimId, chatId, ...rest] = entry.split('=')
    const ids = [id, claimId ?? id, chatId ?? id]
    if (rest.length > 0 || ids.some((part) => part === '' || part.includes('*') || part.includes('/'))) {
      const instead =
        'Write the ids of the streams, such as 0csUJYzAHfe3PcyMEVScmQ, separated by commas; or * alone'
      reader.problem('CHAT_EVENTS', 'must hold the ids of streams.', instead)
      return []
    }
    return [
      { id, ...(claimId === undefined ? {} : { claimId }), ...(chatId === undefined ? {} : { chatId }) },
    ]
  })
}

function readKey(reader: SettingReader, env: Environment, flags: Environment): KeyConfig | undefined {
  const privateKey = reader.text('CHAT_PRIVATE_KEY')
  const kid = reader.text('CHAT_KEY_ID')
  if (privateKey === undefined) {
    if (kid !== undefined) reader.required('CHAT_PRIVATE_KEY', ' although CHAT_KEY_ID is given')
    return readPlace(reader, env, flags)
  }
  for (const name of ['CHAT_KEY_DIR', 'CHAT_KEY_SECRET'].filter((key) => isGiven(key, env, flags))) {
    reader.problem(name, 'is given beside CHAT_PRIVATE_KEY.', 'Keep one of the two.')
  }
  if (kid === undefined) {
    reader.required('CHAT_KEY_ID', ' although CHAT_PRIVATE_KEY is given')
    return undefined
  }
  return { privateKey, kid }
}

/** Where the key ring is kept: in a directory unless a Secret is named. */
function readPlace(reader: SettingReader, env: Environment, flags: Environment): KeyPlace {
  const wrong = 'must be the namespace and the name of a Secret, such as chat/chat-keys.'
  const secret = reader.parsed('CHAT_KEY_SECRET', wrong, (text) => {
    const [, namespace, name] = /^([a-z\d][a-z\d-]{0,62})\/([a-z\d][a-z\d.-]{0,252})$/.exec(text) ?? []
    return namespace !== undefined && name !== undefined ? { namespace, name } : undefined
  })
  if (!secret) return { dir: reader.text('CHAT_KEY_DIR')! }
  if (isGiven('CHAT_KEY_DIR', env, flags)) {
    reader.problem('CHAT_KEY_DIR', 'is given beside CHAT_KEY_SECRET.', 'Keep one of the two.')
  }
  return { secret }
}

const isGiven = (name: string, env: Environment, flags: Environment) =>
  Boolean(env[name] || flags[name.replace('CHAT_', '').replaceAll('_', '-').toLowerCase()])

function readRateLimit(reader: SettingReader): RateLimitConfig | null | undefined {
  const wrong = 'must be two whole numbers above nought, or off.'
  return reader.parsed<RateLimitConfig | null>('CHAT_RATE_LIMIT', wrong, (text) => {
    if (text === 'off') return null
    const [, visitor = 0, address = 0] = /^\s*(\d+)\s*,\s*(\d+)\s*$/.exec(text)?.map(Number) ?? []
    return visitor > 0 && address > 0 ? { visitor, address } : undefined
  })
}

function readTrustedProxies(reader: SettingReader): string[] {
  const list = reader.list('CHAT_TRUSTED_PROXIES')
  try {
    addressesIn(list)
  } catch {
    reader.problem(
      'CHAT_TRUSTED_PROXIES',
      'must hold addresses or CIDR ranges: a count or "true" would believe what visitors write.',
      'Write, for example, CHAT_TRUSTED_PROXIES=127.0.0.1,10.0.0.0/8',
    )
  }
  return list
}

function readApi(reader: SettingReader): ApiConfig {
  return {
    apiToken: reader.parsed('KINESCOPE_API_TOKEN', 'must be a UUID.', (text) =>
      /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text.trim()) ? text.trim() : undefined,
    ),
    apiUrl: reader.parsed('KINESCOPE_API_URL', 'must be an http(s) address.', (text) => {
      const url = URL.canParse(text) ? new URL(text) : null
      return url && /^https?:$/.test(url.protocol) ? text.replace(/\/+$/, '') : undefined
    })!,
    chatOrigin: reader.parsed(
      'KINESCOPE_CHAT_ORIGIN',
      'must be an origin: scheme and host, nothing after it.',
      (text) => (isOrigin(text) ? text : undefined),
    )!,
  }
}

/** A secret that is long enough to be one. */
function readSecret(reader: SettingReader, name: string): string | undefined {
  return reader.parsed(name, `must have ${MIN_SECRET_BYTES} bytes or more.`, (text) =>
    Buffer.byteLength(text) >= MIN_SECRET_BYTES ? text : undefined,
  )
}
