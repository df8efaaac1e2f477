import { createReadStream } from 'node:fs'
import { readCapped } from '../net/limits.js'
import { UsageProblem } from './command.js'

/** Keys, cookies and identity tokens are small; a device may have no end. Bytes. */
const MAX_FILE_BYTES = 1_048_576
/** No token is longer; a pipe may have no end. Bytes. */
const MAX_TOKEN_BYTES = 65_536

/** Reads the file that a flag names, or a pipe of the shell (`<(…)`). @throws UsageProblem */
export async function givenFile(path: string, flag: string): Promise<string> {
  const { bytes, truncated } = await readCapped(createReadStream(path), MAX_FILE_BYTES)
  if (truncated) throw new UsageProblem(`--${flag} names a file larger than 1 MiB`, 'Name the right file.')
  return new TextDecoder().decode(bytes)
}

/** Reads a token from the argument, or from standard input where that is `-`: every user of the machine sees arguments. */
export async function givenToken(given: string): Promise<string> {
  if (given !== '-') return given.trim()
  const { bytes, truncated } = await readCapped(process.stdin, MAX_TOKEN_BYTES)
  if (truncated) throw new UsageProblem('standard input is larger than any token', 'Pipe only the token.')
  const text = new TextDecoder().decode(bytes).trim()
  if (text !== '') return text
  throw new UsageProblem('standard input held no token', 'Write: … | kinescope-chat-server token verify -')
}

const UNITS_MS: Readonly<Record<string, number>> = { s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 }

/** `2026-11-25`, `2026-11-25T18:00Z`, or how long ago: `30min`, `24h`, `7d`. In ms since the epoch; null for other text. */
export function givenMoment(text: string, now: number): number | null {
  const [, count, unit] = /^(\d{1,6})\s*(s|min|h|d)$/.exec(text.trim()) ?? []
  if (count !== undefined) return now - Number(count) * UNITS_MS[unit!]!
  // anything else that Date.parse takes depends on the engine
  if (!/^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/.test(text.trim())) return null
  const at = Date.parse(text.trim())
  const day = text.trim().slice(0, 10)
  // Date.parse takes February 30 for March 2
  return Number.isNaN(at) || !new Date(day).toISOString().startsWith(day) ? null : at
}
