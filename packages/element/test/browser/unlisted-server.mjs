/**
 * A token server on another origin that a page can't read, as `/token/KIND/NAME`. By kind:
 * - `unlisted` answers any GET that the page isn't listed.
 * - `turning` does the same once it has sent the reply of its query.
 * - `mute` sends the same without CORS, so no page can read it.
 * - `open` sends its reply to every listed request, preflights included.
 * - The others answer a GET with a response that doesn't mean that the page isn't listed.
 * `/asked/KIND/NAME` returns the received requests.
 */
export function unlistedServer() {
  const asked = new Map()
  const open = { 'Access-Control-Allow-Origin': '*', 'Content-Type': 'application/problem+json' }
  const unlisted = JSON.stringify({ status: 403, code: 'origin-not-allowed', request_id: 'req-9' })
  const answers = {
    unlisted: [403, open, unlisted],
    mute: [403, { 'Content-Type': 'application/problem+json' }, unlisted],
    page: [403, { ...open, 'Content-Type': 'text/html' }, '<!doctype html><title>No</title>'],
    elsewhere: [302, { ...open, Location: '/token/unlisted/elsewhere' }, ''],
    'wrong-status': [405, open, unlisted],
    banned: [403, open, JSON.stringify({ status: 403, code: 'access-denied' })],
    'signed-out': [401, open, ''],
    endless: [200, open, undefined],
  }
  return (request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://localhost')
    const [, folder, kind, name] = pathname.split('/')
    const seen = asked.get(name) ?? []
    asked.set(name, seen)
    if (folder === 'asked') {
      response.writeHead(200, open).end(JSON.stringify(seen))
      return
    }
    const { method, headers } = request
    if (kind === 'open') {
      let body = ''
      request.on('data', (chunk) => (body += chunk))
      request.on('end', () => {
        const { 'content-type': type, authorization } = headers
        seen.push({ method, type, authorization, body })
        const listed = {
          'Access-Control-Allow-Origin': headers.origin,
          'Access-Control-Allow-Credentials': 'true',
          'Access-Control-Allow-Headers': 'Content-Type, Authorization',
        }
        response.writeHead(200, listed).end(searchParams.get('reply'))
      })
      return
    }
    const given = seen.filter((question) => question.method === 'POST').length > 0
    if (kind === 'turning' && method !== 'GET' && !given) {
      if (method === 'POST') seen.push({ method })
      const listed = {
        'Access-Control-Allow-Origin': headers.origin,
        'Access-Control-Allow-Credentials': 'true',
        'Access-Control-Allow-Headers': 'Content-Type',
      }
      response.writeHead(200, listed).end(searchParams.get('reply'))
      return
    }
    seen.push({ method, cookie: headers.cookie ?? null, authorization: headers.authorization ?? null })
    if (method !== 'GET') return void response.writeHead(403).end()
    const [status, fields, body] = answers[kind] ?? answers.unlisted
    response.writeHead(status, fields)
    if (body !== undefined) return void response.end(body)
    const timer = setInterval(() => response.write(' '.repeat(16_384)), 20)
    response.on('close', () => clearInterval(timer))
  }
}
