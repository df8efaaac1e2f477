import { sourceOfKind } from '../identity/identity-config.js'
import { readKey, readServeConfig } from '../config.js'
import { diagnose, type DoctorQuestion, type ServerSettings } from '../doctor/doctor.js'
import { isOrigin } from '../endpoint/origin.js'
import { ConfigProblem } from '../problem.js'
import { SETTINGS } from '../settings.js'
import {
  addressFlag,
  settingFlags,
  settingsOf,
  textFlag,
  UsageProblem,
  type Call,
  type Command,
} from './command.js'
import { findingsText, PARTS } from './findings-text.js'
import { givenToken, givenFile } from './given-input.js'
import { apiSettings, openApi, ringSettings } from './key-command.js'
import { visitorByCookie, visitorByIdentityToken, type Visitor } from '../doctor/visitor.js'

/** Their presence means that this machine has the token server's settings. */
const SERVER_SETTINGS = SETTINGS.map(({ name }) => name).filter((name) =>
  /^CHAT_(EVENTS|ALLOWED_ORIGINS|IDENTITY|PUBLIC_URL|BASE_PATH|TRUSTED_PROXIES)/.test(name),
)

export const doctor: Command = {
  name: 'doctor',
  summary: 'find out why a chat doesn’t let people in',
  flags: {
    event: { value: 'ID', meaning: 'the stream: the id or link that the page uses' },
    url: { value: 'ADDRESS', meaning: 'the token server, as pages call it: https://chat.example.com' },
    'token-url': {
      value: 'ADDRESS',
      meaning: 'instead of --url: the token endpoint itself, such as a route inside an app',
    },
    origin: {
      value: 'ADDRESS',
      meaning: 'the page with the chat, or its origin: https://www.example.com, capacitor://localhost',
    },
    'cookie-file': {
      value: 'FILE',
      meaning: 'cookies of a browser that is signed in at the site: a Cookie header, or a cookies.txt',
    },
    'identity-token-file': {
      value: 'FILE',
      meaning: 'an identity token, as the page gives it to the element’s identity',
    },
    token: { value: 'TOKEN', meaning: 'a token that was rejected; - reads it from standard input' },
  },
  settings: [
    'CHAT_KEY_DIR',
    'CHAT_KEY_SECRET',
    'CHAT_PRIVATE_KEY',
    'CHAT_KEY_ID',
    'CHAT_KEY_PASSPHRASE',
    'CHAT_TOKEN_TTL',
    'KINESCOPE_API_URL',
    'KINESCOPE_API_TOKEN',
    'KINESCOPE_CHAT_ORIGIN',
    ...SERVER_SETTINGS,
  ],
  notes: [
    'Checks everything and changes nothing. With --event, --url, --origin and a signed-in visitor it checks more. It names what it could not check.',
    'With the token server’s settings (CHAT_EVENTS, CHAT_IDENTITY …) in the environment, it identifies the visitor as the server does.',
  ],
  async run(call) {
    const url = addressFlag(call, 'url')
    const tokenUrl = addressFlag(call, 'token-url')
    const origin = textFlag(call, 'origin')
    const page = origin !== undefined && isOrigin(origin) ? origin : addressFlag(call, 'origin')
    const address = tokenUrl ?? url
    if (url !== undefined && tokenUrl !== undefined) {
      throw new UsageProblem('--url and --token-url can’t be combined', 'Keep one of the two.')
    }
    if (page !== undefined && address === undefined) {
      throw new UsageProblem('--origin needs --url', 'Add --url with the token server’s address.')
    }
    const settings = serverSettings(call)
    const token = textFlag(call, 'token')
    const findings = await diagnose({
      ...doctorBasics(call),
      eventId: textFlag(call, 'event'),
      token: token === undefined ? undefined : await givenToken(token),
      url: url?.replace(/\/+$/, ''),
      tokenUrl,
      page,
      settings,
      keysElsewhere: address !== undefined && settings === null && !namesKeys(call),
      visitor: await readVisitor(call, [identityUrl(settings), address]),
    })
    const bad = findings.some(({ status }) => status === 'fail' || status === 'warn')
    return {
      exit: findings.some(({ status }) => status === 'fail') ? 1 : 0,
      data: {
        healthy: !bad,
        complete: !findings.some(({ status }) => status === 'skip'),
        findings,
      },
      text: findingsText(findings, call.terminal),
    }
  },
}

/** What the doctor knows from the settings of the keys and of Kinescope. */
export function doctorBasics(call: Call): Omit<DoctorQuestion, 'eventId'> {
  const { apiToken } = apiSettings(call)
  return {
    ...ringSettings(call),
    key: settingsOf(call, readKey),
    api: apiToken === undefined ? null : openApi(call),
    chatOrigin: settingsOf(call, (reader) => reader.value('KINESCOPE_CHAT_ORIGIN')),
    now: call.now,
    report: (part) => call.terminal.progress(`Checking ${PARTS[part].doing}`),
  }
}

/** The settings `serve` would start with, or what is wrong with them; null where there are none here. */
function serverSettings(call: Call): ServerSettings | null {
  const flags = settingFlags(call)
  const given = SETTINGS.filter(({ name }) => SERVER_SETTINGS.includes(name)).some(
    (setting) => call.env[setting.name] || flags[setting.flag],
  )
  if (!given) return null
  try {
    return { config: readServeConfig(call.env, flags) }
  } catch (error) {
    if (error instanceof ConfigProblem) return { problems: error.settings }
    throw error
  }
}

/** Whether the settings of this machine name the keys. */
function namesKeys(call: Call): boolean {
  const flags = settingFlags(call)
  return SETTINGS.filter(({ name }) => /^CHAT_(KEY_DIR|KEY_SECRET|PRIVATE_KEY)$/.test(name)).some(
    (setting) => call.env[setting.name] || call.env[`${setting.name}_FILE`] || flags[setting.flag],
  )
}

const identityUrl = (settings: ServerSettings | null): string | undefined =>
  settings && 'config' in settings ? sourceOfKind(settings.config.identity, 'forward')?.url : undefined

/**
 * The signed-in visitor of `--cookie-file` or `--identity-token-file`. From a whole cookie jar only the cookies of the hosts
 * that are asked are taken.
 * @throws UsageProblem
 */
async function readVisitor(call: Call, addresses: readonly (string | undefined)[]): Promise<Visitor | null> {
  const cookieFile = textFlag(call, 'cookie-file')
  const identityTokenFile = textFlag(call, 'identity-token-file')
  if (cookieFile !== undefined && identityTokenFile !== undefined) {
    throw new UsageProblem(
      '--cookie-file and --identity-token-file can’t be combined',
      'Keep the one that the site uses.',
    )
  }
  if (cookieFile !== undefined) {
    const text = await givenFile(cookieFile, 'cookie-file')
    const hosts = addresses
      .filter((address) => address !== undefined)
      .map((address) => new URL(address).hostname)
    const found = hosts.map((host) => visitorByCookie(text, host)).find((visitor) => visitor !== null)
    if (found) return found
    throw new UsageProblem(
      `--cookie-file has no cookie${hosts.length > 0 ? ` for ${hosts.join(' or ')}` : ''}`,
      'Copy the value of the Cookie header from the browser’s network panel, or export a cookies.txt of that site.',
    )
  }
  if (identityTokenFile === undefined) return null
  const found = visitorByIdentityToken(await givenFile(identityTokenFile, 'identity-token-file'))
  if (found) return found
  throw new UsageProblem(
    '--identity-token-file has no identity token',
    'The file must contain only the identity token, as the page gives it to the element.',
  )
}
