// `npm run emulator` starts only the emulator of Kinescope. Developers can try their token server without an account.
import { buildEmulator } from './emulator/emulator.js'
import { SEED } from './emulator/seed-events.js'
import { checkPorts, PortProblem, readPorts } from './ports.js'

/** Gives access only to this emulator. The token is constant, so that stored settings continue to work. */
const API_TOKEN = '00000000-0000-4000-8000-0000000000ad'

try {
  const { emulator: port } = readPorts(process.env)
  await checkPorts({ emulator: port })
  const emulator = buildEmulator({ apiTokens: [API_TOKEN] })
  const url = await emulator.listen(port)
  const { live, second } = SEED
  console.log(`
Emulator of Kinescope: its API and its chat page on ${url}
It forgets everything when it ends. Its switches: ${url}/emulator/state

Set these where your token server and its command line run:

  export KINESCOPE_API_URL=${url}
  export KINESCOPE_CHAT_ORIGIN=${url}
  export KINESCOPE_API_TOKEN=${API_TOKEN}

Streams to try:

  ${live.publicId}   ${live.name}
  ${second.publicId}   ${second.name}

Then, for example, in this folder after \`npm run build\`:

  node packages/server/dist/cli/main.js setup --event ${live.publicId}

docs/start.md goes on from here to two visitors in one chat. Ctrl-C ends it.
`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void emulator.close().finally(() => process.exit(0)))
} catch (error) {
  if (!(error instanceof PortProblem)) throw error
  console.error(`\n${error.message}\n`)
  process.exit(1)
}
