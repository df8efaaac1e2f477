import { locationText } from '../keys/store/key-store.js'
import { withRing } from '../keys/store/ring-store.js'
import { addKey } from '../keys/steps.js'
import type { Command } from './command.js'
import {
  actionLines,
  BITS_FLAG,
  bitsOf,
  RING_SETTINGS,
  LIFE_FLAG,
  ringOptions,
  reportingActions,
} from './key-command.js'
import { publicJwkOf } from '../keys/registry.js'
import { stacked } from './terminal.js'

export const keysGenerate: Command = {
  name: 'keys generate',
  summary: 'make a key pair in the key directory',
  flags: { ...BITS_FLAG, ...LIFE_FLAG },
  settings: RING_SETTINGS,
  notes: [
    'Writes the private key once, as PKCS#8 PEM with mode 0600. CHAT_KEY_PASSPHRASE encrypts it. It signs nothing before `keys register`. Sends nothing.',
  ],
  async run(call) {
    const { terminal, now } = call
    const options = { ...ringOptions(call), make: true }
    const bits = bitsOf(call)
    const { result: key, actions } = await reportingActions(call, ({ report, wait, signal }) =>
      withRing({ ...options, wait, signal }, (store) => addKey({ store, report, now }, { bits })),
    )
    const jwk = publicJwkOf(key)
    return {
      exit: 0,
      data: { kid: key.kid, bits: key.bits, expiresAt: key.expiresAt, file: key.file, publicJwk: jwk },
      text: stacked(
        ...actionLines(actions, terminal, now()),
        terminal.facts([
          ['private key', `${locationText(options.location)}/${key.file}`],
          ['public JWK', JSON.stringify(jwk)],
        ]),
        '',
        terminal.line('info', 'It signs once Kinescope knows it:', '`kinescope-chat-server keys register`'),
      ),
    }
  },
}
