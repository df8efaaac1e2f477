import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { createPublicKey } from 'node:crypto'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { KeyRecord, KeyRing } from '../../src/keys/key-state.js'
import { thumbprintOf } from '../../src/keys/private-key.js'
import { parseKeyRing, RING_FILE, ringText } from '../../src/keys/store/ring-format.js'
import { workbench, type Workbench } from '../cli/workbench.js'
import { ringEntry } from '../ring-directory.js'
import { pemPool } from './key-pool.js'

const STRANGER = 12_345
const [strange] = pemPool(1)
const strangeJwk = createPublicKey(strange!).export({ format: 'jwk' }) as { n: string; e: string }
const strangeThumbprint = thumbprintOf(strangeJwk)

let bench: Workbench
beforeEach(async () => {
  bench = await workbench()
  await bench.kc('keys', 'generate')
  await bench.kc('keys', 'register')
})
afterEach(() => bench.close())

const path = (name: string) => join(bench.keyDir, name)
const ring = () => JSON.parse(readFileSync(path(RING_FILE), 'utf8')) as KeyRing
const ownFile = () => ring().keys[0]!.file
const remoteKids = () => bench.emulator.state.keys.map(({ kid }) => kid)
const edit = (change: (key: KeyRecord, ring: KeyRing) => void) => {
  const edited = ring()
  change(edited.keys[0]!, edited)
  writeFileSync(path(RING_FILE), JSON.stringify(edited), { mode: 0o600 })
}
const mint = () => bench.json('token', 'mint', '--event', 'e', '--user', 'u', '--name', 'N')

/** Every verb that could register or remove something. */
const VERBS = [['reconcile'], ['rotate'], ['rotate', '--force'], ['register'], ['revoke', '--all']]

describe('a directory that isn’t ours alone', () => {
  it.each([
    ['all may write', 0o777],
    ['all but the group may write', 0o707],
    ['others may write and not look', 0o702],
    ['the group may write', 0o770],
    ['group and others may', 0o722],
  ])('is refused by name, with its mode, where %s', async (_what, mode) => {
    chmodSync(bench.keyDir, mode)
    for (const argv of [...VERBS.map((verb) => ['keys', ...verb]), ['keys', 'generate'], ['keys', 'list']]) {
      const { exit, data } = await bench.json(...argv)
      expect([argv, exit, data.error.code]).toEqual([argv, 1, 'key-directory-untrusted'])
      expect(data.error.message).toContain(bench.keyDir)
      expect(data.error.message).toContain(mode.toString(8))
    }
    expect((await mint()).data.error.code).toBe('key-directory-untrusted')
  })

  it('is refused where it belongs to somebody else', async () => {
    chownSync(bench.keyDir, STRANGER, STRANGER)
    expect((await bench.json('keys', 'rotate')).data.error.code).toBe('key-directory-untrusted')
  })

  it.each([
    ['sticky, as a mounted Secret is', 0o1777],
    ['root’s and our group’s, as a volume with fsGroup is', 0o2775],
  ])('is taken where it is %s: then the owner of each file counts', async (_what, mode) => {
    chmodSync(bench.keyDir, mode)
    expect((await mint()).exit).toBe(0)
    chownSync(path(ownFile()), STRANGER, STRANGER)
    expect((await mint()).data.error.code).toBe('key-file-untrusted')
  })
})

describe('a private key that isn’t what it says', () => {
  const planted = `20991231-${strangeThumbprint.slice(0, 16)}.pem`
  it.each<[string, string, (file: string) => void]>([
    ['under a name of our kind', '20991231-AAAAAAAAAAAAAAAA.pem', () => undefined],
    ['under the very name its thumbprint gives it', planted, () => undefined],
    ['that belongs to somebody else', planted, (file) => chownSync(file, STRANGER, STRANGER)],
    ['that others may change', planted, (file) => chmodSync(file, 0o666)],
    [
      'that is a link to elsewhere',
      planted,
      (file) => {
        renameSync(file, join(bench.folder, 'elsewhere.pem'))
        symlinkSync(join(bench.folder, 'elsewhere.pem'), file)
      },
    ],
    [
      'that is a directory',
      planted,
      (file) => {
        rmSync(file)
        mkdirSync(file)
      },
    ],
    ['that is no key', planted, (file) => writeFileSync(file, 'nonsense', { mode: 0o600 })],
    ['that never ends', planted, (file) => writeFileSync(file, Buffer.alloc(3_000_000, 'A'))],
  ])('%s is never registered, never signs, and is not removed', async (_what, name, spoil) => {
    writeFileSync(path(name), strange!, { mode: 0o600 })
    spoil(path(name))
    bench.ahead.ms = 250 * 86_400_000
    for (const verb of VERBS) await bench.json('keys', ...verb)
    const { exit, data } = await bench.json('keys', 'reconcile')
    expect([exit, data.refused]).toEqual([1, [name]])
    expect(bench.emulator.state.keys.map(({ publicJwk }) => publicJwk.n)).not.toContain(strangeJwk.n)
    expect(ring().keys.map(({ thumbprint }) => thumbprint)).not.toContain(strangeThumbprint)
    expect(readdirSync(bench.keyDir)).toContain(name)
    expect((await mint()).exit).toBe(0)
  })

  it('is found out in a file of ours: another key put in its place is neither registered nor signed with', async () => {
    await bench.kc('keys', 'generate')
    const spare = ring().keys[1]!
    writeFileSync(path(spare.file), strange!)
    expect((await bench.json('keys', 'register', spare.kid)).data.error.code).toBe('private-key-swapped')
    // a rotation takes another key and says why
    const { data } = await bench.json('keys', 'rotate')
    expect(data.actions).toContainEqual(expect.objectContaining({ action: 'refused', what: spare.kid }))
    expect(remoteKids()).toHaveLength(2)
    expect(remoteKids()).not.toContain(spare.kid)
    writeFileSync(path(ownFile()), strange!)
    expect((await mint()).data.error.code).toBe('private-key-swapped')
  })
})

