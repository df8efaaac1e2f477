// Next.js: app/token/route.ts, on Node, where the key directory is.
import { createTokenHandler, ringKeySource } from 'kinescope-chat-server'
import { sessionOf } from '@/session'

export const runtime = 'nodejs'

const handler = createTokenHandler({
  // the keys of `kinescope-chat-server setup`: rotations and revocations are followed within seconds
  keys: await ringKeySource({ dir: process.env['CHAT_KEY_DIR'] ?? './keys' }),
  events: ['0csUJYzAHfe3PcyMEVScmQ'],
  authenticate: async (request) => {
    const user = await sessionOf(request)
    return user && { id: user.id, name: user.displayName }
  },
})

export { handler as POST, handler as OPTIONS, handler as GET }
