import type { Setting } from './setting.js'

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

export type SettingGroup = (typeof SETTING_GROUPS)[number]

type Row = Omit<Setting, 'group'>

const TABLE: Readonly<Record<SettingGroup, readonly Row[]>> = {
  'Where it listens': [
    {
      name: 'PORT',
      value: 'PORT',
      default: '8080',
      meaning: 'Port to listen on; 0 takes any free one.',
      example: '8080',
    },
    {
      name: 'HOST',
      value: 'ADDRESS',
      default: '127.0.0.1',
      meaning: 'Address to listen on. `0.0.0.0` in a container, with a proxy in front.',
      example: '127.0.0.1',
    },
    {
      name: 'CHAT_BASE_PATH',
      value: 'PATH',
      default: '/',
      meaning:
        'Path all routes lie under. `/chat` puts the server behind the site’s own proxy, which needs neither CORS nor a third-party cookie: the recommended way.',
      example: '/chat',
    },
    {
      name: 'CHAT_PUBLIC_URL',
      value: 'URL',
      meaning:
        'The server’s own address as pages see it, base path included. With it, the server’s own origin and every link it writes come from here and not from `Host` or `X-Forwarded-…`.',
      example: 'https://www.example.com/chat',
    },
    {
      name: 'CHAT_TRUSTED_PROXIES',
      value: 'ADDRESSES',
      text: 'list',
      meaning: 'Addresses or CIDR ranges of the proxies whose `X-Forwarded-…` headers are believed.',
      example: '127.0.0.1,10.0.0.0/8',
    },
    {
      name: 'CHAT_ADMIN_PORT',
      value: 'PORT',
      meaning:
        'Port of its own for `/metrics` and the whole `/readyz`. Without it, `/metrics` answers a direct caller on this machine only.',
      example: '9100',
    },
    {
      name: 'CHAT_ADMIN_HOST',
      value: 'ADDRESS',
      default: '127.0.0.1',
      meaning: 'Address of that port. `0.0.0.0` in a pod, closed to visitors by the network’s policy.',
      example: '127.0.0.1',
    },
  ],
  'Pages and streams': [
    {
      name: 'CHAT_ALLOWED_ORIGINS',
      value: 'ORIGINS',
      text: 'list',
      meaning:
        'Exact origins of the pages on other hosts, separated by commas. Pages of the server’s own origin need no entry. Also who may frame `/embed`.',
      example: 'https://www.example.com,https://shop.example.com',
    },
    {
      name: 'CHAT_EVENTS',
      value: 'IDS',
      text: 'list',
      meaning:
        'Streams that tokens are made for, separated by commas; `*` for any. `PAGE_ID=CLAIM_ID` puts another id into the token, `PAGE_ID=CLAIM_ID=CHAT_ID` another one into the chat’s address too.',
      example: '0csUJYzAHfe3PcyMEVScmQ',
    },
  ],
  'Tokens and keys': [
    {
      name: 'CHAT_TOKEN_TTL',
      value: 'SECONDS',
      default: '3600',
      meaning: 'How long a token lives: 60 to 86400 s.',
      example: '3600',
    },
    {
      name: 'CHAT_TOKEN_NBF',
      value: 'on|off',
      default: 'off',
      meaning: '`on` adds an `nbf` claim, 30 s back-dated.',
      example: 'off',
    },
    {
      name: 'CHAT_KEY_DIR',
      value: 'DIRECTORY',
      default: './keys',
      meaning: 'Directory of the key ring that `kinescope-chat-server keys` looks after.',
      example: './keys',
    },
    {
      name: 'CHAT_KEY_SECRET',
      value: 'NAMESPACE/NAME',
      meaning:
        'Kubernetes Secret that holds the key ring, instead of a directory. Read and written through the cluster’s API, with the pod’s own account.',
      example: 'default/chat-keys',
    },
    {
      name: 'CHAT_PRIVATE_KEY',
      value: 'KEY',
      text: 'block',
      secret: true,
      meaning:
        'The private key itself instead of a key ring: PEM (PKCS#8 or PKCS#1, encrypted or not, on one line or with escaped newlines too), base64 of it, or a JWK. RSA, 2048 bits or more.',
      example: '"-----BEGIN PRIVATE KEY-----\\nMIIE…\\n-----END PRIVATE KEY-----"',
    },
    {
      name: 'CHAT_KEY_ID',
      value: 'KID',
      meaning: 'The `kid` that `CHAT_PRIVATE_KEY` is registered under at Kinescope.',
      example: '20261125-R4f1JA_2CQSm9GZg',
    },
    {
      name: 'CHAT_KEY_PASSPHRASE',
      value: 'PASSPHRASE',
      secret: true,
      meaning: 'Opens encrypted private keys.',
      example: 'the passphrase of the key',
    },
  ],
  'Who the visitor is': [
    {
      name: 'CHAT_IDENTITY',
      value: 'forward|jwt|header|guest',
      meaning:
        'Who says who the visitor is: `forward` (the site’s who-is-it address), `jwt` (a statement the site signed), `header` (a proxy), `guest` (nobody: a number for each browser).',
      example: 'forward',
    },
    {
      name: 'CHAT_IDENTITY_URL',
      value: 'URL',
      meaning: '`forward`: address that answers, for the visitor’s own cookie, who they are.',
      example: 'https://www.example.com/me',
    },
    {
      name: 'CHAT_IDENTITY_ID_FIELD',
      value: 'FIELD',
      meaning: '`forward`, `jwt`: dotted path of the visitor’s id. Default `id`; for `jwt` `sub`.',
      example: 'data.user.id',
    },
    {
      name: 'CHAT_IDENTITY_NAME_FIELD',
      value: 'FIELD',
      meaning: '`forward`, `jwt`: dotted path of the name. Default `name`.',
      example: 'data.user.name',
    },
    {
      name: 'CHAT_IDENTITY_COOKIE',
      value: 'NAME',
      meaning: '`jwt`: cookie that holds the statement. Without it only `Authorization: Bearer` does.',
      example: 'session',
    },
    {
      name: 'CHAT_IDENTITY_JWKS_URL',
      value: 'URL',
      meaning: '`jwt`: address of the key set the site signs with.',
      example: 'https://www.example.com/.well-known/jwks.json',
    },
    {
      name: 'CHAT_IDENTITY_PUBLIC_KEY',
      value: 'KEY',
      text: 'block',
      meaning: '`jwt`: the site’s public key, PEM or JWK.',
      example: '"-----BEGIN PUBLIC KEY-----\\nMIIB…\\n-----END PUBLIC KEY-----"',
    },
    {
      name: 'CHAT_IDENTITY_SECRET',
      value: 'SECRET',
      secret: true,
      meaning: '`jwt`: secret shared with the site (HS256). `guest`: signs the cookie. 32 bytes or more.',
      example: '$(openssl rand -base64 32)',
    },
    {
      name: 'CHAT_IDENTITY_ISSUER',
      value: 'TEXT',
      meaning: '`jwt`: `iss` the statement must have.',
      example: 'https://www.example.com',
    },
    {
      name: 'CHAT_IDENTITY_AUDIENCE',
      value: 'TEXT',
      meaning:
        '`jwt`: `aud` the statement must have. Default `kinescope-chat`; with a key set or a public key, which sign for others too, it has to be set.',
      example: 'kinescope-chat',
    },
    {
      name: 'CHAT_IDENTITY_MAX_AGE',
      value: 'SECONDS',
      default: '86400',
      meaning: '`jwt`: how far ahead the end of a statement (`exp`) may lie: 60 to 31536000 s.',
      example: '86400',
    },
    {
      name: 'CHAT_IDENTITY_ID_HEADER',
      value: 'NAME',
      meaning: '`header`: header in which a trusted proxy names the visitor’s id.',
      example: 'X-Forwarded-User',
    },
    {
      name: 'CHAT_IDENTITY_NAME_HEADER',
      value: 'NAME',
      meaning: '`header`: header with the name.',
      example: 'X-Forwarded-Preferred-Username',
    },
    {
      name: 'CHAT_USER_ID_SECRET',
      value: 'SECRET',
      secret: true,
      meaning:
        'Makes `user_id` an HMAC of the site’s id, so that no e-mail address or internal number leaves. 32 bytes or more; a change makes everybody a new person in the chat.',
      example: '$(openssl rand -base64 32)',
    },
  ],
  Limits: [
    {
      name: 'CHAT_RATE_LIMIT',
      value: 'VISITOR,ADDRESS',
      text: 'list',
      default: '20,3000',
      meaning: 'Tokens a minute: for one visitor, for one address (a school may share one). `off` for none.',
      example: '20,3000',
    },
    {
      name: 'CHAT_REDIS_URL',
      value: 'URL',
      secret: true,
      meaning:
        'Redis that several replicas count in together. Without it, or while it is away, each counts for itself.',
      example: 'redis://127.0.0.1:6379',
    },
  ],
  'Log and audit': [
    {
      name: 'CHAT_LOG_LEVEL',
      value: 'LEVEL',
      default: 'info',
      meaning: '`debug`, `info`, `warn`, `error` or `silent`.',
      example: 'info',
    },
    {
      name: 'CHAT_AUDIT',
      value: 'FILE',
      meaning:
        'File that gets one JSON line a token: when, which key, stream, `user_id` and network, for `kinescope-chat-server audit`. `-` for standard output.',
      example: '/var/log/kinescope-chat/audit.jsonl',
    },
  ],
  Kinescope: [
    {
      name: 'KINESCOPE_API_TOKEN',
      value: 'UUID',
      secret: true,
      meaning:
        'Kinescope’s API token, a UUID. `serve` needs none; given one it watches that its key is registered and its streams exist.',
      example: '00000000-0000-0000-0000-000000000000',
    },
    {
      name: 'KINESCOPE_API_URL',
      value: 'URL',
      default: 'https://api.kinescope.io',
      meaning: 'Kinescope’s API.',
      example: 'https://api.kinescope.io',
    },
    {
      name: 'KINESCOPE_CHAT_ORIGIN',
      value: 'ORIGIN',
      default: 'https://kinescope.io',
      meaning: 'Origin of Kinescope’s chat pages.',
      example: 'https://kinescope.io',
    },
  ],
}

/** Every variable there is: what is parsed, what `serve --help` explains and what docs/settings.md shows. */
export const SETTINGS: readonly Setting[] = SETTING_GROUPS.flatMap((group) =>
  TABLE[group].map((row) => ({ ...row, group })),
)