describe('an edited keyring.json', () => {
  const { record: other } = ringEntry()
  it.each<[string, (key: KeyRecord, ring: KeyRing) => void]>([
    ['another public key', (key) => Object.assign(key, { n: strangeJwk.n })],
    [
      'another public key with its thumbprint',
      (key) => Object.assign(key, { n: strangeJwk.n, thumbprint: strangeThumbprint }),
    ],
    ['another kid of our kind', (key) => (key.kid = '20991231-AAAAAAAAAAAAAAAA')],
    ['a file elsewhere', (key) => (key.file = '../../etc/key.pem')],
    ['another file', (key) => (key.file = '20991231-AAAAAAAAAAAAAAAA.pem')],
    ['a key twice', (key, all) => all.keys.push(key)],
    ['a kid twice', (key, all) => all.keys.push({ ...other, kid: key.kid })],
    ['a kid with a control character', (key) => (key.kid = 'a\u001b[2Jb')],
    ['a time that is none', (key) => (key.signFrom = 'soon')],
    ['a revision that is none', (_key, all) => (all.revision = 1.5)],
    ['an id that is an object', (key) => Object.assign(key, { remoteId: {} })],
    ['more than a megabyte', (key) => (key.remoteId = 'x'.repeat(1_100_000))],
  ])('with %s is refused by name, and registers nothing', async (_what, change) => {
    const before = remoteKids()
    edit(change)
    for (const verb of VERBS) {
      const { exit, data } = await bench.json('keys', ...verb)
      expect(exit).toBe(1)
      expect(['key-ring-damaged', 'key-file-untrusted']).toContain(data.error.code)
      expect(data.error.message).toContain(RING_FILE)
    }
    expect((await mint()).exit).toBe(1)
    expect(remoteKids()).toEqual(before)
  })

  it('is refused where somebody else owns it, may change it, or it is a link to elsewhere', async () => {
    const code = async () => (await mint()).data.error?.code as unknown
    chownSync(path(RING_FILE), STRANGER, STRANGER)
    expect(await code()).toBe('key-file-untrusted')
    chownSync(path(RING_FILE), 0, 0)
    chmodSync(path(RING_FILE), 0o666)
    expect(await code()).toBe('key-file-untrusted')
    chmodSync(path(RING_FILE), 0o600)
    expect(await code()).toBeUndefined()
    copyFileSync(path(RING_FILE), join(bench.folder, 'elsewhere.json'))
    rmSync(path(RING_FILE))
    symlinkSync(join(bench.folder, 'elsewhere.json'), path(RING_FILE))
    expect(await code()).toBe('key-file-untrusted')
  })

  it('whatever it holds: a ring or an error that names it, and what was read can be written', () => {
    const record = ringEntry().record
    const member = fc.constantFrom(...(Object.keys(record) as (keyof KeyRecord)[]))
    const key = fc.tuple(member, fc.jsonValue()).map(([name, value]) => ({ ...record, [name]: value }))
    const whole = fc.record({
      version: fc.constant(1),
      revision: fc.nat(),
      vendor: fc.string(),
      maxTokenTtl: fc.nat(),
      keys: fc.array(key, { maxLength: 2 }),
    })
    fc.assert(
      fc.property(fc.oneof(whole, fc.jsonValue()), (value) => {
        try {
          const read = parseKeyRing(JSON.stringify(value), 'THERE')
          expect(parseKeyRing(ringText(read), 'THERE')).toEqual(read)
        } catch (error) {
          expect(error).toMatchObject({ code: 'key-ring-damaged', message: expect.stringContaining('THERE') })
        }
      }),
    )
  })
})

describe('what is removed', () => {
  it('is ours alone: drafts of our names, and private keys of removed entries', async () => {
    const theirs = [
      'notes.tmp',
      'keyring.json.tmp',
      'keyring.json.bak.tmp',
      `${ownFile()}.backup.tmp`,
      '.lock.old.tmp',
      'backup.pem',
      'keyring.json.0123456789ab.tmp.gpg',
      'x.keyring.json.0123456789ab.tmp',
    ]
    const ours = [
      'keyring.json.0123456789ab.tmp',
      `${ownFile()}.0123456789ab.tmp`,
      '.lock.0123456789abcdef.tmp',
    ]
    for (const name of [...theirs, ...ours]) writeFileSync(path(name), 'x')
    const foreign = 'keyring.json.ffffffffffff.tmp'
    writeFileSync(path(foreign), 'x')
    chownSync(path(foreign), STRANGER, STRANGER)
    mkdirSync(path('keyring.json.eeeeeeeeeeee.tmp'))
    await bench.kc('keys', 'reconcile')
    for (const name of [...theirs, foreign, 'keyring.json.eeeeeeeeeeee.tmp'])
      expect([name, existsSync(path(name))]).toEqual([name, true])
    for (const name of ours) expect([name, existsSync(path(name))]).toEqual([name, false])
    expect((await mint()).exit).toBe(0)
  })

  it('is not a private key whose name is taken: no key is ever written over another', async () => {
    const before = readFileSync(path(ownFile()))
    await bench.kc('keys', 'rotate')
    expect(readFileSync(path(ownFile()))).toEqual(before)
  })
})
