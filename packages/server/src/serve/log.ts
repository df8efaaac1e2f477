import { pino, stdTimeFunctions, type DestinationStream, type LevelWithSilent, type Logger } from 'pino'
import { loggedPath } from '../net/request-facts.js'

/** The longest text in a log. Any client may cause texts in errors, and a log is paid for by the byte. Characters. */
const MAX_TEXT = 2000
const MAX_CAUSES = 4

/** PEM blocks, bearer values, cookies, and `user:password@` of an address, which may occur in the text of an error. */
const SECRETS = [
  /-----BEGIN [\s\S]*?(-----END [A-Z ]+-----|$)/g,
  /\b(bearer|basic|cookie:?)\s*[^\s,;"']+/gi,
  /(token|identity)(=|%(25){0,8}3d)\s*[^\s,;"']+/gi,
  /\/\/[^\s/@]+@/g,
]
/**
 * Matches a sequence of the characters of JWTs. Each part is checked separately: one pattern for all would try every
 * length.
 */
const DOTTED_RUN = /([\w.-]|%(25){0,8}2e)+/gi
const DOT = /\.|%(?:25){0,8}2e/i

/**
 * Removes texts that look like secrets, and cuts the text to the longest length in a log. Takes time linear in the
 * text's length.
 */
export function withoutSecrets(text: string): string {
  const short = text.length <= MAX_TEXT ? text : `${wholeWords(text.slice(0, MAX_TEXT))}…`
  return withoutTokens(SECRETS.reduce((clean, secret) => clean.replace(secret, '[removed]'), short))
}

const withoutTokens = (text: string): string =>
  text.replace(DOTTED_RUN, (run) => (isSigned(run) ? '[removed]' : run))

/** Removes the last word: a secret that was cut no longer matches its pattern. */
function wholeWords(text: string): string {
  let end = text.length
  while (end > 0 && text.charCodeAt(end - 1) > 0x20) end--
  return text.slice(0, end)
}

function isSigned(run: string): boolean {
  const parts = run.split(DOT)
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

/** Describes an error for the log: without stacks of third parties, requests or secrets. */
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

/** The text of a thrown value, which may be anything, also a value that can't be converted to text. */
function textOf(thrown: unknown): string {
  try {
    return String(thrown)
  } catch {
    return 'something without words'
  }
}

/**
 * The server's logger. It receives no headers, no bodies, and only the part of a path that can't hold a token. The
 * redaction below is a second protection, for hosts that log more.
 */
export function createLogger(level: LevelWithSilent, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    // level names and ISO 8601, as collectors expect
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
      // without a message, pino and Fastify log the error's own
      msg: (message: unknown) => (typeof message === 'string' ? withoutTokens(message) : message),
      req: ({ method, url, id }: { method: string; url: string; id: string }) => ({
        method,
        path: loggedPath(url),
        id,
      }),
      res: ({ statusCode }: { statusCode: number }) => ({ statusCode }),
    },
  }
  return destination ? pino(options, destination) : pino(options)
}
