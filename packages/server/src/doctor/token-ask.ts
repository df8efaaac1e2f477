import { randomUUID } from 'node:crypto'
import { isHandWritten, isWireCode } from 'kinescope-chat/answer'
import type { WireCode } from 'kinescope-chat/contract'
import { parseJson } from '../net/limits.js'
import { fetchQuietly, jsonObject, type Fetched, type NotFetched } from './fetch-quietly.js'
import type { Visitor } from './visitor.js'
import type { Finding } from './finding.js'
import type { SourceKind } from '../identity/source-kinds.js'

export interface ServerQuestion {
  /** The token server's address, such as `https://chat.example.com`; null where only the token endpoint is known. */
  url: string | null
  /** The token endpoint itself. */
  tokenUrl: string
  /** The page's origin. */
  origin: string | undefined
  /** Whether the page's element sends simple requests: to its script's own server, on another origin. */
  simple: boolean
  /** The id to request a token with. */
  eventId: string | undefined
  /** All ids of the stream, the given one first. */
  eventIds: readonly string[]
  /** A visitor who is signed in at the site, to send requests as. */
  visitor: Visitor | null
  /** Whether the site itself knows them; null where it wasn't asked. */
  visitorKnown: boolean | null
  /** The server's identity sources in order, where its settings are known here. */
  identity: readonly SourceKind[] | null
  /** ms by which this machine's clock is ahead of Kinescope's; null where unknown. */
  aheadMs: number | null
  signal: AbortSignal
  /** Finds the addresses of a host name; replaced in tests. */
  resolve?: (hostname: string) => Promise<string[]>
}

export interface ServerFacts {
  findings: Finding[]
  /** A token of the server, for the given visitor or for a guest. */
  token: string | null
  /** The ids of the stream that the server accepts; empty where unknown. */
  acceptedIds: readonly string[]
}

/** Requests a token as the element would, with or without a visitor's credentials. */
export function askForToken(
  { tokenUrl, origin, eventId, signal }: Pick<ServerQuestion, 'tokenUrl' | 'origin' | 'eventId' | 'signal'>,
  visitor: Visitor | null,
  contentType = 'application/json',
): Promise<Fetched | NotFetched> {
  return fetchQuietly(tokenUrl, {
    method: 'POST',
    headers: {
      'content-type': contentType,
      origin: origin ?? new URL(tokenUrl).origin,
      ...visitor?.headers,
    },
    body: JSON.stringify({ event_id: eventId ?? randomUUID() }),
    signal,
  })
}

/** Whether an answer has the contract in it: a token, a code of ours, or a hand-written endpoint's plain refusal. */
export const isTokenEndpoint = (answer: Fetched): boolean =>
  tokenOf(answer) !== null || wireCodeOf(answer) !== null || isPlainRefusal(answer)

/** `contract`'s code at a status of its own, where the answer has one. */
export function namedCodeOf(answer: Fetched): WireCode | null {
  const code = jsonObject(answer)?.['code']
  return isWireCode(code, answer.status) ? code : null
}

/** `contract`'s code; a hand-written endpoint's 401 and 403 count as what they say. */
export function wireCodeOf(answer: Fetched): WireCode | null {
  const known = namedCodeOf(answer)
  if (known) return known
  if (!isPlainRefusal(answer)) return null
  return answer.status === 401 ? 'sign-in-required' : 'access-denied'
}

/** By the element's rule: its visitors get what it shows. */
function isPlainRefusal({ status, headers, text, truncated }: Fetched): boolean {
  const answer = { type: undefined, status, headers, body: truncated ? undefined : text }
  return (status === 401 || status === 403) && isHandWritten(answer, parseJson(text))
}

export function tokenOf(answer: Fetched): string | null {
  const token = answer.status === 200 ? jsonObject(answer)?.['token'] : null
  return typeof token === 'string' ? token : null
}

/** The RFC 9457 `detail`, which tells a request without credentials from one with unknown ones. */
export function detailOf(answer: Fetched): string | null {
  const detail = jsonObject(answer)?.['detail']
  return typeof detail === 'string' ? detail : null
}

export function requestIdOf({ headers }: Fetched): { requestId?: string } {
  const requestId = headers.get('x-request-id')
  return requestId === null ? {} : { requestId }
}
