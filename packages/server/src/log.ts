import { pino, type DestinationStream, type LevelWithSilent, type Logger } from 'pino'

/** Signed tokens, PEM blocks, bearer values, UUIDs after "token": whatever slips into the text of an error. */
const SECRETS = [
  /[\w-]{4,}\.[\w-]{4,}\.[\w-]{16,}/g,
  /-----BEGIN [A-Z ]+-----[\s\S]*?(-----END [A-Z ]+-----|$)/g,
  /\b(bearer|basic|token=|identity=|cookie:?)\s*[^\s,;"']+/gi,
  /\/\/[^\s/@]+:[^\s/@]+@/g,
]

/** Cuts what looks like a secret out of a text. */
export function withoutSecrets(text: string): string {
  return SECRETS.reduce((clean, secret) => clean.replace(secret, '[removed]'), text)
}

interface LoggedError {
  type: string
  code?: unknown
  message: string
  cause?: LoggedError
}

/** What a log keeps of an error: no stack of third parties, no request, no secret. */
export function describeError(error: unknown): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error, message: withoutSecrets(String(error)) }
  const { code } = error as { code?: unknown }
  return {
    type: error.constructor.name,
    ...(code === undefined ? {} : { code }),
    message: withoutSecrets(error.message),
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause) }),
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
    redact: {
      paths: ['authorization', 'cookie', 'token', 'identity', 'password', 'passphrase', 'secret'].flatMap(
        (name) => [name, `*.${name}`, `*.*.${name}`, `*.headers["set-${name}"]`],
      ),
      censor: '[removed]',
    },
    serializers: {
      err: describeError,
      error: describeError,
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

/** A path without the query, which may hold a signed identity. */
export function pathOf(url: string): string {
  return url.split(/[?#]/, 1)[0]!
}
