import type { KeyStoreLocation } from '../keys/store/key-store.js'
import { diagnose } from '../doctor/doctor.js'
import {
  addressFlag,
  DRY_RUN_FLAG,
  isDryRun,
  requiredFlag,
  settingFlags,
  settingsOf,
  wholeNumber,
  type Call,
  type Command,
  type Outcome,
} from './command.js'
import { EventApi } from '../kinescope/event-api.js'
import {
  plannedLines,
  actionLines,
  BITS_FLAG,
  bitsOf,
  KEY_SETTINGS,
  LIFE_FLAG,
  openApi,
  reportingActions,
  ringSettings,
  withKeys,
} from './key-command.js'
import { doctorBasics } from './doctor.js'
import { findingsText } from './findings-text.js'
import { changeText, planText } from './events.js'
import { cleanValue } from '../setting-reader.js'
import { SETTINGS } from '../settings.js'
import { readyKey, setup, snippetFor } from '../setup.js'
import { shellQuoted, shown, Shown, spaced, stacked, escaped } from './terminal.js'

export const setupCommand: Command = {
  name: 'setup',
  summary: 'go from an API token to a working chat; safe to repeat',
  flags: {
    event: { value: 'ID', meaning: 'the stream: UUID, public id or link' },
    url: {
      value: 'ADDRESS',
      meaning: 'the token server’s URL, for the lines it prints',
    },
    ...BITS_FLAG,
    ...LIFE_FLAG,
    ...DRY_RUN_FLAG,
  },
  settings: [...KEY_SETTINGS, 'KINESCOPE_CHAT_ORIGIN', 'CHAT_ALLOWED_ORIGINS'],
  notes: [
    'Makes a key if there is none, registers it at Kinescope, enables JWT for the stream, and runs the doctor. Then it prints what to put on the page and how to start the server.',
  ],
  async run(call) {
    const { terminal, now } = call
    const eventId = requiredFlag(call, 'setup', 'event', 'https://kinescope.io/0csUJYzAHfe3PcyMEVScmQ')
    const { location, passphrase, tokenTtl } = ringSettings(call)
    if (isDryRun(call)) return rehearseSetup(call, eventId)
    const config = {
      location,
      passphrase,
      tokenTtl,
      lifeDays: wholeNumber(call, 'days', 365, 30, 730),
      bits: bitsOf(call),
    }
    terminal.progress('Looking for the stream')
    const { result, actions } = await reportingActions(call, ({ report, wait, signal }) =>
      setup({ config, api: openApi(call).until(signal), eventId, now, wait, report }),
    )
    const findings = await diagnose({ ...doctorBasics(call), eventId: result.event.id })
    const url = addressFlag(call, 'url')?.replace(/\/+$/, '')
    const { given, chatOrigin } = settingsOf(call, (reader) => ({
      given: reader.value('CHAT_ALLOWED_ORIGINS') ?? [],
      chatOrigin: reader.value('KINESCOPE_CHAT_ORIGIN'),
    }))
    const origins = given.length > 0 ? given : [EXAMPLE_ORIGIN]
    const snippet = withChatOrigin(
      snippetFor(result.pageEventId, url ?? 'https://chat.example.com'),
      chatOrigin,
    )
    const server = serverCommand(result.pageEventId, { origins, url, location, shared: sharedSettings(call) })
    const { bold, dim } = terminal.colours
    const failed = findings.some(({ status }) => status === 'fail')
    return {
      exit: failed || result.change.alsoChanged.length > 0 ? 1 : 0,
      data: {
        event: result.event,
        kid: result.kid,
        pageEventId: result.pageEventId,
        alsoChanged: result.change.alsoChanged,
        snippet,
        server,
        actions,
        findings,
      },
      text: spaced(
        stacked(...actionLines(actions, terminal, now()), changeText(result.change, true, terminal)),
        findingsText(findings, terminal),
        stacked(bold('For the page'), indented(snippet)),
        stacked(
          terminal.prose(
            shown`${bold('For the server')}  ${dim('`kinescope-chat-server serve --help` explains each setting')}`,
          ),
          indented(server),
          terminal.line(
            'info',
            'Visitors are guests until you connect your site’s sign-in.',
            'Set CHAT_IDENTITY=forward and CHAT_IDENTITY_URL instead; `kinescope-chat-server serve --help` has the other sources.',
          ),
          given.length === 0 &&
            terminal.line(
              'info',
              `${EXAMPLE_ORIGIN} is an example.`,
              'Replace it with the origin of your page, or run this again with --allowed-origins.',
            ),
        ),
        stacked(
          terminal.prose(
            shown`${bold('Or inside your own app')}  ${dim('follows rotation and revocation automatically')}`,
          ),
          indented(
            `import { ringKeySource } from 'kinescope-chat-server'\n` +
              `const keys = await ringKeySource(${ringCode(location, passphrase !== undefined)})`,
          ),
          terminal.prose(
            'createNodeHandler({ keys, … }) for Express and node:http, createTokenHandler for Next.js and Hono, the plugin kinescopeChat for Fastify: README, “In code”.',
            '  ',
          ),
        ),
      ),
    }
  },
}

