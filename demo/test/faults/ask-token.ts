import jwt from 'jsonwebtoken'
import type { Workbench } from '../../../packages/server/test/cli/workbench.js'

export interface TokenAnswer {
  status: number
  /** The visitor's id in the token. */
  as: string | null
  /** The id of the key that signed the token. */
  kid: string | null
  /** The problem's code, if there is no token. `closed`: there was no response. */
  code: string | null
  tookMs: number
}

/** Requests a token as the element does, with headers that identify the visitor. */
export async function askToken(
  url: string,
  event: string,
  identity: Record<string, string>,
): Promise<TokenAnswer> {
  const began = performance.now()
  const response = await fetch(`${url}/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: url, ...identity },
    body: JSON.stringify({ event_id: event }),
  }).catch(() => null)
  const { token, code = null } = response
    ? ((await response.json()) as { token?: string; code?: string })
    : { code: 'closed' }
  const decoded = token === undefined ? null : jwt.decode(token, { complete: true })
  return {
    status: response?.status ?? 0,
    as: decoded ? (decoded.payload as { user_id: string }).user_id : null,
    kid: decoded?.header.kid ?? null,
    code,
    tookMs: performance.now() - began,
  }
}

/** The id of the signing key, as `keys list` reports it. */
export async function signedWith(bench: Workbench): Promise<string> {
  const { stdout } = await bench.kc('keys', 'list', '--json')
  const { keys } = JSON.parse(stdout) as { keys: { kid: string; signs: boolean }[] }
  return keys.find(({ signs }) => signs)!.kid
}
