import type { AllowedEvents } from './endpoint/request.js'
import { readIdentity, type IdentityConfig } from './identity/identity-config.js'
import type { KeyConfig, KeyStoreLocation } from './keys/store/key-store.js'
import { exposureOf } from './secret-file.js'
import type { RateLimitConfig } from './setting-parsers.js'
import { SettingReader, type Environment } from './setting-reader.js'

export interface ApiConfig {
  apiUrl: string
  apiToken: string | undefined
}

/** What `kinescope-chat-server keys` needs to know. */
export interface KeyRingConfig {
  location: KeyStoreLocation
  passphrase: string | undefined
  /** Seconds. */
  tokenTtl: number
}

export interface ServeConfig extends ApiConfig {
  port: number
  host: string
  /** Empty, or a path such as `/chat`. */
  basePath: string
  /** The server's own URL, base path included; undefined: taken from each request. */
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
  rehearsalSecret: string | undefined
  trustedProxies: string[]
  accessLog: boolean
  /** Seconds between SIGTERM and the shutdown. */
  shutdownDelay: number
  logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  chatOrigin: string
}

/** Reads what `serve` needs; flags go before the environment. @throws ConfigProblem naming every wrong setting */
export function readServeConfig(env: Environment = process.env, flags: Environment = {}): ServeConfig {
  return readWith(env, flags, (reader) => {
    reader.rejectUnknown('CHAT_')
    const trustedProxies = reader.value('CHAT_TRUSTED_PROXIES') ?? []
    return {
      port: reader.value('PORT'),
      host: reader.value('HOST'),
      basePath: reader.value('CHAT_BASE_PATH'),
      publicUrl: reader.value('CHAT_PUBLIC_URL'),
      admin: readAdmin(reader),
      audit: reader.value('CHAT_AUDIT'),
      allowedOrigins: reader.value('CHAT_ALLOWED_ORIGINS') ?? [],
      events: reader.required('CHAT_EVENTS')!,
      tokenTtl: reader.value('CHAT_TOKEN_TTL'),
      notBefore: reader.value('CHAT_TOKEN_NBF'),
      key: readKey(reader)!,
      keyFile: readKeyFile(reader),
      passphrase: reader.value('CHAT_KEY_PASSPHRASE'),
      identity: readIdentity(reader, trustedProxies)!,
      userIdSecret: reader.value('CHAT_USER_ID_SECRET'),
      rateLimit: reader.value('CHAT_RATE_LIMIT'),
      redisUrl: reader.value('CHAT_REDIS_URL'),
      rehearsalSecret: reader.value('CHAT_REHEARSAL'),
      trustedProxies,
      accessLog: reader.value('CHAT_ACCESS_LOG'),
      shutdownDelay: reader.value('CHAT_SHUTDOWN_DELAY'),
      logLevel: reader.value('CHAT_LOG_LEVEL'),
      chatOrigin: reader.value('KINESCOPE_CHAT_ORIGIN'),
      ...readApi(reader),
    }
  })
}

/** Reads how to reach Kinescope. @throws ConfigProblem */
export const readApiConfig = (env: Environment = process.env, flags: Environment = {}): ApiConfig =>
  readWith(env, flags, readApi)

/** Reads the origin of Kinescope's chat pages. @throws ConfigProblem */
export const readChatOrigin = (env: Environment = process.env, flags: Environment = {}): string =>
  readWith(env, flags, (reader) => reader.value('KINESCOPE_CHAT_ORIGIN'))

/** Reads which origins the pages have. @throws ConfigProblem */
export const readOriginConfig = (env: Environment = process.env, flags: Environment = {}): string[] =>
  readWith(env, flags, (reader) => reader.value('CHAT_ALLOWED_ORIGINS') ?? [])

/** Reads where the key ring is. @throws ConfigProblem */
export const readKeyRingConfig = (env: Environment = process.env, flags: Environment = {}): KeyRingConfig =>
  readWith(env, flags, (reader) => ({
    location: readStoreLocation(reader),
    passphrase: reader.value('CHAT_KEY_PASSPHRASE'),
    tokenTtl: reader.value('CHAT_TOKEN_TTL'),
  }))

/** Reads what a rehearsal needs. The lifetime of a token is in seconds. @throws ConfigProblem */
export const readRehearsalConfig = (
  env: Environment = process.env,
  flags: Environment = {},
): { secret: string | undefined; tokenTtl: number } =>
  readWith(env, flags, (reader) => ({
    secret: reader.value('CHAT_REHEARSAL'),
    tokenTtl: reader.value('CHAT_TOKEN_TTL'),
  }))

