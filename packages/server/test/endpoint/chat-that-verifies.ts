import { buildEmulator } from '../../../../demo/emulator/emulator.js'
import { verifyChatToken } from '../../../../demo/emulator/verify-chat-token.js'
import { KinescopeApi } from '../../src/kinescope/api-client.js'
import { JwkApi } from '../../src/kinescope/jwk-api.js'
import type { TestKey } from '../running-server.js'

/** The emulated Kinescope with a registered key. Its chat returns the user of a token. */
export async function chatThat({ kid, publicKey }: TestKey) {
  const emulator = buildEmulator()
  const url = await emulator.listen()
  const api = new KinescopeApi({ url, token: emulator.apiToken })
  const { n = '', e = '' } = publicKey.export({ format: 'jwk' })
  const expires = '2099-12-31T23:59:59Z'
  await new JwkApi(api).create({ kty: 'RSA', e, use: 'sig', kid, alg: 'RS256', n, expires_at: expires })
  const event = emulator.state.events[0]!
  return {
    eventId: event.publicId,
    close: () => emulator.close(),
    async enter(token: string) {
      const page = await fetch(`${url}/chat/${event.publicId}?token=${token}`)
      const verdict = verifyChatToken(emulator.state, token, event, event.publicId, Date.now())
      if (page.status !== 200 || verdict.code !== null) return `refused: ${page.status} ${verdict.code}`
      const { userId, username } = verdict
      return { userId, username }
    },
  }
}
