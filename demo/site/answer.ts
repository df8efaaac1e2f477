import type { IncomingMessage, ServerResponse } from 'node:http'

/** A handler of one route of the site; `done` is false where the request is somebody else's. */
export type SiteHandler = (request: IncomingMessage, response: ServerResponse) => Promise<boolean> | boolean

/** Whether somebody asks for a page to show. */
export const acceptsPage = ({ method, headers, url = '' }: IncomingMessage): boolean =>
  method === 'GET' && (/^\/(\?|$)/.test(url) || !!headers.accept?.includes('text/html'))

export function sendJson(response: ServerResponse, status: number, body: unknown, headers = {}): true {
  response
    .writeHead(status, {
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      ...headers,
    })
    .end(JSON.stringify(body))
  return true
}

/** The body as a JSON object; anything else is an empty one. */
export async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'))
    return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
