import type { SettingReader } from '../setting-reader.js'
import type { SiteKey } from './site-key.js'

/** How the server learns who the visitor is, as configured. */
export type IdentityConfig =
  | { kind: 'forward'; url: string; idField: string; nameField: string }
  | {
      kind: 'jwt'
      key: SiteKey
      cookie: string | undefined
      issuer: string | undefined
      audience: string | undefined
      /** Seconds that the end of a statement may lie ahead. */
      maxAge: number
      idField: string
      nameField: string
    }
  | { kind: 'header'; idHeader: string; nameHeader: string }
  | { kind: 'guest'; secret: string }

/** Reads the `CHAT_IDENTITY…` settings; notes what is wrong at the reader. */
export function readIdentity(
  reader: SettingReader,
  trustedProxies: readonly string[],
): IdentityConfig | undefined {
  const kind = reader.required('CHAT_IDENTITY')
  const nameField = reader.value('CHAT_IDENTITY_NAME_FIELD') ?? 'name'
  switch (kind) {
    case undefined:
      return undefined
    case 'forward': {
      const url = reader.required('CHAT_IDENTITY_URL', ' although CHAT_IDENTITY is forward')
      const idField = reader.value('CHAT_IDENTITY_ID_FIELD') ?? 'id'
      return url === undefined ? undefined : { kind, url, idField, nameField }
    }
    case 'jwt': {
      const key = readSiteKey(reader)
      const idField = reader.value('CHAT_IDENTITY_ID_FIELD') ?? 'sub'
      const cookie = reader.value('CHAT_IDENTITY_COOKIE')
      const issuer = reader.value('CHAT_IDENTITY_ISSUER')
      // whoever holds a secret of ours signs for us; a key set signs for every client of the site
      const audience =
        key && !('secret' in key)
          ? reader.required('CHAT_IDENTITY_AUDIENCE', ' although a public key verifies the identity token')
          : reader.value('CHAT_IDENTITY_AUDIENCE')
      const maxAge = reader.value('CHAT_IDENTITY_MAX_AGE')
      return key && { kind, key, cookie, issuer, audience, maxAge, idField, nameField }
    }
    case 'header': {
      const why = ' although CHAT_IDENTITY is header'
      const idHeader = reader.required('CHAT_IDENTITY_ID_HEADER', why)
      const nameHeader = reader.required('CHAT_IDENTITY_NAME_HEADER', why)
      if (trustedProxies.length === 0) reader.required('CHAT_TRUSTED_PROXIES', why)
      return idHeader && nameHeader ? { kind, idHeader, nameHeader } : undefined
    }
    case 'guest': {
      const secret = reader.required('CHAT_IDENTITY_SECRET', ' although CHAT_IDENTITY is guest')
      return secret === undefined ? undefined : { kind, secret }
    }
  }
}

function readSiteKey(reader: SettingReader): SiteKey | undefined {
  const names = ['CHAT_IDENTITY_JWKS_URL', 'CHAT_IDENTITY_PUBLIC_KEY', 'CHAT_IDENTITY_SECRET'] as const
  const [first, second] = names.filter((name) => reader.isGiven(name))
  if (first === undefined) {
    reader.problem(
      'CHAT_IDENTITY_JWKS_URL',
      'is missing although CHAT_IDENTITY is jwt.',
      'Set it, or CHAT_IDENTITY_PUBLIC_KEY, or CHAT_IDENTITY_SECRET.',
    )
    return undefined
  }
  if (second !== undefined) {
    reader.problem(second, `and ${first} are both set.`, 'Keep one: identity tokens are verified in one way.')
    return undefined
  }
  const jwksUrl = reader.value('CHAT_IDENTITY_JWKS_URL')
  const publicKey = reader.value('CHAT_IDENTITY_PUBLIC_KEY')
  const secret = reader.value('CHAT_IDENTITY_SECRET')
  if (jwksUrl !== undefined) return { jwksUrl }
  if (publicKey !== undefined) return { publicKey }
  return secret === undefined ? undefined : { secret }
}
