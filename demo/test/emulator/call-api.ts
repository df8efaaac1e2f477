import type { Emulator } from '../../emulator/emulator.js'

/** A key or an event, as loosely as a client must read it. */
export type Entity = Record<string, unknown>

/** Whatever the API may answer: an entity, a list, an envelope or an error. */
export interface AnswerBody extends Entity {
  id: string
  data: Entity & Entity[]
  keys: Entity[]
  meta?: { pagination: Record<string, number>; order: Record<string, string> }
  error: { code: number; message: string; invalid_params: { name: string }[] }
}

/** Calls the emulated API with its token and returns the status, the headers and the JSON body. */
export async function callApi(emulator: Emulator, method: string, path: string, body?: unknown) {
  const reply = await fetch(emulator.url + path, {
    method,
    headers: { authorization: `Bearer ${emulator.apiToken}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await reply.text()
  const answer = (text === '' ? undefined : JSON.parse(text)) as AnswerBody
  return { status: reply.status, headers: reply.headers, body: answer }
}
