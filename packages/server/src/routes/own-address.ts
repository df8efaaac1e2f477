import type { FastifyRequest } from 'fastify'

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
