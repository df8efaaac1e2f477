import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { build, type Rolldown } from 'vite'

/** A module of the runtime itself, not a package. */
const OF_THE_RUNTIME = 'cloudflare:workers'

/** Bundles a worker and its imports into one module, as an edge platform's tool does. */
export async function bundleForTheEdge(entry: string): Promise<string> {
  const { output } = (await build({
    configFile: false,
    logLevel: 'silent',
    ssr: { target: 'webworker', noExternal: true },
    build: {
      ssr: entry,
      write: false,
      rolldownOptions: { external: [OF_THE_RUNTIME], output: { format: 'es' } },
    },
  })) as Rolldown.RolldownOutput
  if (output.length !== 1) throw new Error(`one module was to be made, not ${output.length}`)
  return output[0].code
}

/**
 * The path of the runtime's program, from its npm package for this platform. If missing, null with a printed reason.
 */
export function workerd(): string | null {
  const platform = { linux: 'linux', darwin: 'darwin', win32: 'windows' }[process.platform as string]
  const name = `@cloudflare/workerd-${platform}-${process.arch === 'x64' ? '64' : process.arch}`
  try {
    const from = createRequire(createRequire(import.meta.url).resolve('workerd/package.json'))
    return from.resolve(`${name}/bin/workerd`)
  } catch {
    console.warn(`skipped: ${name} is not installed, so there is no edge runtime to try`)
    return null
  }
}

export interface Worker {
  url: string
  /** The runtime's output so far. */
  said: () => string
  close: () => void
}

/** Runs a module in the edge runtime, with these texts as its bindings. */
export async function startWorker(
  program: string,
  bundle: string,
  bindings: Readonly<Record<string, string>>,
): Promise<Worker> {
  const folder = mkdtempSync(join(tmpdir(), 'chat-edge-'))
  writeFileSync(join(folder, 'worker.js'), bundle)
  const texts = Object.entries(bindings).map(
    ([name, value]) => `(name = "${name}", text = ${JSON.stringify(value)})`,
  )
  writeFileSync(
    join(folder, 'config.capnp'),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (
    modules = [(name = "worker.js", esModule = embed "worker.js")],
    compatibilityDate = "2026-01-01",
    bindings = [${texts.join(', ')}],
  ))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);`,
    { mode: 0o600 },
  )
  const child = spawn(program, ['serve', 'config.capnp', '--control-fd=3'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr] as Readable[])
    stream.on('data', (part) => (output += String(part)))
  const close = () => {
    child.kill()
    rmSync(folder, { recursive: true, force: true })
  }
  return new Promise((resolve, reject) => {
    child.once('exit', () => {
      close()
      reject(new Error(`workerd ended: ${output}`))
    })
    ;(child.stdio[3] as Readable).on('data', (part) => {
      const port = /"port":(\d+)/.exec(String(part))?.[1]
      if (port) resolve({ url: `http://127.0.0.1:${port}`, said: () => output, close })
    })
  })
}
