// The imports between the source files of the repository, types included.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import ts from 'typescript'

export const root = resolve(import.meta.dirname, '..')

export const git = (...args) =>
  execFileSync('git', args, { cwd: root, encoding: 'utf8' }).split('\n').filter(Boolean)

/** @returns {Map<string, string[]>} each source file, with the source files that it imports */
export function importGraph() {
  const files = git('ls-files', '--cached', '--others', '--exclude-standard')
  const code = new Set(
    files.filter((file) => /\.(tsx?|mts|m?js)$/.test(file) && existsSync(join(root, file))),
  )
  return new Map([...code].map((file) => [file, importsOf(file, code)]))
}

function importsOf(file, code) {
  const { importedFiles } = ts.preProcessFile(readFileSync(join(root, file), 'utf8'), true, true)
  const targets = importedFiles.map(({ fileName }) => pathOf(file, fileName))
  return [...new Set(targets.flatMap((path) => (path && sourceOf(path, code)) ?? []))]
}

/** Resolves an import to a path: a relative import, or a subpath of one of our packages. */
function pathOf(file, name) {
  if (name.startsWith('.')) return join(dirname(file), name)
  const [, server, subpath = ''] = /^kinescope-chat(-server)?(\/.+)?$/.exec(name) ?? []
  if (!/^kinescope-chat(-server)?(\/|$)/.test(name)) return
  const folder = server ? 'packages/server' : 'packages/element'
  const target = exportsOf(folder)[`.${subpath}`]
  const path = typeof target === 'string' ? target : target?.types?.replace('.d.ts', '.js')
  return path && join(folder, path.replace('/dist/', '/src/'))
}

const manifests = new Map()
function exportsOf(folder) {
  if (!manifests.has(folder))
    manifests.set(folder, JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')).exports)
  return manifests.get(folder)
}

function sourceOf(path, code) {
  const names = [
    path,
    path.replace(/\.js$/, '.ts'),
    path.replace(/\.js$/, '.tsx'),
    path.replace(/\.mjs$/, '.mts'),
  ]
  return names.find((name) => code.has(name))
}
