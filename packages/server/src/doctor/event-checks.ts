import type { KinescopeApi } from '../kinescope/api-client.js'
import { EventApi, type StreamEvent } from '../kinescope/event-api.js'
import { findingsAbout, type Finding } from './finding.js'

/** Looks at a stream: whether it exists, and whether its chat wants a token. */
export async function checkEvent(
  api: KinescopeApi,
  eventId: string,
): Promise<{ findings: Finding[]; event: StreamEvent | null }> {
  const found = findingsAbout('stream')
  try {
    const event = await new EventApi(api).resolve(eventId)
    const findings = [found.ok('stream', `the stream exists: "${event.name}"`)]
    const id = event.publicId ?? event.id
    if (event.status === 'finished') {
      findings.push(
        found.warn(
          'event-finished',
          'the stream is finished: its settings can’t be changed any more',
          'Use another stream, unless visitors only read this chat.',
        ),
      )
    }
    if (event.jwtRequired === null) {
      findings.push(
        found.warn(
          'jwt-not-shown',
          'Kinescope doesn’t show whether the chat requires a token',
          `Open the chat’s link without a token: it must not let you write. \`kinescope-chat-server events enable ${id}\` switches JWT on.`,
        ),
      )
    } else if (event.jwtRequired) {
      findings.push(found.ok('jwt', 'its chat accepts only visitors with a token'))
    } else {
      findings.push(
        found.fail(
          'jwt-not-enabled',
          'JWT is off for this stream: anyone may enter its chat under any name',
          `\`kinescope-chat-server events enable ${id}\``,
        ),
      )
    }
    return { findings, event }
  } catch (error) {
    return { findings: [found.error(error)], event: null }
  }
}
