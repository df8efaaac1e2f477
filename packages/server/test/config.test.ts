import { randomUUID } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import fc from 'fast-check'
import { configWarnings } from '../src/config-warnings.js'
import { apiSettings, ringSettings } from '../src/cli/key-command.js'
import { readServeConfig } from '../src/config.js'
import { ConfigProblem } from '../src/problem.js'
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

function written(bytes: Buffer): string {
  const file = join(directory, `written-${randomUUID()}`)
  writeFileSync(file, bytes)
  return file
}

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
      identity: [{ kind: 'forward', idField: 'id', nameField: 'name' }],
    })
    expect(readServeConfig(JWT).identity).toMatchObject([{ idField: 'sub', nameField: 'name' }])
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
    ['CHAT_IDENTITY_URL', FORWARD, { CHAT_IDENTITY_URL: 'https://staging:pw@www.example.com/me' }],
    ['KINESCOPE_API_URL', FORWARD, { KINESCOPE_API_URL: 'https://staging@api.example.com' }],
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
    ...[
      '${IDENTITY_SECRET_OF_THE_SITE_IN_PRODUCTION}',
      '${SECRET:-of-the-site-with-a-long-default-value}',
      '$IDENTITY_SECRET_OF_THE_SITE_IN_PRODUCTION',
      '$(head -c 32 /dev/urandom | base64 -w 0)',
      '{{ .Values.chat.identitySecretOfTheSite }}',
      '$env:IDENTITY_SECRET_OF_THE_SITE_IN_PRODUCTION',
      '%IDENTITY_SECRET_OF_THE_SITE_IN_PRODUCTION%',
      '#{IdentitySecretOfTheSiteInProduction}#',
      '__IDENTITY_SECRET_OF_THE_SITE_IN_PRODUCTION__',
    ].map((text): [string, Record<string, string>, Record<string, string>] => [
      'CHAT_IDENTITY_SECRET',
      JWT,
      { CHAT_IDENTITY_SECRET: text },
    ]),
    ['CHAT_KEY_ID', FORWARD, { CHAT_PRIVATE_KEY: 'pem', CHAT_KEY_ID: '${KID}' }],
    ['CHAT_PRIVATE_KEY', FORWARD, { CHAT_PRIVATE_KEY: '$(cat key.pem)', CHAT_KEY_ID: 'kid' }],
    ['CHAT_RATE_LIMIT', FORWARD, { CHAT_RATE_LIMIT: '10' }],
    ['CHAT_RATE_LIMIT', FORWARD, { CHAT_RATE_LIMIT: '0,0' }],
    ['CHAT_REDIS_URL', FORWARD, { CHAT_REDIS_URL: '127.0.0.1:6379' }],
    ['CHAT_REDIS_URL', FORWARD, { CHAT_REDIS_URL: 'redis://:50%off@127.0.0.1:6379' }],
    ['CHAT_LOG_LEVEL', FORWARD, { CHAT_LOG_LEVEL: 'loud' }],
    ['KINESCOPE_API_TOKEN', FORWARD, { KINESCOPE_API_TOKEN: 'eyJhbGciOi' }],
    ['KINESCOPE_API_URL', FORWARD, { KINESCOPE_API_URL: 'api.kinescope.io' }],
    ['KINESCOPE_CHAT_ORIGIN', FORWARD, { KINESCOPE_CHAT_ORIGIN: 'https://kinescope.io/chat' }],
    ['CHAT_ALOWED_ORIGINS', FORWARD, { CHAT_ALOWED_ORIGINS: 'https://www.example.com' }],
    ['CHAT_KEYDIR', FORWARD, { CHAT_KEYDIR: './keys' }],
    ['CHAT_EVENTS', FORWARD, { CHAT_EVENTS: 'REPLACE_WITH_EVENT_IDS' }],
    ['CHAT_EVENTS', FORWARD, { CHAT_EVENTS: '""' }],
    ['CHAT_EVENTS', FORWARD, { CHAT_EVENTS: ' , ' }],
    ['CHAT_BASE_PATH', FORWARD, { CHAT_BASE_PATH: '/chat/..' }],
    ['CHAT_BASE_PATH', FORWARD, { CHAT_BASE_PATH: 'C:/Program Files/Git/chat' }],
    ['CHAT_PUBLIC_URL', FORWARD, { CHAT_PUBLIC_URL: 'chat.example.com' }],
    ['CHAT_PUBLIC_URL', FORWARD, { CHAT_PUBLIC_URL: 'javascript:alert(1)' }],
    ['CHAT_PUBLIC_URL', FORWARD, { CHAT_PUBLIC_URL: 'https://user:pw@chat.example.com' }],
    ['CHAT_PUBLIC_URL', FORWARD, { CHAT_PUBLIC_URL: 'https://chat.example.com/?a' }],
    ['CHAT_PUBLIC_URL', FORWARD, { CHAT_PUBLIC_URL: 'https://chat.example.com/a b' }],
    ['CHAT_ADMIN_PORT', FORWARD, { CHAT_ADMIN_PORT: '8080' }],
    ['CHAT_ADMIN_PORT', FORWARD, { CHAT_ADMIN_PORT: 'off' }],
    ['CHAT_ADMIN_HOST', FORWARD, { CHAT_ADMIN_HOST: '0.0.0.0:9100' }],
    ['HOST', FORWARD, { HOST: 'http://0.0.0.0' }],
    ['CHAT_KEY_SECRET', FORWARD, { CHAT_KEY_SECRET: 'chat-keys' }],
    ['CHAT_KEY_SECRET', FORWARD, { CHAT_KEY_SECRET: 'default/../chat-keys' }],
    ['CHAT_KEY_DIR', FORWARD, { CHAT_KEY_SECRET: 'default/chat-keys', CHAT_KEY_DIR: '/keys' }],
    ['CHAT_KEY_SECRET', FORWARD, { CHAT_KEY_SECRET: 'a/b', CHAT_PRIVATE_KEY: 'pem', CHAT_KEY_ID: 'kid' }],
    ['CHAT_KEY_ID', FORWARD, { CHAT_PRIVATE_KEY: 'pem', CHAT_KEY_ID: 'a\nb' }],
    ['CHAT_KEY_ID', FORWARD, { CHAT_PRIVATE_KEY: 'pem', CHAT_KEY_ID: '"kid' }],
    ['CHAT_KEY_ID', FORWARD, { CHAT_PRIVATE_KEY: 'pem', CHAT_KEY_ID: 'ki\u200bd' }],
    ['CHAT_IDENTITY_SECRET', JWT, { CHAT_IDENTITY_SECRET: 'a'.repeat(64) }],
    ['CHAT_IDENTITY_SECRET', JWT, { CHAT_IDENTITY_SECRET: 'changeme'.repeat(5) }],
    ['CHAT_IDENTITY_SECRET', JWT, { CHAT_IDENTITY_SECRET: `'${SECRET.slice(0, 31)}'` }],
    ['CHAT_IDENTITY_SECRET', JWT, { CHAT_IDENTITY_SECRET: `${SECRET}\n${SECRET}` }],
    ['CHAT_IDENTITY_SECRET', JWT, { CHAT_IDENTITY_SECRET: '1122112211221122112211221122112233' }],
    ['CHAT_IDENTITY_SECRET', GUEST, { CHAT_IDENTITY_SECRET: 'ab'.repeat(20) }],
    ['CHAT_USER_ID_SECRET', FORWARD, { CHAT_USER_ID_SECRET: ' '.repeat(40) + 'short' }],
    ['CHAT_USER_ID_SECRET', FORWARD, { CHAT_USER_ID_SECRET: '\u00e9'.repeat(16) }],
    ['CHAT_KEY_ID_FILE', FORWARD, { CHAT_KEY_ID_FILE: '/run/secrets/kid' }],
    ['chat_events', FORWARD, { chat_events: 'stream' }],
    ['KINESCOPE_API_TOKN', FORWARD, { KINESCOPE_API_TOKN: 'x' }],
    ['CHAT_SERVICE', FORWARD, { CHAT_SERVICE: '10.0.0.1' }],
    ['CHAT_ADMN_PORT', FORWARD, { CHAT_ADMN_PORT: '9100' }],
    ['CHAT_SOMETHING', FORWARD, { CHAT_SOMETHING: '1' }],
  ]

  it.each(wrong)('names %s when only this setting is wrong: %j %j', (name, env, change) => {
    const problems = problemsOf({ ...env, ...change })
    expect(problems.map((problem) => problem.name)).toEqual([name])
    expect(problems[0]!.message).not.toBe('')
    expect(problems[0]!.remediation).not.toBe('')
  })

  it('takes a secret that only looks like a variable', () => {
    for (const secret of [
      '$omeLongPassphraseOfOurOwnWithoutSpaces',
      '$2y$10$abcdefghijklmnopqrstuvwxyzABCDEFGH',
    ])
      expect(readServeConfig({ ...JWT, CHAT_IDENTITY_SECRET: secret }).identity).toMatchObject([
        { key: { secret } },
      ])
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

  it('names all wrong settings at once', () => {
    const names = problemsOf({ PORT: 'x', CHAT_TOKEN_TTL: '1' }).map(({ name }) => name)
    expect(names.sort()).toEqual(['CHAT_EVENTS', 'CHAT_IDENTITY', 'CHAT_TOKEN_TTL', 'PORT'])
  })

  it('suggests the correct name for a misspelt one', () => {
    expect(problemsOf({ ...FORWARD, CHAT_ALOWED_ORIGINS: 'x' })[0]!.remediation).toContain(
      'CHAT_ALLOWED_ORIGINS',
    )
  })

  it('takes every setting as a flag too, and a flag overrides the environment', () => {
    expect(readServeConfig({ ...FORWARD, PORT: '1' }, { port: '2', 'token-ttl': '60' })).toMatchObject({
      port: 2,
      tokenTtl: 60,
    })
    expect(problemsOf({}, { events: 'a', identity: 'forward', 'identity-url': 'https://a.test/me' })).toEqual(
      [],
    )
  })

  it('trims what files and environments add to a value, the same for a value and its file', () => {
    const around: ((value: string) => string)[] = [
      (value) => `${value}\n`,
      (value) => `${value}\r\n`,
      (value) => `\n ${value}\t\n\n`,
      (value) => `"${value}"`,
      (value) => `'${value}'`,
      (value) => `"${value}\n"\n`,
      (value) => `\ufeff${value}`,
      (value) => `\u00a0${value}\u00a0`,
    ]
    for (const dress of around) {
      const file = join(directory, 'dressed')
      writeFileSync(file, dress(SECRET))
      const plain = {
        ...JWT,
        CHAT_IDENTITY_SECRET: dress(SECRET),
        PORT: dress('81'),
        CHAT_EVENTS: dress('a, b'),
      }
      const filed = { ...plain, CHAT_IDENTITY_SECRET: '', CHAT_IDENTITY_SECRET_FILE: dress(file) }
      for (const env of [plain, filed]) {
        const { identity, port, events } = readServeConfig(env)
        expect(identity).toMatchObject([{ key: { secret: SECRET } }])
        expect(port).toBe(81)
        expect(events).toEqual([{ id: 'a' }, { id: 'b' }])
      }
    }
    // the file's own pair of quotes is removed, a second pair is part of the value
    const twice = readServeConfig({ ...JWT, CHAT_IDENTITY_SECRET: `""${SECRET}""` })
    expect(twice.identity).toMatchObject([{ key: { secret: `"${SECRET}"` } }])
    const quoted = readServeConfig({ ...FORWARD, CHAT_ALLOWED_ORIGINS: '"https://a.test", "https://b.test"' })
    expect(quoted.allowedOrigins).toEqual(['https://a.test', 'https://b.test'])
  })

  it.each<[string, () => string]>([
    ['a directory', () => directory],
    ['a device without an end', () => '/dev/zero'],
    ['an empty file', () => '/dev/null'],
    ['a file that is no text', () => written(Buffer.from([0xff, 0xfe, 0x80, ...Buffer.alloc(64, 0x81)]))],
    ['UTF-16', () => written(Buffer.from(SECRET, 'utf16le'))],
    ['a file far too large', () => written(Buffer.alloc(100_000, 'abcdefghij'))],
    ['a file of white space', () => written(Buffer.from(' \n\n'))],
  ])('names a secret’s file that is %s', (_what, file) => {
    const env = { ...JWT, CHAT_IDENTITY_SECRET: '', CHAT_IDENTITY_SECRET_FILE: file() }
    expect(problemsOf(env).map(({ name }) => name)).toEqual(['CHAT_IDENTITY_SECRET_FILE'])
  })

  it('ignores the variables that Kubernetes injects for services called chat…', () => {
    const links = {
      CHAT_SERVICE_HOST: '10.0.0.1',
      CHAT_SERVICE_PORT: '80',
      CHAT_SERVICE_PORT_HTTP: '80',
      CHAT_PORT: 'tcp://10.0.0.1:80',
      CHAT_PORT_8080_TCP: 'tcp://10.0.0.1:8080',
      CHAT_PORT_8080_TCP_ADDR: '10.0.0.1',
      CHAT_PORT_8080_TCP_PORT: '8080',
      CHAT_PORT_8080_TCP_PROTO: 'tcp',
      CHAT_PORT_53_UDP: 'udp://10.0.0.1:53',
      CHAT_XYZ_SERVICE_HOST: '10.0.0.1',
      CHAT_XYZ_PORT: 'tcp://10.0.0.1:80',
      // a service called chat-admin produces the name of a setting
      CHAT_ADMIN_PORT: 'tcp://10.0.0.1:80',
      CHAT_ADMIN_SERVICE_HOST: '10.0.0.1',
      KINESCOPE_CHAT_PORT: 'tcp://10.0.0.1:80',
      KINESCOPE_CHAT_SERVICE_HOST: '10.0.0.1',
      KINESCOPE_PLAYER_ID: 'the host’s own',
    }
    expect(problemsOf({ ...FORWARD, ...links })).toEqual([])
    expect(readServeConfig({ ...FORWARD, ...links }).admin).toBeNull()
    expect(readServeConfig({ ...FORWARD, CHAT_ADMIN_PORT: '9100' }).admin).toEqual({
      port: 9100,
      host: '127.0.0.1',
    })
  })

  it('names only the wrong settings, for any values, and repeats no secret (property)', () => {
    const names = SETTINGS.map(({ name }) => name)
    const values = fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.constant(''), fc.constant('*'))
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names), values), (env) => {
        const text = JSON.stringify(problemsOf(env))
        for (const { name, secret } of SETTINGS) {
          const value = env[name]?.trim() ?? ''
          if (secret && value.length > 12) expect(text).not.toContain(JSON.stringify(value).slice(1, -1))
        }
      }),
    )
  })

  it('reads its own address', () => {
    const url = (text: string) => readServeConfig({ ...FORWARD, CHAT_PUBLIC_URL: text }).publicUrl
    expect(url('https://chat.example.com/')).toBe('https://chat.example.com')
    expect(url('https://WWW.example.com:443/chat/')).toBe('https://www.example.com/chat')
  })

  it('rejects a private key file that every user can read, if the server can change its mode', () => {
    const file = join(directory, 'open.pem')
    const env = { ...FORWARD, CHAT_PRIVATE_KEY_FILE: file, CHAT_KEY_ID: 'kid' }
    writeFileSync(file, 'pem', { mode: 0o644 })
    chmodSync(file, 0o644)
    expect(problemsOf(env).map(({ name }) => name)).toEqual(['CHAT_PRIVATE_KEY_FILE'])
    for (const mode of [0o600, 0o640, 0o400]) {
      chmodSync(file, mode)
      expect(problemsOf(env), mode.toString(8)).toEqual([])
    }
  })

  it('names the file to correct where a secret comes from one, by its variable or by the flag', () => {
    const file = written(Buffer.from('short'))
    const { CHAT_IDENTITY_SECRET: _plain, ...env } = JWT
    for (const [problem] of [
      problemsOf({ ...env, CHAT_IDENTITY_SECRET_FILE: file }),
      problemsOf(env, { 'identity-secret-file': file }),
    ]) {
      expect(problem!.message).toContain('32 bytes')
      expect(problem!.remediation).toBe(`Write it into ${file}, for example: $(openssl rand -base64 32)`)
    }
  })

  it('reads a secret from the file named by NAME_FILE or by the flag, without its last line break', () => {
    const file = join(directory, 'secret')
    writeFileSync(file, `${SECRET}\n`)
    const env = { ...JWT, CHAT_IDENTITY_SECRET: '' }
    expect(readServeConfig({ ...env, CHAT_IDENTITY_SECRET_FILE: file }).identity).toMatchObject([
      { key: { secret: SECRET } },
    ])
    expect(readServeConfig(env, { 'identity-secret-file': file }).identity).toMatchObject([
      { key: { secret: SECRET } },
    ])
  })

  it('parses base paths, lists and pairs of ids', () => {
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

  describe('warns', () => {
    const keyDir = join(directory, 'keys-of-the-warnings')
    mkdirSync(keyDir)
    const quiet = {
      ...FORWARD,
      CHAT_IDENTITY_URL: 'https://site.test/me',
      CHAT_ALLOWED_ORIGINS: 'https://site.test',
      CHAT_KEY_DIR: keyDir,
    }
    beforeEach(() => vi.stubEnv('UV_THREADPOOL_SIZE', '1024'))
    afterEach(() => vi.unstubAllEnvs())
    const warned = (env: Record<string, string>) => configWarnings(readServeConfig(env))

    it('of nothing if all settings are right', () => {
      expect(warned(quiet)).toEqual([])
      expect(warned({ ...quiet, CHAT_ALLOWED_ORIGINS: '', CHAT_BASE_PATH: '/chat' })).toEqual([])
      expect(
        warned({ ...quiet, CHAT_REDIS_URL: 'rediss://:pass@redis.test', CHAT_TRUSTED_PROXIES: '10.0.0.0/8' }),
      ).toEqual([])
    })

    it.each<[string, Record<string, string>]>([
      ['CHAT_EVENTS', { CHAT_EVENTS: '*' }],
      ['CHAT_RATE_LIMIT', { CHAT_RATE_LIMIT: 'off' }],
      ['CHAT_IDENTITY', { CHAT_IDENTITY: 'guest', CHAT_IDENTITY_SECRET: SECRET }],
      ['CHAT_TRUSTED_PROXIES', { CHAT_TRUSTED_PROXIES: '0.0.0.0/1' }],
      ['CHAT_TRUSTED_PROXIES', { CHAT_TRUSTED_PROXIES: '2000::/3' }],
      ['CHAT_ALLOWED_ORIGINS', { CHAT_ALLOWED_ORIGINS: '' }],
      ['CHAT_ALLOWED_ORIGINS', { CHAT_ALLOWED_ORIGINS: 'http://site.test' }],
      ['CHAT_ALLOWED_ORIGINS', { CHAT_ALLOWED_ORIGINS: 'https://site.test,https://site-*.preview.test' }],
      ['CHAT_IDENTITY_URL', { CHAT_IDENTITY_URL: 'http://site.test/me' }],
      ['CHAT_IDENTITY_URL', { CHAT_IDENTITY_URL: 'http://127.0.0.1.site.test/me' }],
      ['CHAT_IDENTITY_URL', { CHAT_IDENTITY_URL: 'https://www.example.com/me' }],
      ['KINESCOPE_API_URL', { KINESCOPE_API_URL: 'http://api.site.test' }],
      ['KINESCOPE_CHAT_ORIGIN', { KINESCOPE_CHAT_ORIGIN: 'http://chat.site.test' }],
      ['CHAT_PUBLIC_URL', { CHAT_PUBLIC_URL: 'http://chat.site.test' }],
      ['CHAT_REDIS_URL', { CHAT_REDIS_URL: 'redis://:pass@redis.test' }],
      ['CHAT_KEY_DIR', { CHAT_KEY_DIR: join(directory, 'nowhere') }],
    ])('of %s in %j, and says what to do', (name, change) => {
      const warnings = warned({ ...quiet, ...change })
      expect(warnings.map((warning) => warning.name)).toEqual([name])
      expect(warnings[0]!.remediation).not.toBe('')
    })

    it('not of cleartext to the same machine', () => {
      for (const host of ['127.0.0.1', 'localhost', '[::1]', 'app.localhost'])
        expect(warned({ ...quiet, CHAT_IDENTITY_URL: `http://${host}:3000/me` }), host).toEqual([])
    })

    it('of a thread pool without threads', () => {
      vi.stubEnv('UV_THREADPOOL_SIZE', '0')
      expect(warned(quiet).map(({ name }) => name)).toEqual(['UV_THREADPOOL_SIZE'])
    })
  })

  it('lets the command line read only the API’s and the key ring’s settings', () => {
    const given = (env: Record<string, string>) => ({ env, flags: {} })
    const token = '3f0b2c1e-0000-4000-8000-000000000000'
    expect(
      apiSettings(given({ KINESCOPE_API_TOKEN: token, KINESCOPE_API_URL: 'http://127.0.0.1:9090/' })),
    ).toEqual({
      apiToken: token,
      apiUrl: 'http://127.0.0.1:9090',
    })
    expect(ringSettings(given({ CHAT_KEY_DIR: '/keys' }))).toEqual({
      location: { dir: '/keys' },
      passphrase: undefined,
      tokenTtl: 3600,
    })
    expect(() => apiSettings(given({ KINESCOPE_API_TOKEN: 'x' }))).toThrow(ConfigProblem)
    expect(() => ringSettings(given({ CHAT_TOKEN_TTL: 'x' }))).toThrow(ConfigProblem)
  })
})
