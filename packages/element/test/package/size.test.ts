import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { brotliCompressSync, constants } from 'node:zlib'
import { describe, expect, it } from 'vitest'

/**
 * The most that a page loads, in bytes, as a guard against unintended growth. Node's own zlib compresses a little
 * worse.
 */
const GZIP_LIMIT = 34_300
const BROTLI_LIMIT = 30_100

describe.each(['kinescope-chat.js', 'kinescope-chat.classic.js'])('the built %s', (name) => {
  const file = readFileSync(new URL(`../../dist/${name}`, import.meta.url))

  it('stays within its limits', () => {
    const brotli = brotliCompressSync(file, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } })
    expect(execFileSync('gzip', ['-9'], { input: file }).length).toBeLessThanOrEqual(GZIP_LIMIT)
    expect(brotli.length).toBeLessThanOrEqual(BROTLI_LIMIT)
  })

  it('contains no JWT library and no developer warnings of lit', () => {
    expect(file.toString()).not.toMatch(/JWTClaimValidationFailed|JOSEError|dev mode/)
  })

  it('reads no global that lit uses to find polyfills, hydration and other copies of itself', () => {
    expect(file.toString()).not.toMatch(
      /PolyfillSupport|HydrateSupport|(?:lit\w*|reactiveElement)Versions|litNonce|ShadyCSS/,
    )
  })
})
