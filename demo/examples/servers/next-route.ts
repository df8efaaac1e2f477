// Next.js: app/token/route.ts, on Node, where the key directory is.
import { createTokenHandler, ringKeySource } from 'kinescope-chat-server'
import { sessionOf } from './session.js'

export const runtime = 'nodejs'

// the keys of `kinescope-chat-server setup`: rotations and revocations are followed within seconds
const keys = await ringKeySource({ dir: process.env['CHAT_KEY_DIR'] ?? './keys' })

const handler = createTokenHandler({
  keys,
  events: process.env['CHAT_EVENTS']!.split(','),
  authenticate: async (request) => {
    const user = await sessionOf(request)
    return user && { id: user.id, name: user.displayName }
  },
})

export { handler as POST, handler as OPTIONS, handler as GET }
