import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { SEED } from '../../../../demo/emulator/seed-events.js'
import type { EmulatorState } from '../../../../demo/emulator/emulator-state.js'
import { verifyChatToken } from '../../../../demo/emulator/verify-chat-token.js'
import { keyState, signingKeyRecord } from '../../src/keys/key-ring.js'
import { loadStoredKey, readStore } from '../../src/keys/store/ring-store.js'
import { mintToken } from '../../src/token/mint-token.js'
import type { Workbench } from '../cli/workbench.js'

const DAY_MS = 86_400_000
export type RegisteredKey = EmulatorState['keys'][number]
const STREAM = SEED.live

/** A command that is killed, and the state before it. */
export interface Scenario {
  name: string
  command: string[]
  /** Whether a key signs before the command. If so, a key must sign at every moment. */
  signsBefore: boolean
  prepare: (bench: Workbench) => Promise<void>
  /** The state after the command: the states of the ring's keys in order, and the number of own keys at Kinescope. */
  finished: { states: string[]; ownAtKinescope: number }
}

const at = async (bench: Workbench, days: number, work: () => Promise<unknown>) => {
  bench.ahead.ms = days * DAY_MS
  await work()
  bench.ahead.ms = 0
}
const good = async (bench: Workbench, ...argv: string[]) => {
  const { exit, stderr } = await bench.kc(...argv)
  expect(exit, stderr).toBe(0)
}

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'register, the first key',
    command: ['keys', 'register'],
    signsBefore: false,
    prepare: (bench) => good(bench, 'keys', 'generate'),
    finished: { states: ['active'], ownAtKinescope: 1 },
  },
  {
    name: 'register, a spare',
    command: ['keys', 'register'],
    signsBefore: true,
    async prepare(bench) {
      await good(bench, 'keys', 'generate')
      await good(bench, 'keys', 'register')
      await good(bench, 'keys', 'generate')
    },
    finished: { states: ['active', 'published'], ownAtKinescope: 2 },
  },
  {
    name: 'rotate',
    command: ['keys', 'rotate', '--propagation', '600'],
    signsBefore: true,
    async prepare(bench) {
      await good(bench, 'keys', 'generate')
      await good(bench, 'keys', 'register')
    },
    finished: { states: ['active', 'published'], ownAtKinescope: 2 },
  },
  {
    name: 'revoke, without a spare',
    command: ['keys', 'revoke', 'SIGNER', '--yes'],
    signsBefore: true,
    async prepare(bench) {
      await good(bench, 'keys', 'generate')
      await good(bench, 'keys', 'register')
    },
    finished: { states: ['removed', 'active'], ownAtKinescope: 1 },
  },
  {
    name: 'reconcile, with a removal and a rotation due',
    command: ['keys', 'reconcile'],
    signsBefore: true,
    async prepare(bench) {
      await at(bench, -310, async () => {
        await good(bench, 'keys', 'generate')
        await good(bench, 'keys', 'register')
      })
      await at(bench, -300, () => good(bench, 'keys', 'rotate', '--propagation', '0'))
    },
    finished: { states: ['removed', 'active', 'published'], ownAtKinescope: 2 },
  },
]

export interface LivingToken {
  token: string
  kid: string
}

/** The state before a command, restored before each kill. */
export interface Start {
  files: string
  keys: RegisteredKey[]
  tokens: LivingToken[]
  command: string[]
}

export const FOREIGN = 'key-2024-12-25'

/** Prepares a scenario once, with another tool's key at Kinescope and tokens that visitors use. */
export async function prepare(
  bench: Workbench,
  scenario: Scenario,
  foreignJwk: RegisteredKey['publicJwk'],
): Promise<Start> {
  rmSync(bench.keyDir, { recursive: true, force: true })
  const [createdAt, expiresAt] = ['2024-12-25T10:00:00Z', '2030-12-31T23:59:59Z']
  bench.emulator.state.keys = [
    { id: 'jwk_foreign', kid: FOREIGN, alg: 'RS256', createdAt, expiresAt, publicJwk: foreignJwk },
  ]
  await scenario.prepare(bench)
  const files = join(bench.folder, `start-${scenario.name}`)
  cpSync(bench.keyDir, files, { recursive: true })
  const signer = signingKeyRecord((await readStore({ dir: bench.keyDir })).ring, bench.now())
  return {
    files,
    keys: structuredClone(bench.emulator.state.keys),
    tokens: scenario.signsBefore ? [await mintNow(bench, bench.now())] : [],
    command: scenario.command.map((word) => (word === 'SIGNER' ? signer!.kid : word)),
  }
}

