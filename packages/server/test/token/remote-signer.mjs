// Represents a KMS: it holds a private key, signs the data from a socket, and never exports the key.
import { createServer } from 'node:http'
import { generateKeyPairSync, sign } from 'node:crypto'

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const server = createServer(async (request, response) => {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  if (request.url === '/hang') return
  if (request.url === '/fail') return response.writeHead(500).end('the credential is hunter2')
  const options = request.url === '/pss' ? { key: privateKey, padding: 6 } : privateKey
  response.end(sign('sha256', Buffer.concat(chunks), options))
})
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(
    `${JSON.stringify({ port: server.address().port, publicKey: publicKey.export({ type: 'spki', format: 'pem' }) })}\n`,
  )
})
