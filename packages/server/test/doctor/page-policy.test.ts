import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { allows, allowsScript, readPolicies, TRUSTED_TYPES_POLICY } from '../../src/doctor/page-policy.js'
import { readStartTags } from '../../src/doctor/start-tags.js'

const PAGE = 'https://www.example.com'
const frame = (policy: string | null, html = '') =>
  allows(readPolicies(policy, readStartTags(html)), 'frame-src', 'https://kinescope.io/chat/ID', PAGE)

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

  it('is read from elements only, with its entities decoded', () => {
    const meta = `<meta http-equiv="Content-Security-Policy" content="frame-src 'none'">`
    for (const html of [`<!-- ${meta} -->`, `<script>'${meta}'</script>`, `<noscript>${meta}</noscript>`]) {
      expect(frame(null, html), html).toBe(true)
    }
    expect(frame(null, meta)).toBe(false)
    const encoded = `<meta http-equiv=Content-Security-Policy content="default-src &#39;none&#39;; frame-src *">`
    expect(frame(null, encoded)).toBe(true)
    expect(frame(null, encoded.replace('frame-src', 'img-src'))).toBe(false)
  })

  it('lets no nonce count for the frame, and compares paths by case', () => {
    expect(frame("default-src 'self' 'nonce-abc' 'strict-dynamic'")).toBe(false)
    expect(frame('frame-src https://KINESCOPE.io/chat/ID')).toBe(true)
    expect(frame('frame-src https://kinescope.io/chat/id')).toBe(false)
  })

  it.each<[boolean, string, Record<string, string>]>([
    [true, "script-src 'nonce-aBc' 'strict-dynamic'", { nonce: 'aBc' }],
    [false, "script-src 'nonce-aBc' 'strict-dynamic'", { nonce: 'abc' }],
    [false, "script-src 'nonce-aBc' 'strict-dynamic' https:", {}],
    [true, "script-src 'nonce-aBc' https:", {}],
    [false, "script-src 'nonce-aBc'", {}],
    [true, "script-src 'sha384-x'", { integrity: 'sha384-x' }],
    [false, "script-src 'sha384-x'", {}],
    [true, "script-src 'none'; script-src-elem https://chat.example.com", {}],
    [true, "frame-src 'none'", {}],
  ])('allows the script: %s for %s with %o', (expected, policy, attributes) => {
    const script = {
      src: 'https://chat.example.com/kinescope-chat.js',
      attributes: new Map(Object.entries(attributes)),
    }
    expect(allowsScript(readPolicies(policy, []), script, PAGE)).toBe(expected)
  })
})

it('a Trusted Types policy is looked for by the name in the file that the server serves', () => {
  const file = readFileSync(new URL('../../../element/dist/kinescope-chat.js', import.meta.url), 'utf8')
  const [, name] = /createPolicy\(["'`]([^"'`]+)/.exec(file) ?? []
  expect(name).toBe(TRUSTED_TYPES_POLICY)
})
