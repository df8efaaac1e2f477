import { OperatorProblem } from '../problem.js'

export type FindingStatus = 'ok' | 'warn' | 'fail' | 'skip'

/** The result of one check. */
export interface Finding {
  /** The checked part. */
  about: 'settings' | 'keys' | 'kinescope' | 'stream' | 'token' | 'identity' | 'server' | 'page'
  /** `skip`: the check could not run; `remediation` says what it needs. */
  status: FindingStatus
  /** One of the product's codes, or one of the doctor's own; stable. */
  code: string
  message: string
  /** The remedy; null if there is nothing to do. */
  remediation: string | null
  requestId?: string
}

/** Makes the findings of one part. */
export function findingsAbout(about: Finding['about']) {
  const make =
    (status: FindingStatus) =>
    (code: string, message: string, remediation: string | null = null): Finding => ({
      about,
      status,
      code,
      message,
      remediation,
    })
  return {
    ok: make('ok'),
    warn: make('warn'),
    fail: make('fail'),
    skip: make('skip'),
    /** The finding for an error in a check. */
    error(error: unknown): Finding {
      if (!(error instanceof OperatorProblem)) throw error
      const { code, message, remediation, requestId } = error
      return {
        about,
        status: 'fail',
        code,
        message,
        remediation,
        ...(requestId === undefined ? {} : { requestId }),
      }
    },
  }
}
