import { createHmac, randomBytes } from 'node:crypto'
import jwt from 'jsonwebtoken'
import { CREDENTIALS, credentialFacts, type Credential } from './src/identity-setup.js'
import type { VisitorFacts } from './src/page-facts.js'

/** What the systems that vouch for visitors share with the token server. Made when the demo starts. */
export interface IdentitySecrets {
  site: string
  links: string
  telegramBot: string
  maxBot: string
}

export function makeSecrets(): IdentitySecrets {
  const text = () => randomBytes(32).toString('base64url')
  const bot = () => `${randomBytes(4).readUInt32BE()}:${text()}`
  return { site: text(), links: text(), telegramBot: bot(), maxBot: bot() }
}

/** Whom the credentials are made for, and with what. */
export interface Issuers {
  secrets: IdentitySecrets
  eventId: string
  /** An ID token, for the chat's client or for another one. */
  idToken: (name: string, clientId?: string) => string
  /** The fragments of personal links. */
  links: () => Promise<{ good: string; revoked: string }>
}

const HOUR_S = 3600
const DAY_S = 86_400
const nowS = () => Math.floor(Date.now() / 1000)

type Make = (name: string, issuers: Issuers) => VisitorFacts | Promise<VisitorFacts>

const MAKERS: Record<Credential, Make> = {
  nothing: () => ({}),
  session: () => ({}),
  'session-unreadable': () => ({}),
  jwt: (name, { secrets }) => ({ identity: siteJwt(secrets.site, name) }),
  'jwt-expired': (name, { secrets }) => ({ identity: siteJwt(secrets.site, name, 2 * HOUR_S) }),
  'jwt-forged': (name) => ({ identity: siteJwt(makeSecrets().site, name) }),
  'id-token': (name, { idToken }) => ({ identity: idToken(name) }),
  'id-token-of-another-client': (name, { idToken }) => ({ identity: idToken(name, 'another-client') }),
  hmac: (name, { secrets, eventId }) => ({ identity: hmacToken(secrets.site, name, eventId) }),
  'hmac-changed': (name, { secrets, eventId }) => {
    const [kind, , mac] = hmacToken(secrets.site, name, eventId).split('.')
    const [, claims] = hmacToken(secrets.site, 'Moderator', eventId).split('.')
    return { identity: [kind, claims, mac].join('.') }
  },
  'hmac-of-another-stream': (name, { secrets }) => ({
    identity: hmacToken(secrets.site, name, 'another-stream'),
  }),
  telegram: (name, { secrets }) => ({ identity: initData(secrets.telegramBot, name) }),
  max: (name, { secrets }) => ({ identity: initData(secrets.maxBot, name) }),
  'telegram-changed': (name, { secrets }) => {
    const fields = new URLSearchParams(initData(secrets.telegramBot, name))
    fields.set('user', JSON.stringify({ id: 1, first_name: 'Moderator' }))
    return { identity: fields.toString() }
  },
  'telegram-of-yesterday': (name, { secrets }) => ({
    identity: initData(secrets.telegramBot, name, nowS() - DAY_S - HOUR_S),
  }),
  link: async (_name, { links }) => ({ fragment: (await links()).good }),
  'link-cut': async (_name, { links }) => ({ fragment: (await links()).good.slice(0, -5) }),
  'link-revoked': async (_name, { links }) => ({ fragment: (await links()).revoked }),
}

/** Makes what a visitor brings. */
export const makeCredential = async (brings: Credential, issuers: Issuers): Promise<VisitorFacts> =>
  MAKERS[brings](credentialFacts(brings).name ?? 'Nina', issuers)

/** The names of those who get a personal link. */
export const LINKED = { good: CREDENTIALS.link.name!, revoked: 'Rita' }

const idOf = (name: string) => `member-${name.toLowerCase()}`

/** A JWT for an hour, signed so many seconds ago. */
function siteJwt(secret: string, name: string, agoS = 0): string {
  const iat = nowS() - agoS
  const claims = { name, iat, exp: iat + HOUR_S }
  return jwt.sign(claims, secret, { audience: 'kinescope-chat', subject: idOf(name) })
}

/** As docs/identity-hmac.md has it. */
function hmacToken(secret: string, name: string, eventId: string): string {
  const json = JSON.stringify({ sub: idOf(name), name, exp: nowS() + HOUR_S, event_id: eventId })
  const claims = Buffer.from(json).toString('base64url')
  return `hmac.${claims}.${createHmac('sha256', secret).update(claims).digest('hex')}`
}

/** Init data that a bot's token signs (core.telegram.org/bots/webapps, "Validating data received via the Mini App"). */
function initData(botToken: string, name: string, authDate = nowS()): string {
  const [first_name, last_name] = name.split(' ')
  const fields = new URLSearchParams({
    auth_date: `${authDate}`,
    query_id: randomBytes(12).toString('base64url'),
    user: JSON.stringify({ id: 4217, first_name, last_name, language_code: 'ru' }),
  })
  // already in the order of their names
  const text = [...fields].map(([field, value]) => `${field}=${value}`).join('\n')
  const key = createHmac('sha256', 'WebAppData').update(botToken).digest()
  fields.set('hash', createHmac('sha256', key).update(text).digest('hex'))
  return fields.toString()
}
