import {
  locationText,
  type KeyStoreLocation,
  type StoredRing,
  isRingLost,
  noSigner,
  ringLost,
} from '../keys/store/key-store.js'
import { deleteByHand } from '../keys/by-hand.js'
import { missingFrom } from '../keys/reconcile.js'
import { loadStoredKey, readExistingStore, unusableKeys, type UnusableKey } from '../keys/store/ring-store.js'
import { keyState, signingKeyRecord, type KeyRing, type KeyState } from '../keys/key-ring.js'
import { isSame, publicJwkOf } from '../keys/registry.js'
import { keyByKid } from '../keys/steps.js'
import { JwkApi, type RemoteKey } from '../kinescope/jwk-api.js'
import { KinescopeError } from '../kinescope/kinescope-error.js'
import type { Call, Command } from './command.js'
import { apiSettings, KEY_SETTINGS, openApi, ringOptions } from './key-command.js'
import {
  Shown,
  escapedJson,
  shown,
  stacked,
  type Text,
  distanceText,
  momentAndDistance,
  type Terminal,
} from './terminal.js'

export const keysList: Command = {
  name: 'keys list',
  summary: 'show the keys of the ring, their states, and what Kinescope lists',
  flags: { removed: { meaning: 'also show removed keys' } },
  settings: KEY_SETTINGS,
  notes: [
    'With an API token, the ring is compared with Kinescope’s list. A foreign key is registered there, but is not in this ring.',
    'Exits with 1 if no key can sign, a private key can’t be loaded, or Kinescope doesn’t list a key.',
  ],
  async run(call) {
    const { terminal, now, flags } = call
    const { location, passphrase } = ringOptions(call)
    const stored = await readExistingStore(location)
    const { ring } = stored
    const { listed, failures } = await listedKeys(call)
    const views = viewKeys(ring, listed, now())
    const keys = flags['removed'] ? views : views.filter(({ state }) => state !== 'removed')
    const missing = listed ? missingFrom(listed, ring.keys, now()) : []
    const problems = [
      ...(signingKeyRecord(ring, now()) ? [] : [cantSign(stored, location, now())]),
      ...unclaimedFiles(stored),
      ...(await unusableKeys(ring, (key) => loadStoredKey(stored, key, passphrase), now())),
      ...missing.map(notListed),
      ...failures,
    ]
    const rows = keys.map((key) => row(key, terminal, now()))
    return {
      exit: problems.length > 0 ? 1 : 0,
      data: {
        directory: locationText(location),
        revision: ring.revision,
        keys,
        unknownFiles: stored.unknownFiles,
        missingAtKinescope: missing,
        problems,
      },
      text: stacked(
        rows.length > 0 &&
          terminal.table(
            [
              { title: '', inList: 'signs' },
              { title: 'KID' },
              { title: 'STATE' },
              { title: 'BITS', optional: true },
              { title: 'KINESCOPE' },
              { title: 'EXPIRES' },
              { title: 'NEXT' },
            ],
            rows,
          ),
        ...problems.map((problem) => problemLine(problem, terminal)),
        keys.some(({ state }) => state === 'foreign') && terminal.line('info', FOREIGN, foreignRemedy(call)),
      ),
    }
  },
}

export const keysShow: Command = {
  name: 'keys show',
  args: ['KID'],
  summary: 'show one key with its public JWK and all its times',
  settings: KEY_SETTINGS,
  notes: ['Exits with 1 if the private key can’t be loaded, or Kinescope doesn’t list the key.'],
  async run(call) {
    const { terminal, now, args } = call
    const { location, passphrase } = ringOptions(call)
    const stored = await readExistingStore(location)
    if (isRingLost(stored)) throw ringLost(location, stored)
    const { ring } = stored
    const key = keyByKid(ring.keys, args[0]!)
    const { listed, failures } = await listedKeys(call)
    const view = viewKeys(ring, listed, now()).find(({ kid }) => kid === key.kid)!
    const unusable = await unusableKeys(ring, (one) => loadStoredKey(stored, one, passphrase), now())
    const missing = listed ? missingFrom(listed, [key], now()) : []
    const problems = [
      ...unusable.filter(({ kid }) => kid === key.kid),
      ...missing.map(notListed),
      ...failures,
    ]
    const jwk = publicJwkOf(key)
    const time = (iso: string | null) => (iso === null ? null : momentAndDistance(iso, now()))
    return {
      exit: problems.length > 0 ? 1 : 0,
      data: { ...view, file: key.file, publicJwk: jwk, problems },
      text: stacked(
        terminal.prose(shown`${terminal.colours.bold(key.kid)}  ${stateText(view, terminal)}`),
        terminal.facts([
          ['file', `${locationText(location)}/${key.file}`],
          ['size', `${key.bits} bits`],
          ['thumbprint', key.thumbprint],
          [
            'at Kinescope',
            view.atKinescope === null ? key.remoteId : view.atKinescope ? key.remoteId : 'not listed',
          ],
          ['created', time(key.createdAt)],
          ['registered', time(key.publishedAt)],
          ['signs from', time(key.signFrom)],
          ['signs until', time(key.signUntil)],
          ['removable from', time(key.removeAfter)],
          ['revoked', time(key.revokedAt)],
          ['removed', time(key.removedAt)],
          ['expires', time(key.expiresAt)],
        ]),
        '',
        Shown.ours(escapedJson(jwk)),
        ...problems.map((problem) => problemLine(problem, terminal)),
      ),
    }
  },
}

