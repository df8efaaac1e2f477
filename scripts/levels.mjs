// `npm run check`: imports in packages/element/src and packages/server/src point down without cycles, types included.
// A module may import from its own level and the levels below. CONTRIBUTING.md explains levels.
import { importGraph } from './import-graph.mjs'

/** The folders and the files of each level, the lowest first. A file has its own level, else its folder's, else 4. */
const LEVELS = {
  element: [
    ['contract'],
    ['clock', 'event-id', 'platform', 'problems', 'text', 'version'],
    ['token/', 'frame/', 'settings'],
    ['session/', 'placing/', 'diagnostics', 'report'],
    ['view/'],
    ['define', 'index', 'standalone', 'without-dom'],
  ],
  server: [
    ['problem'],
    ['net/', 'guard-listener', 'secret-file'],
    [
      'token/',
      'keys/',
      'kinescope/',
      'identity/',
      'config',
      'settings',
      'setting-parsers',
      'setting-reader',
      'endpoint/origin',
      'endpoint/request',
      'endpoint/refusal',
    ],
    ['endpoint/', 'doctor/', 'audit/'],
    ['routes/', 'serve/', 'adapters/'],
    ['cli/', 'index', 'web', 'fastify'],
  ],
}
const SURFACE = 4
const graph = importGraph()
const faults = []
for (const [name, levels] of Object.entries(LEVELS)) {
  const folder = `packages/${name}/src/`
  const files = [...graph.keys()].filter((file) => file.startsWith(folder))
  const inside = (file) => graph.get(file).filter((target) => target.startsWith(folder))
  const moduleOf = (file) => {
    const path = file.slice(folder.length).replace(/\.ts$/, '')
    return levels.flat().includes(path) ? path : (/^[^/]+\//.exec(path)?.[0] ?? path)
  }
  const levelOf = (module) => {
    const level = levels.findIndex((modules) => modules.includes(module))
    return level < 0 ? SURFACE : level
  }
  for (const file of files)
    for (const target of inside(file)) {
      const [from, to] = [moduleOf(file), moduleOf(target)]
      if (levelOf(to) <= levelOf(from)) continue
      faults.push(
        `${file} (level ${levelOf(from)}) imports ${target} (level ${levelOf(to)}). Move what both need down, or pass it as an argument.`,
      )
    }
  for (const cycle of cycles(files, inside))
    faults.push(
      `These files import each other: ${cycle.join(', ')}. Move what they share into a module below them.`,
    )
}
for (const fault of faults) console.error(fault)
process.exit(faults.length ? 1 : 0)

/** The groups of files that reach each other (Tarjan's strongly connected components), and files that import themselves. */
function cycles(files, targets) {
  const order = new Map()
  const low = new Map()
  const stack = []
  const found = []
  const visit = (file) => {
    order.set(file, order.size)
    low.set(file, order.get(file))
    stack.push(file)
    for (const target of targets(file)) {
      if (!order.has(target)) visit(target)
      if (stack.includes(target)) low.set(file, Math.min(low.get(file), low.get(target)))
    }
    if (low.get(file) !== order.get(file)) return
    const group = stack.splice(stack.indexOf(file))
    if (group.length > 1 || targets(file).includes(file)) found.push(group)
  }
  for (const file of files) if (!order.has(file)) visit(file)
  return found
}
