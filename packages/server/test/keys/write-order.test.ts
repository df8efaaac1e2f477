import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { workbench, type Workbench } from '../cli/workbench.js'
import { watchSteps } from './crash-points.mjs'

let bench: Workbench
beforeEach(async () => {
  bench = await workbench()
})
afterEach(() => bench.close())

async function stepsOf(...command: string[]): Promise<string[]> {
  const steps: string[] = []
  const giveBack = watchSteps({ dir: bench.keyDir, onStep: (step) => void steps.push(step) })
  const { exit, stderr } = await bench.kc(...command)
  giveBack()
  expect(exit, stderr).toBe(0)
  return steps.map((step) => step.replace(/\d{8}-[\w-]{16}/, 'KID'))
}

/** A private key never replaces another one, and its draft stays until the ring contains the key. */
const added = [
  'open KID.pem.*.tmp',
  'write KID.pem.*.tmp',
  'fsync KID.pem.*.tmp',
  'link KID.pem',
  'fsync the folder',
  ...durable('keyring.json'),
  'rm KID.pem.*.tmp',
]

function durable(file: string) {
  return [
    `open ${file}.*.tmp`,
    `write ${file}.*.tmp`,
    `fsync ${file}.*.tmp`,
    `rename ${file}`,
    'fsync the folder',
  ]
}

/** The steps that change keys, without those of the lock. */
const withoutLock = (steps: string[]) =>
  steps.filter((step) => !step.includes('.lock') && !step.startsWith('mkdir'))

describe('the order of writes', () => {
  it('stores the private key before the ring contains it, each by write, fsync, rename, fsync', async () => {
    expect(withoutLock(await stepsOf('keys', 'generate'))).toEqual(added)
  })

  it('looks up the signing key, stores a private key, then registers it, then marks it in the ring', async () => {
    await bench.kc('keys', 'generate')
    await bench.kc('keys', 'register')
    expect(withoutLock(await stepsOf('keys', 'rotate'))).toEqual([
      'ask GET /v1/jwk', // whether the signing key is listed
      'hear GET /v1/jwk',
      ...added,
      'ask GET /v1/jwk',
      'hear GET /v1/jwk',
      'ask POST /v1/jwk',
      'hear POST /v1/jwk',
      'ask GET /v1/jwk',
      'hear GET /v1/jwk',
      ...durable('keyring.json'), // one write for both keys
    ])
  })

  it('revokes a key in the ring, then deletes it at Kinescope, then removes the private key', async () => {
    await bench.kc('keys', 'generate')
    await bench.kc('keys', 'register')
    await bench.kc('keys', 'generate')
    await bench.kc('keys', 'register')
    const { data } = await bench.json('keys', 'list')
    const { kid } = (data as { keys: { kid: string; signs: boolean }[] }).keys.find(({ signs }) => signs)!
    const steps = withoutLock(await stepsOf('keys', 'revoke', kid, '--yes')).map((step) =>
      step.replace(/jwk_\w+/, 'ID'),
    )
    expect(steps.slice(steps.indexOf('rename keyring.json'))).toEqual([
      'rename keyring.json',
      'fsync the folder',
      'ask GET /v1/jwk',
      'hear GET /v1/jwk',
      'ask DELETE /v1/jwk/ID',
      'hear DELETE /v1/jwk/ID',
      'ask GET /v1/jwk', // whether the list still has the key
      'hear GET /v1/jwk',
      ...durable('keyring.json'),
      'rm KID.pem',
    ])
  })

  it('makes files that no other user can read, for any umask', async () => {
    const before = process.umask(0)
    try {
      await bench.kc('keys', 'generate')
    } finally {
      process.umask(before)
    }
    const { data } = await bench.json('keys', 'list')
    const [{ kid }] = (data as { keys: [{ kid: string }] }).keys
    expect(statSync(bench.keyDir).mode & 0o777).toBe(0o700)
    expect(statSync(join(bench.keyDir, `${kid}.pem`)).mode & 0o777).toBe(0o600)
    expect(statSync(join(bench.keyDir, 'keyring.json')).mode & 0o777).toBe(0o600)
  })
})
