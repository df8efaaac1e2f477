import { ofDocument } from './platform.js'

/** Whether browsers treat `http:` on this host as secure (Secure Contexts, 3.1). */
export const isLoopback = (hostname: string): boolean =>
  /^(?:(?:.+\.)?localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname)

/**
 * Calls back when the page's Content Security Policy blocks this address. Ignores report-only policies, and reports of
 * other addresses.
 */
export function onViolation(
  page: Document,
  directive: RegExp,
  address: string,
  signal: AbortSignal,
  violated: () => void,
): void {
  ofDocument('addEventListener', page)(
    'securitypolicyviolation',
    ({ disposition, effectiveDirective, blockedURI }) => {
      if (disposition === 'enforce' && directive.test(effectiveDirective) && isReportOf(blockedURI, address))
        violated()
    },
    { signal },
  )
}

/** Browsers cut a reported address: to its origin (Chromium, frames), or before its query. */
export const isReportOf = (reported: string, address: string): boolean =>
  address.startsWith(reported) && reported.startsWith(new URL(address).origin)
