/** One setting that is wrong, and what to write instead. Never holds a secret's value. */
export interface SettingProblem {
  /** The variable's name, such as `CHAT_TOKEN_TTL`. */
  name: string
  /** What is wrong. */
  message: string
  /** What to write instead. */
  remediation: string
}

/** The configuration can't be used: every wrong setting at once, so that nobody has to start five times. Exit code 2. */
export class ConfigProblem extends Error {
  override readonly name = 'ConfigProblem'
  readonly code = 'bad-configuration'
  readonly settings: readonly SettingProblem[]

  constructor(settings: readonly SettingProblem[]) {
    super(settings.map(({ name, message, remediation }) => `${name}: ${message} ${remediation}`).join('\n'))
    this.settings = settings
  }
}

export interface OperatorProblemOptions {
  /** What to do, in the imperative. */
  remediation: string
  /** `X-Request-ID` of Kinescope's answer, where there was one: their support asks for it. */
  requestId?: string | undefined
  cause?: unknown
}

/** Something the operator has to know and can mend: the base of every error the command line prints. */
export class OperatorProblem extends Error {
  override readonly name: string = 'OperatorProblem'
  readonly code: string
  readonly remediation: string
  readonly requestId: string | undefined

  constructor(code: string, message: string, { remediation, requestId, cause }: OperatorProblemOptions) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.remediation = remediation
    this.requestId = requestId
  }
}
