import type { KinescopeApi } from '../kinescope/api-client.js'
import { EventApi } from '../kinescope/event-api.js'
import { JwkApi } from '../kinescope/jwk-api.js'
import { KinescopeError } from '../kinescope/kinescope-error.js'
import type { RegistrationSource } from './registration-watch.js'

/** What Kinescope's API says of keys and streams. */
export function registrationAt(api: KinescopeApi): RegistrationSource {
  const keys = new JwkApi(api)
  const events = new EventApi(api)
  return {
    listKeys: () => keys.list(),
    findEvent: (id) =>
      events.resolve(id).catch((error: unknown) => {
        // not a UUID, and no stream's link ends in it: nothing Kinescope knows
        const unknown =
          error instanceof KinescopeError && ['event-not-found', 'api-id-malformed'].includes(error.code)
        if (unknown) return null
        throw error
      }),
  }
}
