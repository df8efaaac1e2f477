import { pino, stdTimeFunctions, type DestinationStream, type LevelWithSilent, type Logger } from 'pino'
import { pathOf } from '../net/request-facts.js'

/** What a log keeps of one text. Strangers write into errors, and a log is paid for by the byte. Characters. */
const MAX_TEXT = 2000
const MAX_CAUSES = 4

/** PEM blocks, bearer values, cookies, `user:password@` of an address: whatever slips into the text of an error. */
const SECRETS = [
  /-----BEGIN [\s\S]*?(-----END [A-Z ]+-----|$)/g,
  /\b(bearer|basic|token=|identity=|cookie:?)\s*[^\s,;"']+/gi,
  /\/\/[^\s/@]+@/g,
]
/** A run of what JWTs are made of. Judged part by part, since one pattern for all of it would try every length. */
const DOTTED_RUN = /[\w.-]+/g

/**
 * Cuts what looks like a secret out of a text, and the text to a length that a log can bear. Its time is linear in the
 * text's length.
 */
export function withoutSecrets(text: string): string {
  const short = text.length <= MAX_TEXT ? text : `${wholeWords(text.slice(0, MAX_TEXT))}…`
  return SECRETS.reduce((clean, secret) => clean.replace(secret, '[removed]'), short).replace(
    DOTTED_RUN,
    (run) => (isSigned(run) ? '[removed]' : run),
  )
}

/** Without the last word: what the cut left of a secret no longer has the shape that it is known by. */
function wholeWords(text: string): string {
  let end = text.length
  while (end > 0 && text.charCodeAt(end - 1) > 0x20) end--
  return text.slice(0, end)
}

function isSigned(run: string): boolean {
  const parts = run.split('.')
  return parts.some(
    (part, at) => part.length >= 4 && (parts[at + 1] ?? '').length >= 4 && (parts[at + 2] ?? '').length >= 16,
  )
}

interface LoggedError {
  type: string
  code?: string | number
  message: string
  cause?: LoggedError
}

/** What a log keeps of an error: no stack of third parties, no request, no secret. */
export function describeError(error: unknown, causes = MAX_CAUSES): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error, message: withoutSecrets(textOf(error)) }
  const { code } = error as { code?: unknown }
  return {
    type: error.constructor.name,
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    message: withoutSecrets(textOf(error.message)),
    ...(error.cause === undefined || causes === 0 ? {} : { cause: describeError(error.cause, causes - 1) }),
  }
}

/** Anything may be thrown, also what can't be written as a text. */
function textOf(thrown: unknown): string {
  try {
    return String(thrown)
  } catch {
    return 'something without words'
  }
}

/**
 * The server's logger. What a request carries is never handed to it: paths without query, no headers, no bodies; the
 * redaction below is the second fence, for hosts that log more.
 */
export function createLogger(level: LevelWithSilent, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    // words and ISO 8601: what collectors expect
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: {
      paths: ['authorization', 'cookie', 'token', 'identity', 'password', 'passphrase', 'secret'].flatMap(
        (name) => [name, `*.${name}`, `*.*.${name}`, `*.headers["set-${name}"]`],
      ),
      censor: '[removed]',
    },
    serializers: {
      err: (error: unknown) => describeError(error),
      error: (error: unknown) => describeError(error),
      req: ({ method, url, id }: { method: string; url: string; id: string }) => ({
        method,
        path: pathOf(url),
        id,
      }),
      res: ({ statusCode }: { statusCode: number }) => ({ statusCode }),
    },
  }
  return destination ? pino(options, destination) : pino(options)
}
