/** The token endpoint inside an Express application, with the application's own session and body parser. */
import express, { type Express, type Request } from 'express'
import { createNodeHandler, fixedKeySource, importSigningKey } from '../../src/index.js'
import { sessionUser } from './session.js'

type SignedInRequest = Request & { user?: { id: string; name: string } | null }

export async function expressExample(kid: string, privateKey: string, eventId: string): Promise<Express> {
  const app = express()
  app.use((request: SignedInRequest, _response, next) => {
    request.user = sessionUser(request.headers.cookie)
    next()
  })
  app.use(express.json())
  app.all(
    '/chat/token',
    createNodeHandler<SignedInRequest>({
      keys: fixedKeySource(await importSigningKey({ kid, privateKey })),
      events: [eventId],
      authenticate: (request) => request.user,
      authorize: ({ user }) => user.id !== 'banned',
      clientAddress: (request) => request.ip,
    }),
  )
  return app
}
