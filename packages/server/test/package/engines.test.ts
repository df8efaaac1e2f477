import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import semver from 'semver'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'

const root = fileURLToPath(new URL('../../../..', import.meta.url))
const PUBLISHED = ['packages/element', 'packages/server']
/** The oldest tested version of each Node release line. */
const NODES = ['22.0.0', '24.0.0']

interface Lock {
  importers: Record<string, Record<string, Record<string, { version: string }>>>
  packages: Record<string, { engines?: { node?: string } }>
  snapshots: Record<string, Record<string, Record<string, string>>>
}

/** The packages that an installation adds, from the lock file: `name@version` without the peers. */
function installed(lock: Lock, importer: string): string[] {
  const found = new Set<string>()
  const visit = (name: string, version: string): void => {
    // an alias contains the package's name, a plain version doesn't
    const key = /^\d/.test(version) ? `${name}@${version}` : version
    if (version.startsWith('link:') || found.has(key)) return
    found.add(key)
    const { dependencies = {}, optionalDependencies = {} } = lock.snapshots[key] ?? {}
    for (const entry of Object.entries({ ...dependencies, ...optionalDependencies })) visit(...entry)
  }
  const { dependencies = {}, optionalDependencies = {} } = lock.importers[importer]!
  for (const [name, { version }] of Object.entries({ ...dependencies, ...optionalDependencies }))
    visit(name, version)
  return [...found].map((key) => key.replace(/\(.*$/, ''))
}

/** The packages whose `engines` exclude a version of Node. */
const excluding = (packages: [name: string, engines: string | undefined][], node: string): string[] =>
  packages
    .filter(([, engines]) => engines !== undefined && !semver.satisfies(node, engines))
    .map(([name, engines]) => `${name} needs Node ${engines}`)

describe.each(PUBLISHED)('%s', (folder) => {
  const { engines } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as {
    engines: { node: string }
  }
  const lock = parse(readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8')) as Lock
  const packages = installed(lock, folder).map((name): [string, string | undefined] => {
    expect(lock.packages).toHaveProperty([name])
    return [name, lock.packages[name]!.engines?.node]
  })

  it.each(NODES)('supports Node %s, and no dependency excludes it', (node) => {
    expect(semver.satisfies(node, engines.node)).toBe(true)
    expect(packages.length).toBeGreaterThan(0)
    expect(excluding(packages, node)).toEqual([])
  })

  it('supports no Node older than the oldest tested version', () => {
    expect(semver.minVersion(engines.node)?.version).toBe(NODES[0])
  })

  it('fails the check if a dependency needs a newer Node (control)', () => {
    expect(excluding([...packages, ['planted@1.0.0', '>=22.12']], NODES[0]!)).toEqual([
      'planted@1.0.0 needs Node >=22.12',
    ])
  })
})