/** What `kinescope-chat-server links` needs to know. */
export interface LinkConfig {
  secret: string
  publicUrl: string | undefined
  events: AllowedEvents | undefined
  /** Empty where `CHAT_IDENTITY` isn't set here. */
  sources: readonly string[]
}

/** Reads what signs personal links and where they lead. @throws ConfigProblem */
export const readLinkConfig = (env: Environment = process.env, flags: Environment = {}): LinkConfig =>
  readWith(env, flags, (reader) => ({
    secret: reader.isGiven('CHAT_LINK_SECRET')
      ? reader.value('CHAT_LINK_SECRET')!
      : reader.required('CHAT_IDENTITY_SECRET', ', and so is CHAT_LINK_SECRET')!,
    publicUrl: reader.value('CHAT_PUBLIC_URL'),
    events: reader.value('CHAT_EVENTS'),
    sources: reader.value('CHAT_IDENTITY') ?? [],
  }))

/** Reads where revoked links are noted. @throws ConfigProblem */
export const readLinkDir = (env: Environment = process.env, flags: Environment = {}): string =>
  readWith(env, flags, (reader) => reader.value('CHAT_LINK_DIR'))

/** Reads which key the server signs with: the ring's or `CHAT_PRIVATE_KEY`. @throws ConfigProblem */
export const readKeyConfig = (env: Environment = process.env, flags: Environment = {}): KeyConfig =>
  readWith(env, flags, readKey)!

function readWith<T>(env: Environment, flags: Environment, read: (reader: SettingReader) => T): T {
  const reader = new SettingReader(env, flags)
  const config = read(reader)
  reader.finish()
  return config
}

/** Reads the one of three settings that gives the key; two at once are a mistake. */
function readKey(reader: SettingReader): KeyConfig | undefined {
  const privateKey = reader.value('CHAT_PRIVATE_KEY')
  const kid = reader.value('CHAT_KEY_ID')
  const [first, second] = (['CHAT_PRIVATE_KEY', 'CHAT_KEY_SECRET', 'CHAT_KEY_DIR'] as const).filter((name) =>
    reader.isGiven(name),
  )
  if (second) reader.problem(second, `and ${first} are both set.`, 'Keep one of the two.')
  if (privateKey === undefined) {
    if (kid !== undefined) reader.required('CHAT_PRIVATE_KEY', ' although CHAT_KEY_ID is set')
    return readStoreLocation(reader)
  }
  if (kid === undefined) {
    reader.required('CHAT_KEY_ID', ' although CHAT_PRIVATE_KEY is set')
    return undefined
  }
  return { privateKey, kid }
}

/** A directory, unless a Secret is named. */
function readStoreLocation(reader: SettingReader): KeyStoreLocation {
  const secret = reader.value('CHAT_KEY_SECRET')
  return secret ? { secret } : { dir: reader.value('CHAT_KEY_DIR') }
}

function readKeyFile(reader: SettingReader): string | undefined {
  const file = reader.file('CHAT_PRIVATE_KEY')
  if (file !== undefined && exposureOf(file) === 'open-and-ours') {
    reader.problem(
      'CHAT_PRIVATE_KEY_FILE',
      'names a private key that every user of this machine can read.',
      `Run: chmod 600 ${JSON.stringify(file)}`,
    )
  }
  return file
}

function readAdmin(reader: SettingReader): ServeConfig['admin'] {
  const port = reader.value('CHAT_ADMIN_PORT')
  const host = reader.value('CHAT_ADMIN_HOST')
  if (port === undefined) return null
  if (port !== 0 && port === reader.value('PORT')) {
    reader.problem('CHAT_ADMIN_PORT', 'is the public port (PORT).', 'Choose another port, such as 9464.')
  }
  return { port, host }
}

const readApi = (reader: SettingReader): ApiConfig => ({
  apiToken: reader.value('KINESCOPE_API_TOKEN'),
  apiUrl: reader.value('KINESCOPE_API_URL'),
})

/** How many threads sign: libuv's pool, four unless set before the process starts. */
export const signingThreads = (env: Environment = process.env): number =>
  Number(env['UV_THREADPOOL_SIZE'] ?? 4)
