/** What an API handler answers; `body` undefined is an empty body. */
export interface ApiReply {
  status: number
  body?: unknown
}

/** A request as the pure handlers see it. */
export interface ApiRequest {
  query: Record<string, string | undefined>
  /** The raw body: the service tells "no body" from "no JSON". */
  body: string
}

interface InvalidParam {
  index: number
  name: string
  reason: string
  message: string
}

export interface ErrorBody {
  error: { code: number; message: string; detail?: string; invalid_params?: InvalidParam[] }
}

const failure = (status: number, code: number, message: string, detail?: string): ApiReply => ({
  status,
  body: { error: detail === undefined ? { code, message } : { code, message, detail } } satisfies ErrorBody,
})

/** Error answers, with the codes and words that were seen or are documented (`kinescoper/kinescope-mcp`, OpenAPI). */
export const refuse = {
  noAuthorization: () => failure(401, 100101, 'authorization header not found'),
  unauthorized: () => failure(401, 100102, 'unauthorized'),
  limitReached: () => failure(402, 100106, 'limit reached'),
  noBody: () => failure(400, 1, 'io error'),
  jsonSyntax: () => failure(400, 400101, 'json syntax error'),
  jsonType: (detail: string) => failure(400, 400102, 'json type error', detail),
  taken: (field: string) => failure(400, 400201, 'has already been taken', field),
  conflict: (field: string) => failure(409, 400201, 'has already been taken', field),
  badOrder: (detail: string) => failure(400, 400216, 'invalid order field', detail),
  finishedEvent: () => failure(400, 400246, 'it is forbidden to edit the broadcast'),
  notAUuid: () =>
    failure(
      400,
      400301,
      'invalid uuid format',
      'see https://en.wikipedia.org/wiki/Universally_unique_identifier',
    ),
  unexpectedValue: (message: string) => failure(400, 400400, message),
  invalidParams: (params: { name: string; reason: string }[]): ApiReply => ({
    status: 400,
    body: {
      error: {
        code: 400400,
        message: "request parameters didn't validate",
        invalid_params: params.map(({ name, reason }, index) => ({
          index,
          name,
          reason,
          message: `${name} param is ${reason}`,
        })),
      },
    } satisfies ErrorBody,
  }),
  noSuchEntity: () => failure(404, 404404, 'no such entity'),
  methodNotAllowed: () => failure(405, 400405, 'method not allowed'),
}

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i
export const isUuid = (text: string) => UUID.test(text)

/** The body as a JSON object, or the answer that says why it is none. */
export function readObject(body: string): { value: Record<string, unknown> } | { reply: ApiReply } {
  if (body.trim() === '') return { reply: refuse.noBody() }
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    return { reply: refuse.jsonSyntax() }
  }
  return value !== null && typeof value === 'object' && !Array.isArray(value)
    ? { value: value as Record<string, unknown> }
    : { reply: refuse.jsonType('json: cannot unmarshal into Go value of type object') }
}

interface Page<T> {
  rows: T[]
  pagination: { page: number; per_page: number; total: number }
}

/** `page` from 1, `per_page` 10 by default and 100 at most. */
export function pageOf<T>(all: T[], query: ApiRequest['query']): Page<T> | { reply: ApiReply } {
  const wrong: { name: string; reason: string }[] = []
  const count = (name: string, fallback: number, max: number) => {
    const value = query[name] === undefined ? fallback : Number(query[name])
    if (!Number.isInteger(value) || value < 1 || value > max) wrong.push({ name, reason: 'out_of_range' })
    return value
  }
  const page = count('page', 1, 1e6)
  const perPage = count('per_page', 10, 100)
  if (wrong.length > 0) return { reply: refuse.invalidParams(wrong) }
  const from = (page - 1) * perPage
  return { rows: all.slice(from, from + perPage), pagination: { page, per_page: perPage, total: all.length } }
}
