import { randomBytes } from 'node:crypto'
import { link, lstat, open, readFile, rename, rm, unlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { errorCode, OperatorProblem } from '../../problem.js'

/** Past this age a lock is taken for a dead process's: no command holds it for more than a few API calls. */
const STALE_MS = 10 * 60_000

/** Ours has a hundred. */
const MOST_BYTES = 4096

/** The locks of this very process: another lock with its pid is a dead one's, as in a container where all are 1. */
const heldHere = new Set<string>()

interface Holder {
  pid: number
  host: string
  /** ms since the epoch */
  started: number
  nonce: string
}

export interface RingLock {
  /** Throws if another process has taken over the lock. */
  assertHeld(): Promise<void>
  release(): Promise<void>
}

/**
 * One process at a time changes the ring. The lock of a process that died is taken over: at once on the same machine,
 * after ten minutes where the machine is another one.
 *
 * @throws OperatorProblem `keys-busy`
 */
export async function lockRing(dir: string, now: () => number): Promise<RingLock> {
  const path = join(dir, '.lock')
  const mine: Holder = {
    pid: process.pid,
    host: hostname(),
    started: now(),
    nonce: randomBytes(8).toString('hex'),
  }
  if (!(await create(path, mine))) {
    const holder = await read(path)
    if (holder && !isDead(holder, now())) throw busy(holder, now())
    await removeDead(path, holder)
    if (!(await create(path, mine))) throw busy(await read(path), now())
  }
  heldHere.add(mine.nonce)
  const held = async () => (await read(path))?.nonce === mine.nonce
  return {
    async assertHeld() {
      if (!(await held())) throw busy(await read(path), now())
    },
    async release() {
      heldHere.delete(mine.nonce)
      // where this fails, the lock is found dead later: no reason to call the work a failure
      await held()
        .then(
          (ours) => (ours ? unlink(path) : undefined),
          () => undefined,
        )
        .catch(() => undefined)
    },
  }
}

async function create(path: string, holder: Holder): Promise<boolean> {
  // written whole before it gets its name: a lock without content can't be judged
  const draft = `${path}.${holder.nonce}.tmp`
  const file = await open(draft, 'wx', 0o600)
  try {
    try {
      await file.writeFile(JSON.stringify(holder))
    } finally {
      await file.close()
    }
    await link(draft, path)
    return true
  } catch (error) {
    // ENOENT: the process that holds the lock has removed the draft
    if (errorCode(error) === 'EEXIST' || errorCode(error) === 'ENOENT') return false
    throw error
  } finally {
    await rm(draft, { force: true })
  }
}

/** null: there is none, or none that a process of ours wrote whole. */
async function read(path: string): Promise<Holder | null> {
  try {
    const found = JSON.parse(await readLock(path)) as Partial<Holder> | null
    const { pid, host, started, nonce } = found ?? {}
    if (!Number.isSafeInteger(pid) || pid! <= 0 || typeof started !== 'number') return null
    return typeof host === 'string' && typeof nonce === 'string' ? (found as Holder) : null
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || error instanceof SyntaxError) return null
    throw error
  }
}

async function readLock(path: string): Promise<string> {
  const stats = await lstat(path)
  if (!stats.isFile()) {
    throw new OperatorProblem('key-file-untrusted', `${path} is no regular file`, 'Remove it: it isn’t ours.')
  }
  return stats.size > MOST_BYTES ? '' : readFile(path, 'utf8')
}

function isDead({ pid, host, started, nonce }: Holder, now: number): boolean {
  // a number may have gone to another process after a restart; a time to come is one of a clock that jumped
  if (Math.abs(now - started) > STALE_MS) return true
  if (host !== hostname()) return false
  if (pid === process.pid) return !heldHere.has(nonce)
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return errorCode(error) === 'ESRCH'
  }
}

/** Takes the dead lock out of the way. Moved, not deleted: of two processes that found it dead, one gets it. */
async function removeDead(path: string, dead: Holder | null): Promise<void> {
  const aside = `${path}.${randomBytes(6).toString('hex')}.tmp`
  try {
    await rename(path, aside)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return
    throw error
  }
  const moved = await read(aside)
  if (moved?.nonce !== dead?.nonce) await link(aside, path).catch(() => undefined) // a living one: put it back
  await rm(aside, { force: true })
}

function busy(holder: Holder | null, now: number): OperatorProblem {
  const who = holder
    ? `process ${holder.pid} on ${holder.host}, for ${Math.max(0, Math.round((now - holder.started) / 1000))} s`
    : 'another process'
  return new OperatorProblem(
    'keys-busy',
    `the key directory is being changed by ${who}`,
    'Let it finish, then run the command again. The lock of a process that died is taken over automatically.',
  )
}
