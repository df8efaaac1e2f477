// Builds the packages whose sources changed since the last build: `node scripts/build.mjs [element server …]`.
// A package is rebuilt if its sources, its `dist`, or a package that it needs changed. `test` and `docs` don't count.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const stamps = join(root, '.cache/built')
/** The packages that a package needs for its build. */
const NEEDS = { element: [], server: ['element'], php: [], wordpress: ['php', 'element'] }
const IGNORED = new Set(['node_modules', 'dist', 'test', 'docs', 'bench', 'deploy', 'vendor', 'coverage'])

/** @returns {Promise<boolean>} false if a build failed */
export async function buildChanged(names = Object.keys(NEEDS), env = process.env) {
  const results = new Map()
  const build = (name) => {
    if (!results.has(name))
      results.set(
        name,
        Promise.all(NEEDS[name].map(build)).then((done) => done.every(Boolean) && buildOne(name, env)),
      )
    return results.get(name)
  }
  return (await Promise.all(names.map(build))).every(Boolean)
}

async function buildOne(name, env) {
  const folder = join(root, 'packages', name)
  const manifest = join(folder, 'package.json')
  if (!existsSync(manifest) || !JSON.parse(readFileSync(manifest, 'utf8')).scripts?.build) return true
  const stamp = join(stamps, name)
  const sources = sourcesOf(name)
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === `${sources}\n${outputOf(folder)}`) return true

  const began = Date.now()
  rmSync(stamp, { force: true })
  // otherwise a renamed or deleted module would stay in the package
  rmSync(join(folder, 'dist'), { recursive: true, force: true })
  const { code, output } = await run('pnpm', ['--silent', 'run', 'build'], folder, env)
  if (code !== 0) {
    console.error(`${output}\nThe build of packages/${name} failed.`)
    return false
  }
  mkdirSync(stamps, { recursive: true })
  writeFileSync(stamp, `${sources}\n${outputOf(folder)}`)
  console.log(`Built packages/${name} in ${((Date.now() - began) / 1000).toFixed(1)} s`)
  return true
}

function sourcesOf(name) {
  const hash = createHash('sha256')
  const files = [
    'tsconfig.base.json',
    'pnpm-lock.yaml',
    ...[name, ...allNeeds(name)].flatMap((one) => filesIn(`packages/${one}`)),
  ]
  for (const file of files) hash.update(`${file}\n`).update(readFileSync(join(root, file)))
  return hash.digest('hex')
}

const allNeeds = (name) => NEEDS[name].flatMap((need) => [need, ...allNeeds(need)])

function filesIn(folder) {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter(({ name }) => !IGNORED.has(name) && !name.endsWith('.md'))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) =>
      entry.isDirectory()
        ? filesIn(`${folder}/${entry.name}`)
        : entry.isFile()
          ? [`${folder}/${entry.name}`]
          : [],
    )
}

/** Hashes the names, sizes and times of the files in `dist`, which any other build changes. */
function outputOf(folder) {
  const dist = join(folder, 'dist')
  if (!existsSync(dist)) return 'none'
  const hash = createHash('sha256')
  for (const name of readdirSync(dist, { recursive: true }).sort()) {
    const { size, mtimeMs, isFile } = statOf(join(dist, name))
    if (isFile) hash.update(`${name} ${size} ${mtimeMs}\n`)
  }
  return hash.digest('hex')
}

function statOf(path) {
  const stat = statSync(path)
  return { size: stat.size, mtimeMs: stat.mtimeMs, isFile: stat.isFile() }
}

function run(command, args, cwd, env) {
  return new Promise((done, failed) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
    child.on('error', failed)
    child.on('close', (code) => done({ code, output }))
  })
}

if (process.argv[1] === import.meta.filename) {
  const names = process.argv.slice(2)
  const unknown = names.find((name) => !NEEDS[name])
  if (unknown) console.error(`There is no package ${unknown}. Choose from ${Object.keys(NEEDS).join(', ')}.`)
  const done = !unknown && (await buildChanged(names.length ? names : undefined))
  process.exit(done ? 0 : 1)
}
