import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

/**
 * Bytes after `gzip -9`; Node's own zlib is a little worse. A page pays for every one of them: lower it when the file gets
 * smaller.
 */
const BUDGET = 14_000

describe.each(['kinescope-chat.js', 'kinescope-chat.classic.js'])('the built %s', (name) => {
  const file = readFileSync(new URL(`../../dist/${name}`, import.meta.url))

  it('stays within its budget', () => {
    expect(execFileSync('gzip', ['-9'], { input: file }).length).toBeLessThanOrEqual(BUDGET)
  })

  it('carries neither a template engine nor a JWT library', () => {
    expect(file.toString()).not.toMatch(
      /lit-html|litHtmlVersions|_\$litType\$|JWTClaimValidationFailed|JOSEError/,
    )
  })
})
