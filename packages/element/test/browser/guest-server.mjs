/**
 * A token server on another origin whose guests choose a name, as `/guests/NAME/token` and `/guests/NAME/guest`. It sets a
 * cookie that no browser keeps for another site (`SameSite=Lax`), and gives a guest token. The name "Moderator" is reserved.
 * `/guests/NAME/asked` tells what it was asked.
 */
export function guestServer() {
  const asked = new Map()
  return async (request, response) => {
    const { method, headers } = request
    const [, , name, route] = new URL(request.url, 'http://localhost').pathname.split('/')
    const seen = asked.get(name) ?? []
    asked.set(name, seen)
    const listed = {
      'Access-Control-Allow-Origin': headers.origin ?? '*',
      'Access-Control-Allow-Credentials': 'true',
      'Access-Control-Allow-Headers': 'Content-Type, Authorization',
    }
    const answer = (status, body, more = {}) =>
      response
        .writeHead(status, { ...listed, 'Content-Type': 'application/json', ...more })
        .end(JSON.stringify(body))
    if (route === 'asked') return answer(200, seen)
    if (method === 'OPTIONS') return answer(200, {})
    let text = ''
    for await (const chunk of request) text += chunk
    const body = JSON.parse(text)
    const identity = body.identity ?? /^Bearer (.*)$/.exec(headers.authorization ?? '')?.[1]
    seen.push({ route, name: body.name, identity, cookie: headers.cookie, type: headers['content-type'] })
    if (route === 'guest') {
      if (body.name === 'Moderator') return problem(answer, 400, 'bad-request')
      const cookie = `guest=${encode(body.name)}; Path=/; HttpOnly; SameSite=Lax`
      const reply = { name: `${body.name} · guest`, identity: `guest.${encode(body.name)}.${encode(name)}` }
      return answer(200, reply, { 'Set-Cookie': cookie })
    }
    const known = /^guest\.([\w-]+)\./.exec(identity ?? '')?.[1]
    if (!known) return problem(answer, 401, 'name-required')
    const username = `${JSON.parse(Buffer.from(known, 'base64url'))} · guest`
    answer(200, { token: tokenOf(username, body.event_id), expires_in: 3600 })
  }
}

const problem = (answer, status, code) => answer(status, { type: 'about:blank', title: code, status, code })

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')

function tokenOf(username, event_id) {
  const iat = Math.floor(Date.now() / 1000)
  const claims = { aud: 'chat', user_id: 'guest-1', username, event_id, iat, exp: iat + 3600 }
  return [encode({ alg: 'RS256', typ: 'JWT', kid: 'k-1' }), encode(claims), encode('no signature')].join('.')
}
