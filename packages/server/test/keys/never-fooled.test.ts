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
import { type KeyRecord, type KeyRing, parseKeyRing, RING_FILE, ringText } from '../../src/keys/key-ring.js'
import { thumbprintOf } from '../../src/keys/private-key.js'
import { workbench, type Workbench } from '../cli/workbench.js'
import { ringEntry } from '../ring-directory.js'
import { pemPool } from './key-pool.js'

const OTHER_USER = 12_345
const [untrusted] = pemPool(1)
const untrustedJwk = createPublicKey(untrusted!).export({ format: 'jwk' }) as { n: string; e: string }
const untrustedThumbprint = thumbprintOf(untrustedJwk)

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

/** Every verb that can register or remove a key. */
const VERBS = [['reconcile'], ['rotate'], ['rotate', '--force'], ['register'], ['revoke', '--all']]

describe('a key directory that others can change', () => {
  it.each([
    ['all may write', 0o777],
    ['all but the group may write', 0o707],
    ['others may write and not look', 0o702],
    ['the group may write', 0o770],
    ['group and others may', 0o722],
  ])('is rejected with its name and mode if %s', async (_what, mode) => {
    chmodSync(bench.keyDir, mode)
    for (const argv of [...VERBS.map((verb) => ['keys', ...verb]), ['keys', 'generate'], ['keys', 'list']]) {
      const { exit, data } = await bench.json(...argv)
      expect([argv, exit, data.error.code]).toEqual([argv, 1, 'key-directory-untrusted'])
      expect(data.error.message).toContain(bench.keyDir)
      expect(data.error.message).toContain(mode.toString(8))
    }
    expect((await mint()).data.error.code).toBe('key-directory-untrusted')
  })

  it('is rejected if it belongs to another user', async () => {
    chownSync(bench.keyDir, OTHER_USER, OTHER_USER)
    expect((await bench.json('keys', 'rotate')).data.error.code).toBe('key-directory-untrusted')
  })

  it.each([
    ['sticky, as a mounted Secret is', 0o1777],
    ['root’s and our group’s, as a volume with fsGroup is', 0o2775],
  ])('is accepted if it is %s, and then the owner of each file is checked', async (_what, mode) => {
    chmodSync(bench.keyDir, mode)
    expect((await mint()).exit).toBe(0)
    chownSync(path(ownFile()), OTHER_USER, OTHER_USER)
    expect((await mint()).data.error.code).toBe('key-file-untrusted')
  })
})

describe('an untrusted private key', () => {
  const untrustedFile = `20991231-${untrustedThumbprint.slice(0, 16)}.pem`
  it.each<[string, string, (file: string) => void]>([
    ['under a name of our kind', '20991231-AAAAAAAAAAAAAAAA.pem', () => undefined],
    ['under the very name its thumbprint gives it', untrustedFile, () => undefined],
    ['that belongs to somebody else', untrustedFile, (file) => chownSync(file, OTHER_USER, OTHER_USER)],
    ['that others may change', untrustedFile, (file) => chmodSync(file, 0o666)],
    [
      'that is a link to elsewhere',
      untrustedFile,
      (file) => {
        renameSync(file, join(bench.folder, 'elsewhere.pem'))
        symlinkSync(join(bench.folder, 'elsewhere.pem'), file)
      },
    ],
    [
      'that is a directory',
      untrustedFile,
      (file) => {
        rmSync(file)
        mkdirSync(file)
      },
    ],
    ['that is no key', untrustedFile, (file) => writeFileSync(file, 'nonsense', { mode: 0o600 })],
    ['that never ends', untrustedFile, (file) => writeFileSync(file, Buffer.alloc(3_000_000, 'A'))],
  ])('%s is never registered, never signs, and is not removed', async (_what, name, spoil) => {
    writeFileSync(path(name), untrusted!, { mode: 0o600 })
    spoil(path(name))
    bench.ahead.ms = 250 * 86_400_000
    for (const verb of VERBS) await bench.json('keys', ...verb)
    const { exit, data } = await bench.json('keys', 'reconcile')
    expect([exit, data.refused]).toEqual([1, [name]])
    expect(bench.emulator.state.keys.map(({ publicJwk }) => publicJwk.n)).not.toContain(untrustedJwk.n)
    expect(ring().keys.map(({ thumbprint }) => thumbprint)).not.toContain(untrustedThumbprint)
    expect(readdirSync(bench.keyDir)).toContain(name)
    expect((await mint()).exit).toBe(0)
  })

  it('in one of our own files is detected: a swapped key is neither registered nor used', async () => {
    await bench.kc('keys', 'generate')
    const spare = ring().keys[1]!
    writeFileSync(path(spare.file), untrusted!)
    expect((await bench.json('keys', 'register', spare.kid)).data.error.code).toBe('private-key-swapped')
    // a rotation uses another key and reports the reason
    const { data } = await bench.json('keys', 'rotate')
    expect(data.actions).toContainEqual(expect.objectContaining({ action: 'refused', what: spare.kid }))
    expect(remoteKids()).toHaveLength(2)
    expect(remoteKids()).not.toContain(spare.kid)
    writeFileSync(path(ownFile()), untrusted!)
    expect((await mint()).data.error.code).toBe('private-key-swapped')
  })
})

describe('an edited keyring.json', () => {
  const { record: other } = ringEntry()
  it.each<[string, (key: KeyRecord, ring: KeyRing) => void]>([
    ['another public key', (key) => Object.assign(key, { n: untrustedJwk.n })],
    [
      'another public key with its thumbprint',
      (key) => Object.assign(key, { n: untrustedJwk.n, thumbprint: untrustedThumbprint }),
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
  ])('with %s is rejected with its name, and registers no key', async (_what, change) => {
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

  it('is rejected if another user owns or can change it, or if it is a link', async () => {
    const code = async () => (await mint()).data.error?.code as unknown
    chownSync(path(RING_FILE), OTHER_USER, OTHER_USER)
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

  it('with any content is a ring or an error with its name, and a ring that was read can be written', () => {
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

describe('a cleanup', () => {
  it('removes only our own files: drafts under our names, and private keys of removed entries', async () => {
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
    chownSync(path(foreign), OTHER_USER, OTHER_USER)
    mkdirSync(path('keyring.json.eeeeeeeeeeee.tmp'))
    await bench.kc('keys', 'reconcile')
    for (const name of [...theirs, foreign, 'keyring.json.eeeeeeeeeeee.tmp'])
      expect([name, existsSync(path(name))]).toEqual([name, true])
    for (const name of ours) expect([name, existsSync(path(name))]).toEqual([name, false])
    expect((await mint()).exit).toBe(0)
  })

  it('never overwrites an existing private key', async () => {
    const before = readFileSync(path(ownFile()))
    await bench.kc('keys', 'rotate')
    expect(readFileSync(path(ownFile()))).toEqual(before)
  })
})
