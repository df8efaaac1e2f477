import { startDeadline } from '../net/deadline.js'
import type { ApiAnswer, ApiCall, KinescopeApi } from './api-client.js'
import { badResponse } from './kinescope-error.js'

type Row = Record<string, unknown>

/** More than any account has; beyond it, the paging is broken. */
const MAX_PAGES = 200
/** For a whole list. */
const MAX_LIST_MS = 60_000

/**
 * Reads a whole list in any documented form: `{"data":[…]}`, bare, `{"keys":[…]}`, paged by `meta.pagination` or by
 * `meta.offset`. Any other form is an error: taken for "no keys", it would make us register a key twice.
 *
 * @param isEnough ends the reading early
 */
export async function readList(
  api: KinescopeApi,
  call: ApiCall,
  query: Record<string, string> = {},
  isEnough: (row: Row) => boolean = () => false,
): Promise<Row[]> {
  const what = `${call.method} /${call.path.join('/')}`
  const deadline = startDeadline(MAX_LIST_MS)
  const bounded = api.until(deadline.signal)
  const rows = new Map<string, Row>()
  let paging: Record<string, string> = {}
  try {
    for (let page = 1; ; page += 1) {
      const answer = await bounded.call({ ...call, query: { ...query, ...paging } })
      const before = rows.size
      for (const row of rowsOf(answer, what)) {
        rows.set(row['id'] as string, row)
        if (isEnough(row)) return [...rows.values()]
      }
      const next = nextPage(answer.body, rows.size, page)
      if (!next) return [...rows.values()]
      if (rows.size === before) {
        throw badResponse(what, `fewer entries than its total says (${rows.size})`, answer)
      }
      if (page === MAX_PAGES) throw badResponse(what, `more than ${MAX_PAGES} pages`, answer)
      paging = next
    }
  } finally {
    deadline.clear()
  }
}

function rowsOf({ body, status, requestId }: ApiAnswer, what: string): Row[] {
  const { data, keys } = (body ?? {}) as Record<string, unknown>
  const list = [body, data, keys].find(Array.isArray) as unknown[] | undefined
  if (!list) throw badResponse(what, 'a list in an unknown form', { status, requestId })
  return list.map((row) => readObject(row, what, { status, requestId }))
}

function nextPage(body: unknown, received: number, page: number): Record<string, string> | null {
  const { meta } = (body ?? {}) as {
    meta?: { pagination?: { total?: unknown; per_page?: unknown }; total?: unknown }
  }
  const pagination = meta?.pagination
  const total = pagination?.total ?? meta?.total
  if (typeof total !== 'number' || total <= received) return null
  if (!pagination) return { offset: String(received) }
  const size = pagination.per_page
  return { page: String(page + 1), ...(typeof size === 'number' ? { per_page: String(size) } : {}) }
}

/** One object, bare or as `{"data":{…}}`, with an `id`. */
export function readOne({ body, status, requestId }: ApiAnswer, what: string): Row {
  const { data } = (body ?? {}) as Record<string, unknown>
  return readObject(data ?? body, what, { status, requestId })
}

function readObject(
  value: unknown,
  what: string,
  facts: { status: number; requestId: string | undefined },
): Row {
  const row = value as Row | null | undefined
  const id = row !== null && typeof row === 'object' ? row['id'] : undefined
  if ((typeof id !== 'string' && typeof id !== 'number') || id === '') {
    throw badResponse(what, 'an entry without an id', facts)
  }
  return { ...row, id: String(id) }
}
