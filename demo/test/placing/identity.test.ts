import { execFileSync, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import jwt from 'jsonwebtoken'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EVENT } from './kinescope.js'
import { startTokenServer, type TokenServer } from './token-server.js'

const folder = fileURLToPath(new URL('../../examples/identity', import.meta.url))
const NAME = 'Жанна "Ж" <d’Arc>'

/** One program per language, which prints the identity token for its arguments. */
const LANGUAGES: { language: string; command: string; args: string[] }[] = [
  {
    language: 'PHP',
    command: 'php',
    args: [
      '-r',
      `require '${folder}/identity-token.php'; echo chat_identity(...array_slice($argv, 1));`,
      '--',
    ],
  },
  {
    language: 'Python',
    command: 'python3',
    args: [
      '-c',
      `import sys; sys.path.insert(0, '${folder}'); sys.dont_write_bytecode = True; from identity_token import chat_identity; print(chat_identity(*sys.argv[1:]), end='')`,
    ],
  },
  {
    language: 'Node',
    command: process.execPath,
    args: [
      '--input-type=module',
      '-e',
      `import { chatIdentity } from '${folder}/identity-token.js'; process.stdout.write(chatIdentity(...process.argv.slice(1)))`,
    ],
  },
]

describe('an identity token, signed by the site’s own code', () => {
  let tokenServer: TokenServer
  beforeAll(async () => {
    tokenServer = await startTokenServer()
  })
  afterAll(() => tokenServer.close())

  const ask = (identity: string, eventId = EVENT) =>
    fetch(`${tokenServer.server.url}/token`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'sec-fetch-site': 'same-origin',
        authorization: `Bearer ${identity}`,
      },
      body: JSON.stringify({ event_id: eventId }),
    })

  for (const { language, command, args } of LANGUAGES) {
    const missing = spawnSync(command, ['--version']).status !== 0
    if (missing)
      console.log(`Skipped: ${command} is not installed, so the identity token in ${language} is not tried.`)
    it.skipIf(missing)(`in ${language} gives the visitor a chat token with their name`, async () => {
      const identity = execFileSync(command, [...args, 'user-1', NAME, EVENT, tokenServer.secret], {
        encoding: 'utf8',
      })
      const reply = await ask(identity)
      expect(reply.status).toBe(200)
      const { token } = (await reply.json()) as { token: string }
      expect(jwt.decode(token)).toMatchObject({ user_id: 'user-1', username: NAME, event_id: EVENT })
    })

    it.skipIf(missing)(`in ${language} is rejected if signed with another secret`, async () => {
      const other = tokenServer.secret.replace(/./g, 'x')
      const identity = execFileSync(command, [...args, 'user-1', NAME, EVENT, other], { encoding: 'utf8' })
      expect((await ask(identity)).status).toBe(401)
    })
  }
})
