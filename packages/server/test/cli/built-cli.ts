import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const PACKAGE = fileURLToPath(new URL('../..', import.meta.url))

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
  remove: () => void
}

/** Bundles the command line as it stands in `src`, so that a child starts as fast as the published one. */
export async function builtCli(): Promise<BuiltCli> {
  const outDir = join(PACKAGE, '.cache', `cli-${randomUUID()}`) // inside the package, to find its dependencies
  await build({
    configFile: false,
    root: PACKAGE,
    logLevel: 'error',
    build: {
      ssr: 'src/cli/main.ts',
      outDir,
      minify: false,
      target: 'node20',
      // beside each other, for the way to package.json is counted from where a file lies
      rollupOptions: { output: { chunkFileNames: '[name].js' } },
    },
  })
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
    remove: () => rmSync(outDir, { recursive: true, force: true }),
  }
}
