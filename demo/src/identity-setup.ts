import type { Text } from './scenario.js'

/** What a visitor brings to a token server, and the name in it. */
interface CredentialFacts {
  /** What it is, at the end of "The visitor has …". */
  about: Text
  /** In a scenario's title, where that differs. */
  title?: Text
  /** The name that its source proves. */
  name?: string
  /** The visitor's session on the site; signed out by default. */
  visitor?: 'signed-in' | 'unknowable'
}

const credential = (en: string, ru: string, facts: Omit<CredentialFacts, 'about'> = {}): CredentialFacts => ({
  about: { en, ru },
  ...facts,
})

export const CREDENTIALS = {
  nothing: credential('no credential', 'ничего', {
    title: { en: 'a visitor without a credential', ru: 'посетитель без данных для входа' },
  }),
  session: credential('the site’s session cookie', 'cookie сеанса сайта', { visitor: 'signed-in' }),
  'session-unreadable': credential(
    'the site’s session cookie, while the site’s /me fails',
    'cookie сеанса сайта, когда /me сайта не работает',
    { visitor: 'unknowable' },
  ),
  jwt: credential('a JWT of the site', 'JWT сайта', { name: 'Julia' }),
  'jwt-expired': credential('a JWT that has expired', 'JWT с истёкшим сроком'),
  'jwt-forged': credential('a JWT signed with another secret', 'JWT, подписанный другим секретом'),
  'id-token': credential('an ID token of the provider', 'ID-токен провайдера', { name: 'Olga' }),
  'id-token-of-another-client': credential(
    'an ID token for another client of the provider',
    'ID-токен другого клиента провайдера',
  ),
  hmac: credential('a plain HMAC token', 'токен HMAC', { name: 'Hanna' }),
  'hmac-changed': credential('a plain HMAC token with another name', 'токен HMAC с подменённым именем'),
  'hmac-of-another-stream': credential(
    'a plain HMAC token for another stream',
    'токен HMAC для другой трансляции',
  ),
  telegram: credential('the init data of a Telegram mini app', 'initData мини-приложения Telegram', {
    name: 'Tanya Petrova',
  }),
  max: credential('the init data of a MAX mini app', 'initData мини-приложения MAX', { name: 'Max Orlov' }),
  'telegram-changed': credential(
    'the init data of a Telegram mini app with another user',
    'initData мини-приложения Telegram с другим пользователем',
  ),
  'telegram-of-yesterday': credential(
    'the init data of a Telegram mini app, older than 24 hours',
    'initData мини-приложения Telegram старше 24 часов',
  ),
  link: credential('a personal link', 'личная ссылка', { name: 'Lena' }),
  'link-cut': credential('a personal link that a mail client cut', 'личная ссылка, которую обрезала почта'),
  'link-revoked': credential('a personal link that was revoked', 'отозванная личная ссылка'),
} satisfies Record<string, CredentialFacts>

export type Credential = keyof typeof CREDENTIALS

export const credentialFacts = (name: Credential): CredentialFacts => CREDENTIALS[name]

/** A token server with these identity sources, and what the visitor brings to it. */
export interface IdentitySetup {
  /** Its `CHAT_IDENTITY`. */
  sources: string
  /** Whether its guests choose a name. */
  asksNames?: true
  brings: Credential
}
