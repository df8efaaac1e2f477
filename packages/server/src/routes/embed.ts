import { readFileSync } from 'node:fs'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { send } from '../adapters/fastify.js'
import { isOriginPattern } from '../endpoint/origin.js'
import { MAX_IDENTITY_TOKEN_LENGTH } from '../identity/credentials.js'
import { embedPage, escapeHtml, lostPage } from './embed-page.js'
import { answerWithoutCode, notFound, type TokenAnswer } from '../endpoint/refusal.js'

export interface EmbedOptions {
  ownAddress: OwnAddress
  /** Pages that may frame it, beside the server's own. */
  allowedOrigins: readonly string[]
  chatOrigin: string
  findEvent: (eventId: string) => object | null
}

/** The script and the style of the page, in `public`. */
const FILES = [
  ['embed.js', 'text/javascript'],
  ['embed.css', 'text/css'],
] as const

/** Three parts of base64url: the page's address repeats it as it is. */
const IDENTITY_TOKEN = /^[\w-]+\.[\w-]+\.[\w-]+$/

/** A personal link whose `#` a click tracker encoded, so that its fragment came as a part of the path. */
const ENCODED_LINK = /^([^#]{1,200})#kinescope-chat=([\w.-]+)/

/** Sizes an oEmbed consumer gets that names none. CSS pixels. */
const WIDTH = 400
const HEIGHT = 600

/** `/embed/:eventId` for places that take nothing but frames, and `/oembed` for those that ask how to embed an address. */
export function mountEmbed(
  app: FastifyInstance,
  { ownAddress, allowedOrigins, chatOrigin, findEvent }: EmbedOptions,
): void {
  const policy = pagePolicy(allowedOrigins, chatOrigin)
  const plain = { 'X-Content-Type-Options': 'nosniff' }
  const pageUrl = (address: string, eventId: string) => `${address}/embed/${encodeURIComponent(eventId)}`
  const lost = lostAt({ allowedOrigins, chatOrigin })

  for (const [name, type] of FILES) {
    const file = readFileSync(new URL(`../../public/${name}`, import.meta.url))
    app.get(`/${name}`, (_request, reply) =>
      reply
        .headers({
          ...plain,
          'Content-Type': `${type}; charset=utf-8`,
          'Cache-Control': 'public, max-age=300',
          // in a sandbox without an origin, this server is another origin
          'Cross-Origin-Resource-Policy': 'cross-origin',
        })
        .send(file),
    )
  }

  app.get<{ Params: { eventId: string }; Querystring: { identity?: unknown } }>(
    '/embed/:eventId',
    (request, reply) => {
      const { eventId } = request.params
      const fragment = linkIn(eventId)
      if (fragment) return toFragment(reply, fragment)
      const address = ownAddress(request)
      if (!findEvent(eventId) || address === null) {
        return send(reply, lost(request.id, String(request.headers['accept-language'] ?? '')))
      }
      const { identity } = request.query
      const url = pageUrl(address, eventId)
      const signed =
        typeof identity === 'string' &&
        identity.length <= MAX_IDENTITY_TOKEN_LENGTH &&
        IDENTITY_TOKEN.test(identity)
          ? identity
          : null
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
            oembedUrl: `${address}/oembed?format=json&url=${encodeURIComponent(url)}`,
            chatOrigin,
          }),
        )
    },
  )

  // a link's token is longer than a parameter may be
  app.get<{ Params: { '*': string } }>('/embed/*', (request, reply) => {
    const fragment = linkIn(request.params['*'])
    if (fragment) return toFragment(reply, fragment)
    return send(reply, lost(request.id, String(request.headers['accept-language'] ?? '')))
  })
  /** The address of a link with an encoded `#`, below `/embed/`; null for any other path. */
  function linkIn(path: string): string | null {
    const [, eventId, token] = ENCODED_LINK.exec(decoded(path)) ?? []
    if (eventId === undefined || !findEvent(eventId)) return null
    return `${encodeURIComponent(eventId)}#kinescope-chat=${token}`
  }

  app.get<{ Querystring: Record<string, unknown> }>('/oembed', (request, reply) => {
    const { url, format = 'json', maxwidth, maxheight } = request.query
    if (format !== 'json') {
      return send(reply, answerWithoutCode(request.id, 501, 'Not implemented', 'Write format=json.'))
    }
    const address = ownAddress(request)
    const eventId = typeof url === 'string' && address !== null ? eventOf(url, pageUrl(address, '')) : null
    if (address === null || eventId === null || !findEvent(eventId)) return send(reply, notFound(request.id))
    const width = sizeWithin(maxwidth, WIDTH)
    const height = sizeWithin(maxheight, HEIGHT)
    const source = escapeHtml(pageUrl(address, eventId))
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

/** Sends the browser to where the token is in the fragment, and so in no further request. */
const toFragment = (reply: FastifyReply, address: string) =>
  reply
    .headers({ Location: address, 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer' })
    .code(302)
    .send()

/** Trackers encode an address more than once; the router has decoded it once. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

function pagePolicy(allowedOrigins: readonly string[], chatOrigin: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    `frame-src ${chatOrigin}`,
    "base-uri 'none'",
    "form-action 'none'",
    // a source has no pattern like https://app-*.example.app, and browsers ignore one that isn't valid (CSP3, section 2.3.1)
    `frame-ancestors ${["'self'", ...allowedOrigins.filter((origin) => !isOriginPattern(origin))].join(' ')}`,
  ].join('; ')
}

/** The 404 page. Visitors see it, inside a frame of another page. */
export function lostAt({
  allowedOrigins,
  chatOrigin,
}: Pick<EmbedOptions, 'allowedOrigins' | 'chatOrigin'>): (
  requestId: string,
  languages: string,
) => TokenAnswer {
  const policy = pagePolicy(allowedOrigins, chatOrigin)
  return (requestId, languages) => ({
    status: 404,
    headers: {
      ...notFound(requestId).headers,
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': policy,
      Vary: 'Accept-Language',
    },
    body: lostPage(languages),
  })
}

/** A size that an oEmbed consumer asks for, in whole CSS pixels: ours at most, and ours where it is none. */
function sizeWithin(asked: unknown, ours: number): number {
  const size = typeof asked === 'string' && /^\d{1,9}$/.test(asked) ? Number(asked) : ours
  return size < 1 ? ours : Math.min(size, ours)
}

/** The stream of one of our URLs; null for any other URL. */
function eventOf(url: string, ours: string): string | null {
  if (!url.startsWith(ours)) return null
  try {
    return decodeURIComponent(url.slice(ours.length).split(/[?#]/, 1)[0]!)
  } catch {
    return null
  }
}

/** The server's own address as a request's visitor sees it, base path included; null where the request names none. */
export type OwnAddress = (request: FastifyRequest) => string | null

/** Names, IPv4 and IPv6 with an optional port: what a browser sends, and nothing that could end an attribute. */
const HOST = /^([a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_])?\.?|\[[0-9a-f:.]{2,45}\])(:\d{1,5})?$/i

/**
 * From `CHAT_PUBLIC_URL` where it is set. Else from `Host`, and from what a trusted proxy forwards (Fastify asks who
 * that is): a scheme that is neither http nor https, or a host that is none, makes no link.
 */
export function ownAddressBy(publicUrl: string | undefined, basePath: string): OwnAddress {
  if (publicUrl !== undefined) return () => publicUrl
  return (request) => {
    const { protocol, host } = request as { protocol: string; host: string | undefined }
    if (host === undefined || !HOST.test(host) || !/^https?$/.test(protocol)) return null
    return `${protocol}://${host}${basePath}`
  }
}
