import express, { type Express, type Request } from 'express'
import { createNodeHandler, fixedKeySource, importSigningKey, type ChatUser } from 'kinescope-chat-server'

/** Express 4 and 5: the endpoint is one route of the site, whose own session says who the visitor is. */
export async function buildSite(userOf: (request: Request) => ChatUser | null): Promise<Express> {
  const key = await importSigningKey({
    kid: process.env['CHAT_KEY_ID']!,
    privateKey: process.env['CHAT_PRIVATE_KEY']!,
  })
  const site = express()
  site.use(express.json())
  site.all(
    '/token',
    createNodeHandler<Request>({
      keys: fixedKeySource(key),
      events: process.env['CHAT_EVENTS']!.split(','),
      authenticate: userOf,
    }),
  )
  return site
}
