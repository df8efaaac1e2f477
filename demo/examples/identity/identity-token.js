import { createHmac } from 'node:crypto'

/** Who the visitor is, signed for the token server (HS256, RFC 7519). For the attribute `identity` of <kinescope-chat>. */
export function chatIdentity(id, name, event, secret, hours = 6) {
  const encode = (part) => Buffer.from(JSON.stringify(part)).toString('base64url')
  const now = Math.floor(Date.now() / 1000)
  const claims = {
    sub: id,
    name,
    event_id: event,
    aud: 'kinescope-chat',
    iat: now,
    exp: now + hours * 3600,
  }
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}
