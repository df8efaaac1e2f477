// The results of the last test run: how long each file took, and what failed. Paths are relative to the repository's root.
import { existsSync, readFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
export const NODE_RESULTS = '.cache/node-tests.json'
export const BROWSER_RESULTS = '.cache/browser-tests.json'

/** @returns {{ file: string, engine: string, tests: number, ms: number, failures: string[] }[]} */
export function lastRun() {
  const read = (file) =>
    existsSync(resolve(root, file)) ? JSON.parse(readFileSync(resolve(root, file), 'utf8')) : {}
  const inNode = (read(NODE_RESULTS).testResults ?? []).map(
    ({ name, startTime, endTime, status, message, assertionResults }) => ({
      file: relative(root, name),
      engine: 'node',
      tests: assertionResults.filter(({ status }) => status === 'passed' || status === 'failed').length,
      ms: Math.round(endTime - startTime),
      failures: status === 'failed' ? failuresOf(assertionResults, message) : [],
    }),
  )
  return [...inNode, ...(read(BROWSER_RESULTS).files ?? [])]
}

/** The names of the tests that failed. If a file failed without one, its message; Vitest has none for a hook. */
function failuresOf(tests, message) {
  const names = tests.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName)
  return names.length ? names : [message.split('\n')[0] || 'a hook']
}
