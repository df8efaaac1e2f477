/** A minimal token endpoint: Fastify and jose, one route. No origin check, no limits. */
import Fastify from 'fastify'
import { importPKCS8, jwtVerify, SignJWT } from 'jose'

const { PORT, PRIVATE_KEY, SECRET } = process.env
const key = await importPKCS8(PRIVATE_KEY, 'RS256')
const secret = new TextEncoder().encode(SECRET)
const app = Fastify()
app.get('/healthz', () => ({ status: 'ok' }))
app.post('/token', async (request) => {
  const identityToken = request.headers.authorization.slice('Bearer '.length)
  const { payload } = await jwtVerify(identityToken, secret)
  const claims = { user_id: payload.sub, username: payload.name, event_id: request.body.event_id }
  const token = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: 'bench' })
    .setAudience('chat')
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(key)
  return { token, expires_in: 3600 }
})
await app.listen({ port: Number(PORT), host: '127.0.0.1' })
