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
  /** The path of the program, for Node. */
  file: string
  /** Runs the command line in its own process. */
  start: (
    argv: readonly string[],
    env: Record<string, string>,
    nodeFlags?: readonly string[],
  ) => Promise<ChildResult>
}

/** Bundles the command line from `src`, so that a child process starts as fast as the published one. */
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

/**
 * Several workers can bundle at the same time. Each uses its own directory, and the first one renames it to `outDir`.
 */
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
      // all in one folder, since the path to package.json is relative to the file
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

/** The bundle contains this package's sources and its imports from the built element. */
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
