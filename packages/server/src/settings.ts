import * as parse from './setting-parsers.js'
import type { Invalid, Parser } from './setting-parsers.js'

/** Headings of the table, in the order in which `serve --help` and docs/settings.md show them. */
export const SETTING_GROUPS = [
  'Where it listens',
  'Pages and streams',
  'Tokens and keys',
  'Who the visitor is',
  'Limits',
  'Log and audit',
  'Kinescope',
] as const

/** One environment variable: everything that the parser, `--help` and docs/settings.md need. */
interface Row {
  group: (typeof SETTING_GROUPS)[number]
  /** The placeholder of its value in the help: its kind or its unit. */
  value: string
  parse: Parser<unknown>
  /** The white space allowed inside its value: none, between list entries, or as part of a PEM or JWK. */
  text?: 'list' | 'block'
  /** As written in the environment. */
  default?: string
  /** Never printed. Also read from the file that `NAME_FILE` names; its flag takes that file, since others can see flags. */
  secret?: boolean
  /** Markdown. */
  meaning: string
  example: string
}

const TABLE = {
  PORT: {
    group: 'Where it listens',
    value: 'PORT',
    parse: parse.integer(0, 65_535),
    default: '8080',
    meaning: 'Port to listen on. 0 takes any free port.',
    example: '8080',
  },
  HOST: {
    group: 'Where it listens',
    value: 'ADDRESS',
    parse: parse.host,
    default: '127.0.0.1',
    meaning: 'Address to listen on. Use `0.0.0.0` in a container behind a proxy.',
    example: '127.0.0.1',
  },
  CHAT_BASE_PATH: {
    group: 'Where it listens',
    value: 'PATH',
    parse: parse.basePath,
    default: '/',
    meaning:
      'Path prefix of all routes. `/chat` puts the server behind the site’s own proxy (recommended: no CORS, no third-party cookie).',
    example: '/chat',
  },
  CHAT_PUBLIC_URL: {
    group: 'Where it listens',
    value: 'URL',
    parse: parse.publicUrl,
    meaning:
      'The server’s own URL as pages see it, base path included. With it, the server takes its own origin and its links from here, not from `Host` or `X-Forwarded-…`.',
    example: 'https://www.example.com/chat',
  },
  CHAT_TRUSTED_PROXIES: {
    group: 'Where it listens',
    value: 'ADDRESSES',
    parse: parse.proxies,
    text: 'list',
    meaning: 'Addresses or CIDR ranges of the proxies whose `X-Forwarded-…` headers are trusted.',
    example: '127.0.0.1,10.0.0.0/8',
  },
  CHAT_ADMIN_PORT: {
    group: 'Where it listens',
    value: 'PORT',
    parse: parse.integer(0, 65_535),
    meaning: 'Separate port for `/metrics` and the complete `/readyz`. The public port never has `/metrics`.',
    example: '9464',
  },
  CHAT_ADMIN_HOST: {
    group: 'Where it listens',
    value: 'ADDRESS',
    parse: parse.host,
    default: '127.0.0.1',
    meaning: 'Address of the admin port. Use `0.0.0.0` in a pod whose network policy keeps visitors out.',
    example: '127.0.0.1',
  },
  CHAT_SHUTDOWN_DELAY: {
    group: 'Where it listens',
    value: 'SECONDS',
    parse: parse.integer(0, 300),
    default: '0',
    meaning:
      'Time between SIGTERM and the shutdown, in which `/readyz` fails and requests still get a response. A load balancer needs it to stop sending requests: 0 to 300 s.',
    example: '10',
  },
  CHAT_ALLOWED_ORIGINS: {
    group: 'Pages and streams',
    value: 'ORIGINS',
    parse: parse.origins,
    text: 'list',
    meaning:
      'Exact origins of the pages on other hosts, separated by commas; of apps too, such as `capacitor://localhost`. Pages of the server’s own origin need no entry. The same origins may frame `/embed`. At most one entry may be a pattern for preview deployments, such as `https://my-app-*.example.app`; its pages may not frame `/embed`.',
    example: 'https://www.example.com,https://shop.example.com',
  },
  CHAT_EVENTS: {
    group: 'Pages and streams',
    value: 'IDS',
    parse: parse.events,
    text: 'list',
    meaning:
      'Streams that visitors may get tokens for, separated by commas; `*` for any. `PAGE_ID=CLAIM_ID` puts another id into the token. `PAGE_ID=CLAIM_ID=CHAT_ID` also puts another id into the chat’s URL.',
    example: '0csUJYzAHfe3PcyMEVScmQ',
  },
  CHAT_TOKEN_TTL: {
    group: 'Tokens and keys',
    value: 'SECONDS',
    parse: parse.integer(60, 86_400),
    default: '3600',
    meaning: 'Lifetime of a token: 60 to 86400 s.',
    example: '3600',
  },
  CHAT_TOKEN_NBF: {
    group: 'Tokens and keys',
    value: 'on|off',
    parse: parse.onOrOff,
    default: 'off',
    meaning: '`on` adds an `nbf` claim, back-dated by 30 s.',
    example: 'off',
  },
  CHAT_KEY_DIR: {
    group: 'Tokens and keys',
    value: 'DIRECTORY',
    parse: parse.anyText,
    default: './keys',
    meaning: 'Directory of the key ring that `kinescope-chat-server keys` manages.',
    example: './keys',
  },
  CHAT_KEY_SECRET: {
    group: 'Tokens and keys',
    value: 'NAMESPACE/NAME',
    parse: parse.secretName,
    meaning:
      'Kubernetes Secret with the key ring, instead of a directory. The server uses the cluster’s API with the pod’s own account. Needs the package `@kubernetes/client-node`.',
    example: 'default/chat-keys',
  },
  CHAT_PRIVATE_KEY: {
    group: 'Tokens and keys',
    value: 'KEY',
    parse: parse.anyText,
    text: 'block',
    secret: true,
    meaning:
      'The private key itself, instead of a key ring: a PEM, base64 of a PEM, or a JWK. A PEM may be PKCS#8 or PKCS#1, encrypted, on one line, or with escaped newlines. RSA, 2048 bits or more.',
    example: '"-----BEGIN PRIVATE KEY-----\\nMIIE…\\n-----END PRIVATE KEY-----"',
  },
  CHAT_KEY_ID: {
    group: 'Tokens and keys',
    value: 'KID',
    parse: parse.anyText,
    meaning: 'The `kid` that `CHAT_PRIVATE_KEY` is registered under at Kinescope.',
    example: '20261125-R4f1JA_2CQSm9GZg',
  },
  CHAT_KEY_PASSPHRASE: {
    group: 'Tokens and keys',
    value: 'PASSPHRASE',
    parse: parse.anyText,
    secret: true,
    meaning: 'Passphrase of encrypted private keys.',
    example: 'the passphrase of the key',
  },
  CHAT_IDENTITY: {
    group: 'Who the visitor is',
    value: 'SOURCES',
    parse: parse.identitySources,
    text: 'list',
    meaning:
      'How the server learns who the visitor is: one source, or a chain where the first source that knows the visitor counts. `oidc`: ID tokens of an OpenID provider. `jwt`: an identity token that the site signed. `hmac`: a plain HMAC. `link`: personal links. `telegram`: mini apps. `header`: headers of a proxy. `forward`: the site’s identity endpoint. `guest`: everyone else.',
    example: 'forward,guest',
  },
  CHAT_IDENTITY_URL: {
    group: 'Who the visitor is',
    value: 'URL',
    parse: parse.httpUrl,
    meaning: '`forward`: the site’s identity endpoint. It gets the visitor’s cookie and returns id and name.',
    example: 'https://www.example.com/me',
  },
  CHAT_IDENTITY_ID_FIELD: {
    group: 'Who the visitor is',
    value: 'FIELD',
    parse: parse.anyText,
    meaning: '`forward`, `jwt`: dotted path of the visitor’s id. Default `id`; for `jwt` `sub`.',
    example: 'data.user.id',
  },
  CHAT_IDENTITY_NAME_FIELD: {
    group: 'Who the visitor is',
    value: 'FIELD',
    parse: parse.anyText,
    meaning: '`forward`, `jwt`: dotted path of the name. Default `name`.',
    example: 'data.user.name',
  },
  CHAT_IDENTITY_COOKIE: {
    group: 'Who the visitor is',
    value: 'NAME',
    parse: parse.fieldName('cookie'),
    meaning: '`jwt`: cookie with the identity token. Without it, only `Authorization: Bearer` is read.',
    example: 'session',
  },
  CHAT_IDENTITY_JWKS_URL: {
    group: 'Who the visitor is',
    value: 'URL',
    parse: parse.httpUrl,
    meaning: '`jwt`: URL of the site’s JWK Set.',
    example: 'https://www.example.com/.well-known/jwks.json',
  },
  CHAT_IDENTITY_PUBLIC_KEY: {
    group: 'Who the visitor is',
    value: 'KEY',
    parse: parse.publicKey,
    text: 'block',
    meaning: '`jwt`: the site’s public key, PEM or JWK.',
    example: '"-----BEGIN PUBLIC KEY-----\\nMIIB…\\n-----END PUBLIC KEY-----"',
  },
  CHAT_IDENTITY_SECRET: {
    group: 'Who the visitor is',
    value: 'SECRET',
    parse: parse.strongSecret,
    secret: true,
    meaning:
      '`jwt`, `hmac`: secret shared with the site. `guest`, `link`: signs if they have no secret of their own. 32 bytes or more.',
    example: '$(openssl rand -base64 32)',
  },
  CHAT_IDENTITY_ISSUER: {
    group: 'Who the visitor is',
    value: 'TEXT',
    parse: parse.anyText,
    meaning: '`jwt`: required `iss` of the identity token.',
    example: 'https://www.example.com',
  },
  CHAT_IDENTITY_AUDIENCE: {
    group: 'Who the visitor is',
    value: 'TEXT',
    parse: parse.anyText,
    meaning:
      '`jwt`: required `aud` of the identity token. Default `kinescope-chat`. Required with a JWK Set or a public key, which also sign for other services.',
    example: 'kinescope-chat',
  },
  CHAT_IDENTITY_MAX_AGE: {
    group: 'Who the visitor is',
    value: 'SECONDS',
    parse: parse.integer(60, 31_536_000),
    default: '86400',
    meaning: '`jwt`, `oidc`, `hmac`: how far ahead `exp` of the identity token may be: 60 to 31536000 s.',
    example: '86400',
  },
  CHAT_IDENTITY_ID_HEADER: {
    group: 'Who the visitor is',
    value: 'NAME',
    parse: parse.fieldName('header'),
    meaning: '`header`: header of a trusted proxy with the visitor’s id.',
    example: 'X-Forwarded-User',
  },
  CHAT_IDENTITY_NAME_HEADER: {
    group: 'Who the visitor is',
    value: 'NAME',
    parse: parse.fieldName('header'),
    meaning: '`header`: header of a trusted proxy with the name.',
    example: 'X-Forwarded-Preferred-Username',
  },
  CHAT_IDENTITY_OIDC: {
    group: 'Who the visitor is',
    value: 'ISSUER=CLIENT_ID,…',
    parse: parse.oidcIssuers,
    text: 'list',
    meaning:
      '`oidc`: OpenID providers, each with the client whose ID tokens count. The issuer is written exactly as the `iss` claim.',
    example: 'https://accounts.google.com=1234567890-abc.apps.googleusercontent.com',
  },
  CHAT_TELEGRAM_BOT_ID: {
    group: 'Who the visitor is',
    value: 'NUMBER',
    parse: parse.botId,
    meaning:
      '`telegram`: the bot whose mini app signs visitors in, verified by Telegram’s public key. This server then needs no bot token.',
    example: '7342037359',
  },
  CHAT_TELEGRAM_BOT_TOKEN: {
    group: 'Who the visitor is',
    value: 'TOKEN',
    parse: parse.anyText,
    secret: true,
    meaning: '`telegram`: the bot’s token, instead of its id.',
    example: '7342037359:AA…',
  },
  CHAT_MAX_BOT_TOKEN: {
    group: 'Who the visitor is',
    value: 'TOKEN',
    parse: parse.anyText,
    secret: true,
    meaning: '`telegram`: token of the MAX bot whose mini app signs visitors in.',
    example: 'the token of the bot',
  },
  CHAT_LINK_SECRET: {
    group: 'Who the visitor is',
    value: 'SECRET',
    parse: parse.strongSecret,
    secret: true,
    meaning:
      '`link`: signs personal links. Default `CHAT_IDENTITY_SECRET`. 32 bytes or more; a change invalidates all links.',
    example: '$(openssl rand -base64 32)',
  },
  CHAT_LINK_DIR: {
    group: 'Who the visitor is',
    value: 'DIRECTORY',
    parse: parse.anyText,
    default: './links',
    meaning:
      '`link`: directory with the revoked links and the browsers that use limited ones. Replicas must share it.',
    example: './links',
  },
  CHAT_GUEST_NAMES: {
    group: 'Who the visitor is',
    value: 'ask|number',
    parse: parse.oneOf('ask', 'number'),
    default: 'number',
    meaning: '`guest`: `number` gives each browser a number, `ask` lets guests choose a name.',
    example: 'ask',
  },
  CHAT_GUEST_MARK: {
    group: 'Who the visitor is',
    value: 'TEXT',
    parse: parse.guestMark,
    meaning:
      '`guest`: text after each name that a guest chose, at most 20 characters. Default `· guest`, or `· гость` for browsers in Russian.',
    example: '(guest)',
  },
  CHAT_GUEST_RESERVED: {
    group: 'Who the visitor is',
    value: 'NAMES',
    parse: parse.nameList,
    meaning:
      '`guest`: names that no guest may choose, in any spelling, separated by commas. `admin`, `moderator`, `support` and similar names are always reserved.',
    example: 'Anna Ivanova,School 42',
  },
  CHAT_GUEST_SECRET: {
    group: 'Who the visitor is',
    value: 'SECRET',
    parse: parse.strongSecret,
    secret: true,
    meaning: '`guest`: signs the guests’ cookies. Default `CHAT_IDENTITY_SECRET`. 32 bytes or more.',
    example: '$(openssl rand -base64 32)',
  },
  CHAT_USER_ID_SECRET: {
    group: 'Who the visitor is',
    value: 'SECRET',
    parse: parse.strongSecret,
    secret: true,
    meaning:
      'Makes `user_id` an HMAC of the site’s id, so no email address or internal number leaves. 32 bytes or more. After a change, everyone is a new person in the chat.',
    example: '$(openssl rand -base64 32)',
  },
  CHAT_RATE_LIMIT: {
    group: 'Limits',
    value: 'VISITOR,ADDRESS',
    parse: parse.rateLimit,
    text: 'list',
    default: '20,3000',
    meaning:
      'Tokens a minute: for one visitor, for one address (a school may share one). `off` for no limit.',
    example: '20,3000',
  },
  CHAT_REDIS_URL: {
    group: 'Limits',
    value: 'URL',
    parse: parse.redisUrl,
    secret: true,
    meaning:
      'Redis with the shared limits of several replicas. Without it, or while it is down, each replica counts alone. Needs the package `ioredis`.',
    example: 'redis://127.0.0.1:6379',
  },
  CHAT_LOG_LEVEL: {
    group: 'Log and audit',
    value: 'LEVEL',
    parse: parse.oneOf('debug', 'info', 'warn', 'error', 'silent'),
    default: 'info',
    meaning: '`debug`, `info`, `warn`, `error` or `silent`.',
    example: 'info',
  },
  CHAT_ACCESS_LOG: {
    group: 'Log and audit',
    value: 'on|off',
    parse: parse.onOrOff,
    default: 'off',
    meaning:
      '`on` writes one log line for each request: method, route, path, status, duration. The path ends before the query, and before anything that may be a token.',
    example: 'off',
  },
  CHAT_REHEARSAL: {
    group: 'Limits',
    value: 'SECRET',
    parse: parse.strongSecret,
    secret: true,
    meaning:
      'Lets `kinescope-chat-server rehearse`, run with the same secret, get tokens for a stream that doesn’t exist. 32 bytes or more. Remove it after the rehearsal.',
    example: '$(openssl rand -base64 32)',
  },
  CHAT_AUDIT: {
    group: 'Log and audit',
    value: 'FILE',
    parse: parse.anyText,
    meaning:
      'File that gets one JSON line a token (time, key, stream, `user_id`, network), for `kinescope-chat-server audit`. `-` for standard output.',
    example: '/var/log/kinescope-chat/audit.jsonl',
  },
  KINESCOPE_API_TOKEN: {
    group: 'Kinescope',
    value: 'UUID',
    parse: parse.apiToken,
    secret: true,
    meaning:
      'Kinescope’s API token, a UUID. `serve` needs none. With one, it checks that its key is registered and its streams exist.',
    example: '00000000-0000-0000-0000-000000000000',
  },
  KINESCOPE_API_URL: {
    group: 'Kinescope',
    value: 'URL',
    parse: parse.apiUrl,
    default: 'https://api.kinescope.io',
    meaning: 'Base URL of Kinescope’s API.',
    example: 'https://api.kinescope.io',
  },
  KINESCOPE_CHAT_ORIGIN: {
    group: 'Kinescope',
    value: 'ORIGIN',
    parse: parse.originOnly,
    default: 'https://kinescope.io',
    meaning: 'Origin of Kinescope’s chat pages.',
    example: 'https://kinescope.io',
  },
} as const satisfies Readonly<Record<string, Row>>

export type SettingName = keyof typeof TABLE

/** The type that a setting's parser returns; undefined where it may be missing. */
export type SettingValue<N extends SettingName> =
  | Exclude<ReturnType<(typeof TABLE)[N]['parse']>, Invalid>
  | ((typeof TABLE)[N] extends { default: string } ? never : undefined)

export interface Setting extends Row {
  name: string
  /** Its flag without dashes: `token-ttl` for `CHAT_TOKEN_TTL`. A secret's flag names its file. */
  flag: string
}

const flagOf = (name: string, secret = false): string =>
  `${name.replace(/^CHAT_/, '')}${secret ? '_FILE' : ''}`.toLowerCase().replaceAll('_', '-')

/** Every setting, for the parser, `serve --help` and docs/settings.md. */
export const SETTINGS: readonly Setting[] = Object.entries<Row>(TABLE).map(([name, row]) => ({
  name,
  flag: flagOf(name, row.secret),
  ...row,
}))
