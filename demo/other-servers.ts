import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Emulator } from './emulator/emulator.js'
import { SEED } from './emulator/seed-events.js'
import type { Operated } from './operator.js'
import { UNKNOWN_STREAM, type OtherServer } from './src/scenario.js'

/** A server that has just started looks at Kinescope's side within this time. */
const FIRST_LOOK_MS = 5000
const AGAIN_MS = 50

/**
 * The token servers in trouble that scenarios ask for: real ones, with real causes. Each is started when it is first
 * wanted.
 */
export class OtherServers {
  readonly #operated: Operated
  readonly #emulator: Emulator
  /** Where key directories are made. */
  readonly #dir: string
  #started = new Map<OtherServer, Promise<string>>()

  constructor(operated: Operated, emulator: Emulator, dir: string) {
    this.#operated = operated
    this.#emulator = emulator
    this.#dir = dir
  }

  /** Its address, without a path. */
  address(name: OtherServer): Promise<string> {
    let started = this.#started.get(name)
    if (!started) {
      started = this.#start(name)
      this.#started.set(name, started)
      started.catch(() => this.#started.delete(name))
    }
    return started
  }

  async #start(name: OtherServer): Promise<string> {
    const { serveAlso, command } = this.#operated
    const withToken = { KINESCOPE_API_TOKEN: this.#emulator.apiToken }
    const ownKeys = async () => ({ CHAT_KEY_DIR: await mkdtemp(join(this.#dir, `${name}-`)) })
    switch (name) {
      case 'other-origin':
        return serveAlso({ CHAT_ALLOWED_ORIGINS: 'https://another.example' })
      case 'low-limit':
        return serveAlso({ CHAT_RATE_LIMIT: '2,1000' })
      case 'unregistered-key': {
        const keys = await ownKeys()
        await command(['keys', 'generate'], keys)
        return serveAlso(keys)
      }
      case 'expired-key': {
        const keys = await ownKeys()
        const { kid } = JSON.parse(await command(['setup', '--event', SEED.second.id, '--json'], keys)) as {
          kid: string
        }
        const key = this.#emulator.state.keys.find((registered) => registered.kid === kid)!
        key.expiresAt = new Date(Date.now() - 60_000).toISOString()
        return this.#noting('key-expired', await serveAlso({ ...keys, ...withToken }))
      }
      case 'unknown-stream':
        return this.#noting('event-not-found', await serveAlso({ ...withToken, CHAT_EVENTS: UNKNOWN_STREAM }))
    }
  }

  /** Waits until a server has seen at Kinescope what is wrong. */
  async #noting(code: string, address: string): Promise<string> {
    for (const end = Date.now() + FIRST_LOOK_MS; Date.now() < end; await sleep(AGAIN_MS)) {
      const reply = await fetch(`${address}/readyz`)
      if ((await reply.text()).includes(code)) return address
    }
    throw new Error(`the server never noted ${code}`)
  }
}
