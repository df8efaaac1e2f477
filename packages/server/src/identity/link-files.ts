import { createHash } from 'node:crypto'
import { appendFileSync, closeSync, fstatSync, mkdirSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { parseJson } from '../net/capped-read.js'
import { decideUse, type DeviceUse, type LinkStore } from './link-store.js'

/** How often the files are checked. Milliseconds. */
const CHECK_MS = 1000
/** The most appended bytes that are read at once. */
const MAX_READ = 64 * 1024 * 1024

/** Reads the lines that were appended to a file since the last check; other processes append too. */
class AppendedLines {
  readonly #path: string
  #offset = 0
  #rest = ''
  #checkedAt = -Infinity

  constructor(path: string) {
    this.#path = path
  }

  read(now: number, maxAgeMs: number): string[] {
    if (now - this.#checkedAt < maxAgeMs) return []
    this.#checkedAt = now
    let file: number
    try {
      file = openSync(this.#path, 'r')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw error
    }
    try {
      const size = Math.min(fstatSync(file).size - this.#offset, MAX_READ)
      if (size <= 0) return []
      const bytes = Buffer.alloc(size)
      const count = readSync(file, bytes, 0, size, this.#offset)
      this.#offset += count
      const lines = (this.#rest + bytes.toString('latin1', 0, count)).split('\n')
      this.#rest = lines.pop() ?? ''
      return lines
    } finally {
      closeSync(file)
    }
  }
}

export interface LinkFilesOptions {
  dir: string
  /** Called when the directory can't be read or written: links still work, and limits count in this process only. */
  onTrouble?: ((error: unknown) => void) | undefined
  /** Milliseconds on any clock. */
  now?: (() => number) | undefined
}

/** Revoked links and the use of limited ones, in two append-only files of a directory that replicas may share. */
export function linkFiles({ dir, onTrouble = () => undefined, now = Date.now }: LinkFilesOptions): LinkStore {
  const revoked = new Set<string>()
  const uses = new Map<string, Map<string, DeviceUse>>()
  const revokedLines = new AppendedLines(join(dir, REVOKED))
  const useLines = new AppendedLines(join(dir, USES))
  const attempt = (work: () => void) => {
    try {
      work()
    } catch (error) {
      onTrouble(error)
    }
  }
  const knownOf = (id: string): Map<string, DeviceUse> => {
    const known = uses.get(id) ?? new Map<string, DeviceUse>()
    uses.set(id, known)
    return known
  }

  return {
    isRevoked(id) {
      attempt(() => {
        for (const line of revokedLines.read(now(), CHECK_MS)) revoked.add(line.trim())
      })
      return revoked.has(id)
    },
    use(id, device, use) {
      const hash = createHash('sha256').update(device).digest('base64url').slice(0, 22)
      attempt(() => {
        for (const line of useLines.read(now(), 0)) {
          const entry = parseJson(line) as (DeviceUse & { id: string; device: string }) | null | undefined
          if (typeof entry?.id !== 'string' || typeof entry.device !== 'string') continue
          const { firstAt, confirmedAt } = entry
          knownOf(entry.id).set(entry.device, { firstAt, confirmedAt })
        }
      })
      const { result, changed } = decideUse(knownOf(id), hash, use)
      if (changed) {
        attempt(() => append(dir, USES, `${JSON.stringify({ id, device: hash, ...changed })}\n`))
      }
      return result
    },
  }
}

const REVOKED = 'revoked.txt'
const USES = 'uses.jsonl'

/** Revokes links for every server that uses this directory. @throws the file system's error */
export function revokeLinks(dir: string, ids: readonly string[]): void {
  append(dir, REVOKED, ids.map((id) => `${id}\n`).join(''))
}

function append(dir: string, name: string, text: string): void {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  appendFileSync(join(dir, name), text, { mode: 0o600 })
}
