import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { borrow } from '../e2e/lending.js'

const run = promisify(execFile)

export const MARIADBD = ['/usr/sbin/mariadbd', '/usr/sbin/mysqld'].find(existsSync)

export interface Database {
  /** What WordPress calls DB_HOST. */
  host: string
  /** Makes an empty database. */
  create(name: string): Promise<void>
  close(): Promise<void>
}

/** The variable with the address that lends a database server, which `shared-database.ts` sets. */
export const SHARED_DATABASE = 'TEST_DATABASE'

/** The database server of the test run, or one of the caller's own. */
export async function startDatabase(): Promise<Database> {
  const host = await borrow(SHARED_DATABASE)
  if (host === null) return startDatabaseServer()
  return { host, create: (name) => createIn(host, name), close: () => Promise.resolve() }
}

/** Starts a database server in a folder that goes with it; it listens on no port. */
export async function startDatabaseServer(): Promise<Database> {
  const folder = await mkdtemp(join(tmpdir(), 'wordpress-db-'))
  const data = join(folder, 'data')
  const socket = join(folder, 'db.sock')
  const user = process.getuid?.() === 0 ? ['--user=root'] : []
  let child: ChildProcess | undefined
  const close = async () => {
    if (child && child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await run('mariadb-install-db', [
      ...['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db'],
      ...user,
    ])
    child = spawn(
      MARIADBD!,
      [
        ...['--no-defaults', `--datadir=${data}`, `--socket=${socket}`, '--skip-networking'],
        ...['--skip-grant-tables', '--innodb-flush-log-at-trx-commit=0', '--innodb-buffer-pool-size=16M'],
        ...[`--pid-file=${folder}/db.pid`, '--max-allowed-packet=64M'],
        ...user,
      ],
      { stdio: 'ignore' },
    )
    const host = `localhost:${socket}`
    for (let tries = 0; !(existsSync(socket) && query(host, 'SELECT 1')); tries++) {
      if (tries === 100) throw new Error('MariaDB did not start')
      await wait(100)
    }
    return { host, create: (name) => createIn(host, name), close }
  } catch (error) {
    await close()
    throw error
  }
}

function query(host: string, sql: string): boolean {
  const code = `mysqli_report(MYSQLI_REPORT_OFF); $db = @new mysqli('localhost', 'root', '', '', 0, $argv[1]); exit($db->connect_errno || !$db->query($argv[2]) ? 1 : 0);`
  return spawnSync('php', ['-r', code, '--', host.replace('localhost:', ''), sql]).status === 0
}

const createIn = (host: string, name: string): Promise<void> =>
  query(host, `CREATE DATABASE ${name}`)
    ? Promise.resolve()
    : Promise.reject(new Error(`no database ${name}`))
