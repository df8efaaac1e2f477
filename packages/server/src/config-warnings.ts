import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { signingThreads, type ServeConfig } from './config.js'
import type { SettingProblem } from './problem.js'
import { exposureOf } from './secret-file.js'

/** What is probably a mistake although the server starts, each with what to do about it. */
export function configWarnings(config: ServeConfig): SettingProblem[] {
  const { events, rateLimit, identity, trustedProxies, allowedOrigins, basePath, key, keyFile } = config
  return [
    ...when(events === '*', {
      name: 'CHAT_EVENTS',
      message: 'is *: every visitor may ask for a token of any stream of the workspace.',
      remediation: 'Name the streams, or decide in your own code with authorize().',
    }),
    ...when(allowedOrigins.length === 0 && basePath === '', {
      name: 'CHAT_ALLOWED_ORIGINS',
      message: 'is empty, and so is CHAT_BASE_PATH: no page but this server’s own can ask for a token.',
      remediation: 'Name the origins of your pages, or put the server behind your site under CHAT_BASE_PATH.',
    }),
    ...when(rateLimit === null, {
      name: 'CHAT_RATE_LIMIT',
      message: 'is off: one visitor can keep the signer busy.',
      remediation: 'Leave it at its default unless something in front of the server limits.',
    }),
    ...when(identity.kind === 'guest', {
      name: 'CHAT_IDENTITY',
      message: 'is guest: anyone may write, under a number.',
      remediation: 'Use forward, jwt or header where visitors are to be known.',
    }),
    ...when(trustedProxies.some(isBroad), {
      name: 'CHAT_TRUSTED_PROXIES',
      message: 'holds a range so wide that strangers are in it: they may claim any address.',
      remediation: 'Name the addresses of your own proxies.',
    }),
    ...cleartext(config),
    ...placeholders(config),
    ...when('dir' in key && !existsSync(key.dir), {
      name: 'CHAT_KEY_DIR',
      message: 'names a directory that is not there: no token can be made until it is.',
      remediation: 'Run kinescope-chat-server setup, or name the directory that holds keyring.json.',
    }),
    ...when(keyFile !== undefined && exposureOf(keyFile) === 'open', {
      name: 'CHAT_PRIVATE_KEY_FILE',
      message: 'may be read by everybody on this machine, and the server can’t change that.',
      remediation: 'Mount it with a mode of 0400 or 0440 (in Kubernetes: defaultMode).',
    }),
    ...threads(),
  ]
}

const when = (condition: boolean, problem: SettingProblem): SettingProblem[] => (condition ? [problem] : [])

/** The addresses that cookies, statements, keys or tokens travel to. */
function addressesOf({ identity, apiUrl, chatOrigin, publicUrl, allowedOrigins }: ServeConfig) {
  const identityUrl = identity.kind === 'forward' ? identity.url : null
  const jwksUrl = identity.kind === 'jwt' && 'jwksUrl' in identity.key ? identity.key.jwksUrl : null
  return [
    ['CHAT_IDENTITY_URL', identityUrl],
    ['CHAT_IDENTITY_JWKS_URL', jwksUrl],
    ['KINESCOPE_API_URL', apiUrl],
    ['KINESCOPE_CHAT_ORIGIN', chatOrigin],
    ['CHAT_PUBLIC_URL', publicUrl],
    ...allowedOrigins.map((origin) => ['CHAT_ALLOWED_ORIGINS', origin]),
  ].flatMap(([name, text]) => (text ? [{ name: name!, url: new URL(text) }] : []))
}

function cleartext(config: ServeConfig): SettingProblem[] {
  const redis = config.redisUrl === undefined ? null : new URL(config.redisUrl)
  const open = addressesOf(config).filter(({ url }) => url.protocol === 'http:' && !isLoopback(url.hostname))
  return [
    ...unique(open.map(({ name }) => name)).map((name) => ({
      name,
      message: 'is an http: address of another host: what goes there can be read and changed on the way.',
      remediation: 'Write https: instead.',
    })),
    ...when(redis?.protocol === 'redis:' && redis.password !== '' && !isLoopback(redis.hostname), {
      name: 'CHAT_REDIS_URL',
      message: 'sends its password to another host in the clear.',
      remediation: 'Write rediss: instead.',
    }),
  ]
}

/** Hosts that are set aside for examples (RFC 2606): nobody answers there. */
function placeholders(config: ServeConfig): SettingProblem[] {
  const still = addressesOf(config).filter(({ url }) => /(^|\.)example\.(com|org|net)$/.test(url.hostname))
  return unique(still.map(({ name }) => name)).map((name) => ({
    name,
    message: 'still holds the host of the documentation’s examples.',
    remediation: 'Write your own.',
  }))
}

function threads(): SettingProblem[] {
  const size = signingThreads()
  const cores = availableParallelism()
  return when(!(size >= Math.min(cores, 1024)), {
    name: 'UV_THREADPOOL_SIZE',
    message: `lets ${size} of ${cores} processors sign.`,
    remediation: `Start the process with UV_THREADPOOL_SIZE=${cores}.`,
  })
}

const unique = <T>(list: readonly T[]): T[] => [...new Set(list)]

export function isLoopback(hostname: string): boolean {
  return /^(127\.\d+\.\d+\.\d+|\[::1\]|::1|localhost|.*\.localhost)$/i.test(hostname)
}

function isBroad(entry: string): boolean {
  const [address = '', bits] = entry.split('/')
  return bits !== undefined && Number(bits) < (address.includes(':') ? 16 : 8)
}
