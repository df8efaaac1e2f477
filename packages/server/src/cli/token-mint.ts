import { readKey } from '../config.js'
import { loadPrivateKey } from '../keys/private-key.js'
import { userFrom } from '../identity/identity.js'
import type { SigningKey } from '../token/signing-key.js'
import { loadStoredKey, readStore } from '../keys/store/ring-store.js'
import { signers } from '../keys/key-ring.js'
import { noSigner } from '../keys/store/key-store.js'
import { readEventId } from '../kinescope/event-id.js'
import { mintToken } from '../token/mint-token.js'
import { requiredFlag, settingsOf, UsageProblem, wholeNumber, type Call, type Command } from './command.js'
import { ringSettings } from './key-command.js'
import { Shown, momentAndDistance } from './terminal.js'

export const tokenMint: Command = {
  name: 'token mint',
  summary: 'make a token and print it',
  flags: {
    event: { value: 'ID', meaning: 'the stream the token is for, as the chat’s link has it' },
    user: { value: 'USER', meaning: 'user_id: who the visitor is in your system' },
    name: { value: 'NAME', meaning: 'username: what the chat shows' },
    ttl: { value: 'SECONDS', meaning: 'lifetime, 60 to 86400', default: 'CHAT_TOKEN_TTL' },
  },
  settings: [
    'CHAT_KEY_DIR',
    'CHAT_KEY_SECRET',
    'CHAT_PRIVATE_KEY',
    'CHAT_KEY_ID',
    'CHAT_KEY_PASSPHRASE',
    'CHAT_TOKEN_TTL',
  ],
  notes: [
    'Anyone with the token is that visitor until it expires. Signs with the key that `serve` uses. Sends nothing.',
  ],
  async run(call) {
    const now = call.now()
    const eventId = readEventId(requiredFlag(call, 'token mint', 'event', '0csUJYzAHfe3PcyMEVScmQ'))
    const userId = requiredFlag(call, 'token mint', 'user', 'user-12345')
    const username = requiredFlag(call, 'token mint', 'name', '"John Smith"')
    if ('refused' in userFrom(userId, '')) {
      throw new UsageProblem(
        '--user must be the id of a visitor: not 0, and at most 256 visible characters',
        'Write, for example, --user user-12345.',
      )
    }
    const { tokenTtl } = ringSettings(call)
    const ttl = wholeNumber(call, 'ttl', tokenTtl, 60, 86_400)
    const key = await keyToSignWith(call, ttl, now)
    const { token, expiresIn, kid } = await mintToken({ key, userId, username, eventId, ttl, now })
    const expiresAt = new Date(now + expiresIn * 1000).toISOString()
    call.terminal.printError(`signed with ${kid}, expires ${momentAndDistance(expiresAt, now)}`)
    return { exit: 0, data: { token, expires_in: expiresIn, kid }, text: Shown.of(token) }
  },
}

/** The key that `serve` would sign with. @throws OperatorProblem, UsageProblem */
async function keyToSignWith(call: Call, ttl: number, now: number): Promise<SigningKey> {
  const { passphrase } = ringSettings(call)
  const location = settingsOf(call, readKey)
  if ('privateKey' in location) {
    const { privateKey } = await loadPrivateKey(location.privateKey, { passphrase })
    return { kid: location.kid, privateKey, expiresAt: null }
  }
  const stored = await readStore(location)
  const { ring } = stored
  const [signer] = signers(ring, now)
  if (!signer) throw noSigner(stored, location, now)
  const { key: record, until } = signer
  if (ttl > ring.maxTokenTtl) {
    throw new UsageProblem(
      `a token of ${ttl} s could outlive its key: the ring allows ${ring.maxTokenTtl} s`,
      `Write --ttl ${ring.maxTokenTtl}, or run \`kinescope-chat-server keys reconcile\` with CHAT_TOKEN_TTL=${ttl} first.`,
    )
  }
  const { privateKey } = await loadStoredKey(stored, record, passphrase)
  return { kid: record.kid, privateKey, expiresAt: until }
}
