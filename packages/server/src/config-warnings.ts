import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { sourceOfKind } from './identity/identity-config.js'
import { signingThreads, type ServeConfig } from './config.js'
import { isLoopbackHost } from './net/addresses.js'
import type { SettingProblem } from './problem.js'
import { exposureOf } from './secret-file.js'
import { isOriginPattern } from './endpoint/origin.js'

/** Probable mistakes that don't keep the server from starting, each with its remedy. */
export function configWarnings(config: ServeConfig): SettingProblem[] {
  const { events, rateLimit, identity, trustedProxies, allowedOrigins, basePath, key, keyFile } = config
  return [
    ...when(events === '*', {
      name: 'CHAT_EVENTS',
      message: 'is *: every visitor can get a token for any stream of the workspace.',
      remediation: 'List the streams, or decide in your own code with authorize().',
    }),
    ...when(allowedOrigins.length === 0 && basePath === '', {
      name: 'CHAT_ALLOWED_ORIGINS',
      message: 'and CHAT_BASE_PATH are empty: only this server’s own pages can get a token.',
      remediation: 'List the origins of your pages, or put the server behind your site under CHAT_BASE_PATH.',
    }),
    ...when(allowedOrigins.some(isOriginPattern), {
      name: 'CHAT_ALLOWED_ORIGINS',
      message: 'has a pattern: any site whose name matches it can act for your visitors.',
      remediation: 'Use it for preview deployments only, and name the origins of the live site.',
    }),
    ...when(rateLimit === null, {
      name: 'CHAT_RATE_LIMIT',
      message: 'is off: one visitor can keep the signer busy.',
      remediation: 'Use the default, unless a proxy in front of the server limits requests.',
    }),
    ...when(sourceOfKind(identity, 'guest') !== undefined, {
      name: 'CHAT_IDENTITY',
      message: 'has guest: anyone can write in the chat.',
      remediation: 'Remove guest if the chat is for the site’s members only.',
    }),
    ...when(trustedProxies.some(isBroad), {
      name: 'CHAT_TRUSTED_PROXIES',
      message: 'contains a very wide range: visitors in it can forge their address.',
      remediation: 'List only the addresses of your own proxies.',
    }),
    ...cleartext(config),
    ...placeholders(config),
    ...when('dir' in key && !existsSync(key.dir), {
      name: 'CHAT_KEY_DIR',
      message: 'names a directory that doesn’t exist: the server can’t sign tokens.',
      remediation: 'Run `kinescope-chat-server setup`, or name the directory with keyring.json.',
    }),
    ...when(keyFile !== undefined && exposureOf(keyFile) === 'open', {
      name: 'CHAT_PRIVATE_KEY_FILE',
      message: 'can be read by every user of this machine, and the server can’t change that.',
      remediation: 'Mount it with mode 0400 or 0440 (in Kubernetes: defaultMode).',
    }),
    ...threads(),
  ]
}

const when = (condition: boolean, problem: SettingProblem): SettingProblem[] => (condition ? [problem] : [])

/** The URLs that cookies, identity tokens, keys or tokens are sent to. */
function addressesOf({ identity, apiUrl, chatOrigin, publicUrl, allowedOrigins }: ServeConfig) {
  const identityUrl = sourceOfKind(identity, 'forward')?.url
  const key = sourceOfKind(identity, 'jwt')?.key
  const jwksUrl = key && 'jwksUrl' in key ? key.jwksUrl : null
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
  const open = addressesOf(config).filter(
    ({ url }) => url.protocol === 'http:' && !isLoopbackHost(url.hostname),
  )
  return [
    ...unique(open.map(({ name }) => name)).map((name) => ({
      name,
      message: 'is an http: URL of another host: others can read and change what is sent.',
      remediation: 'Use https:.',
    })),
    ...when(redis?.protocol === 'redis:' && redis.password !== '' && !isLoopbackHost(redis.hostname), {
      name: 'CHAT_REDIS_URL',
      message: 'sends its password to another host unencrypted.',
      remediation: 'Use rediss:.',
    }),
  ]
}

/** Hosts reserved for examples (RFC 2606). */
function placeholders(config: ServeConfig): SettingProblem[] {
  const found = addressesOf(config).filter(({ url }) => /(^|\.)example\.(com|org|net)$/.test(url.hostname))
  return unique(found.map(({ name }) => name)).map((name) => ({
    name,
    message: 'still has the host of the documentation’s example.',
    remediation: 'Write your own host.',
  }))
}

function threads(): SettingProblem[] {
  const size = signingThreads()
  const cores = availableParallelism()
  return when(!(size >= Math.min(cores, 1024)), {
    name: 'UV_THREADPOOL_SIZE',
    message: `lets ${size} of ${cores} processors sign tokens.`,
    remediation: `Start the process with UV_THREADPOOL_SIZE=${cores}.`,
  })
}

const unique = <T>(list: readonly T[]): T[] => [...new Set(list)]

function isBroad(entry: string): boolean {
  const [address = '', bits] = entry.split('/')
  return bits !== undefined && Number(bits) < (address.includes(':') ? 16 : 8)
}
