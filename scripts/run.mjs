// The bootstrap behind `npm run demo`, `npm test` and `npm run build`: needs only Node and npm.
// It puts the pinned pnpm into .tools/ once, installs the locked packages when the lock changed, and runs the
// named package script, if one is named. After the first run it needs no network.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const { engines, packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  fail(`Node ${process.versions.node} is too old: this project needs Node ${engines.node}.`)
}

const version = packageManager.replace(/^pnpm@/, '')
const tool = join(root, '.tools', `pnpm-${version}`)
const pnpm = join(tool, 'node_modules/pnpm/bin/pnpm.cjs')

// npm's own settings for this run must not leak into pnpm
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^npm_(config|package|lifecycle)_/i.test(name)),
)
env.PATH = [join(tool, 'node_modules/.bin'), env.PATH].join(delimiter)

if (!existsSync(pnpm)) {
  console.log(`Fetching pnpm ${version} …`)
  mkdirSync(tool, { recursive: true })
  writeFileSync(join(tool, 'package.json'), '{"private":true}\n')
  const options = [
    '--no-audit',
    '--no-fund',
    '--no-save',
    '--no-package-lock',
    '--ignore-scripts',
    '--loglevel=error',
  ]
  runNow([npmCli(), 'install', `pnpm@${version}`, ...options], tool)
}

const stamp = join(root, 'node_modules/.installed')
const lock = createHash('sha256')
  .update(readFileSync(join(root, 'pnpm-lock.yaml')))
  .digest('hex')
const wanted = `pnpm ${version}, node ${process.version}, lock ${lock}`
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
  console.log('Installing packages …')
  runNow([pnpm, 'install', '--frozen-lockfile', '--reporter=append-only'], root)
  writeFileSync(stamp, wanted)
}

// what is then run without pnpm ends with Ctrl-C as a program does, and nobody calls that a failure
if (process.argv.length === 2) process.exit()

const child = spawn(process.execPath, [pnpm, 'run', ...process.argv.slice(2)], {
  cwd: root,
  env,
  stdio: 'inherit',
})
// the terminal sends Ctrl-C to the whole group: the child ends, and this process follows it
for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => signal === 'SIGTERM' && child.kill(signal))
child.on('exit', (code, signal) => process.exit(signal === 'SIGINT' ? 130 : (code ?? 1)))

function npmCli() {
  const found = [
    process.env.npm_execpath,
    join(dirname(process.execPath), 'node_modules/npm/bin/npm-cli.js'),
    join(dirname(process.execPath), '../lib/node_modules/npm/bin/npm-cli.js'),
  ].find((path) => path && /npm-cli\.js$/.test(path) && existsSync(path))
  return found ?? fail('npm was not found: start this through `npm run …`.')
}

function runNow(args, cwd) {
  const { error, status } = spawnSync(process.execPath, args, { cwd, env, stdio: 'inherit' })
  if (error) throw error
  if (status) process.exit(status)
}

function fail(message) {
  console.error(message)
  process.exit(1)
}
