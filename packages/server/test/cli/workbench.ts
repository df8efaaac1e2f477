import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildEmulator, type Emulator, type EmulatorOptions } from '../../../../demo/emulator/emulator.js'
import { run } from '../../src/cli/run.js'
import { secret } from '../secrets.js'

export const API_TOKEN = secret('0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d')

export interface CommandResult {
  exit: number
  stdout: string
  stderr: string
}

export interface Workbench {
  emulator: Emulator
  /** The key directory; at first, it doesn't exist. */
  keyDir: string
  /** A temporary folder next to the key directory. */
  folder: string
  env: Record<string, string>
  /** Milliseconds by which the clocks of the command line and of Kinescope are ahead of the machine's clock. */
  ahead: { ms: number }
  now: () => number
  /** Runs a command in this process. Waits are skipped and recorded in `waited`. */
  kc: (...argv: string[]) => Promise<CommandResult>
  /** Runs a command with `--json` and parses its output. */
  json: (...argv: string[]) => Promise<{ exit: number; data: any }> // oxlint-disable-line typescript/no-explicit-any
  waited: number[]
  /** With `on`, `keys revoke` gets no `--yes` by default. */
  asks: { on: boolean }
  close: () => Promise<void>
}

/** An emulated Kinescope, an empty key directory and the command line, with an adjustable clock. */
export async function workbench(options: EmulatorOptions = {}): Promise<Workbench> {
  const ahead = { ms: 0 }
  const now = () => Date.now() + ahead.ms
  const emulator = buildEmulator({ apiTokens: [API_TOKEN], now, ...options })
  const url = await emulator.listen()
  const folder = mkdtempSync(join(tmpdir(), 'kinescope-chat-cli-'))
  const keyDir = join(folder, 'keys')
  const env: Record<string, string> = {
    CHAT_KEY_DIR: keyDir,
    KINESCOPE_API_URL: url,
    KINESCOPE_API_TOKEN: API_TOKEN,
    KINESCOPE_CHAT_ORIGIN: url,
  }
  const waited: number[] = []
  const asks = { on: false }
  const kc = async (...argv: string[]): Promise<CommandResult> => {
    const out = { stdout: '', stderr: '' }
    // a test of a revocation confirms it; the confirmation has its own tests
    const meant = argv[1] === 'revoke' && !asks.on ? ['--yes'] : []
    const exit = await run([...argv, ...meant], {
      env,
      stdout: { write: (text) => (out.stdout += text) },
      stderr: { write: (text) => (out.stderr += text) },
      now,
      wait: (ms) => Promise.resolve(void waited.push(ms)),
    })
    return { exit, ...out }
  }
  return {
    emulator,
    keyDir,
    folder,
    env,
    ahead,
    now,
    kc,
    async json(...argv) {
      const { exit, stdout } = await kc(...argv, '--json')
      return { exit, data: JSON.parse(stdout) as unknown }
    },
    waited,
    asks,
    async close() {
      await emulator.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
