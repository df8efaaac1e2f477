/**
 * A common implementation: Express, a body parser, and jsonwebtoken with the PEM on the main thread. No origin check,
 * no limits.
 */
import express from 'express'
import jsonwebtoken from 'jsonwebtoken'

const { PORT, PRIVATE_KEY, SECRET } = process.env
const app = express()
app.use(express.json())
app.get('/healthz', (_request, response) => response.json({ status: 'ok' }))
app.post('/token', (request, response) => {
  const identityToken = request.headers.authorization.slice('Bearer '.length)
  const { sub, name } = jsonwebtoken.verify(identityToken, SECRET, { algorithms: ['HS256'] })
  const claims = { user_id: sub, username: name, event_id: request.body.event_id }
  const token = jsonwebtoken.sign(claims, PRIVATE_KEY, {
    algorithm: 'RS256',
    keyid: 'bench',
    audience: 'chat',
    expiresIn: 3600,
  })
  response.json({ token, expires_in: 3600 })
})
app.listen(Number(PORT), '127.0.0.1')
