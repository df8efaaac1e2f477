import type { KinescopeApi } from '../kinescope/api-client.js'
import { EventApi } from '../kinescope/event-api.js'
import { JwkApi } from '../kinescope/jwk-api.js'
import type { RegistrationSource } from './registration-watch.js'

/** What Kinescope's API says of keys and streams: one list each, however many streams are asked for. */
export const registrationAt = (api: KinescopeApi): RegistrationSource => ({
  async look(eventIds, signal) {
    const bounded = api.until(signal)
    const [keys, events] = await Promise.all([
      new JwkApi(bounded).list(),
      new EventApi(bounded).lookUp(eventIds),
    ])
    return { keys, events }
  },
})
