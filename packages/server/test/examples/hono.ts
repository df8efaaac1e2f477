/** The token endpoint inside a Hono application, on any runtime. */
import { Hono } from 'hono'
import { createTokenHandler, fixedKeySource, importSigningKey } from '../../src/web.js'
import { sessionUser } from './session.js'

export async function honoExample(kid: string, privateKey: string, eventId: string): Promise<Hono> {
  const token = createTokenHandler({
    keys: fixedKeySource(await importSigningKey({ kid, privateKey })),
    events: [eventId],
    authenticate: (request) => sessionUser(request.headers.get('cookie')),
  })
  return new Hono().all('/chat/token', (context) => token(context.req.raw))
}