/** The element opens another chat page than Kinescope's only where the script's tag lists its origin. */
const withChatOrigin = (snippet: string, chatOrigin: string): string =>
  chatOrigin === 'https://kinescope.io'
    ? snippet
    : snippet.replace('></script>', ` data-chat-origin="${chatOrigin}"></script>`)

const EXAMPLE_ORIGIN = 'https://www.example.com'

/** A command that starts a working server: a test runs it as it is. */
function serverCommand(
  pageEventId: string,
  {
    origins,
    url,
    location,
    shared,
  }: {
    origins: readonly string[]
    url: string | undefined
    location: KeyStoreLocation
    shared: readonly [string, string][]
  },
): string {
  const path = url === undefined ? '/' : new URL(url).pathname
  const settings: [string, string][] = [
    ['CHAT_EVENTS', quoted(pageEventId)],
    ['CHAT_ALLOWED_ORIGINS', quoted(origins.join(','))],
    ...(path === '/' ? [] : ([['CHAT_BASE_PATH', quoted(path)]] as [string, string][])),
    'dir' in location
      ? ['CHAT_KEY_DIR', quoted(location.dir)]
      : ['CHAT_KEY_SECRET', quoted(`${location.secret.namespace}/${location.secret.name}`)],
    ...shared,
    ['CHAT_IDENTITY', 'guest'],
    ['CHAT_IDENTITY_SECRET', '"$(openssl rand -base64 32)"'],
  ]
  const lines = settings.map(([name, value]) => `${name}=${value} \\`)
  return [...lines, 'kinescope-chat-server serve'].join('\n  ')
}

const SHARED: readonly string[] = ['CHAT_KEY_PASSPHRASE', 'CHAT_TOKEN_TTL', 'KINESCOPE_CHAT_ORIGIN']

/** The settings given here that the server needs too. A secret is its file or its variable, never its value. */
function sharedSettings(call: Call): [string, string][] {
  const flags = settingFlags(call)
  return SETTINGS.filter(({ name }) => SHARED.includes(name)).flatMap(
    ({ name, flag, secret }): [string, string][] => {
      const given = cleanValue(flags[flag])
      const file = secret ? (given ?? cleanValue(call.env[`${name}_FILE`])) : undefined
      if (file !== undefined) return [[`${name}_FILE`, quoted(file)]]
      const value = given ?? cleanValue(call.env[name])
      return value === undefined ? [] : [[name, secret ? `"$${name}"` : quoted(value)]]
    },
  )
}

function ringCode(location: KeyStoreLocation, isEncrypted: boolean): string {
  const code = JSON.stringify(location)
  return isEncrypted ? `{ ...${code}, passphrase: process.env.CHAT_KEY_PASSPHRASE }` : code
}

const quoted = (text: string): string => (/^[\w./:@%+,=-]+$/.test(text) ? text : shellQuoted(text))

async function rehearseSetup(call: Call, eventId: string): Promise<Outcome> {
  const { terminal, now } = call
  terminal.progress('Looking for the stream')
  const event = await new EventApi(openApi(call)).resolve(eventId)
  const { actions } = await withKeys(call, (work) => readyKey(work, { bits: bitsOf(call) }), { make: true })
  return {
    exit: 0,
    data: { dryRun: true, event, actions },
    text: stacked(planText(event, true, terminal), plannedLines(actions, terminal, now())),
  }
}

const indented = (text: string) =>
  Shown.ours(
    text
      .split('\n')
      .map((line) => `  ${escaped(line)}`)
      .join('\n'),
  )
