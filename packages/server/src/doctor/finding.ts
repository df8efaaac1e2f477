import { OperatorProblem } from '../problem.js'

export type FindingStatus = 'ok' | 'warn' | 'fail' | 'skip'

/** What one check found. */
export interface Finding {
  /** Which part was looked at. */
  about: 'settings' | 'keys' | 'kinescope' | 'stream' | 'token' | 'identity' | 'server' | 'page'
  /** `skip`: this could not be tried; `remediation` says what for. */
  status: FindingStatus
  /** One of the product's codes, or a name of the doctor's own; stable. */
  code: string
  message: string
  /** What to do; null where nothing is to be done. */
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
    /** An error a check ran into, as its finding. */
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
