import type { IncomingMessage, ServerResponse } from 'node:http'

/** A handler of one route of the site. Returns false if the request is for another handler. */
export type SiteHandler = (request: IncomingMessage, response: ServerResponse) => Promise<boolean> | boolean

/** Whether the request is for a page to show. */
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

/** Reads the body as a JSON object. Any other body counts as an empty object. */
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
