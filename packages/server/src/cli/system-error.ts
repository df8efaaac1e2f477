import { PROGRAM } from './command.js'

/** A failure of the system around the program, with its remedy. */
export interface SystemProblem {
  code: string
  message: string
  remediation: string
}

type SystemError = NodeJS.ErrnoException & {
  address?: string
  port?: number
  dest?: string
  hostname?: string
}

/** By code: what is wrong with a file, and what to do. */
const FILE_FAULTS: Readonly<Record<string, (path: string) => [message: string, remediation: string]>> = {
  ENOENT: (path) => [`there is no ${path}`, 'Check the name, and the directory this runs in.'],
  ENOTDIR: (path) => [`${path} is not a directory, or a part of its path isn’t`, 'Name another directory.'],
  EISDIR: (path) => [`${path} is a directory, not a file`, 'Name the file in it.'],
  EACCES: (path) => [
    `the user this runs as has no access to ${path}`,
    `Run it as the owner: \`ls -ld ${path}\` shows who that is.`,
  ],
  EROFS: (path) => [`${path} is on a read-only file system`, 'Name a writable directory.'],
  ENOSPC: (path) => [
    `there is no room left for ${path}`,
    'Free some space (`df -h` shows where). Then run the command again: it continues where it stopped.',
  ],
  EMFILE: () => ['too many files are open', 'Raise the limit: `ulimit -n 4096`.'],
  EIO: (path) => [`the disk failed at ${path}`, 'Check the disk (`dmesg`), then run the command again.'],
}
/** Codes that mean the same as another. */
const ALIASES: Readonly<Record<string, string>> = { EPERM: 'EACCES', EDQUOT: 'ENOSPC', ENFILE: 'EMFILE' }

/** Explains what the operating system refused: files, disks, ports; null for any other error. */
export function systemProblem(error: unknown): SystemProblem | null {
  const { code, path, dest, syscall, address, port, hostname } = (error ?? {}) as SystemError
  if (typeof code !== 'string' || !/^E[A-Z0-9]+$/.test(code)) return null
  if (syscall === 'listen') return portProblem(code, address, port)
  if (syscall === 'getaddrinfo') {
    return {
      code: 'address-unknown',
      message: `${hostname ?? 'the host'} has no address (${code})`,
      remediation: 'Check the name: for a server, HOST or CHAT_ADMIN_HOST.',
    }
  }
  const faultOf = FILE_FAULTS[ALIASES[code] ?? code]
  if (!faultOf && path === undefined) return null
  const [message, remediation] = faultOf?.(path ?? dest ?? 'the file') ?? [
    `${syscall ?? 'an operation'} failed on ${path}`,
    'Check the file.',
  ]
  return { code: code.toLowerCase(), message, remediation }
}

/** By code: why the server can't listen, and what to do. */
function portProblem(code: string, address = 'the address', port = 0): SystemProblem {
  switch (code) {
    case 'EADDRINUSE':
      return {
        code: 'port-in-use',
        message: `${address}:${port} is already in use`,
        remediation: `\`ss -ltnp 'sport = :${port}'\` shows what. Stop it, or choose another port: \`${PROGRAM} serve --port ${port + 1}\` (for the admin port, --admin-port).`,
      }
    case 'EACCES':
      return {
        code: 'port-forbidden',
        message: `port ${port} needs root`,
        remediation:
          'Use a port from 1024 up, such as PORT=8080 or CHAT_ADMIN_PORT=9464, with a proxy in front.',
      }
    case 'EADDRNOTAVAIL':
      return {
        code: 'address-unknown',
        message: `${address} is not an address of this machine`,
        remediation:
          'Set HOST (for the admin port, CHAT_ADMIN_HOST) to an address of this machine: 127.0.0.1, or 0.0.0.0 for all of them.',
      }
    default:
      return {
        code: code.toLowerCase(),
        message: `${address}:${port} can’t be listened on (${code})`,
        remediation: 'Check HOST and PORT; for the admin port, CHAT_ADMIN_HOST and CHAT_ADMIN_PORT.',
      }
  }
}
