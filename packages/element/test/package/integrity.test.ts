import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { describe, expect, it } from 'vitest'
// @ts-expect-error a script without types
import * as script from '../../scripts/integrity.mjs'

const { standaloneFiles, documents, HASHED_TAG } = script as {
  standaloneFiles(): { name: string; lastingName: string; integrity: string }[]
  documents(): string[]
  HASHED_TAG: RegExp
}

describe('the hashes in the documents', () => {
  it('are those of the built files (else: pnpm --filter kinescope-chat run metadata)', () => {
    const files = standaloneFiles()
    const right = files.map(({ lastingName, integrity }) => `${lastingName} ${integrity}`)
    const shown = documents().flatMap((path) =>
      [...readFileSync(path, 'utf8').matchAll(HASHED_TAG)].map(([tag]) => ({
        path: relative(process.cwd(), path),
        tag: tag.replace(/"\s+integrity="/, ' '),
      })),
    )
    expect(shown.filter(({ tag }) => !right.includes(tag))).toEqual([])
    expect(shown.length).toBeGreaterThan(0)
  })
})
