import { createLocalJWKSet, type JSONWebKeySet } from 'jose'
import type { IdentityConfig, SourceConfig } from '../identity/identity-config.js'
import { fetchQuietly, jsonObject, type Fetched, type NotFetched } from './fetch-quietly.js'
import { findingsAbout, type Finding } from './finding.js'

const found = findingsAbout('identity')
const TIMEOUT_MS = 3000
const HOUR_S = 3600

/** The checks of one identity source, by its kind. Settings that are missing or weak keep the server from starting. */
interface SourceCheck {
  id: SourceConfig['kind']
  run: (source: SourceConfig, signal: AbortSignal) => Promise<Finding[]> | Finding[]
}

const CHECKS: readonly SourceCheck[] = [
  checkOf('oidc', async ({ issuers }, signal) => {
    const names = [...new Set(issuers.map(({ issuer }) => issuer))]
    return Promise.all(names.map((issuer) => checkIssuer(issuer, signal)))
  }),
  checkOf('jwt', async ({ key }, signal) => {
    if (!('jwksUrl' in key)) return []
    const fault = await keySetFault(key.jwksUrl, signal)
    return fault === null
      ? [found.ok('identity-keys', 'the site’s key set can be read')]
      : [
          found.fail(
            'identity-keys-unreachable',
            `the site’s key set can’t be read: ${fault}`,
            'Open CHAT_IDENTITY_JWKS_URL from this machine with curl: it must return a JWK Set.',
          ),
        ]
  }),
  checkOf('hmac', ({ maxAge }) => [
    maxAge > 24 * HOUR_S
      ? found.warn(
          'identity-hmac-long',
          `CHAT_IDENTITY_MAX_AGE allows identity tokens of ${maxAge} s`,
          'A copied token works until then. Write 86400 or less.',
        )
      : found.ok('identity-hmac', 'the secret for plain HMAC tokens is set and long enough'),
  ]),
  checkOf('telegram', ({ bots }) =>
    bots.map((bot) =>
      bot.platform === 'telegram' && 'token' in bot
        ? found.warn(
            'identity-telegram-token',
            'this server holds a Telegram bot’s token',
            'Set CHAT_TELEGRAM_BOT_ID instead: Telegram’s public key then verifies the visitors.',
          )
        : found.ok(`identity-${bot.platform}`, `mini apps of a ${bot.platform} bot are verified`),
    ),
  ),
  checkOf('link', ({ dir }) => [
    found.ok('identity-link', `personal links are verified; revocations are read from ${dir}`),
  ]),
  checkOf('guest', ({ names, mark }) => [
    names === 'ask' && mark !== undefined && mark.trim().length < 2
      ? found.warn(
          'identity-guest-mark',
          'CHAT_GUEST_MARK is so short that a guest’s name looks like a member’s',
          'Write a word, such as "· guest".',
        )
      : found.ok(
          'identity-guest',
          names === 'ask' ? 'guests choose a name and get a mark' : 'guests get a number',
        ),
  ]),
]

/** Checks each source of the chain that needs no visitor for it. */
export async function checkSources(identity: IdentityConfig, signal: AbortSignal): Promise<Finding[]> {
  const runs = identity.map(async (source) => {
    const check = CHECKS.find(({ id }) => id === source.kind)
    return check ? check.run(source, signal) : []
  })
  return (await Promise.all(runs)).flat()
}

function checkOf<K extends SourceConfig['kind']>(
  id: K,
  run: (source: Extract<SourceConfig, { kind: K }>, signal: AbortSignal) => Promise<Finding[]> | Finding[],
): SourceCheck {
  return { id, run: (source, signal) => run(source as Extract<SourceConfig, { kind: K }>, signal) }
}

/** OpenID Connect Discovery 1.0, section 4.3: the document names the issuer exactly. */
async function checkIssuer(issuer: string, signal: AbortSignal): Promise<Finding> {
  const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const answer = await fetchJson(address, signal)
  if ('failure' in answer || answer.status !== 200) {
    const what = 'failure' in answer ? answer.failure : `status ${answer.status}`
    return found.fail(
      'identity-issuer-unreachable',
      `the discovery document of ${issuer} can’t be read (${what})`,
      `Open ${address} from this machine with curl. Compare the issuer in CHAT_IDENTITY_OIDC with the token’s iss.`,
    )
  }
  const document = jsonObject(answer)
  if (document?.['issuer'] !== issuer) {
    const named = typeof document?.['issuer'] === 'string' ? document['issuer'].slice(0, 200) : 'no issuer'
    return found.fail(
      'identity-issuer-differs',
      `the discovery document of ${issuer} names ${named}`,
      'Write the issuer into CHAT_IDENTITY_OIDC exactly as the document has it, the final slash included.',
    )
  }
  const keys = document['jwks_uri']
  const isAddress = typeof keys === 'string' && URL.canParse(keys)
  // as the server, which takes no keys over http from an issuer on https
  const isSafe = isAddress && (keys.startsWith('https:') || issuer.startsWith('http:'))
  const fault = isSafe ? await keySetFault(keys, signal) : null
  if (!isSafe || fault !== null) {
    const what = isAddress ? 'a jwks_uri that is not https' : 'no jwks_uri'
    return found.fail(
      'identity-issuer-keys',
      isSafe
        ? `the keys of ${issuer} can’t be read: ${fault}`
        : `the discovery document of ${issuer} has ${what}`,
      'Open its jwks_uri from this machine with curl, or ask the provider. Without its keys, no token can be verified.',
    )
  }
  return found.ok('identity-issuer', `the provider ${issuer} and its keys can be reached`)
}

/** What is wrong with a JWK Set, or null. */
async function keySetFault(address: string, signal: AbortSignal): Promise<string | null> {
  const answer = await fetchJson(address, signal)
  if ('failure' in answer) return answer.failure
  if (answer.status !== 200) return `status ${answer.status}`
  if (answer.truncated) return 'it is longer than 256 KiB'
  const set = jsonObject(answer)
  try {
    createLocalJWKSet(set as unknown as JSONWebKeySet)
  } catch {
    return 'it is not a JWK Set'
  }
  return (set!['keys'] as unknown[]).length > 0 ? null : 'it has no key'
}

const fetchJson = (address: string, signal: AbortSignal): Promise<Fetched | NotFetched> =>
  fetchQuietly(address, { headers: { accept: 'application/json' }, timeoutMs: TIMEOUT_MS, signal })
