import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { brotliCompressSync, constants } from 'node:zlib'
import { describe, expect, it } from 'vitest'

/** What a page pays at most, in bytes: a guard against what nobody meant to add. Node's own zlib is a little worse. */
const GZIP_LIMIT = 33_700
const BROTLI_LIMIT = 29_600

describe.each(['kinescope-chat.js', 'kinescope-chat.classic.js'])('the built %s', (name) => {
  const file = readFileSync(new URL(`../../dist/${name}`, import.meta.url))

  it('stays within its limits', () => {
    const brotli = brotliCompressSync(file, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } })
    expect(execFileSync('gzip', ['-9'], { input: file }).length).toBeLessThanOrEqual(GZIP_LIMIT)
    expect(brotli.length).toBeLessThanOrEqual(BROTLI_LIMIT)
  })

  it('carries no JWT library and no warnings for developers of lit', () => {
    expect(file.toString()).not.toMatch(/JWTClaimValidationFailed|JOSEError|dev mode/)
  })

  it('reads no global by which lit finds polyfills, hydration and other copies of itself', () => {
    expect(file.toString()).not.toMatch(
      /PolyfillSupport|HydrateSupport|(?:lit\w*|reactiveElement)Versions|litNonce|ShadyCSS/,
    )
  })
})
