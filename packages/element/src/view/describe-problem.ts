import type { Failure, Problem } from '../problem.js'
import { PROBLEMS, categoryOf } from '../problems.js'
import type { Messages } from './messages.js'

/** Puts words to a failure: the visitor's in their language, the developer's with what was found first. Pure. */
export function describeProblem(failure: Failure, { problems }: Messages, retryInMs: number | null): Problem {
  const { code, reason, status = null, requestId = null } = failure
  const { remediation } = PROBLEMS[code]
  return {
    code,
    message: problems[categoryOf(failure)].message,
    remediation: reason ? `${asSentence(reason)} ${remediation}` : remediation,
    status,
    retryInMs,
    requestId,
  }
}

const asSentence = (clause: string): string => (/[.!?…]$/.test(clause) ? clause : `${clause}.`)
