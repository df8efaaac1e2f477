import type { FastifyInstance, FastifyRequest } from 'fastify'
import { notFound, send } from '../endpoint/fastify-token-route.js'
import { EMBED_SCRIPT, EMBED_STYLE, embedPage, escapeHtml } from './embed-page.js'

export interface EmbedOptions {
  basePath: string
  /** Pages that may frame it, beside the server's own. */
  allowedOrigins: readonly string[]
  chatOrigin: string
  findEvent: (eventId: string) => object | null
}

/** Sizes an oEmbed consumer gets that names none. CSS pixels. */
const WIDTH = 400
const HEIGHT = 600

/** `/embed/:eventId` for places that take nothing but frames, and `/oembed` for those that ask how to embed an address. */
export function mountEmbed(
  app: FastifyInstance,
  { basePath, allowedOrigins, chatOrigin, findEvent }: EmbedOptions,
): void {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    `frame-src ${chatOrigin}`,
    "base-uri 'none'",
    "form-action 'none'",
    `frame-ancestors ${["'self'", ...allowedOrigins].join(' ')}`,
  ].join('; ')
  const plain = { 'X-Content-Type-Options': 'nosniff' }
  const pageUrl = (request: FastifyRequest, eventId: string) =>
    `${request.protocol}://${request.host}${basePath}/embed/${encodeURIComponent(eventId)}`

  app.get('/embed.js', (_request, reply) =>
    reply
      .headers({
        ...plain,
        'Content-Type': 'text/javascript; charset=utf-8',
        'Cache-Control': 'public, max-age=300',
        // in a sandbox even this page's own script is another origin's
        'Cross-Origin-Resource-Policy': 'cross-origin',
      })
      .send(EMBED_SCRIPT),
  )
  app.get('/embed.css', (_request, reply) =>
    reply
      .headers({
        ...plain,
        'Content-Type': 'text/css; charset=utf-8',
        'Cache-Control': 'public, max-age=300',
        'Cross-Origin-Resource-Policy': 'cross-origin',
      })
      .send(EMBED_STYLE),
  )

  app.get<{ Params: { eventId: string }; Querystring: { identity?: unknown } }>(
    '/embed/:eventId',
    (request, reply) => {
      const { eventId } = request.params
      if (!findEvent(eventId)) return send(reply, notFound(request.id))
      const { identity } = request.query
      const url = pageUrl(request, eventId)
      const signed =
        typeof identity === 'string' && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(identity) ? identity : null
      return reply
        .headers({
          ...plain,
          'Content-Type': 'text/html; charset=utf-8',
          'Content-Security-Policy': policy,
          // the chat page may compare the referrer with its list of sites; the query must not travel along
          'Referrer-Policy': 'strict-origin-when-cross-origin',
          'Cache-Control': 'no-store',
          'Permissions-Policy': 'camera=(), microphone=(), geolocation=()',
        })
        .send(
          embedPage({
            eventId,
            identity: signed,
            pageUrl: signed === null ? url : `${url}?identity=${signed}`,
            oembedUrl: `${request.protocol}://${request.host}${basePath}/oembed?format=json&url=${encodeURIComponent(url)}`,
            chatOrigin,
          }),
        )
    },
  )

  app.get<{ Querystring: Record<string, unknown> }>('/oembed', (request, reply) => {
    const { url, format = 'json', maxwidth, maxheight } = request.query
    if (format !== 'json') return send(reply, { ...notFound(request.id), status: 501 })
    const eventId = typeof url === 'string' ? eventOf(url, pageUrl(request, '')) : null
    if (eventId === null || !findEvent(eventId)) return send(reply, notFound(request.id))
    const width = Math.min(WIDTH, Number(maxwidth) || WIDTH)
    const height = Math.min(HEIGHT, Number(maxheight) || HEIGHT)
    const source = escapeHtml(pageUrl(request, eventId))
    const frame = `<iframe src="${source}" width="${width}" height="${height}" title="Stream chat" allow="fullscreen; clipboard-write" referrerpolicy="strict-origin-when-cross-origin" style="border:0"></iframe>`
    reply.headers({ ...plain, 'Access-Control-Allow-Origin': '*', 'Cache-Control': 'public, max-age=300' })
    return reply.send({
      version: '1.0',
      type: 'rich',
      provider_name: 'Stream chat',
      title: 'Stream chat',
      html: frame,
      width,
      height,
    })
  })
}

/** The stream of an address under ours; null for anybody else's. */
function eventOf(url: string, ours: string): string | null {
  if (!url.startsWith(ours)) return null
  try {
    return decodeURIComponent(url.slice(ours.length).split(/[?#]/, 1)[0]!)
  } catch {
    return null
  }
}
