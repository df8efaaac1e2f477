import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { publint } from 'publint'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const packageJson = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string
  bin: Record<string, string>
  exports: Record<string, string | { default: string; types: string }>
}

let folder: string
let tarball: string
let packed: string[]
/** What an operator writes beside compose.yaml, as docs/growing.md says. */
const OPERATORS_FILES = [
  'deploy/planted.secret',
  'deploy/planted/key.pem',
  'deploy/kubernetes/overlays/planted/env',
]
beforeAll(() => {
  for (const file of OPERATORS_FILES) {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    writeFileSync(join(root, file), '')
  }
  folder = mkdtempSync(join(tmpdir(), 'kinescope-chat-server-pack-'))
  const [result] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  ) as { filename: string; files: { path: string }[] }[]
  tarball = join(folder, result!.filename)
  packed = result!.files.map(({ path }) => path)
}, 60_000)
afterAll(() => {
  rmSync(folder, { recursive: true })
  rmSync(join(root, 'deploy/planted.secret'))
  for (const added of ['deploy/planted', 'deploy/kubernetes/overlays/planted'])
    rmSync(join(root, added), { recursive: true })
})

describe('the package', () => {
  it('contains its exports, source, documentation and deployment files, and no other file', () => {
    const targets = Object.values(packageJson.exports).flatMap((target) =>
      typeof target === 'string' ? [target] : [target.default, target.types],
    )
    for (const target of [...targets, ...Object.values(packageJson.bin)])
      expect(packed).toContain(target.replace('./', ''))
    for (const page of ['operating', 'settings', 'growing', 'doctor', 'api/index', 'api/web'])
      expect(packed).toContain(`docs/${page}.md`)
    const stray = packed.filter(
      (path) =>
        !/^(bin|dist|src|deploy|docs)\/|^public\/embed\.|^(LICENSE|README\.md|package\.json)$/.test(path),
    )
    expect(stray).toEqual([])
    expect(packed.filter((path) => /\.env|\.pem|tsbuildinfo|\.test\./.test(path))).toEqual([])
  })

  it('contains each deployment file of the repository, and none that an operator wrote beside them', () => {
    const tracked = execFileSync('git', ['ls-files', 'deploy'], { cwd: root, encoding: 'utf8' })
    expect(packed.filter((path) => path.startsWith('deploy/')).sort()).toEqual(
      tracked.trim().split('\n').sort(),
    )
  })

  it('satisfies publint', async () => {
    const { messages } = await publint({ pkgDir: root, pack: false, strict: true })
    expect(messages.filter(({ type }) => type !== 'suggestion')).toEqual([])
  })

  it('has types that resolve for every way of importing an ES module', () => {
    const attw = createRequire(import.meta.url).resolve('@arethetypeswrong/cli/package.json')
    const { bin } = JSON.parse(readFileSync(attw, 'utf8')) as { bin: { attw: string } }
    const answer = execFileSync(
      process.execPath,
      [join(attw, '..', bin.attw), tarball, '--profile', 'esm-only', '--format', 'json'],
      { encoding: 'utf8' },
    )
    const { analysis } = JSON.parse(answer) as { analysis: { problems: { resolutionKind?: string }[] } }
    const forModules = ({ resolutionKind }: { resolutionKind?: string }) =>
      !['node10', 'node16-cjs'].includes(resolutionKind ?? '')
    expect(analysis.problems.filter(forModules)).toEqual([])
  }, 120_000)

  it('has one command under two names: the name that npx finds, and a short one', () => {
    expect(Object.keys(packageJson.bin).sort()).toEqual(['kinescope-chat', 'kinescope-chat-server'])
    for (const path of new Set(Object.values(packageJson.bin))) {
      const file = join(root, path)
      expect(readFileSync(file, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/)
      expect(statSync(file).isFile()).toBe(true)
      const version = execFileSync(process.execPath, [file, '--version'], { encoding: 'utf8' })
      expect(version.trim()).toBe(packageJson.version)
    }
  })
})
