import { randomBytes } from 'node:crypto'
import { readServeConfig, startServer, type RunningServer } from 'kinescope-chat-server'
import { EVENT, startKinescope, type Kinescope } from './kinescope.js'

export interface TokenServer extends Kinescope {
  server: RunningServer
  /** The secret with which sites sign their identity tokens. */
  secret: string
  close(): Promise<void>
}

/** Starts the real token server, as `kinescope-chat serve` does. An emulated Kinescope, given or new, knows its key. */
export async function startTokenServer(
  settings: Record<string, string> = {},
  kinescope?: Kinescope,
): Promise<TokenServer> {
  const own = kinescope === undefined
  kinescope ??= await startKinescope()
  const { emulator, chatOrigin, key } = kinescope
  const secret = randomBytes(32).toString('hex')
  const server = await startServer(
    readServeConfig({
      PORT: '0',
      CHAT_EVENTS: EVENT,
      CHAT_PRIVATE_KEY: key.pem,
      CHAT_KEY_ID: key.kid,
      CHAT_IDENTITY: 'jwt',
      CHAT_IDENTITY_SECRET: secret,
      CHAT_IDENTITY_AUDIENCE: 'kinescope-chat',
      CHAT_LOG_LEVEL: 'silent',
      KINESCOPE_CHAT_ORIGIN: chatOrigin,
      ...settings,
    }),
  )
  const close = async () => void (await Promise.all([server.close(), own && emulator.close()]))
  return { ...kinescope, server, secret, close }
}
