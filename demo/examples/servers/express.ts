import express, { type Express, type Request } from 'express'
import { createNodeHandler, ringKeySource, type ChatUser } from 'kinescope-chat-server'

/** Express 4 and 5: the endpoint is one route of the site, whose own session says who the visitor is. */
export async function buildSite(userOf: (request: Request) => ChatUser | null): Promise<Express> {
  // the keys of `kinescope-chat-server setup`: rotations and revocations are followed within seconds
  const keys = await ringKeySource({ dir: process.env['CHAT_KEY_DIR'] ?? './keys' })
  const site = express()
  site.use(express.json())
  site.all(
    '/token',
    createNodeHandler<Request>({
      keys,
      events: ['0csUJYzAHfe3PcyMEVScmQ'],
      authenticate: userOf,
    }),
  )
  return site
}
