/**
 * `npm run bench`: every part, or those named (`npm run bench -- size crowds`), with `--long` also what takes long. Prints tables and writes
 * `.cache/bench.json`; the whole of it also docs/bench.md. Nothing here fails a build.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { addedNodes } from './added-nodes.js'
import { aimRows, benchPage } from './bench-page.js'
import { crowds } from './crowds.js'
import { manyChats } from './many-chats.js'
import type { Part } from './part.js'
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
}
/** Past this many waiting tasks, times say more about the neighbours. */
const BUSY = 1.5

const ROOT = new URL('../../', import.meta.url)
const given = process.argv.slice(2).filter((argument) => argument !== '--')
const long = given.includes('--long')
const named = given.filter((argument) => argument !== '--long')
const unknown = named.filter((name) => !(name in PARTS))
if (unknown.length > 0) {
  console.error(`no such part: ${unknown.join(', ')}. There are ${Object.keys(PARTS).join(', ')}.`)
  process.exit(2)
}

const begun = performance.now()
const [before = 0] = loadavg()
sayLoad(before)
const parts: Part[] = []
for (const [name, measure] of Object.entries(PARTS)) {
  if (named.length > 0 && !named.includes(name)) continue
  try {
    const part = await measure(long)
    parts.push(part)
    console.log(`\n${part.title}. ${part.how}`)
    for (const { title, rows, picture = [] } of part.tables) {
      console.log(title)
      console.table(rows)
      for (const line of picture) console.log(line)
    }
    console.log(`${Math.round((performance.now() - begun) / 1000)} s since the start`)
  } catch (error) {
    console.error(`${name} could not be measured:`, error)
  }
}
const aims = parts.flatMap((part) => part.aims ?? [])
if (aims.length > 0) console.table(aimRows(aims))
const [after = 0] = loadavg()
sayLoad(after)

const circumstances = {
  date: new Date().toISOString().slice(0, 10),
  machine: `${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), Node ${process.version}`,
  load: [before, after] as const,
  // what was measured has its own part in the load at the end
  busy: before > BUSY,
  long,
  seconds: (performance.now() - begun) / 1000,
}
mkdirSync(new URL('.cache/', ROOT), { recursive: true })
writeFileSync(new URL('.cache/bench.json', ROOT), JSON.stringify({ ...circumstances, parts }, null, 2))
if (named.length === 0 && parts.length === Object.keys(PARTS).length)
  writeFileSync(new URL('docs/bench.md', ROOT), benchPage(parts, circumstances))

function sayLoad(load: number): void {
  console.log(`load average ${load.toFixed(2)}${load > BUSY ? ': busy machine' : ''}`)
}
