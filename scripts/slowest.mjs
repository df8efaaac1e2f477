// `npm run slowest`: the twenty slowest test files of the last `npm test` or `npm run test:all`, as a table.
import { lastRun } from './results.mjs'

const files = lastRun().sort((a, b) => b.ms - a.ms)
if (!files.length) {
  console.error('There are no results. Run npm test first.')
  process.exit(1)
}
console.log('| file | engine | tests | seconds |\n| --- | --- | --- | --- |')
for (const { file, engine, tests, ms } of files.slice(0, 20))
  console.log(`| ${file} | ${engine} | ${tests} | ${(ms / 1000).toFixed(1)} |`)
const total = files.reduce((sum, { ms }) => sum + ms, 0)
console.log(`\n${files.length} files, ${Math.round(total / 1000)} s one after another`)
