import { describe, expect, it } from 'vitest'
import { readServeConfig } from '../../src/config.js'
import { chainIdentity, type IdentityAnswer, type IdentitySource } from '../../src/identity/identity.js'
import { chainFault } from '../../src/identity/source-kinds.js'

const until = { signal: new AbortController().signal }
const guest: IdentitySource = () => Promise.resolve({ user: { id: 'guest-1', name: 'Guest' } })
const call = { header: () => null, address: null, request: null }

describe('a chain', () => {
  it('continues only if a source doesn’t recognize the visitor’s credential', async () => {
    const failures: [IdentityAnswer, boolean][] = [
      [{ refused: 'sign-in-required', reason: 'x' }, true],
      [{ refused: 'sign-in-required', reason: 'x', rejected: true }, false],
      [{ refused: 'identity-expired', reason: 'x' }, false],
      [{ refused: 'identity-unavailable', reason: 'x' }, false],
      [{ refused: 'access-denied', reason: 'x' }, false],
      [{ refused: 'overloaded', reason: 'x' }, false],
      [{ refused: 'name-required', reason: 'x' }, false],
    ]
    for (const [answer, goesOn] of failures) {
      const chain = chainIdentity(() => Promise.resolve(answer), guest)
      expect(await chain(call, 'stream', until)).toEqual(
        goesOn ? { user: { id: 'guest-1', name: 'Guest' } } : answer,
      )
    }
  })

  it('is rejected at start if its order makes no sense, with the correct order', () => {
    const wrong: Record<string, string> = {
      'guest,jwt': 'jwt,guest',
      'jwt,oidc': 'oidc,jwt',
      'forward,jwt': 'jwt,forward',
      'forward,link,guest': 'link,forward,guest',
      'jwt,jwt': 'jwt',
    }
    for (const [text, right] of Object.entries(wrong)) {
      expect(chainFault(text.split(',')), text).toMatchObject({ remediation: `Write CHAT_IDENTITY=${right}` })
      expect(() => readServeConfig({ CHAT_EVENTS: 's', CHAT_IDENTITY: text })).toThrow()
    }
    expect(chainFault(['saml'])).not.toBeNull()
    for (const text of [
      'guest',
      'forward,guest',
      'oidc,jwt,hmac,link,telegram,header,forward,guest',
      'hmac,oidc',
    ]) {
      expect(chainFault(text.split(',')), text).toBeNull()
    }
  })
})
