import type { Emulator } from '../../emulator/emulator.js'

/** Calls the emulated API with its token and returns the status, the headers and the JSON body. */
export async function callApi(
  emulator: Emulator,
  method: string,
  path: string,
  body?: unknown,
  token?: string,
) {
  const reply = await fetch(emulator.url + path, {
    method,
    headers: { authorization: `Bearer ${token ?? emulator.apiToken}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await reply.text()
  return { status: reply.status, headers: reply.headers, body: text === '' ? undefined : JSON.parse(text) }
}
