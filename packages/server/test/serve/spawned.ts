import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { builtCli } from '../cli/built-cli.js'

/** Whether a system program is installed. If not, prints why a test is skipped. */
export function hasProgram(name: string, test: string): boolean {
  const found = spawnSync(name, ['-v'], { stdio: 'ignore' }).error === undefined
  if (!found) console.warn(`skipped: ${test} needs ${name} (apt-get install ${name})`)
  return found
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** A process with its output so far. */
export interface Spawned {
  child: ChildProcess
  output: () => string
  /** Resolves with the exit code; null if a signal ended the process. */
  ended: Promise<number | null>
}

export function run(command: string, args: string[], env: Record<string, string> = {}): Spawned {
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(command, args, { env: { PATH, HOME, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (part) => (output += String(part)))
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
  return { child, ended, output: () => output }
}

/** Starts `kinescope-chat serve` in its own process. */
export async function runServe(env: Record<string, string>): Promise<Spawned> {
  const { file } = await builtCli()
  return run(process.execPath, [file, 'serve'], env)
}

/** Starts a Redis for a test, without persistence. */
export async function runRedis(port: number, folder: string): Promise<Spawned> {
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder]
  const redis = run('redis-server', args)
  await untilListening(redis, port)
  return redis
}

/** Waits until a process listens on a port of 127.0.0.1. */
export async function untilListening({ child, output }: Spawned, port: number): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`ended at start: ${output()}`)
    const socket = connect(port, '127.0.0.1')
    const open = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    })
    socket.destroy()
    if (open) return
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}
