import { createPublicKey } from 'node:crypto'
import type { SettingReader } from '../setting.js'
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
  const nameField = reader.text('CHAT_IDENTITY_NAME_FIELD') ?? 'name'
  switch (kind) {
    case undefined:
      return undefined
    case 'forward': {
      reader.required('CHAT_IDENTITY_URL', ' although CHAT_IDENTITY is forward')
      const url = readUrl(reader, 'CHAT_IDENTITY_URL')
      const idField = reader.text('CHAT_IDENTITY_ID_FIELD') ?? 'id'
      return url === undefined ? undefined : { kind, url, idField, nameField }
    }
    case 'jwt': {
      const key = readSiteKey(reader)
      const idField = reader.text('CHAT_IDENTITY_ID_FIELD') ?? 'sub'
      const cookie = reader.parsed('CHAT_IDENTITY_COOKIE', 'must be the name of a cookie.', token)
      const issuer = reader.text('CHAT_IDENTITY_ISSUER')
      // whoever holds a secret of ours signs for us; a key set signs for every client of the site
      const audience =
        key && !('secret' in key)
          ? reader.required('CHAT_IDENTITY_AUDIENCE', ' although statements are verified by a public key')
          : reader.text('CHAT_IDENTITY_AUDIENCE')
      const maxAge = reader.number('CHAT_IDENTITY_MAX_AGE', 60, 31_536_000)!
      return key && { kind, key, cookie, issuer, audience, maxAge, idField, nameField }
    }
    case 'header': {
      const why = ' although CHAT_IDENTITY is header'
      reader.required('CHAT_IDENTITY_ID_HEADER', why)
      reader.required('CHAT_IDENTITY_NAME_HEADER', why)
      if (trustedProxies.length === 0) reader.required('CHAT_TRUSTED_PROXIES', why)
      const idHeader = reader.parsed('CHAT_IDENTITY_ID_HEADER', 'must be the name of a header.', token)
      const nameHeader = reader.parsed('CHAT_IDENTITY_NAME_HEADER', 'must be the name of a header.', token)
      return idHeader && nameHeader ? { kind, idHeader, nameHeader } : undefined
    }
    case 'guest': {
      reader.required('CHAT_IDENTITY_SECRET', ' although CHAT_IDENTITY is guest')
      const secret = reader.strong('CHAT_IDENTITY_SECRET')
      return secret === undefined ? undefined : { kind, secret }
    }
    default:
      reader.problem(
        'CHAT_IDENTITY',
        'must be forward, jwt, header or guest.',
        'Write, for example, CHAT_IDENTITY=forward',
      )
      return undefined
  }
}

function readSiteKey(reader: SettingReader): SiteKey | undefined {
  const given = ['CHAT_IDENTITY_JWKS_URL', 'CHAT_IDENTITY_PUBLIC_KEY', 'CHAT_IDENTITY_SECRET'].filter(
    (name) => reader.isWritten(name),
  )
  if (given.length === 0) {
    const instead = 'Write that, or CHAT_IDENTITY_PUBLIC_KEY, or CHAT_IDENTITY_SECRET'
    reader.problem('CHAT_IDENTITY_JWKS_URL', 'is missing although CHAT_IDENTITY is jwt.', instead)
    return undefined
  }
  if (given.length > 1) {
    reader.problem(
      given[1]!,
      `is given beside ${given[0]}.`,
      'Keep one: statements are verified in one way only.',
    )
    return undefined
  }
  switch (given[0]) {
    case 'CHAT_IDENTITY_JWKS_URL': {
      const jwksUrl = readUrl(reader, 'CHAT_IDENTITY_JWKS_URL')
      return jwksUrl === undefined ? undefined : { jwksUrl }
    }
    case 'CHAT_IDENTITY_PUBLIC_KEY': {
      const publicKey = reader.parsed(
        'CHAT_IDENTITY_PUBLIC_KEY',
        'must be a public key, PEM (SPKI) or JWK.',
        publicKeyText,
      )
      return publicKey === undefined ? undefined : { publicKey }
    }
    default: {
      const secret = reader.strong('CHAT_IDENTITY_SECRET')
      return secret === undefined ? undefined : { secret }
    }
  }
}

/** The text as it is, where it holds a public key that can be loaded: a broken one would turn everybody away. */
function publicKeyText(text: string): string | undefined {
  const trimmed = text.replaceAll('\\n', '\n').trim()
  if (!/^(-----BEGIN PUBLIC KEY-----|\{)/.test(trimmed) || trimmed.includes('"d"')) return undefined
  try {
    if (trimmed.startsWith('{')) {
      createPublicKey({ key: JSON.parse(trimmed) as Record<string, string>, format: 'jwk' })
    } else createPublicKey(trimmed)
    return text
  } catch {
    return undefined
  }
}

function readUrl(reader: SettingReader, name: string): string | undefined {
  return reader.parsed(name, 'must be an http(s) address.', (text) =>
    URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) ? text : undefined,
  )
}

/** RFC 9110, section 5.6.2: what names of headers and cookies are made of. */
function token(text: string): string | undefined {
  return /^[\w!#$%&'*+.^`|~-]+$/.test(text) ? text : undefined
}