export function restore(bench: Workbench, start: Start): void {
  rmSync(bench.keyDir, { recursive: true, force: true })
  cpSync(start.files, bench.keyDir, { recursive: true })
  bench.emulator.state.keys = structuredClone(start.keys)
}

async function mintNow({ keyDir }: Workbench, now: number): Promise<LivingToken> {
  const stored = await readStore({ dir: keyDir })
  const record = signingKeyRecord(stored.ring, now)
  if (!record) throw new Error('no key signs')
  const { privateKey } = await loadStoredKey(stored, record)
  const key = { kid: record.kid, privateKey, expiresAt: Date.parse(record.expiresAt) }
  const { token, kid } = await mintToken({
    key,
    userId: 'u',
    username: 'N',
    eventId: STREAM.id,
    ttl: 3600,
    now,
  })
  return { token, kid }
}

/** The conditions at any moment, after any crash. */
export async function expectSound(bench: Workbench, scenario: Scenario, start: Start): Promise<void> {
  const { state } = bench.emulator
  const now = bench.now()
  const ring = (await readStore({ dir: bench.keyDir })).ring
  const verdict = (token: string, time: number) => verifyChatToken(state, token, STREAM, STREAM.id, time)

  // a token can be minted now and after the takeover, and Kinescope accepts it
  if (scenario.signsBefore || signingKeyRecord(ring, now)) {
    for (const time of [now, now + 20 * 60_000]) {
      const { token } = await mintNow(bench, time)
      expect(verdict(token, time)).toMatchObject({ code: null })
    }
  }
  // every unexpired token verifies, except those of a revoked key
  const revoked = ring.keys.filter(({ revokedAt }) => revokedAt !== null).map(({ kid }) => kid)
  for (const { token, kid } of start.tokens) {
    if (!revoked.includes(kid)) expect(verdict(token, now)).toMatchObject({ code: null })
  }
  // no key is registered twice or without its private key, and the other tool's key is unchanged
  const kids = state.keys.map(({ kid }) => kid)
  expect(kids.length).toBe(new Set(kids).size)
  expect(state.keys.find(({ kid }) => kid === FOREIGN)).toEqual(start.keys.find(({ kid }) => kid === FOREIGN))
  for (const kid of kids.filter((known) => known !== FOREIGN)) {
    expect(ring.keys.map((key) => key.kid)).toContain(kid)
  }
}

/** The conditions after the command has finished: the work is done, and no temporary file remains. */
export async function expectFinished(bench: Workbench, { finished }: Scenario): Promise<void> {
  const ring = (await readStore({ dir: bench.keyDir })).ring
  expect(ring.keys.map((key) => keyState(key, bench.now()))).toEqual(finished.states)
  expect(bench.emulator.state.keys.filter(({ kid }) => kid !== FOREIGN)).toHaveLength(finished.ownAtKinescope)
  const kept = ring.keys.filter(({ removedAt }) => removedAt === null).map(({ file }) => file)
  expect(readdirSync(bench.keyDir).sort()).toEqual(['keyring.json', ...kept].sort())
}

/** The state after a crash, without random values. Equal states are repaired equally. */
export function stateLeft({ keyDir, emulator }: Workbench): string {
  const names = readdirSync(keyDir).sort()
  const files = names.map(
    (name) => `${name}: ${name === '.lock' ? '' : readFileSync(join(keyDir, name), 'utf8')}`,
  )
  const remote = emulator.state.keys.map(({ kid }) => kid)
  return [...files, ...remote]
    .join('\n')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z|[\da-f]{12,16}(?=\.tmp)|jwk_\w+/g, '*')
}

/** Rewrites the lock of an exception as the lock of an ended process. */
export function bury(keyDir: string): void {
  const path = join(keyDir, '.lock')
  if (!existsSync(path)) return
  const holder = JSON.parse(readFileSync(path, 'utf8')) as object
  writeFileSync(path, JSON.stringify({ ...holder, pid: 2 ** 22 + 7 })) // above every pid_max
}
