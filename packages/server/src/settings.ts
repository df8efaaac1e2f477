import type { Setting } from './setting.js'

/** Every variable there is. docs/settings.md shows this table; a test keeps the two the same. */
export const SETTINGS: readonly Setting[] = [
  { name: 'PORT', default: '8080', meaning: 'Port to listen on; 0 takes any free one.', example: '8080' },
  {
    name: 'HOST',
    default: '127.0.0.1',
    meaning: 'Address to listen on. `0.0.0.0` in a container, with a proxy in front.',
    example: '127.0.0.1',
  },
  {
    name: 'CHAT_BASE_PATH',
    default: '/',
    meaning:
      "Path all routes lie under. `/chat` puts the server behind the site's own proxy, which needs neither CORS nor a third-party cookie: the recommended way.",
    example: '/chat',
  },
  {
    name: 'CHAT_ALLOWED_ORIGINS',
    meaning:
      'Exact origins of the pages on other hosts, separated by commas. Pages of the server’s own origin need no entry. Also who may frame `/embed`.',
    example: 'https://www.example.com,https://shop.example.com',
  },
  {
    name: 'CHAT_EVENTS',
    meaning:
      'Streams that tokens are made for, separated by commas; `*` for any. `PAGE_ID=CLAIM_ID` puts another id into the token, `PAGE_ID=CLAIM_ID=CHAT_ID` another one into the chat’s address too.',
    example: '0csUJYzAHfe3PcyMEVScmQ',
  },
  {
    name: 'CHAT_TOKEN_TTL',
    default: '3600',
    meaning: 'Seconds a token lives: 60 to 86400.',
    example: '3600',
  },
  {
    name: 'CHAT_TOKEN_NBF',
    default: 'off',
    meaning: '`on` adds an `nbf` claim, 30 s back-dated.',
    example: 'off',
  },
  {
    name: 'CHAT_KEY_DIR',
    default: './keys',
    meaning: 'Directory of the key ring that `kinescope-chat keys` looks after.',
    example: './keys',
  },
  {
    name: 'CHAT_KEY_SECRET',
    meaning:
      'Keeps the key ring in a Secret of a Kubernetes cluster instead of a directory: `namespace/name`. The cluster is that of `KUBECONFIG`, or the one the pod runs in.',
    example: 'chat/chat-keys',
  },
  {
    name: 'CHAT_PRIVATE_KEY',
    secret: true,
    meaning:
      'The private key itself instead of a directory: PEM (PKCS#8 or PKCS#1, on one line or with escaped newlines too), base64 of it, or a JWK. RSA, 2048 bits or more.',
    example: '"-----BEGIN PRIVATE KEY-----\\nMIIE…\\n-----END PRIVATE KEY-----"',
  },
  {
    name: 'CHAT_KEY_ID',
    meaning: 'The `kid` that `CHAT_PRIVATE_KEY` is registered under at Kinescope.',
    example: '20261125-R4f1JA_2CQSm9GZg',
  },
  {
    name: 'CHAT_KEY_PASSPHRASE',
    secret: true,
    meaning: 'Opens encrypted private keys.',
    example: 'the passphrase of the key',
  },
  {
    name: 'CHAT_IDENTITY',
    meaning:
      'Who says who the visitor is: `forward` (the site’s who-is-it address), `jwt` (a statement the site signed), `header` (a proxy), `guest` (nobody: a number for each browser).',
    example: 'forward',
  },
  {
    name: 'CHAT_IDENTITY_URL',
    meaning: '`forward`: address that answers, for the visitor’s own cookie, who they are.',
    example: 'https://www.example.com/me',
  },
  {
    name: 'CHAT_IDENTITY_ID_FIELD',
    meaning: '`forward`, `jwt`: dotted path of the visitor’s id. Default `id`; for `jwt` `sub`.',
    example: 'data.user.id',
  },
  {
    name: 'CHAT_IDENTITY_NAME_FIELD',
    meaning: '`forward`, `jwt`: dotted path of the name. Default `name`.',
    example: 'data.user.name',
  },
  { name: 'CHAT_IDENTITY_COOKIE', meaning: '`jwt`: cookie that holds the statement.', example: 'session' },
  {
    name: 'CHAT_IDENTITY_JWKS_URL',
    meaning: '`jwt`: address of the key set the site signs with.',
    example: 'https://www.example.com/.well-known/jwks.json',
  },
  {
    name: 'CHAT_IDENTITY_PUBLIC_KEY',
    meaning: '`jwt`: the site’s public key, PEM or JWK.',
    example: '"-----BEGIN PUBLIC KEY-----\\nMIIB…\\n-----END PUBLIC KEY-----"',
  },
  {
    name: 'CHAT_IDENTITY_SECRET',
    secret: true,
    meaning: '`jwt`: secret shared with the site (HS256). `guest`: signs the cookie. 32 bytes or more.',
    example: '$(openssl rand -base64 32)',
  },
  {
    name: 'CHAT_IDENTITY_ISSUER',
    meaning: '`jwt`: `iss` the statement must have.',
    example: 'https://www.example.com',
  },
  {
    name: 'CHAT_IDENTITY_AUDIENCE',
    meaning: '`jwt`: `aud` the statement must have.',
    example: 'kinescope-chat',
  },
  {
    name: 'CHAT_IDENTITY_ID_HEADER',
    meaning: '`header`: header in which a trusted proxy names the visitor’s id.',
    example: 'X-Forwarded-User',
  },
  {
    name: 'CHAT_IDENTITY_NAME_HEADER',
    meaning: '`header`: header with the name.',
    example: 'X-Forwarded-Preferred-Username',
  },
  {
    name: 'CHAT_USER_ID_SECRET',
    secret: true,
    meaning:
      'Makes `user_id` an HMAC of the site’s id, so that no e-mail address or internal number leaves. 32 bytes or more; a change makes everybody a new person in the chat.',
    example: '$(openssl rand -base64 32)',
  },
  {
    name: 'CHAT_RATE_LIMIT',
    default: '20,3000',
    meaning: 'Tokens a minute: for one visitor, for one address (a school may share one). `off` for none.',
    example: '20,3000',
  },
  {
    name: 'CHAT_REDIS_URL',
    secret: true,
    meaning:
      'Redis that several replicas count in together. Without it, or while it is away, each counts for itself.',
    example: 'redis://127.0.0.1:6379',
  },
  {
    name: 'CHAT_TRUSTED_PROXIES',
    meaning: 'Addresses or CIDR ranges of the proxies whose `X-Forwarded-…` headers are believed.',
    example: '127.0.0.1,10.0.0.0/8',
  },
  {
    name: 'CHAT_LOG_LEVEL',
    default: 'info',
    meaning: '`debug`, `info`, `warn`, `error` or `silent`.',
    example: 'info',
  },
  {
    name: 'KINESCOPE_API_TOKEN',
    secret: true,
    meaning:
      'Kinescope’s API token, a UUID. `serve` needs none; given one it watches that its key is registered and its streams exist.',
    example: '00000000-0000-0000-0000-000000000000',
  },
  {
    name: 'KINESCOPE_API_URL',
    default: 'https://api.kinescope.io',
    meaning: 'Kinescope’s API.',
    example: 'https://api.kinescope.io',
  },
  {
    name: 'KINESCOPE_CHAT_ORIGIN',
    default: 'https://kinescope.io',
    meaning: 'Origin of Kinescope’s chat pages.',
    example: 'https://kinescope.io',
  },
]
