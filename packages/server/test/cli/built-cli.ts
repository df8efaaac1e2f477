import { execFile } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const PACKAGE = fileURLToPath(new URL('../..', import.meta.url))
const CACHE = join(PACKAGE, '.cache') // inside the package, to find its dependencies
const DAY_MS = 86_400_000

export interface ChildResult {
  exit: number | null
  signal: string | null
  stdout: string
  stderr: string
}

export interface BuiltCli {
  /** The program, to be run with Node. */
  file: string
  /** Runs the command line as a process of its own. */
  start: (
    argv: readonly string[],
    env: Record<string, string>,
    nodeFlags?: readonly string[],
  ) => Promise<ChildResult>
}

/** Bundles the command line as it is in `src`, so that a child starts as fast as the published one. */
export async function builtCli(): Promise<BuiltCli> {
  const outDir = join(CACHE, `cli-${hashOfSources()}`)
  if (existsSync(outDir)) utimesSync(outDir, new Date(), new Date())
  else await bundle(outDir)
  const file = join(outDir, 'main.js')
  return {
    file,
    start: (argv, env, nodeFlags = []) =>
      new Promise((resolve) => {
        const options = { env: { PATH: process.env['PATH'] ?? '', ...env }, timeout: 60_000 }
        const child = execFile(
          process.execPath,
          [...nodeFlags, file, ...argv],
          options,
          (_error, stdout, stderr) =>
            resolve({ exit: child.exitCode, signal: child.signalCode, stdout, stderr }),
        )
        child.stdin?.end()
      }),
  }
}

/** Several workers may bundle at once: each has a directory of its own, and the first one gives it its name. */
async function bundle(outDir: string): Promise<void> {
  const own = join(CACHE, `cli-${randomUUID()}`)
  await build({
    configFile: false,
    root: PACKAGE,
    logLevel: 'error',
    build: {
      ssr: 'src/cli/main.ts',
      outDir: own,
      minify: false,
      target: 'node20',
      // beside each other, for the way to package.json is counted from where a file lies
      rollupOptions: { output: { chunkFileNames: '[name].js' } },
    },
  })
  try {
    renameSync(own, outDir)
  } catch {
    rmSync(own, { recursive: true })
  }
  for (const name of readdirSync(CACHE)) {
    const old = join(CACHE, name)
    if (name.startsWith('cli-') && Date.now() - statSync(old).mtimeMs > DAY_MS)
      rmSync(old, { recursive: true, force: true })
  }
}

/** The bundle holds this package's sources and what they import from the built element. */
function hashOfSources(): string {
  const hash = createHash('sha256')
  for (const folder of ['src', '../element/dist'])
    for (const name of readdirSync(join(PACKAGE, folder), { recursive: true, encoding: 'utf8' }).sort())
      if (/\.[jt]s$/.test(name)) hash.update(name).update(readFileSync(join(PACKAGE, folder, name)))
  return hash
    .update(readFileSync(import.meta.filename))
    .digest('hex')
    .slice(0, 16)
}
