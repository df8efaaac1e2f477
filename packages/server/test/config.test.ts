import { writeFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { configWarnings, readApiConfig, readKeyConfig, readServeConfig } from '../src/config.js'
import { ConfigProblem } from '../src/problem.js'
import { flagName } from '../src/setting.js'
import { SETTINGS } from '../src/settings.js'

const directory = mkdtempSync(join(tmpdir(), 'chat-config-'))
afterAll(() => rmSync(directory, { recursive: true }))

const SECRET = 'a-secret-of-thirty-two-bytes-and-more'
const FORWARD = {
  CHAT_EVENTS: 'stream',
  CHAT_IDENTITY: 'forward',
  CHAT_IDENTITY_URL: 'https://www.example.com/me',
}
const JWT = { CHAT_EVENTS: 'stream', CHAT_IDENTITY: 'jwt', CHAT_IDENTITY_SECRET: SECRET }
const HEADER = {
  CHAT_EVENTS: 'stream',
  CHAT_IDENTITY: 'header',
  CHAT_IDENTITY_ID_HEADER: 'X-User',
  CHAT_IDENTITY_NAME_HEADER: 'X-Name',
  CHAT_TRUSTED_PROXIES: '127.0.0.1',
}
const GUEST = { CHAT_EVENTS: 'stream', CHAT_IDENTITY: 'guest', CHAT_IDENTITY_SECRET: SECRET }

function problemsOf(env: Record<string, string>, flags: Record<string, string> = {}) {
  try {
    readServeConfig(env, flags)
    return []
  } catch (error) {
    if (!(error instanceof ConfigProblem)) throw error
    return error.settings
  }
}

describe('the configuration', () => {
  it.each(Object.entries({ FORWARD, JWT, HEADER, GUEST }))('is complete with %s', (_name, env) => {
    expect(problemsOf(env)).toEqual([])
  })

  it('has the documented defaults', () => {
    expect(readServeConfig(FORWARD)).toMatchObject({
      port: 8080,
      host: '127.0.0.1',
      basePath: '',
      allowedOrigins: [],
      events: [{ id: 'stream' }],
      tokenTtl: 3600,
      notBefore: false,
      key: { dir: './keys' },
      rateLimit: { visitor: 20, address: 3000 },
      trustedProxies: [],
      apiToken: undefined,
      apiUrl: 'https://api.kinescope.io',
      chatOrigin: 'https://kinescope.io',
      identity: { kind: 'forward', idField: 'id', nameField: 'name' },
    })
    expect(readServeConfig(JWT).identity).toMatchObject({ idField: 'sub', nameField: 'name' })
  })

  const wrong: [string, Record<string, string>, Record<string, string>][] = [
    ['PORT', FORWARD, { PORT: '65536' }],
    ['PORT', FORWARD, { PORT: 'http' }],
    ['PORT', FORWARD, { PORT: '-1' }],
    ['CHAT_BASE_PATH', FORWARD, { CHAT_BASE_PATH: 'chat' }],
    ['CHAT_BASE_PATH', FORWARD, { CHAT_BASE_PATH: '/a b' }],
    ['CHAT_BASE_PATH', FORWARD, { CHAT_BASE_PATH: '/:param' }],
    ['CHAT_ALLOWED_ORIGINS', FORWARD, { CHAT_ALLOWED_ORIGINS: '*' }],
    ['CHAT_ALLOWED_ORIGINS', FORWARD, { CHAT_ALLOWED_ORIGINS: 'https://*.example.com' }],
    ['CHAT_ALLOWED_ORIGINS', FORWARD, { CHAT_ALLOWED_ORIGINS: 'null' }],
    ['CHAT_ALLOWED_ORIGINS', FORWARD, { CHAT_ALLOWED_ORIGINS: 'true' }],
    ['CHAT_ALLOWED_ORIGINS', FORWARD, { CHAT_ALLOWED_ORIGINS: '/example\\.com$/' }],
    ['CHAT_ALLOWED_ORIGINS', FORWARD, { CHAT_ALLOWED_ORIGINS: 'www.example.com' }],
    ['CHAT_ALLOWED_ORIGINS', FORWARD, { CHAT_ALLOWED_ORIGINS: 'https://www.example.com/' }],
    ['CHAT_ALLOWED_ORIGINS', FORWARD, { CHAT_ALLOWED_ORIGINS: 'https://www.example.com/page' }],
    ['CHAT_EVENTS', FORWARD, { CHAT_EVENTS: '' }],
    ['CHAT_EVENTS', FORWARD, { CHAT_EVENTS: 'a,*' }],
    ['CHAT_EVENTS', FORWARD, { CHAT_EVENTS: 'https://kinescope.io/chat/a' }],
    ['CHAT_EVENTS', FORWARD, { CHAT_EVENTS: 'a=b=c=d' }],
    ['CHAT_EVENTS', FORWARD, { CHAT_EVENTS: 'a=' }],
    ['CHAT_TOKEN_TTL', FORWARD, { CHAT_TOKEN_TTL: '59' }],
    ['CHAT_TOKEN_TTL', FORWARD, { CHAT_TOKEN_TTL: '86401' }],
    ['CHAT_TOKEN_TTL', FORWARD, { CHAT_TOKEN_TTL: '1h' }],
    ['CHAT_TOKEN_TTL', FORWARD, { CHAT_TOKEN_TTL: '3600.5' }],
    ['CHAT_TOKEN_NBF', FORWARD, { CHAT_TOKEN_NBF: 'yes' }],
    ['CHAT_KEY_ID', FORWARD, { CHAT_PRIVATE_KEY: 'pem' }],
    ['CHAT_PRIVATE_KEY', FORWARD, { CHAT_KEY_ID: 'kid' }],
    ['CHAT_KEY_DIR', FORWARD, { CHAT_PRIVATE_KEY: 'pem', CHAT_KEY_ID: 'kid', CHAT_KEY_DIR: '/keys' }],
    ['CHAT_PRIVATE_KEY_FILE', FORWARD, { CHAT_PRIVATE_KEY_FILE: '/nowhere', CHAT_KEY_ID: 'kid' }],
    [
      'CHAT_PRIVATE_KEY_FILE',
      FORWARD,
      { CHAT_PRIVATE_KEY_FILE: '/nowhere', CHAT_PRIVATE_KEY: 'pem', CHAT_KEY_ID: 'kid' },
    ],
    ['CHAT_IDENTITY', FORWARD, { CHAT_IDENTITY: '' }],
    ['CHAT_IDENTITY', FORWARD, { CHAT_IDENTITY: 'session' }],
    ['CHAT_IDENTITY_URL', FORWARD, { CHAT_IDENTITY_URL: '' }],
    ['CHAT_IDENTITY_URL', FORWARD, { CHAT_IDENTITY_URL: '/me' }],
    ['CHAT_IDENTITY_URL', FORWARD, { CHAT_IDENTITY_URL: 'ftp://www.example.com/me' }],
    ['CHAT_IDENTITY_JWKS_URL', JWT, { CHAT_IDENTITY_SECRET: '' }],
    ['CHAT_IDENTITY_JWKS_URL', JWT, { CHAT_IDENTITY_SECRET: '', CHAT_IDENTITY_JWKS_URL: 'jwks.json' }],
    ['CHAT_IDENTITY_SECRET', JWT, { CHAT_IDENTITY_JWKS_URL: 'https://www.example.com/jwks.json' }],
    ['CHAT_IDENTITY_SECRET', JWT, { CHAT_IDENTITY_SECRET: 'short' }],
    [
      'CHAT_IDENTITY_PUBLIC_KEY',
      JWT,
      { CHAT_IDENTITY_SECRET: '', CHAT_IDENTITY_PUBLIC_KEY: '-----BEGIN PRIVATE KEY-----' },
    ],
    ['CHAT_IDENTITY_COOKIE', JWT, { CHAT_IDENTITY_COOKIE: 'a;b' }],
    ['CHAT_IDENTITY_ID_HEADER', HEADER, { CHAT_IDENTITY_ID_HEADER: '' }],
    ['CHAT_IDENTITY_ID_HEADER', HEADER, { CHAT_IDENTITY_ID_HEADER: 'X User' }],
    ['CHAT_IDENTITY_NAME_HEADER', HEADER, { CHAT_IDENTITY_NAME_HEADER: '' }],
    ['CHAT_TRUSTED_PROXIES', HEADER, { CHAT_TRUSTED_PROXIES: '' }],
    ['CHAT_TRUSTED_PROXIES', HEADER, { CHAT_TRUSTED_PROXIES: '1' }],
    ['CHAT_TRUSTED_PROXIES', HEADER, { CHAT_TRUSTED_PROXIES: 'true' }],
    ['CHAT_TRUSTED_PROXIES', HEADER, { CHAT_TRUSTED_PROXIES: '0.0.0.0/0' }],
    ['CHAT_TRUSTED_PROXIES', HEADER, { CHAT_TRUSTED_PROXIES: '10.0.0.0/33' }],
    ['CHAT_TRUSTED_PROXIES', HEADER, { CHAT_TRUSTED_PROXIES: 'proxy.internal' }],
    ['CHAT_IDENTITY_SECRET', GUEST, { CHAT_IDENTITY_SECRET: '' }],
    ['CHAT_USER_ID_SECRET', FORWARD, { CHAT_USER_ID_SECRET: 'short' }],
    ['CHAT_RATE_LIMIT', FORWARD, { CHAT_RATE_LIMIT: '10' }],
    ['CHAT_RATE_LIMIT', FORWARD, { CHAT_RATE_LIMIT: '0,0' }],
    ['CHAT_REDIS_URL', FORWARD, { CHAT_REDIS_URL: '127.0.0.1:6379' }],
    ['CHAT_LOG_LEVEL', FORWARD, { CHAT_LOG_LEVEL: 'loud' }],
    ['KINESCOPE_API_TOKEN', FORWARD, { KINESCOPE_API_TOKEN: 'eyJhbGciOi' }],
    ['KINESCOPE_API_URL', FORWARD, { KINESCOPE_API_URL: 'api.kinescope.io' }],
    ['KINESCOPE_CHAT_ORIGIN', FORWARD, { KINESCOPE_CHAT_ORIGIN: 'https://kinescope.io/chat' }],
    ['CHAT_ALOWED_ORIGINS', FORWARD, { CHAT_ALOWED_ORIGINS: 'https://www.example.com' }],
    ['CHAT_KEYDIR', FORWARD, { CHAT_KEYDIR: './keys' }],
    ['CHAT_SOMETHING', FORWARD, { CHAT_SOMETHING: '1' }],
  ]

  it.each(wrong)('names %s when it alone is wrong: %j %j', (name, env, change) => {
    const problems = problemsOf({ ...env, ...change })
    expect(problems.map((problem) => problem.name)).toEqual([name])
    expect(problems[0]!.message).not.toBe('')
    expect(problems[0]!.remediation).not.toBe('')
  })

  it('never repeats the value of a secret', () => {
    const secrets = {
      CHAT_IDENTITY_SECRET: 'hunter2',
      CHAT_USER_ID_SECRET: 'hunter3',
      KINESCOPE_API_TOKEN: 'hunter4',
      CHAT_REDIS_URL: 'redis-hunter5',
    }
    expect(JSON.stringify(problemsOf({ ...JWT, ...secrets }))).not.toContain('hunter')
  })

  it('names everything that is wrong at once', () => {
    const names = problemsOf({ PORT: 'x', CHAT_TOKEN_TTL: '1' }).map(({ name }) => name)
    expect(names.sort()).toEqual(['CHAT_EVENTS', 'CHAT_IDENTITY', 'CHAT_TOKEN_TTL', 'PORT'])
  })

  it('guesses what a misspelt name was meant to be', () => {
    expect(problemsOf({ ...FORWARD, CHAT_ALOWED_ORIGINS: 'x' })[0]!.remediation).toContain(
      'CHAT_ALLOWED_ORIGINS',
    )
  })

  it('takes every setting as a flag too, which goes before the environment', () => {
    expect(readServeConfig({ ...FORWARD, PORT: '1' }, { port: '2', 'token-ttl': '60' })).toMatchObject({
      port: 2,
      tokenTtl: 60,
    })
    expect(problemsOf({}, { events: 'a', identity: 'forward', 'identity-url': 'https://a.test/me' })).toEqual(
      [],
    )
    expect(new Set(SETTINGS.map(flagName)).size).toBe(SETTINGS.length)
  })

  it('reads a secret from the file that NAME_FILE or the flag names, without its last line break', () => {
    const file = join(directory, 'secret')
    writeFileSync(file, `${SECRET}\n`)
    const env = { ...JWT, CHAT_IDENTITY_SECRET: '' }
    expect(readServeConfig({ ...env, CHAT_IDENTITY_SECRET_FILE: file }).identity).toMatchObject({
      key: { secret: SECRET },
    })
    expect(readServeConfig(env, { 'identity-secret-file': file }).identity).toMatchObject({
      key: { secret: SECRET },
    })
  })

  it('understands base paths, lists and pairs of ids', () => {
    const paths = ['/', '/chat', '/chat/', '/a/b-c'].map(
      (path) => readServeConfig({ ...FORWARD, CHAT_BASE_PATH: path }).basePath,
    )
    expect(paths).toEqual(['', '/chat', '/chat', '/a/b-c'])
    expect(readServeConfig({ ...FORWARD, CHAT_EVENTS: 'a, b=uuid  c=uuid=public' }).events).toEqual([
      { id: 'a' },
      { id: 'b', claimId: 'uuid' },
      { id: 'c', claimId: 'uuid', chatId: 'public' },
    ])
    expect(readServeConfig({ ...FORWARD, CHAT_RATE_LIMIT: 'off' }).rateLimit).toBeNull()
  })

  it('warns of what is allowed and unwise', () => {
    const quiet = readServeConfig(FORWARD)
    expect(configWarnings(quiet)).toEqual([])
    const loud = readServeConfig({
      ...GUEST,
      CHAT_EVENTS: '*',
      CHAT_RATE_LIMIT: 'off',
      CHAT_TRUSTED_PROXIES: '10.0.0.0/8',
    })
    expect(configWarnings(loud)).toHaveLength(4)
  })

  it('lets the command line read the API’s and the ring’s part alone', () => {
    const token = '3f0b2c1e-0000-4000-8000-000000000000'
    expect(
      readApiConfig({ KINESCOPE_API_TOKEN: token, KINESCOPE_API_URL: 'http://127.0.0.1:9090/' }),
    ).toEqual({
      apiToken: token,
      apiUrl: 'http://127.0.0.1:9090',
      chatOrigin: 'https://kinescope.io',
    })
    expect(readKeyConfig({ CHAT_KEY_DIR: '/keys' })).toEqual({
      keyDir: '/keys',
      passphrase: undefined,
      tokenTtl: 3600,
    })
    expect(() => readApiConfig({ KINESCOPE_API_TOKEN: 'x' })).toThrow(ConfigProblem)
    expect(() => readKeyConfig({ CHAT_TOKEN_TTL: 'x' })).toThrow(ConfigProblem)
  })
})
