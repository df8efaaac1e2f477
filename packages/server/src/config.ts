import type { AllowedEvents } from './endpoint/request.js'
import { readIdentity, type IdentityConfig } from './identity/identity-config.js'
import { storeLocation, type KeyConfig } from './keys/store/key-store.js'
import { exposureOf } from './secret-file.js'
import type { RateLimitConfig } from './setting-parsers.js'
import { readSettings, type Environment, type SettingReader } from './setting-reader.js'

export interface ServeConfig {
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
  apiUrl: string
  apiToken: string | undefined
  chatOrigin: string
}

/** Reads what `serve` needs; flags go before the environment. @throws ConfigProblem naming every wrong setting */
export function readServeConfig(env: Environment = process.env, flags: Environment = {}): ServeConfig {
  return readSettings(env, flags, (reader) => {
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
      key: readKey(reader),
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
      apiUrl: reader.value('KINESCOPE_API_URL'),
      apiToken: reader.value('KINESCOPE_API_TOKEN'),
    }
  })
}

/** Reads which key the server signs with, from one of three settings; two at once are a mistake. */
export function readKey(reader: SettingReader): KeyConfig {
  const privateKey = reader.value('CHAT_PRIVATE_KEY')
  const kid = reader.value('CHAT_KEY_ID')
  const [first, second] = (['CHAT_PRIVATE_KEY', 'CHAT_KEY_SECRET', 'CHAT_KEY_DIR'] as const).filter((name) =>
    reader.isGiven(name),
  )
  if (second) reader.problem(second, `and ${first} are both set.`, 'Keep one of the two.')
  if (privateKey === undefined) {
    if (kid !== undefined) reader.required('CHAT_PRIVATE_KEY', ' although CHAT_KEY_ID is set')
    return storeLocation(reader.value('CHAT_KEY_SECRET'), reader.value('CHAT_KEY_DIR'))
  }
  if (kid === undefined) reader.required('CHAT_KEY_ID', ' although CHAT_PRIVATE_KEY is set')
  return { privateKey, kid: kid! } // `finish` throws where it is missing
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

/** How many threads sign: libuv's pool, four unless set before the process starts. */
export const signingThreads = (env: Environment = process.env): number =>
  Number(env['UV_THREADPOOL_SIZE'] ?? 4)
