/** One setting that keeps the program from starting. */
export interface SettingProblem {
  /** The environment variable, as the operator writes it. */
  name: string
  /** What is wrong with it. Never its value where that could be a secret. */
  message: string
  /** What to write instead. */
  remediation: string
}

/** The configuration can't be used; the process ends with exit code 2. */
export class ConfigProblem extends Error {
  override readonly name = 'ConfigProblem'
  readonly settings: readonly SettingProblem[]

  constructor(settings: readonly SettingProblem[]) {
    super(settings.map(({ name, message }) => `${name} ${message}`).join('; '))
    this.settings = settings
  }
}

/** Something an operator has to know and can do something about: a stable code, what is wrong, what to do. */
export class OperatorProblem extends Error {
  override readonly name: string = 'OperatorProblem'
  readonly code: string
  readonly remediation: string
  /** Kinescope's `X-Request-ID`, to quote to its support. */
  readonly requestId?: string

  constructor(
    code: string,
    message: string,
    remediation: string,
    options?: { requestId?: string; cause?: unknown },
  ) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.remediation = remediation
    if (options?.requestId !== undefined) this.requestId = options.requestId
  }
}

/** The code of a system error such as `ENOENT`, or undefined. */
export const errorCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined

/** Imports a module that needs an optional peer dependency. @throws OperatorProblem that says what to install */
export async function importWithPeer<T>(peer: string, setting: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (error) {
    if (errorCode(error) !== 'ERR_MODULE_NOT_FOUND') throw error
    throw new OperatorProblem(
      'dependency-missing',
      `${setting} needs the package ${peer}, which is not installed.`,
      `Install it beside kinescope-chat-server: \`npm install ${peer}\`.`,
      { cause: error },
    )
  }
}
