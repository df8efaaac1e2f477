import { decodeBase64url, decodeHex, hmacWith, type Hmac } from './hmac.js'
import { identityTokenOf, MAX_IDENTITY_TOKEN_LENGTH } from './credentials.js'
import { rejected, userFrom, type IdentityAnswer, type IdentitySource } from './identity.js'
import { parseJson } from '../net/limits.js'

/** How old init data may be: a copy of it is as good until then. Seconds. */
const MAX_AGE_S = 86_400
/** `auth_date` may be ahead by the difference between two clocks. Seconds. */
const AHEAD_LEEWAY_S = 60
const MAX_FIELDS = 50

/** Telegram's keys for third parties (core.telegram.org/bots/webapps, "Validating data for Third-Party Use"). */
const TELEGRAM_KEYS = {
  production: 'e7bf03a2fa4602af4580703d88dda5bb59f32ed8b02a56c187fe7d34caed242d',
  test: '40055058a4ee38156a06562e52eece92a771bcd8346a8c4615cb7376eddf72ec',
} as const

export interface InitDataOptions {
  /** Bots whose mini apps may sign visitors in. */
  bots: readonly InitDataBot[]
  /** Milliseconds since the epoch. */
  now?: () => number
}

export type InitDataBot = {
  /** Names the platform in `user_id`, so that two platforms' numbers never mean one visitor. */
  platform: 'telegram' | 'max'
} & (
  | { token: string }
  /** Telegram only: verifies by Telegram's public key. The server then needs no bot token. */
  | { botId: string; environment?: 'production' | 'test'; publicKey?: string }
)

type Check = (fields: ReadonlyMap<string, string>) => Promise<boolean>

/** Verifies the init data of Telegram's and MAX's mini apps, sent as `Authorization: tma …` or as identity token. */
export function telegramIdentity({ bots, now = Date.now }: InitDataOptions): IdentitySource {
  const checks = bots.map((bot) => ({ bot, check: checkOf(bot) }))
  return async (call) => {
    const token = identityTokenOf(call)
    if (token?.format !== 'init-data') return { refused: 'sign-in-required', reason: 'no-init-data' }
    if (token.text.length > MAX_IDENTITY_TOKEN_LENGTH) return rejected('identity-token-too-long')
    const fields = readFields(token.text)
    if (fields === null) return rejected('init-data-malformed')
    for (const { bot, check } of checks) {
      if (await check(fields)) return answerOf(fields, bot, now() / 1000)
    }
    return rejected(
      'init-data-rejected',
      'The init data is not signed for a bot of this server. Check the bot token or the bot id.',
    )
  }
}

/** The fields of a query string; null if one is repeated or too many came. */
function readFields(text: string): Map<string, string> | null {
  const fields = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(text)) {
    // which of two would be meant?
    if (fields.has(name) || fields.size >= MAX_FIELDS) return null
    fields.set(name, value)
  }
  return fields
}

/** All fields but these, by name in code point order, one a line. */
const checkString = (fields: ReadonlyMap<string, string>, without: readonly string[]): string =>
  [...fields]
    .filter(([name]) => !without.includes(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')

function checkOf(bot: InitDataBot): Check {
  return 'token' in bot ? hashCheck(bot.token) : signatureCheck(bot)
}

function hashCheck(botToken: string): Check {
  const hmac: Promise<Hmac> = hmacWith('WebAppData').sign(botToken).then(hmacWith)
  return async (fields) =>
    (await hmac).verify(checkString(fields, ['hash']), decodeHex(fields.get('hash') ?? ''))
}

function signatureCheck({
  botId,
  environment = 'production',
  publicKey,
}: Extract<InitDataBot, { botId: string }>): Check {
  const raw = decodeHex(publicKey ?? TELEGRAM_KEYS[environment])
  if (raw?.length !== 32) throw new TypeError('publicKey must be 32 bytes in hexadecimal')
  const key = crypto.subtle.importKey('raw', raw, 'Ed25519', false, ['verify'])
  return async (fields) => {
    const signature = decodeBase64url((fields.get('signature') ?? '').replace(/={1,2}$/, ''))
    if (signature === null || signature.length !== 64) return false
    const text = `${botId}:WebAppData\n${checkString(fields, ['hash', 'signature'])}`
    return crypto.subtle.verify('Ed25519', await key, signature, new TextEncoder().encode(text))
  }
}

function answerOf(
  fields: ReadonlyMap<string, string>,
  { platform }: InitDataBot,
  nowS: number,
): IdentityAnswer {
  const date = fields.get('auth_date') ?? ''
  const authDate = /^\d{1,12}$/.test(date) ? Number(date) : NaN
  if (!(authDate <= nowS + AHEAD_LEEWAY_S)) return rejected('init-data-date')
  const user = parseJson(fields.get('user') ?? '') as Record<string, unknown> | null | undefined
  const names = [user?.['first_name'], user?.['last_name']].filter((name) => typeof name === 'string')
  const answer = userFrom(user?.['id'], names.join(' ').trim())
  if ('refused' in answer) return { ...answer, rejected: true }
  if (authDate < nowS - MAX_AGE_S) return { refused: 'identity-expired', reason: 'init-data-expired' }
  return { user: { ...answer.user, id: `${platform}:${answer.user.id}` } }
}
