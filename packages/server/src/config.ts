import { isIP } from 'node:net'
import type { LevelWithSilent } from 'pino'
import { isOrigin } from './endpoint/origin-policy.js'
import type { AllowedEvents } from './endpoint/event-list.js'
import { readIdentity, type IdentityConfig } from './identity/identity-config.js'
import { addressesIn } from './identity/proxy-header.js'
import type { KeyPlace } from './keys/store/key-store.js'
import { readBasePath, readEvents, readOrigins, readPublicUrl } from './page-config.js'
import { exposureOf } from './secret-file.js'
import { SettingReader, type Environment } from './setting.js'
import { SETTINGS } from './settings.js'

export type KeyConfig = KeyPlace | { privateKey: string; kid: string }

export interface ApiConfig {
  apiUrl: string
  apiToken: string | undefined
  chatOrigin: string
}

/** What `kinescope-chat-server keys` needs to know. */
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
  /** The server's own address, base path included; where it isn't set, requests say. */
  publicUrl: string | undefined
  admin: { port: number; host: string } | null
  /** A file, or `-` for standard output. */
  audit: string | undefined
  allowedOrigins: string[]
  events: AllowedEvents
  tokenTtl: number
  notBefore: boolean
  key: KeyConfig
  /** The file the private key comes from. */
  keyFile: string | undefined
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
    host: readHost(reader, 'HOST')!,
    basePath: readBasePath(reader)!,
    publicUrl: readPublicUrl(reader),
    admin: readAdmin(reader),
    audit: reader.text('CHAT_AUDIT'),
    allowedOrigins: readOrigins(reader),
    events: readEvents(reader)!,
    tokenTtl: reader.number('CHAT_TOKEN_TTL', 60, 86_400)!,
    notBefore: reader.parsed('CHAT_TOKEN_NBF', 'must be on or off.', (text) =>
      ['on', 'off'].includes(text) ? text === 'on' : undefined,
    )!,
    key: readKey(reader)!,
    keyFile: readKeyFile(reader),
    passphrase: reader.text('CHAT_KEY_PASSPHRASE'),
    identity: readIdentity(reader, trustedProxies)!,
    userIdSecret: reader.strong('CHAT_USER_ID_SECRET'),
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
    place: readRingPlace(reader),
    passphrase: reader.text('CHAT_KEY_PASSPHRASE'),
    tokenTtl: reader.number('CHAT_TOKEN_TTL', 60, 86_400)!,
  }
  reader.finish()
  return config
}

/** Reads which key the server signs with: the ring's or `CHAT_PRIVATE_KEY`. @throws ConfigProblem */
export function readKeyPlace(env: Environment = process.env, flags: Environment = {}): KeyConfig {
  const reader = new SettingReader(SETTINGS, env, flags)
  const key = readKey(reader)
  reader.finish()
  return key!
}

/** Which of the three doors to a key is taken; two at once are a mistake. */
function readKey(reader: SettingReader): KeyConfig | undefined {
  const privateKey = reader.text('CHAT_PRIVATE_KEY')
  const kid = reader.text('CHAT_KEY_ID')
  const doors = ['CHAT_PRIVATE_KEY', 'CHAT_KEY_SECRET', 'CHAT_KEY_DIR'].filter((name) =>
    reader.isWritten(name),
  )
  if (doors.length > 1) reader.problem(doors[1]!, `is given beside ${doors[0]}.`, 'Keep one of the two.')
  if (privateKey === undefined) {
    if (kid !== undefined) reader.required('CHAT_PRIVATE_KEY', ' although CHAT_KEY_ID is given')
    return readRingPlace(reader)
  }
  if (kid === undefined) {
    reader.required('CHAT_KEY_ID', ' although CHAT_PRIVATE_KEY is given')
    return undefined
  }
  return { privateKey, kid }
}

/** Where the key ring is kept: in a directory unless a Secret is named. */
function readRingPlace(reader: SettingReader): KeyPlace {
  const secret = reader.parsed('CHAT_KEY_SECRET', 'must be NAMESPACE/NAME of a Secret.', (text) => {
    // RFC 1123, as Kubernetes names things
    const label = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/
    const [namespace = '', name = '', ...rest] = text.split('/')
    return rest.length === 0 && label.test(namespace) && label.test(name) ? { namespace, name } : undefined
  })
  return secret ? { secret } : { dir: reader.text('CHAT_KEY_DIR')! }
}

function readKeyFile(reader: SettingReader): string | undefined {
  const file = reader.file('CHAT_PRIVATE_KEY')
  if (file !== undefined && exposureOf(file) === 'open-and-ours') {
    reader.problem(
      'CHAT_PRIVATE_KEY_FILE',
      'names a private key that everybody on this machine may read.',
      `Run: chmod 600 ${JSON.stringify(file)}`,
    )
  }
  return file
}

function readHost(reader: SettingReader, name: string): string | undefined {
  return reader.parsed(name, 'must be an address or a name of this machine, without a port.', (text) => {
    const bare = text.replace(/^\[(.*)\]$/, '$1')
    return /^[\w.:%-]+$/.test(bare) && (isIP(bare) !== 0 || !bare.includes(':')) ? bare : undefined
  })
}

function readAdmin(reader: SettingReader): ServeConfig['admin'] {
  const port = reader.number('CHAT_ADMIN_PORT', 0, 65_535)
  const host = readHost(reader, 'CHAT_ADMIN_HOST')
  if (port === undefined || host === undefined) return null
  if (port !== 0 && port === reader.number('PORT', 0, 65_535)) {
    reader.problem('CHAT_ADMIN_PORT', 'is the port that visitors come to (PORT).', 'Write another one.')
  }
  return { port, host }
}

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
      /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text) ? text : undefined,
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

/** How many threads sign: libuv's, four unless told otherwise before the process starts. */
export const signingThreads = (env: Environment = process.env): number =>
  Number(env['UV_THREADPOOL_SIZE'] ?? 4)
