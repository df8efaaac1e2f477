/** The token endpoint inside a plain `node:http` server. */
import { createServer, type Server } from 'node:http'
import { createNodeHandler, fixedKeySource, importSigningKey } from '../../src/index.js'
import { sessionUser } from './session.js'

export async function nodeHttpExample(kid: string, privateKey: string, eventId: string): Promise<Server> {
  const token = createNodeHandler({
    keys: fixedKeySource(await importSigningKey({ kid, privateKey })),
    events: [eventId],
    authenticate: (request) => sessionUser(request.headers.cookie),
  })
  return createServer((request, response) => {
    if (request.url === '/chat/token') void token(request, response)
    else response.writeHead(404).end()
  })
}
