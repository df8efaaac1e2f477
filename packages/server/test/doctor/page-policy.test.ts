import { describe, expect, it } from 'vitest'
import { allows, readPolicies } from '../../src/doctor/page-policy.js'

const PAGE = 'https://www.example.com'
const frame = (policy: string | null, html = '') =>
  allows(readPolicies(policy, html), 'frame-src', 'https://kinescope.io/chat/ID', PAGE)

describe('a page’s policy', () => {
  it.each<[boolean, string | null]>([
    [true, null],
    [true, 'frame-src https://kinescope.io'],
    [true, 'frame-src kinescope.io'],
    [true, 'frame-src https://kinescope.io:443'],
    [true, 'frame-src https:'],
    [true, 'frame-src *'],
    [true, "default-src 'self'; frame-src 'self' https://KINESCOPE.io/"],
    [true, "child-src https://kinescope.io; default-src 'none'"],
    [true, "script-src 'self'"],
    [true, 'frame-src https://kinescope.io/chat/'],
    [false, "default-src 'self'"],
    [false, "frame-src 'none'"],
    [false, 'frame-src'],
    [false, 'frame-src https://*.kinescope.io'],
    [false, 'frame-src https://kinescope.io:8443'],
    [false, 'frame-src https://kinescope.io/embed/'],
    [false, "frame-src 'self'; frame-src https://kinescope.io"],
    [false, "frame-src https://kinescope.io, frame-src 'none'"],
    [false, "child-src 'none'; default-src *"],
  ])('allows the frame: %s for %s', (expected, policy) => {
    expect(frame(policy)).toBe(expected)
  })

  it('applies together with the policy in the page’s markup', () => {
    expect(
      frame('frame-src *', `<META content="frame-src 'none'" http-equiv="content-security-policy">`),
    ).toBe(false)
    expect(frame(null, `<meta http-equiv='Content-Security-Policy' content='frame-src kinescope.io'>`)).toBe(
      true,
    )
  })

  it('is assumed to allow a script by its nonce, which can’t be checked from outside', () => {
    const policies = readPolicies("script-src 'nonce-abc' 'strict-dynamic'", '')
    expect(allows(policies, 'script-src-elem', 'https://chat.example.com/kinescope-chat.js', PAGE)).toBe(true)
  })
})
