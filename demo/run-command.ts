import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

/** Runs `kinescope-chat-server` as a process of its own, as at a prompt. @throws with what it said, when it fails */
export async function runCommand(args: readonly string[], env: Record<string, string>): Promise<string> {
  const manifest = createRequire(import.meta.url).resolve('kinescope-chat-server/package.json')
  const main = join(dirname(manifest), 'dist/cli/main.js')
  const { PATH = '' } = process.env
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [main, ...args], { env: { PATH, ...env } })
    return stdout
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    throw new Error(`kinescope-chat-server ${args.join(' ')} failed:\n${stdout}${stderr}`, { cause: error })
  }
}
