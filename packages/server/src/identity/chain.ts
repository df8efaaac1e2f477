import type { IdentityRefusal, IdentitySource } from './identity.js'

/**
 * Asks several sources in order. The first that knows the visitor counts. A source that recognizes the visitor's
 * credential and rejects it ends the chain, as does one that can't tell: a member must not become a guest by accident.
 */
export function chainIdentity<R>(...sources: readonly IdentitySource<R>[]): IdentitySource<R> {
  if (sources.length === 0) throw new TypeError('chainIdentity needs a source')
  return async (call, eventId, until) => {
    let unknown: IdentityRefusal | undefined
    for (const identify of sources) {
      const answer = await identify(call, eventId, until)
      if (!('refused' in answer)) return answer
      if (answer.refused !== 'sign-in-required' || answer.rejected) return answer
      // the first source is the one that most visitors use
      unknown ??= answer
    }
    return unknown!
  }
}
