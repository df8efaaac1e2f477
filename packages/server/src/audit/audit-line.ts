import { cutAddress } from '../net/addresses.js'
import type { IssuedToken } from '../endpoint/request.js'

/** One token, as `CHAT_AUDIT` keeps it: who held it, by which key, until when. No name, no token, no whole address. */
export interface AuditEntry {
  /** ISO 8601, UTC. */
  time: string
  request_id: string
  kid: string
  event_id: string
  /** As in the token: a pseudonym where `CHAT_USER_ID_SECRET` is set. */
  user_id: string
  /** Seconds since the epoch. */
  exp: number
  /** The visitor's address cut to /24 or /48; null where it isn't known. */
  network: string | null
}

/** A line of the audit, with its line end. */
export function auditLine({ time, requestId, kid, eventId, userId, exp, address }: IssuedToken): string {
  const entry: AuditEntry = {
    time: new Date(time).toISOString(),
    request_id: requestId,
    kid,
    event_id: eventId,
    user_id: userId,
    exp,
    network: address === null ? null : cutAddress(address),
  }
  return `${JSON.stringify(entry)}\n`
}

/** Reads a line back; null for one that was cut off, or that something else wrote. */
export function parseAuditLine(line: string): AuditEntry | null {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return null
  }
  if (value === null || typeof value !== 'object') return null
  const { time, request_id, kid, event_id, user_id, exp, network } = value as Record<string, unknown>
  const isText = (text: unknown): text is string => typeof text === 'string'
  if (!isText(time) || Number.isNaN(Date.parse(time)) || !isText(request_id) || !isText(kid)) return null
  if (!isText(event_id) || !isText(user_id) || typeof exp !== 'number' || !Number.isFinite(exp)) return null
  return network === null || isText(network)
    ? { time, request_id, kid, event_id, user_id, exp, network }
    : null
}
