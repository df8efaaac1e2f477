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
  /** The key directory; it doesn't exist at first. */
  keyDir: string
  /** Scratch space beside it. */
  folder: string
  env: Record<string, string>
  /** ms by which the command line's and Kinescope's clocks are ahead of the machine's. */
  ahead: { ms: number }
  now: () => number
  /** Runs a command in this process. Waits are skipped, and noted in `waited`. */
  kc: (...argv: string[]) => Promise<CommandResult>
  /** Runs it with `--json` and parses the answer. */
  json: (...argv: string[]) => Promise<{ exit: number; data: any }> // eslint-disable-line @typescript-eslint/no-explicit-any
  waited: number[]
  /** `on`: `keys revoke` is not given `--yes` by itself. */
  asks: { on: boolean }
  close: () => Promise<void>
}

/** An emulated Kinescope, an empty key directory, and the command line between them, with a clock to turn. */
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
    // who tests what a revocation does means it; what is asked before it has tests of its own
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
