import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compileFunction, createContext, runInContext, Script } from 'node:vm'
import { publint } from 'publint'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { VERSION } from '../../src/version.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const text = (path: string) => readFileSync(join(root, path), 'utf8')
const packageJson = JSON.parse(text('package.json')) as {
  version: string
  dependencies: object
  exports: Record<string, string | Record<string, string>>
  sideEffects: string[]
}

let folder: string
let tarball: string
let packed: string[]
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kinescope-chat-pack-'))
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
afterAll(() => rmSync(folder, { recursive: true }))

describe('the package', () => {
  it('contains its exports, its source for the source maps, its description and its licence; nothing else', () => {
    const targets = Object.values(packageJson.exports).flatMap((target) =>
      typeof target === 'string' ? [target] : Object.values(target),
    )
    for (const target of targets) expect(packed).toContain(target.replace('./', ''))
    for (const path of [
      ...['LICENSE', 'README.md', 'package.json', 'metadata/web-types.json'],
      ...['metadata/vscode.html-custom-data.json', 'dist/kinescope-chat.js.map', 'src/standalone.ts'],
    ])
      expect(packed).toContain(path)
    const stray = packed.filter(
      (path) => !/^(dist|src|metadata|docs)\/|^(LICENSE|README\.md|package\.json)$/.test(path),
    )
    expect(stray).toEqual([])
    expect(packed.filter((path) => /test|\.env|\.pem|tsbuildinfo/.test(path))).toEqual([])
  })

  it('satisfies publint', async () => {
    const { messages } = await publint({ pkgDir: root, pack: false, strict: true })
    expect(messages.filter(({ type }) => type !== 'suggestion')).toEqual([])
  })

  it('has types that resolve for every way to import an ES module', () => {
    const attw = createRequire(import.meta.url).resolve('@arethetypeswrong/cli/package.json')
    const { bin } = JSON.parse(readFileSync(attw, 'utf8')) as { bin: { attw: string } }
    const answer = execFileSync(
      process.execPath,
      [
        join(attw, '..', bin.attw),
        ...[tarball, '--profile', 'esm-only', '--format', 'json'],
        // files for pages and tools, without types
        ...[
          '--exclude-entrypoints',
          'kinescope-chat.js',
          'kinescope-chat.classic.js',
          'custom-elements.json',
        ],
      ],
      { encoding: 'utf8' },
    )
    const { analysis } = JSON.parse(answer) as { analysis: { problems: { resolutionKind?: string }[] } }
    const forModules = ({ resolutionKind }: { resolutionKind?: string }) =>
      !['node10', 'node16-cjs'].includes(resolutionKind ?? '')
    expect(analysis.problems.filter(forModules)).toEqual([])
  }, 60_000)

  const entries = Object.keys(packageJson.exports).filter((entry) => !entry.endsWith('.json'))
  const specifiers = entries.map((entry) => entry.replace('.', 'kinescope-chat'))
  /** The names that an import of every entry adds to the global object, under these conditions of `exports`. */
  const addedUnder = (conditions: string[]): unknown =>
    JSON.parse(
      execFileSync(
        process.execPath,
        [
          ...conditions.map((condition) => `--conditions=${condition}`),
          ...['--input-type=module', '-e'],
          `const before = Object.getOwnPropertyNames(globalThis)
           for (const specifier of ${JSON.stringify(specifiers)}) await import(specifier)
           const added = Object.getOwnPropertyNames(globalThis).filter((name) => !before.includes(name))
           console.log(JSON.stringify(added))`,
        ],
        { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 10_000 },
      ),
    )

  // the conditions of Node, wrangler, Next.js at the edge and bundlers for workers
  it.each([[[]], [['workerd', 'worker', 'browser']], [['edge-light', 'worker']], [['worker', 'browser']]])(
    'has no effect and no output when a server imports it: %j',
    (conditions) => {
      expect(addedUnder(conditions)).toEqual([])
      expect(specifiers).toContain('kinescope-chat/kinescope-chat.classic.js')
    },
  )

  it('replaces the class on servers by one with the names that pages use', async () => {
    const { KinescopeChatElement } = await import('../../src/without-dom.js')
    for (const name of ['version', 'defaults', 'addMessages', 'upgrade'])
      expect(KinescopeChatElement).toHaveProperty(name)
  })

  it('contains its version in its code', () => {
    expect(VERSION).toBe(packageJson.version)
    for (const file of ['dist/kinescope-chat.js', 'dist/kinescope-chat.classic.js'])
      expect(text(file)).toContain(packageJson.version)
  })

  it('marks the files that register the element as having side effects, and only those', () => {
    for (const entry of ['./dist/define.js', './dist/kinescope-chat.js', './dist/kinescope-chat.classic.js'])
      expect(packageJson.sideEffects).toContain(entry)
    expect(packageJson.sideEffects).not.toContain('./dist/index.js')
    // the npm entries leave lit to the bundler
    expect(text('dist/kinescope-chat-element.js')).toMatch(/from 'lit'/)
    // they register only on request
    expect(text('dist/index.js')).not.toMatch(/define|register/)
    expect(text('dist/kinescope-chat-element.js')).not.toMatch(/^(?:register\(|customElements)/m)
  })
})

describe('the standalone file', () => {
  const file = text('dist/kinescope-chat.js')

  it('has two names for the same bytes', () => {
    expect(text('dist/kinescope-chat.classic.js')).toBe(file)
  })

  it('is complete, with a map, and contains no JWT library', () => {
    const { sources } = JSON.parse(text('dist/kinescope-chat.js.map')) as { sources: string[] }
    expect(sources.filter((path) => /\/jose\//.test(path))).toEqual([])
    expect(sources.some((path) => path.includes('/lit-html/'))).toBe(true)
    expect(sources.some((path) => path.endsWith('src/kinescope-chat-element.ts'))).toBe(true)
    expect(file).toMatch(/\n\/\/# sourceMappingURL=kinescope-chat\.js\.map\n$/)
    expect(file).not.toMatch(/\bimport\s*\(|\bfrom\s*["'`]|\brequire\(|\beval\(/)
  })

  it.each([
    ['a classic script', (code: string) => new Script(code)],
    ['a function’s body', (code: string) => compileFunction(code)],
    ['strict code', (code: string) => new Script(`'use strict';${code}`)],
    ['code after a script that forgot its semicolon', (code: string) => new Script(`var a = 1\n${code}`)],
    ['code before another script', (code: string) => new Script(`${code}var a = 1`)],
  ])('parses as %s', (_, parse) => {
    expect(() => parse(file)).not.toThrow()
    // it would not parse with syntax that only a module may contain
    expect(() => parse(`${file}import.meta`)).toThrow()
  })

  it('can be written into a page’s script element', () => {
    expect(file).not.toMatch(/<\/script|<!--/i)
  })

  it.each([
    ['nothing', ''],
    [
      'a window that is not a browser’s',
      'var window = globalThis, document = {}, customElements = { get() {} }',
    ],
    [
      'a server’s imitation of elements',
      'var HTMLElement = class {}, customElements = new Map(), document = { createElement() {} }',
    ],
  ])('has no effect where there is %s', (_, world) => {
    const context = createContext({ console: { warn: () => expect.unreachable() } })
    runInContext(world, context)
    const before = Object.keys(context)
    runInContext(file, context)
    expect(Object.keys(context)).toEqual(before)
  })

  it('begins with its encoding and the hint to compile all functions while it arrives', () => {
    expect(text('dist/kinescope-chat.js').startsWith('\ufeff//# allFunctionsCalledOnLoad\n;')).toBe(true)
  })

  it('maps its code to its sources', () => {
    const { sourcesContent, mappings } = JSON.parse(text('dist/kinescope-chat.js.map')) as {
      sourcesContent: string[]
      mappings: string
    }
    // the first two lines are a hint for the engine and a guard for concatenated scripts, and have no mapping
    expect(
      mappings
        .split(';')
        .slice(0, 3)
        .map((line) => line !== ''),
    ).toEqual([false, false, true])
    expect(sourcesContent.every((source) => source.length > 0)).toBe(true)
  })
})
