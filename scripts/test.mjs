// `npm test`: builds, checks form and types, runs the tests in Node and in browsers, and counts them all in the last line.
// It installs nothing on the system unless it runs in CI or is asked to: `npm test -- --install`.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { browserTests, provide } from './browsers.mjs'

const USAGE = `npm test                 everything: build, form and types, tests in Node and in the browsers that are here
npm test -- --install    the same, after bringing a browser by apt-get (Debian, as root)
CI=1 npm test            the same, with all that CI has: three browsers, nginx, Redis, PHP, Go …

One file, watch mode, one browser: see CONTRIBUTING.md, "Working on it".`

const wanted = process.argv.slice(2)
const unknown = wanted.filter((word) => word !== '--install')
if (unknown.length) {
  const asked = unknown.every((word) => ['--help', '-h'].includes(word))
  console.log(asked ? USAGE : `There is no ${unknown.join(' ')}.\n\n${USAGE}`)
  process.exit(asked ? 0 : 2)
}

const began = Date.now()
const all = Boolean(process.env.CI)
const hasBrowser = provide({ all, install: all || wanted.includes('--install') })
mkdirSync('.cache', { recursive: true })
const nodeResults = '.cache/node-tests.json'
const browserResults = `${process.cwd()}/.cache/browser-tests.json`
for (const file of [nodeResults, browserResults]) rmSync(file, { force: true })

const counts = { passed: 0, failed: 0, skipped: 0 }
const step = (title, command, args, env = {}) => {
  console.log(`\n── ${title}`)
  const { status } = spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, ...env } })
  return status === 0
}
/** A step that isn't a test counts as one when it fails. */
const must = (...step_) => step(...step_) || counts.failed++

must('Build', 'pnpm', ['run', 'build:inner'])
must('Form and types', 'pnpm', ['run', 'check:inner'])
const inNode = step('Tests in Node', 'pnpm', [
  'exec',
  'vitest',
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${nodeResults}`,
  ...(hasBrowser ? [] : browserTests().map((file) => `--exclude=${file}`)),
])
if (existsSync(nodeResults)) {
  const { numPassedTests, numFailedTests, numPendingTests, numFailedTestSuites } = JSON.parse(
    readFileSync(nodeResults, 'utf8'),
  )
  counts.passed += numPassedTests
  counts.failed += numFailedTests || (inNode ? 0 : numFailedTestSuites || 1)
  counts.skipped += numPendingTests
} else counts.failed++
if (hasBrowser) {
  const inBrowsers = step(
    'Tests in browsers',
    'pnpm',
    ['--filter', 'kinescope-chat', 'run', 'test:browser'],
    {
      WTR_RESULTS: browserResults,
    },
  )
  if (existsSync(browserResults)) {
    const { passed, failed, skipped } = JSON.parse(readFileSync(browserResults, 'utf8'))
    counts.passed += passed
    counts.failed += failed || (inBrowsers ? 0 : 1)
    counts.skipped += skipped
  } else counts.failed++
} else console.log('\nLeft out, without a browser: the tests of the element, of the bench and of pages.')

console.log(`\nin ${Math.round((Date.now() - began) / 1000)} s`)
console.log(
  `${counts.passed} passed, ${counts.failed} failed${counts.skipped ? `, ${counts.skipped} skipped` : ''}`,
)
process.exit(counts.failed ? 1 : 0)
