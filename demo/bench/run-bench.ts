/**
 * `npm run bench` runs every part, or the named ones (`npm run bench -- size crowds`). `--long` adds the slow
 * measurements. The program prints tables, and writes the chapters of these parts into `demo/bench/measured.json` and
 * docs/bench.md. A part that can't run keeps its chapter. A missed aim isn't a failure: exit code 1 means that a part
 * threw an error.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { addedNodes } from './added-nodes.js'
import { aimRows, benchPage } from './bench-page.js'
import { crowds } from './crowds.js'
import { manyChats } from './many-chats.js'
import { isBusy, NotInstalled, type Chapters, type Part } from './part.js'
import { php } from './php.js'
import { rehearse } from './rehearse.js'
import { roundTrips } from './round-trips.js'
import { server } from './server.js'
import { size } from './size.js'
import { timeToChat } from './time-to-chat.js'

const PARTS: Record<string, (long: boolean) => Part | Promise<Part>> = {
  size,
  'time-to-chat': timeToChat,
  'round-trips': roundTrips,
  'many-chats': manyChats,
  'added-nodes': addedNodes,
  crowds,
  server,
  rehearse,
  php,
}

const STORE = new URL('measured.json', import.meta.url)
const PAGE = new URL('../../docs/bench.md', import.meta.url)
const given = process.argv.slice(2).filter((argument) => argument !== '--')
const long = given.includes('--long')
const named = given.filter((argument) => argument !== '--long')
const unknown = named.filter((name) => !(name in PARTS))
if (unknown.length > 0) {
  console.error(`no such part: ${unknown.join(', ')}. There are ${Object.keys(PARTS).join(', ')}.`)
  process.exit(2)
}

const [load = 0] = loadavg()
console.log(`load average ${load.toFixed(2)}${isBusy(load) ? ': busy machine' : ''}`)
const chapters = JSON.parse(readFileSync(STORE, 'utf8')) as Chapters
const begun = performance.now()
const measured: Part[] = []
const left: string[] = []
for (const [name, measure] of Object.entries(PARTS)) {
  if (named.length > 0 && !named.includes(name)) continue
  try {
    const part = await measure(long)
    const circumstances = {
      date: new Date().toISOString().slice(0, 10),
      machine: `${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), Node ${process.version}`,
      load,
      long,
    }
    chapters[name] = { ...part, circumstances }
    measured.push(part)
    write()
    print(part)
    console.log(`${Math.round((performance.now() - begun) / 1000)} s since the start`)
  } catch (error) {
    if (error instanceof NotInstalled) left.push(`${name}: not installed here: ${error.message}`)
    else {
      console.error(error)
      left.push(`${name}: ${String(error)}`)
      process.exitCode = 1
    }
  }
}
console.table(aimRows(measured.flatMap(({ aims = [] }) => aims)))
for (const line of left) console.log(`Not measured, the chapter stays as it was. ${line}`)
console.log(
  `${measured.length} measured, ${left.length} not, ${Math.round((performance.now() - begun) / 1000)} s`,
)

/** Runs after each part, so that an interruption of a later part loses no figures. */
function write(): void {
  const ordered = Object.keys(PARTS).flatMap((name) =>
    chapters[name] ? [[name, chapters[name]] as const] : [],
  )
  writeFileSync(STORE, `${JSON.stringify(Object.fromEntries(ordered), null, 2)}\n`)
  writeFileSync(PAGE, benchPage(Object.fromEntries(ordered)))
}

function print({ title, how, tables }: Part): void {
  console.log(`\n${title}. ${how}`)
  for (const { title, rows, picture = [] } of tables) {
    console.log(title)
    console.table(rows)
    for (const line of picture) console.log(line)
  }
}
