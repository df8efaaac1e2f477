import type { WireCode } from 'kinescope-chat/contract'
import { credentialFacts, type Credential } from './identity-setup.js'
import type { Scenario } from './scenario.js'

/** A numbered guest's name; `#` stands for a digit. */
const GUEST = { name: 'Guest #### #### ####' }

/** How a scenario ends: with a code, or in the chat under a name, which is the credential's own by default. */
type End = WireCode | { name: string } | 'admitted'

/** Each source alone and each chain of packages/server/docs/identity.md: what the visitor brings, and how it ends. */
const TABLE: Readonly<Record<string, readonly (readonly [Credential, End])[]>> = {
  forward: [
    ['session', 'admitted'],
    ['nothing', 'sign-in-required'],
  ],
  jwt: [
    ['jwt', 'admitted'],
    ['jwt-forged', 'sign-in-required'],
    ['jwt-expired', 'identity-expired'],
  ],
  oidc: [
    ['id-token', 'admitted'],
    ['id-token-of-another-client', 'sign-in-required'],
  ],
  hmac: [
    ['hmac', 'admitted'],
    ['hmac-of-another-stream', 'access-denied'],
  ],
  telegram: [
    ['telegram', 'admitted'],
    ['max', 'admitted'],
    ['telegram-changed', 'sign-in-required'],
    ['telegram-of-yesterday', 'identity-expired'],
  ],
  link: [
    ['link', 'admitted'],
    ['link-cut', 'sign-in-required'],
    ['link-revoked', 'access-denied'],
  ],
  header: [
    ['session', 'admitted'],
    ['nothing', 'sign-in-required'],
  ],
  guest: [['nothing', GUEST]],
  'forward,guest': [
    ['session', 'admitted'],
    ['session-unreadable', 'identity-unavailable'],
    ['nothing', GUEST],
  ],
  'jwt,guest': [
    ['jwt-expired', 'identity-expired'],
    ['nothing', GUEST],
  ],
  'hmac,guest': [
    ['hmac-changed', 'sign-in-required'],
    ['nothing', GUEST],
  ],
  'link,forward': [
    ['link', 'admitted'],
    ['session', 'admitted'],
  ],
  'link,guest': [
    ['link-revoked', 'access-denied'],
    ['nothing', GUEST],
  ],
  'oidc,jwt': [
    ['id-token', 'admitted'],
    ['jwt', 'admitted'],
  ],
  'oidc,telegram,link,guest': [
    ['telegram', 'admitted'],
    ['id-token-of-another-client', 'sign-in-required'],
  ],
}

const OF_SESSION = { of: 'session' } as const

/** A guest who chooses a name, after one that is reserved. */
const CHOSEN_NAME: Scenario = {
  id: 'identity-guest-who-chooses-a-name',
  title: { en: 'guest: a name that the visitor chooses', ru: 'guest: имя по выбору посетителя' },
  about: {
    en: 'The token server has CHAT_IDENTITY=guest and CHAT_GUEST_NAMES=ask. It refuses a reserved name. The name in the chat has a mark.',
    ru: 'У сервера токенов CHAT_IDENTITY=guest и CHAT_GUEST_NAMES=ask. Зарезервированное имя он не принимает. Имя в чате — с пометкой.',
  },
  setup: { visitor: 'signed-out', identity: { sources: 'guest', asksNames: true, brings: 'nothing' } },
  steps: [
    { do: 'wait-for', state: 'error' },
    { do: 'enter-name', name: 'Moderator', refused: true },
    { do: 'check', expect: { state: 'error', problem: 'name-required', frames: 0 } },
    { do: 'enter-name', name: 'Ada' },
  ],
  expect: {
    state: 'ready',
    problem: null,
    events: ['error', 'ready'],
    name: 'Ada · guest',
    inFrame: { verified: true },
  },
  within: 20,
}

function scenarioOf(sources: string, brings: Credential, end: End): Scenario {
  const { about, title = about, name = OF_SESSION, visitor = 'signed-out' } = credentialFacts(brings)
  const usual = { events: ['ready'], noEvents: ['error'], inFrame: { verified: true } } as const
  return {
    id: `identity-${sources.replaceAll(',', '-')}-with-${brings}`,
    title: { en: `${sources}: ${title.en}`, ru: `${sources}: ${title.ru}` },
    about: {
      en: `The token server has CHAT_IDENTITY=${sources}. The visitor has ${about.en}.`,
      ru: `У сервера токенов CHAT_IDENTITY=${sources}. Что есть у посетителя: ${about.ru}.`,
    },
    setup: { visitor, identity: { sources, brings } },
    steps: [],
    expect:
      typeof end === 'object' || end === 'admitted'
        ? { state: 'ready', problem: null, name: end === 'admitted' ? name : end.name, ...usual }
        : { state: 'error', problem: end, events: ['error'], noEvents: ['ready'], frames: 0 },
    within: 20,
  }
}

const scenariosOf = (chains: boolean): Scenario[] =>
  Object.entries(TABLE)
    .filter(([sources]) => sources.includes(',') === chains)
    .flatMap(([sources, rows]) => rows.map(([brings, end]) => scenarioOf(sources, brings, end)))

/** Scenarios of who the visitor is: each identity source alone, then the chains. */
export const IDENTITY_SCENARIOS: readonly Scenario[] = [
  ...scenariosOf(false),
  CHOSEN_NAME,
  ...scenariosOf(true),
]
