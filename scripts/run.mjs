// Runs the commands of package.json. It needs only Node and npm, and no network after the first run.
//   `node scripts/run.mjs [--for demo|docs|build] [--build] [SCRIPT ARGUMENTS…]`
// It installs the pinned pnpm into .tools/ and the locked packages. Then it builds (--build) and runs a script of
// package.json. With `--for`, it installs only the `dependencies` of the packages that the command needs.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const {
  engines,
  name: rootName,
  packageManager,
} = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19))
  fail(`Node ${process.versions.node} is too old. Install Node ${engines.node}.`)

const words = process.argv.slice(2)
const wanted = { for: 'all', build: false }
while (words[0]?.startsWith('--')) {
  const option = words.shift()
  if (option === '--for') wanted.for = words.shift()
  else if (option === '--build') wanted.build = true
  else fail(`${option} is not an option. See the top of scripts/run.mjs.`)
}

const [, version, sha512] = /^pnpm@([^+]+)\+sha512\.(\w+)$/.exec(packageManager)
const tool = join(root, '.tools', `pnpm-${version}`)
const pnpm = join(tool, 'node_modules/pnpm/bin/pnpm.cjs')

// npm sets its own settings as variables, and pnpm would use them
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^npm_(config|package|lifecycle)_/i.test(name)),
)
env.PATH = [join(tool, 'node_modules/.bin'), env.PATH].join(delimiter)

if (!existsSync(join(tool, 'node_modules/.bin/pnpm'))) fetchPnpm()
install(wanted.for)
if (wanted.build) {
  const { buildChanged } = await import('./build.mjs')
  if (!(await buildChanged(wanted.for === 'demo' ? ['element', 'server'] : undefined, env))) process.exit(1)
}
if (words.length) runScript(words)

/** Installs pnpm with a lock file, so that npm verifies the hash from package.json. */
function fetchPnpm() {
  console.log(`Downloading pnpm ${version} …`)
  mkdirSync(tool, { recursive: true })
  const manifest = { private: true, dependencies: { pnpm: version } }
  const integrity = `sha512-${Buffer.from(sha512, 'hex').toString('base64')}`
  // without `bin`, npm links no command
  const bin = { pnpm: 'bin/pnpm.cjs' }
  const packages = { '': manifest, 'node_modules/pnpm': { version, integrity, bin } }
  writeFileSync(join(tool, 'package.json'), JSON.stringify(manifest))
  writeFileSync(join(tool, 'package-lock.json'), JSON.stringify({ lockfileVersion: 3, packages }))
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error']
  runNow([npmCli(), 'ci', ...options], tool, 'ignore')
}

/** Installs the packages that the command needs, unless they are already installed from this lock file. */
function install(scope) {
  const stamp = join(root, 'node_modules/.installed')
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'pnpm-lock.yaml')))
    .digest('hex')
  const tools = `pnpm ${version}, node ${process.version}, lock ${lock}`
  const [before, ...scopes] = existsSync(stamp) ? readFileSync(stamp, 'utf8').split('\n') : []
  const there = before === tools ? scopes : []
  if (there.includes('all') || there.includes(scope)) return
  const now = scope === 'all' ? ['all'] : [...there, scope]
  console.log('Installing packages …')
  const options = ['--frozen-lockfile', '--reporter=append-only', '--loglevel=error']
  // without this option, pnpm asks before it changes from some packages to all
  runNow([pnpm, 'install', ...options, '--config.confirmModulesPurge=false', ...filters(now)], root)
  writeFileSync(stamp, [tools, ...now].join('\n'))
}

function filters(scopes) {
  const packages = {
    demo: ['kinescope-chat-demo...'],
    docs: ['kinescope-chat-docs...'],
    build: ['./packages/*'],
    all: [],
  }
  for (const scope of scopes)
    if (!packages[scope]) fail(`--for ${scope} is unknown. See the top of scripts/run.mjs.`)
  const chosen = scopes.flatMap((scope) => packages[scope])
  return chosen.length ? ['--prod', ...[rootName, ...chosen].flatMap((name) => ['--filter', name])] : []
}

function runScript(script) {
  const child = spawn(process.execPath, [pnpm, 'run', ...script], { cwd: root, env, stdio: 'inherit' })
  // the terminal sends Ctrl-C to the whole process group: the child ends first, and then this process
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.on(signal, () => signal === 'SIGTERM' && child.kill(signal))
  child.on('exit', (code, signal) => process.exit(signal === 'SIGINT' ? 130 : (code ?? 1)))
}

function npmCli() {
  const found = [
    process.env.npm_execpath,
    join(dirname(process.execPath), 'node_modules/npm/bin/npm-cli.js'),
    join(dirname(process.execPath), '../lib/node_modules/npm/bin/npm-cli.js'),
  ].find((path) => path && /npm-cli\.js$/.test(path) && existsSync(path))
  return found ?? fail('npm was not found. Start this command with `npm run`.')
}

function runNow(args, cwd, output = 'inherit') {
  const stdio = ['inherit', output, 'inherit']
  const { error, status } = spawnSync(process.execPath, args, { cwd, env, stdio })
  if (error) throw error
  if (status) process.exit(status)
}

function fail(message) {
  console.error(message)
  process.exit(1)
}
