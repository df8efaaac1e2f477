// Next.js: app/token/route.ts. The same handler serves Hono, Workers, Deno and Bun.
import { createTokenHandler, fixedKeySource, importSigningKey } from 'kinescope-chat-server/web'
import { sessionOf } from './session.js'

const key = await importSigningKey({
  kid: process.env['CHAT_KEY_ID']!,
  privateKey: process.env['CHAT_PRIVATE_KEY']!,
})

const handler = createTokenHandler({
  keys: fixedKeySource(key),
  events: process.env['CHAT_EVENTS']!.split(','),
  authenticate: async (request) => {
    const user = await sessionOf(request)
    return user && { id: user.id, name: user.displayName }
  },
})

export { handler as POST, handler as OPTIONS, handler as GET }
