import type { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { MAX_REPORT_BYTES, readPageReport, ReportLimit, type CountedReport } from '../endpoint/page-report.js'
import { originList } from '../endpoint/origin.js'
import { readCapped, startDeadline } from '../net/limits.js'

/** A report is one packet: a sender that takes longer is none of our pages. */
const BODY_MS = 2_000

const HEADERS = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' }

/**
 * `POST /report`: counts what pages saw. It keeps no address, reads no cookie, and always responds 204: a page can't do
 * anything about a report that is dropped, and a hostile sender learns nothing.
 */
export function mountReport(
  app: FastifyInstance,
  options: {
    allowedOrigins: readonly string[]
    /** The server's own origin, whose pages need no entry in the list. */
    ownOrigin: string | undefined
    onReport: (report: CountedReport) => void
    /** A report that came above the limit, or was none. */
    onDropped: () => void
    /** A monotonic clock in ms. */
    now?: () => number
  },
): void {
  const { allowedOrigins, ownOrigin, onReport, onDropped, now = () => performance.now() } = options
  const origins = originList(allowedOrigins)
  // a pattern for previews would let a sender make series
  const exact = new Set(allowedOrigins.filter((origin) => !origin.includes('*')))
  if (ownOrigin !== undefined) exact.add(ownOrigin)
  const limit = new ReportLimit()
  app.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, payload, parsed) => parsed(null, payload))
    const drop = (reply: FastifyReply) => {
      onDropped()
      return reply.code(204).headers(HEADERS).send()
    }
    // a malformed content type
    scope.setErrorHandler((_error, _request, reply) => drop(reply))
    scope.options('/report', (request, reply) => {
      const { origin } = request.headers
      if (origin !== undefined && (origins.has(origin) || origin === ownOrigin))
        reply.headers({
          'Access-Control-Allow-Origin': origin,
          'Access-Control-Allow-Methods': 'POST',
          'Access-Control-Allow-Headers': 'content-type',
        })
      return reply
        .code(204)
        .headers({ ...HEADERS, Vary: 'Origin' })
        .send()
    })
    scope.post('/report', async (request, reply) => {
      const report = limit.admits(now()) ? await readBody(request.body as Readable | undefined, exact) : null
      if (!report) return drop(reply)
      onReport(report)
      return reply.code(204).headers(HEADERS).send()
    })
    done()
  })
}

async function readBody(
  body: Readable | undefined,
  exact: ReadonlySet<string>,
): Promise<CountedReport | null> {
  if (!body) return null
  const deadline = startDeadline(BODY_MS)
  try {
    const { bytes, truncated } = await readCapped(body, MAX_REPORT_BYTES, deadline.signal)
    return truncated ? null : readPageReport(new TextDecoder().decode(bytes), (origin) => exact.has(origin))
  } catch {
    return null
  } finally {
    deadline.clear()
  }
}
