import { readKeyRingConfig } from '../config.js'
import { diagnose } from '../doctor/doctor.js'
import {
  DRY_RUN_FLAG,
  isDryRun,
  requiredFlag,
  settingFlags,
  textFlag,
  wholeNumber,
  type Call,
  type Command,
  type Outcome,
} from './command.js'
import { EventApi } from '../kinescope/event-api.js'
import { plannedLines } from './rehearsal.js'
import { doctorBasics } from './doctor.js'
import { findingsText } from './findings-text.js'
import { changeText, planText } from './events.js'
import { actionLines } from './key-action-text.js'
import {
  API_SETTINGS,
  BITS_FLAG,
  bitsOf,
  KEY_SETTINGS,
  LIFE_FLAG,
  openApi,
  telling,
  withKeys,
} from './key-command.js'
import { readyKey, setup, snippetFor } from './setup.js'
import { shown, Shown, spaced, stacked, escaped } from './shown.js'

export const setupCommand: Command = {
  name: 'setup',
  summary: 'from an API token to a working chat; safe to repeat',
  flags: {
    event: { value: 'ID', meaning: 'the stream: UUID, public id or link' },
    url: {
      value: 'ADDRESS',
      meaning: 'the token server’s address, for the snippet',
    },
    ...BITS_FLAG,
    ...LIFE_FLAG,
    ...DRY_RUN_FLAG,
  },
  settings: [...new Set<string>([...KEY_SETTINGS, ...API_SETTINGS, 'KINESCOPE_CHAT_ORIGIN'])],
  notes: [
    'Makes a key if there is none, registers it at Kinescope, lets only visitors with a token into the stream’s chat, runs the doctor, and prints the two lines for the page.',
  ],
  async run(call) {
    const { terminal, now } = call
    const eventId = requiredFlag(call, 'setup', 'event', 'https://kinescope.io/0csUJYzAHfe3PcyMEVScmQ')
    const { location, passphrase, tokenTtl } = readKeyRingConfig(call.env, settingFlags(call))
    if (isDryRun(call)) return rehearseSetup(call, eventId)
    const config = {
      location,
      passphrase,
      tokenTtl,
      lifeDays: wholeNumber(call, 'days', 365, 30, 730),
      bits: bitsOf(call),
    }
    terminal.progress('Looking for the stream')
    const { result, actions } = await telling(call, ({ report, wait, signal }) =>
      setup({ config, api: openApi(call).until(signal), eventId, now, wait, report }),
    )
    const findings = await diagnose({ ...doctorBasics(call), eventId: result.event.id })
    const snippet = snippetFor(
      result.pageEventId,
      (textFlag(call, 'url') ?? 'https://chat.example.com').replace(/\/+$/, ''),
    )
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
        actions,
        findings,
      },
      text: spaced(
        stacked(...actionLines(actions, terminal, now()), changeText(result.change, true, terminal)),
        findingsText(findings, terminal),
        stacked(bold('For the page'), indented(snippet)),
        stacked(
          terminal.prose(
            shown`${bold('For the server')}  ${dim('`kinescope-chat-server serve --help` explains each')}`,
          ),
          indented(
            [
              `CHAT_EVENTS=${result.pageEventId} CHAT_IDENTITY=forward \\`,
              '  CHAT_IDENTITY_URL=https://www.example.com/me \\',
              '  npx kinescope-chat-server serve',
            ].join('\n'),
          ),
        ),
        stacked(
          terminal.prose(
            shown`${bold('Or inside your own app')}  ${dim('follows rotation and revocation by itself')}`,
          ),
          indented(
            `import { ringKeySource } from 'kinescope-chat-server'\n` +
              `const keys = await ringKeySource(${JSON.stringify(location)})`,
          ),
          terminal.prose(
            'createNodeHandler({ keys, … }) for Express and node:http, createTokenHandler for Next.js and Hono, the plugin kinescopeChat for Fastify: README, “Inside your own app”.',
            '  ',
          ),
        ),
      ),
    }
  },
}

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