const FOREIGN = 'a foreign key is registered at Kinescope, but is not in this ring'
const foreignRemedy = (call: Call) =>
  `If it is yours, run \`kinescope-chat-server keys register --adopt FILE\`. If nobody uses it, delete it: ${deleteByHand(ringOptions(call).vendor)}`

type Problem = Omit<UnusableKey, 'kid'> & { requestId?: string | undefined }

function problemLine({ code, message, remediation, requestId }: Problem, terminal: Terminal): Shown {
  const id = requestId === undefined ? '' : ` [X-Request-ID ${requestId}]`
  return terminal.line('fail', `${message}${id} (${code})`, remediation)
}

const notListed = (kid: string): Problem => ({
  code: 'key-not-registered',
  message: `Kinescope doesn’t list ${kid}, so its tokens are rejected`,
  remediation: `If it was deleted by mistake, run \`kinescope-chat-server keys register ${kid}\`. If it leaked, run \`kinescope-chat-server keys revoke ${kid}\`.`,
})

function cantSign(stored: StoredRing, location: KeyStoreLocation, now: number): Problem {
  const { code, message, remediation } = noSigner(stored, location, now)
  return { code, message, remediation }
}

/** Private keys that the index doesn't have. */
function unclaimedFiles(stored: StoredRing): Problem[] {
  const { unknownFiles } = stored
  if (isRingLost(stored) || unknownFiles.length === 0) return []
  return [
    {
      code: 'private-key-unclaimed',
      message: `not in the ring: ${unknownFiles.join(', ')}`,
      remediation:
        'Run `kinescope-chat-server keys reconcile`: it adopts the keys that Kinescope lists. Find out who put the others there.',
    },
  ]
}

/** Kinescope's list, or why it can't be read: the ring is shown all the same. */
async function listedKeys(call: Call): Promise<{ listed: RemoteKey[] | null; failures: Problem[] }> {
  if (apiSettings(call).apiToken === undefined) return { listed: null, failures: [] }
  call.terminal.progress('Reading the list of keys at Kinescope')
  try {
    return { listed: await new JwkApi(openApi(call)).list(), failures: [] }
  } catch (error) {
    if (!(error instanceof KinescopeError)) throw error
    const { code, message, remediation, requestId } = error
    return { listed: null, failures: [{ code, message, remediation, requestId }] }
  }
}

function row(key: KeyView, terminal: Terminal, now: number): Text[] {
  const { kid, signs, bits, atKinescope, expiresAt } = key
  return [
    signs ? terminal.colours.green('▶') : ' ',
    kid,
    stateText(key, terminal),
    bits === null ? '' : String(bits),
    atKinescope === null ? '?' : atKinescope ? 'listed' : '–',
    expiresAt === null ? '' : distanceText(expiresAt, now),
    nextText(key, now),
  ]
}

function stateText({ state }: KeyView, { colours }: Terminal): Shown {
  switch (state) {
    case 'active':
      return colours.green(state)
    case 'expired':
    case 'revoked':
      return colours.red(state)
    case 'published':
    case 'retiring':
      return colours.yellow(state)
    case 'generated':
    case 'removed':
    case 'foreign':
      return colours.dim(state)
  }
}

function nextText({ state, signFrom, signUntil, removeAfter }: KeyView, now: number): string {
  if (state === 'active' && signUntil !== null) return `stops ${distanceText(signUntil, now)}`
  if (state === 'published') return signFrom === null ? 'spare' : `signs ${distanceText(signFrom, now)}`
  if (state === 'retiring' && removeAfter !== null) return `removed ${distanceText(removeAfter, now)}`
  if (state === 'generated') return 'register'
  if (state === 'revoked' || state === 'expired') return 'removed by reconcile'
  return ''
}

/** A key as the command line shows it. `atKinescope`: whether it is listed there; null where it was not checked. */
interface KeyView {
  kid: string
  state: KeyState | 'foreign'
  signs: boolean
  bits: number | null
  atKinescope: boolean | null
  remoteId: string | null
  createdAt: string | null
  publishedAt: string | null
  signFrom: string | null
  signUntil: string | null
  removeAfter: string | null
  revokedAt: string | null
  removedAt: string | null
  expiresAt: string | null
  thumbprint: string | null
}

/** The ring's keys, newest first, then those that others registered. */
function viewKeys(ring: KeyRing, listed: readonly RemoteKey[] | null, now: number): KeyView[] {
  const signer = signingKeyRecord(ring, now)
  const own = ring.keys.map((key): KeyView => {
    const { kid, bits, thumbprint, remoteId, createdAt, publishedAt, signFrom, signUntil } = key
    const { removeAfter, revokedAt, removedAt, expiresAt } = key
    return {
      kid,
      state: keyState(key, now),
      signs: key === signer,
      bits,
      atKinescope: listed && listed.some((remote) => isSame(remote, key)),
      remoteId,
      createdAt,
      publishedAt,
      signFrom,
      signUntil,
      removeAfter,
      revokedAt,
      removedAt,
      expiresAt,
      thumbprint,
    }
  })
  const foreign = (listed ?? []).filter((remote) => !ring.keys.some((key) => isSame(remote, key)))
  return [...own.reverse(), ...foreign.map(foreignView)]
}

const foreignView = ({ id, kid, expiresAt }: RemoteKey): KeyView => ({
  kid,
  state: 'foreign',
  signs: false,
  bits: null,
  atKinescope: true,
  remoteId: id,
  createdAt: null,
  publishedAt: null,
  signFrom: null,
  signUntil: null,
  removeAfter: null,
  revokedAt: null,
  removedAt: null,
  expiresAt,
  thumbprint: null,
})
