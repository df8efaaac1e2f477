import jwt from 'jsonwebtoken'
import type { Workbench } from '../../../packages/server/test/cli/workbench.js'

export interface TokenAnswer {
  status: number
  /** The visitor that the token says it is. */
  as: string | null
  /** The key that it is signed with. */
  kid: string | null
  /** What is wrong where there is no token; `closed`: there was no answer. */
  code: string | null
  tookMs: number
}

/** Asks a token server as the element does, with what tells who asks. */
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

/** The key that signs, as the operator is told. */
export async function signedWith(bench: Workbench): Promise<string> {
  const { stdout } = await bench.kc('keys', 'list', '--json')
  const { keys } = JSON.parse(stdout) as { keys: { kid: string; signs: boolean }[] }
  return keys.find(({ signs }) => signs)!.kid
}
