import { isUuid, pageOf, readObject, refuse, type ApiReply, type ApiRequest } from './api-reply.js'
import { keyByKid, type EmulatorState, type RegisteredKey } from './emulator-state.js'

/** The seven members that `POST /v1/jwk` documents: "Make sure to pass all parameters". */
const MEMBERS = ['kty', 'e', 'use', 'kid', 'alg', 'n', 'expires_at'] as const
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']
const MIN_BITS = 2048

/** `POST /v1/jwk`. `newId` is a UUID. */
export function registerKey(
  state: EmulatorState,
  { body }: ApiRequest,
  now: number,
  newId: string,
): ApiReply {
  const { variants } = state
  const read = readObject(body)
  if ('reply' in read) return read.reply
  const missing = MEMBERS.filter((name) => read.value[name] === undefined || read.value[name] === '')
  if (missing.length > 0) return refuse.invalidParams(missing.map((name) => ({ name, reason: 'required' })))
  const wrongKind = MEMBERS.find((name) => typeof read.value[name] !== 'string')
  if (wrongKind)
    return refuse.jsonType(`json: cannot unmarshal into Go struct field .${wrongKind} of type string`)

  const key = read.value as Record<(typeof MEMBERS)[number], string>
  const fault = keyFault(key, now)
  if (fault) return refuse.unexpectedValue(fault)
  const extra = Object.keys(key).filter((name) => !(MEMBERS as readonly string[]).includes(name))
  if (extra.some((name) => PRIVATE_MEMBERS.includes(name)))
    return refuse.unexpectedValue('invalid key format')
  if (extra.length > 0 && variants.extraKeyMembers === 'refused') {
    return refuse.unexpectedValue('invalid key format')
  }
  if (variants.duplicateKid !== 'creates-duplicate' && keyByKid(state, key.kid)) {
    return variants.duplicateKid === '409' ? refuse.conflict('kid') : refuse.taken('kid')
  }
  if (variants.keyLimit !== null && state.keys.length >= variants.keyLimit) return refuse.limitReached()

  const added: RegisteredKey = {
    id: variants.keyIdForm === 'uuid' ? newId : `jwk_${newId.replaceAll('-', '').slice(0, 12)}`,
    kid: key.kid,
    createdAt: toIso(now),
    expiresAt: key.expires_at,
    alg: key.alg,
    publicJwk: { kty: 'RSA', n: key.n, e: key.e },
  }
  state.keys.push(added)
  return { status: variants.createStatus, body: wrapped(state, shown(state, added)) }
}

/** `GET /v1/jwk`: "View all active keys". */
export function listKeys(state: EmulatorState, { query }: ApiRequest, now: number): ApiReply {
  const { keyList, keyListShows } = state.variants
  const listed = state.keys
    .filter((key) => keyListShows === 'all' || Date.parse(key.expiresAt) > now)
    .map((key) => shown(state, key))
  switch (keyList) {
    case 'bare':
      return { status: 200, body: listed }
    case 'keys':
      return { status: 200, body: { keys: listed } }
    case 'data':
      return { status: 200, body: { data: listed } }
    case 'paged': {
      const page = pageOf(listed, query)
      if ('reply' in page) return page.reply
      const { rows, pagination } = page
      return { status: 200, body: { meta: { pagination, order: { created_at: 'asc' } }, data: rows } }
    }
  }
}

/** `GET /v1/jwk/{id}`. */
export function showKey(state: EmulatorState, id: string): ApiReply {
  const found = find(state, id)
  return 'reply' in found ? found.reply : { status: 200, body: wrapped(state, shown(state, found.key)) }
}

/** `DELETE /v1/jwk/{id}`: by the service's id, not by `kid`. */
export function deleteKey(state: EmulatorState, id: string): ApiReply {
  const found = find(state, id)
  if ('reply' in found) return found.reply
  state.keys = state.keys.filter((key) => key !== found.key)
  return state.variants.deleteAnswer === 'empty'
    ? { status: 204 }
    : { status: 200, body: { data: { success: true } } }
}

/** The article's three messages, or null for a key in order. */
function keyFault(key: Record<(typeof MEMBERS)[number], string>, now: number): string | null {
  if (key.kty !== 'RSA' || key.use !== 'sig' || key.alg !== 'RS256') return 'invalid key format'
  if (!/^[\w-]+$/.test(key.n) || !/^[\w-]+$/.test(key.e)) return 'invalid key format'
  const modulus = Buffer.from(key.n, 'base64url')
  const first = modulus[0]
  // RFC 7518, section 6.3.1.1: the minimum number of octets, so no leading zero
  if (first === undefined || first === 0) return 'invalid key format'
  if (modulus.length * 8 - Math.clz32(first) + 24 < MIN_BITS) return 'key size too small'
  const expires = Date.parse(key.expires_at)
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(key.expires_at) || Number.isNaN(expires)) {
    return 'invalid key format'
  }
  return expires <= now ? 'key expired' : null
}

function find(state: EmulatorState, id: string): { key: RegisteredKey } | { reply: ApiReply } {
  if (state.variants.keyIdForm === 'uuid' && !isUuid(id)) return { reply: refuse.notAUuid() }
  const key = state.keys.find((candidate) => candidate.id === id)
  return key ? { key } : { reply: refuse.noSuchEntity() }
}

function shown(
  { variants }: EmulatorState,
  { id, kid, createdAt, expiresAt, alg, publicJwk }: RegisteredKey,
) {
  const article = { id, kty: publicJwk.kty, kid, created_at: createdAt, expires_at: expiresAt }
  if (variants.keyFields === 'article') return article
  return { ...article, n: publicJwk.n, e: publicJwk.e, use: 'sig', alg }
}

const wrapped = ({ variants }: EmulatorState, key: object) =>
  variants.keyEnvelope === 'data' ? { data: key } : key
const toIso = (now: number) => new Date(now).toISOString().replace(/\.\d+Z$/, 'Z')
