import { placeText } from '../keys/key-store.js'
import { withRing } from '../keys/ring-store.js'
import { addKey, type KeyAction } from '../keys/steps.js'
import type { Command } from './command.js'
import { actionLines, actionProgress } from './key-action-text.js'
import { BITS_FLAG, bitsOf, KEY_SETTINGS, LIFE_FLAG, ringOptions } from './key-command.js'
import { publicJwkOf } from './key-view.js'
import { stacked } from './shown.js'

export const keysGenerate: Command = {
  name: 'keys generate',
  summary: 'make a key pair in the key directory',
  flags: { ...BITS_FLAG, ...LIFE_FLAG },
  settings: KEY_SETTINGS,
  notes: [
    'The private key is written once, as PKCS#8 PEM with mode 0600, encrypted where CHAT_KEY_PASSPHRASE is set. It signs nothing before `keys register`. Contacts nobody.',
  ],
  async run(call) {
    const { terminal, now } = call
    const actions: KeyAction[] = []
    const report = (action: KeyAction) => {
      actions.push(action)
      const doing = actionProgress(action)
      if (doing) terminal.progress(doing)
    }
    const options = { ...ringOptions(call), make: true }
    const key = await withRing(options, (store) => addKey({ store, report, now }, { bits: bitsOf(call) }))
    const jwk = publicJwkOf(key)
    return {
      exit: 0,
      data: { kid: key.kid, bits: key.bits, expiresAt: key.expiresAt, file: key.file, publicJwk: jwk },
      text: stacked(
        ...actionLines(actions, terminal, now()),
        terminal.facts([
          ['private key', `${placeText(options.place)}/${key.file}`],
          ['public JWK', JSON.stringify(jwk)],
        ]),
        '',
        terminal.line('info', 'It signs once Kinescope knows it:', '`kinescope-chat-server keys register`'),
      ),
    }
  },
}
