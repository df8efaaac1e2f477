import { createServer } from 'node:net'

/** Where the three parts listen. */
export interface DemoPorts {
  site: number
  token: number
  emulator: number
}

const NAMES = { site: 'DEMO_PORT', token: 'TOKEN_PORT', emulator: 'EMULATOR_PORT' } as const
const DEFAULTS: DemoPorts = { site: 5173, token: 8787, emulator: 9090 }

/** A port that can't be had: which one, and what to do. */
export class PortProblem extends Error {
  override readonly name = 'PortProblem'
}

/** Reads the ports from the environment. @throws PortProblem */
export function readPorts(env: NodeJS.ProcessEnv): DemoPorts {
  const read = (part: keyof DemoPorts) => {
    const text = env[NAMES[part]] ?? ''
    const port = text === '' ? DEFAULTS[part] : Number(text)
    if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port
    throw new PortProblem(`${NAMES[part]} must be a port number, such as ${DEFAULTS[part]}.`)
  }
  return { site: read('site'), token: read('token'), emulator: read('emulator') }
}

/** Says which port is taken before anything is started. @throws PortProblem */
export async function checkPorts(ports: Partial<DemoPorts>): Promise<void> {
  for (const part of ['site', 'token', 'emulator'] as const) {
    const port = ports[part]
    if (port === undefined || (await isFree(port))) continue
    throw new PortProblem(
      `Port ${port} is taken by another program.\n` +
        `End that one, or choose another port by setting ${NAMES[part]}=${port + 1} before the command.`,
    )
  }
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createServer()
      .once('error', () => resolve(false))
      .once('listening', () => probe.close(() => resolve(true)))
      .listen(port, '127.0.0.1')
  })
