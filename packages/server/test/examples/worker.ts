/** The token endpoint as an edge worker: key and stream come from the runtime's bindings. */
import { createTokenHandler, fixedKeySource, importSigningKey } from '../../src/web.js'
import { sessionUser } from './session.js'

interface Env {
  KEY_ID: string
  PRIVATE_KEY: string
  EVENT_ID: string
}

let handler: Promise<(request: Request) => Promise<Response>> | undefined

async function open(env: Env) {
  const key = await importSigningKey({ kid: env.KEY_ID, privateKey: env.PRIVATE_KEY })
  return createTokenHandler({
    keys: fixedKeySource(key),
    events: [env.EVENT_ID],
    authenticate: (request) => sessionUser(request.headers.get('cookie')),
    clientAddress: (request) => request.headers.get('CF-Connecting-IP'),
  })
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    handler ??= open(env)
    return (await handler)(request)
  },
}
