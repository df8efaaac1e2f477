import { badAnswer, type ApiAnswer, type ApiCall, type KinescopeApi } from './api-client.js'

type Row = Record<string, unknown>

/** More than any account has; past it the paging itself is broken. */
const MOST_PAGES = 200
/** For a whole list: two hundred quick pages, or what a broken API is granted. */
const LONGEST_MS = 60_000

/**
 * Reads a whole list in any documented form: `{"data":[…]}`, bare, `{"keys":[…]}`, paged by `meta.pagination` or by
 * `meta.offset`. A form nobody described is an error, for "no keys" would make us register twice or forget to delete.
 *
 * @param enough ends the reading early
 */
export async function readList(
  api: KinescopeApi,
  call: ApiCall,
  query: Record<string, string> = {},
  enough: (row: Row) => boolean = () => false,
): Promise<Row[]> {
  const what = `${call.method} /${call.path.join('/')}`
  const bounded = api.until(AbortSignal.timeout(LONGEST_MS))
  const rows = new Map<string, Row>()
  let paging: Record<string, string> = {}
  let answer: ApiAnswer
  for (let page = 1; ; page += 1) {
    answer = await bounded.call({ ...call, query: { ...query, ...paging } })
    const before = rows.size
    for (const row of rowsOf(answer, what)) {
      rows.set(row['id'] as string, row)
      if (enough(row)) return [...rows.values()]
    }
    const next = nextPage(answer.body, rows.size, page)
    if (!next) return [...rows.values()]
    if (rows.size === before) {
      throw badAnswer(what, `fewer entries than it says there are (${rows.size})`, answer)
    }
    if (page === MOST_PAGES) throw badAnswer(what, `more than ${MOST_PAGES} pages`, answer)
    paging = next
  }
}

function rowsOf({ body, status, requestId }: ApiAnswer, what: string): Row[] {
  const { data, keys } = (body ?? {}) as Record<string, unknown>
  const list = [body, data, keys].find(Array.isArray) as unknown[] | undefined
  if (!list) throw badAnswer(what, 'a list of unknown form', { status, requestId })
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

/** One object, bare or as `{"data":{…}}`, whose `id` is text. */
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
    throw badAnswer(what, 'an entry without an id', facts)
  }
  return { ...row, id: String(id) }
}
