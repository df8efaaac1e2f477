import { buildEmulator, type Emulator } from '../../emulator/emulator.js'
import { SEED } from '../../emulator/seed-events.js'
import { makeKey, type CraftKey } from '../../site/craft-token.js'

/** A stream that is on. */
export const EVENT = SEED.live.publicId

export interface Kinescope {
  emulator: Emulator
  /** Origin of the chat page. */
  chatOrigin: string
  /** A registered key. */
  key: { kid: string; pem: string }
}

let made: CraftKey | undefined

/** An emulated Kinescope that knows a key, the same in all test files of a worker. */
export async function startKinescope(): Promise<Kinescope> {
  const emulator = buildEmulator()
  const chatOrigin = await emulator.listen()
  const { kid, privateKey, registration } = (made ??= makeKey('placing'))
  const registered = await fetch(`${chatOrigin}/v1/jwk`, {
    method: 'POST',
    headers: { authorization: `Bearer ${emulator.apiToken}`, 'content-type': 'application/json' },
    body: JSON.stringify(registration),
  })
  if (!registered.ok) throw new Error(`the emulator refused the key: ${registered.status}`)
  return {
    emulator,
    chatOrigin,
    key: { kid, pem: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string },
  }
}
