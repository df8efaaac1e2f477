import { PROGRAM } from './command.js'

/** A failure of the system around the program, with its remedy. */
export interface SystemProblem {
  code: string
  message: string
  remediation: string
}

type SystemError = NodeJS.ErrnoException & { address?: string; port?: number; dest?: string }

/** Explains what the operating system refused: files, disks, ports. null: it is none of those. */
export function systemProblem(error: unknown): SystemProblem | null {
  const { code, path, dest, syscall, address, port } = (error ?? {}) as SystemError
  if (typeof code !== 'string' || !/^E[A-Z0-9]+$/.test(code)) return null
  if (syscall === 'listen') return portProblem(code, address, port)
  const what = path ?? dest ?? 'what was named'
  const make = (message: string, remediation: string): SystemProblem => ({
    code: code.toLowerCase(),
    message,
    remediation,
  })
  switch (code) {
    case 'ENOENT':
      return make(`there is no ${what}`, 'Check the name, and the directory this runs in.')
    case 'ENOTDIR':
      return make(`${what} is not a directory, or a part of its path isn’t`, 'Name another directory.')
    case 'EISDIR':
      return make(`${what} is a directory, not a file`, 'Name the file in it.')
    case 'EACCES':
    case 'EPERM': {
      const doing = writes(syscall) ? 'written' : 'read'
      return make(
        `${what} can’t be ${doing} by the user this runs as`,
        `Run it as the owner: \`ls -ld ${what}\` shows who that is.`,
      )
    }
    case 'EROFS':
      return make(`${what} is on a read-only file system`, 'Name a writable directory.')
    case 'ENOSPC':
    case 'EDQUOT':
      return make(
        `there is no room left for ${what}`,
        'Free some space (`df -h` shows where). Then run the command again: it continues where it stopped.',
      )
    case 'EMFILE':
    case 'ENFILE':
      return make('too many files are open', 'Raise the limit: `ulimit -n 4096`.')
    case 'EIO':
      return make(`the disk failed at ${what}`, 'Check the disk (`dmesg`), then run the command again.')
    default:
      return path === undefined
        ? null
        : make(`${syscall ?? 'an operation'} failed on ${what}`, 'Check the file.')
  }
}

const writes = (syscall: string | undefined): boolean =>
  /^(mkdir|mkdtemp|rename|unlink|rmdir|link|symlink|write|fsync|ftruncate|chmod|copyfile)$/.test(
    syscall ?? '',
  )

function portProblem(code: string, address = 'the address', port = 0): SystemProblem {
  const at = `${address}:${port}`
  switch (code) {
    case 'EADDRINUSE':
      return {
        code: 'port-in-use',
        message: `${at} is already in use`,
        remediation: `\`ss -ltnp 'sport = :${port}'\` shows what. Stop it, or choose another port: \`${PROGRAM} serve --port ${port + 1}\`.`,
      }
    case 'EACCES':
      return {
        code: 'port-forbidden',
        message: `port ${port} needs root`,
        remediation: 'Use a port from 1024 up (PORT=8080), with a proxy in front.',
      }
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return {
        code: 'address-unknown',
        message: `${address} is not an address of this machine`,
        remediation: 'Set HOST to an address of this machine: 127.0.0.1, or 0.0.0.0 for all of them.',
      }
    default:
      return {
        code: code.toLowerCase(),
        message: `${at} can’t be listened on (${code})`,
        remediation: 'Check HOST and PORT.',
      }
  }
}
