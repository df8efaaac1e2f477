import { existsSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const ROOT = new URL('../../../', import.meta.url)

it('SECURITY.md names a test for each promise, and each test exists', () => {
  const page = readFileSync(new URL('SECURITY.md', ROOT), 'utf8')
  const rows = page.split('\n').filter((line) => line.startsWith('| ') && !/^\| (threat|---)/.test(line))
  expect(rows.length).toBeGreaterThan(20)
  for (const row of rows) {
    const [, , , heldBy = ''] = row.split('|')
    const paths = [...heldBy.matchAll(/`([^`]+)`/g)].map(([, path]) => path!)
    expect(paths, row).not.toEqual([])
    for (const path of paths) {
      const file = path.startsWith('packages/') ? path : `packages/server/test/${path}`
      expect(existsSync(new URL(file, ROOT)), file).toBe(true)
    }
  }
})
