// `npm test` and `npm run test:all`, after the build: checks, tests in Node, tests in browsers. The last line counts them.
// The tests in Node use all cores. The tests in browsers wait half of the time, so the checks run at the same time, or
// during an installation, which uses one core.
// The script installs nothing on the system, except in CI or with `--install`.
import { spawn, spawnSync } from 'node:child_process'
import { createWriteStream, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { browserTests, missingTools, provide } from './browsers.mjs'
import { NODE_RESULTS, BROWSER_RESULTS, lastRun } from './results.mjs'

const USAGE = `npm test                 what a change can break, in the browsers that are installed
npm run test:all         the same, the tests tagged "rare", every engine for every test, the soak
npm run test:changed     the tests nearest to what you changed
npm test -- --install    installs a browser by apt-get first (Debian, as root)
CI=1 npm test            installs all that CI has: three browsers, nginx, Redis, PHP, WordPress, Go, Python

One file, watch mode, one browser: see CONTRIBUTING.md.`

const LOGS = '.cache/test-logs'
const given = process.argv.slice(2)
const unknown = given.filter((word) => !['--install', '--all'].includes(word))
if (unknown.length) {
  const asked = unknown.every((word) => ['--help', '-h'].includes(word))
  console.log(asked ? USAGE : `${unknown.join(' ')} is unknown.\n\n${USAGE}`)
  process.exit(asked ? 0 : 2)
}

const began = Date.now()
const all = given.includes('--all')
const ci = Boolean(process.env.CI)
const install = ci || given.includes('--install')
mkdirSync(LOGS, { recursive: true })
for (const file of [NODE_RESULTS, BROWSER_RESULTS]) rmSync(file, { force: true })
// scripts/test-tier.ts and the configuration of the browsers read this variable
process.env.TEST_TIER = all ? 'all' : 'change'

const counts = { passed: 0, failed: 0, left: 0 }
const check = () => must('Checks', 'node', 'scripts/check.mjs')
const missing = missingTools(ci)
const checked = missing.length && install ? check() : undefined
const hasBrowser = await provide(missing, install)
if (all && install) spawnSync(process.execPath, ['scripts/other-releases.mjs'], { stdio: 'inherit' })
await inNode()
await Promise.all([hasBrowser && inBrowsers(), checked ?? check()])
if (all) await must('Soak', 'node', '--import', 'tsx', 'demo/soak/run-soak.ts', '--minutes', '5')
if (!hasBrowser)
  console.log('\nLeft out, without a browser: the tests of the element, of the bench and of pages.')
for (const { file, engine, failures } of lastRun())
  for (const failure of failures) console.log(`Failed: ${file} (${engine}): ${failure}`)
console.log(
  `\nin ${seconds(began)} s${counts.left ? `; ${counts.left} tests are skipped or left to npm run test:all` : ''}`,
)
console.log(`${counts.passed} passed, ${counts.failed} failed`)
process.exit(counts.failed ? 1 : 0)

async function inNode() {
  const passed = await step('Tests in Node', 'pnpm', [
    'exec',
    'vitest',
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${NODE_RESULTS}`,
    ...(all ? [] : ['--tagsFilter=!rare']),
    ...(hasBrowser ? [] : browserTests().map((file) => `--exclude=${file}`)),
  ])
  const results = read(NODE_RESULTS)
  if (!results) return void counts.failed++
  counts.passed += results.numPassedTests
  counts.failed += results.numFailedTests || (passed ? 0 : results.numFailedTestSuites || 1)
  counts.left += results.numPendingTests
}

async function inBrowsers() {
  const env = { WTR_RESULTS: `${process.cwd()}/${BROWSER_RESULTS}` }
  const passed = await step(
    'Tests in browsers',
    'pnpm',
    ['--filter', 'kinescope-chat', 'run', 'test:browser'],
    env,
  )
  const results = read(BROWSER_RESULTS)
  if (!results) return void counts.failed++
  counts.passed += results.passed
  counts.failed += results.failed || (passed ? 0 : 1)
  counts.left += results.skipped
}

/** Runs a step that isn't a test, and counts it as one test. */
async function must(title, command, ...args) {
  counts[(await step(title, command, args)) ? 'passed' : 'failed']++
}

/**
 * Runs a step and prints its output at the end, so that parallel steps stay readable. Until then, the output is in
 * .cache/test-logs.
 */
function step(title, command, args, env = {}) {
  const started = Date.now()
  return new Promise((done) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    })
    let output = ''
    const log = createWriteStream(`${LOGS}/${title.toLowerCase().replaceAll(' ', '-')}.log`)
    const take = (chunk) => {
      output += chunk
      log.write(chunk)
    }
    for (const stream of [child.stdout, child.stderr]) stream.on('data', take)
    child.on('error', (error) => take(error.message))
    child.on('close', (code) => {
      log.end()
      console.log(`\n── ${title}, ${seconds(started)} s\n${output.trimEnd()}`)
      done(code === 0)
    })
  })
}

function read(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined
}

function seconds(since) {
  return Math.round((Date.now() - since) / 1000)
}
