import type { IncomingHttpHeaders } from 'node:http'

const LOOPBACK = /^(localhost|([\w-]+\.)+localhost|127(\.\d{1,3}){3}|\[::1\])$/i

/** Whether a request names this machine as its host: another name that leads here belongs to a page elsewhere (DNS rebinding). */
export const hasLoopbackHost = ({ host }: IncomingHttpHeaders): boolean =>
  LOOPBACK.test((host ?? '').replace(/:\d+$/, ''))

/** Whether an origin is a page on this machine. */
export const isLoopbackOrigin = (origin: string): boolean =>
  URL.canParse(origin) && LOOPBACK.test(new URL(origin).hostname)

/**
 * Whether a request that changes something comes from a page of this very site, or from a program. A browser names the
 * origin of each cross-origin request that isn't a GET; where it leaves the name out, `Sec-Fetch-Site` tells.
 */
export function isOwnRequest(headers: IncomingHttpHeaders): boolean {
  const { origin, host, 'sec-fetch-site': site } = headers
  if (origin !== undefined) return URL.canParse(origin) && new URL(origin).host === host
  return site === undefined || site === 'same-origin' || site === 'none'
}
