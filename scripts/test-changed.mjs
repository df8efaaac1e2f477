// `npm run test:changed [-- GIT_REF]`: runs the test files nearest to the changes since GIT_REF (HEAD), by imports.
// It takes as many as ran within BUDGET_MS last time, and prints how many it leaves to `npm test`. A browser test runs
// in one engine.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { browserTests, missingTools, provide } from './browsers.mjs'
import { git, importGraph, root } from './import-graph.mjs'
import { lastRun } from './results.mjs'

const BUDGET_MS = 35_000
/** The assumed time of a file that isn't in the last results. */
const UNKNOWN_MS = 3_000
/** The time to start Vitest or a browser. */
const START_MS = 4_000

const ref = process.argv[2] ?? 'HEAD'
const changed = new Set([
  ...git('diff', '--name-only', ref),
  ...git('ls-files', '--others', '--exclude-standard'),
])

const isTest = (file) => /(^|\/)test\/.*\.test\.ts$/.test(file)
const inBrowser = (file) => file.startsWith('packages/element/test/browser/')

const importedBy = new Map()
for (const [file, targets] of importGraph())
  for (const target of targets) importedBy.set(target, [...(importedBy.get(target) ?? []), file])

const distances = nearest()
const times = new Map(lastRun().map(({ file, engine, ms }) => [`${file} ${engine}`, ms]))
const timeOf = (file) =>
  (times.get(`${file} node`) ?? times.get(`${file} Chrome`) ?? UNKNOWN_MS) + (changed.has(file) ? 0 : 500)

const related = [...distances.keys()]
  .filter((file) => isTest(file) && !isRare(file))
  .sort((a, b) => distances.get(a) - distances.get(b) || mirrors(b) - mirrors(a) || timeOf(a) - timeOf(b))
const chosen = choose()
const needsBrowser = new Set(browserTests())
const hasBrowser =
  !chosen.some((file) => inBrowser(file) || needsBrowser.has(file)) ||
  (await provide(missingTools(false), false))

const inNode = chosen.filter((file) => !inBrowser(file) && (hasBrowser || !needsBrowser.has(file)))
const inBrowsers = hasBrowser ? chosen.filter(inBrowser) : []
if (!changed.size) console.log(`Nothing differs from ${ref}.`)
else console.log(`${chosen.length} of ${related.length} test files that ${changed.size} changed files touch.`)
let failed = false
if (inNode.length) run(root, {}, 'vitest', 'run', '--tagsFilter=!rare', ...inNode)
if (inBrowsers.length) {
  const files = inBrowsers.map((file) => file.replace('packages/element/', ''))
  const pattern = files.length > 1 ? `{${files.join(',')}}` : files[0]
  run(join(root, 'packages/element'), { BROWSERS: 'chromium', FILES: pattern }, 'wtr')
}
const left = related.filter((file) => !chosen.includes(file))
if (left.length)
  console.log(`Left to npm test: ${left.length} files, the nearest ${left.slice(0, 3).join(', ')}.`)
process.exit(failed ? 1 : 0)

/** The number of imports between each file and the nearest changed one. */
function nearest() {
  const found = new Map([...changed].map((file) => [file, 0]))
  for (const file of found.keys())
    for (const importer of importedBy.get(file) ?? [])
      if (!found.has(importer)) found.set(importer, found.get(file) + 1)
  return found
}

/** Returns 1 if the file's test folder mirrors the folder of a changed file. */
function mirrors(file) {
  const folder = dirname(file).replace('/test', '/src').replace('/pure', '')
  return [...changed].some((one) => dirname(one) === folder) ? 1 : 0
}

function choose() {
  let ms = 0
  const picked = []
  const started = new Set()
  for (const file of related) {
    const runner = inBrowser(file) ? 'wtr' : 'vitest'
    const cost = timeOf(file) + (started.has(runner) ? 0 : START_MS)
    if (picked.length && ms + cost > BUDGET_MS && !changed.has(file)) continue
    ms += cost
    started.add(runner)
    picked.push(file)
  }
  return picked
}

function isRare(file) {
  return !changed.has(file) && /(\/\/|\*)\s*@module-tag\s+rare\b/.test(readFileSync(join(root, file), 'utf8'))
}

function run(cwd, env, ...command) {
  const { status } = spawnSync('pnpm', ['exec', ...command], {
    cwd,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  })
  if (status !== 0) failed = true
}
