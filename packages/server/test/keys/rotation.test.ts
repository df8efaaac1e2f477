import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { mkdirSync, readdirSync, readFileSync, writeFileSync, rmSync } from 'node:fs'
import { generateKeyPairSync, createPublicKey } from 'node:crypto'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SEED } from '../../../../demo/emulator/seed-events.js'
import { verifyChatToken } from '../../../../demo/emulator/verify-chat-token.js'
import type { Variants } from '../../../../demo/emulator/variants.js'
import type { KeyRing } from '../../src/keys/key-ring.js'
import { workbench, type Workbench } from '../cli/workbench.js'
import { makeKey } from '../running-server.js'

const MINUTE = 60_000
const DAY = 86_400_000

let bench: Workbench
beforeEach(async () => {
  bench = await workbench()
})
afterEach(() => bench.close())

/** The members of the commands' `--json` output that these tests use. */
interface Answer {
  keys: { kid: string; signs: boolean }[]
  actions: { action: string; request: { method: string; url: string; body: object } }[]
  token: string
}
const ok = async (...argv: string[]) => {
  const { exit, data } = await bench.json(...argv)
  expect(exit, JSON.stringify(data)).toBe(0)
  return data as Answer
}
const ring = () => JSON.parse(readFileSync(join(bench.keyDir, 'keyring.json'), 'utf8')) as KeyRing
const remoteKids = () => bench.emulator.state.keys.map(({ kid }) => kid)
const signer = async () => {
  const { keys } = (await bench.json('keys', 'list')).data as Answer
  return keys.find(({ signs }) => signs)?.kid
}
const mint = async () =>
  (await ok('token', 'mint', '--event', SEED.live.id, '--user', 'u', '--name', 'N')).token
const verdict = (token: string) =>
  verifyChatToken(bench.emulator.state, token, SEED.live, SEED.live.id, bench.now()).code

const begin = async () => {
  await ok('keys', 'generate')
  await ok('keys', 'register')
  return (await signer())!
}

describe('a first key', () => {
  it('signs only once it is registered, and is registered once however often the command runs', async () => {
    await ok('keys', 'generate')
    const early = await bench.json('token', 'mint', '--event', 'e', '--user', 'u', '--name', 'N')
    expect(early).toMatchObject({ exit: 1, data: { error: { code: 'key-not-registered' } } })
    await ok('keys', 'register')
    await ok('keys', 'register')
    expect(remoteKids()).toHaveLength(1)
    expect(verdict(await mint())).toBeNull()
  })

  it('sends exactly the seven documented members', async () => {
    await ok('keys', 'generate')
    const real = globalThis.fetch
    const bodies: string[] = []
    globalThis.fetch = async (address, init) => {
      if (typeof init?.body === 'string') bodies.push(init.body)
      return real(address, init)
    }
    await ok('keys', 'register').finally(() => (globalThis.fetch = real))
    const [body] = bodies.map((text) => JSON.parse(text) as Record<string, string>)
    expect(bodies).toHaveLength(1)
    expect(Object.keys(body!).sort()).toEqual(['alg', 'e', 'expires_at', 'kid', 'kty', 'n', 'use'])
    expect(body).toMatchObject({ kty: 'RSA', use: 'sig', alg: 'RS256', e: 'AQAB' })
    expect(body!['expires_at']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  })
})

describe('a rotation', () => {
  it('registers, overlaps, and deletes the old key once its last token has expired', async () => {
    const old = await begin()
    const lastBefore = await mint()
    await ok('keys', 'rotate')
    expect(remoteKids()).toHaveLength(2)
    expect(await signer()).toBe(old)

    bench.ahead.ms = 9 * MINUTE
    expect(await signer()).toBe(old)
    const lateOld = await mint()
    bench.ahead.ms = 11 * MINUTE
    const next = (await signer())!
    expect(next).not.toBe(old)
    for (const token of [lastBefore, lateOld, await mint()]) expect(verdict(token)).toBeNull()

    bench.ahead.ms = 68 * MINUTE // the last old token expires at minute 70
    await ok('keys', 'reconcile')
    expect(verdict(lateOld)).toBeNull()
    bench.ahead.ms = 80 * MINUTE
    await ok('keys', 'reconcile')
    expect(remoteKids()).toEqual([next])
    expect(readdirSync(bench.keyDir).sort()).toEqual([`${next}.pem`, 'keyring.json'])
    expect(verdict(await mint())).toBeNull()
  })

  it('continues if the command runs again; --force starts another rotation', async () => {
    await begin()
    await ok('keys', 'rotate')
    expect(await ok('keys', 'rotate')).toMatchObject({ rotation: 'under-way' })
    expect(remoteKids()).toHaveLength(2)
    expect(await ok('keys', 'rotate', '--force', '--propagation', '0')).toMatchObject({ rotation: 'set' })
    expect(remoteKids()).toHaveLength(3)
    expect(verdict(await mint())).toBeNull()
  })

  it('is none if its new key can’t be loaded: the remedy for that, keys rotate, makes another', async () => {
    await begin()
    await ok('keys', 'rotate', '--propagation', '0')
    for (const { file } of ring().keys) rmSync(join(bench.keyDir, file))
    bench.ahead.ms = MINUTE
    await ok('keys', 'rotate')
    expect(verdict(await mint())).toBeNull()
  })

  it('is over once its old key may be deleted, even if it is still registered', async () => {
    await begin()
    await ok('keys', 'rotate', '--propagation', '0')
    const first = ring().keys[1]!.kid
    bench.ahead.ms = 60 * MINUTE
    expect(await ok('keys', 'rotate')).toMatchObject({ rotation: 'under-way' })
    bench.ahead.ms = 60 * DAY
    expect(await ok('keys', 'rotate', '--propagation', '0')).toMatchObject({ instead: [first] })
    await ok('keys', 'reconcile')
    expect(remoteKids().sort()).toEqual([first, await signer()].sort())
  })

  it('is refused while Kinescope doesn’t list the signing key, and each remedy works', async () => {
    const old = await begin()
    bench.emulator.state.keys = []
    const before = readFileSync(join(bench.keyDir, 'keyring.json'), 'utf8')
    const { exit, data } = await bench.json('keys', 'rotate', '--propagation', '0')
    expect([exit, data.error.code]).toEqual([1, 'key-not-registered'])
    expect(data.error.message).toContain('another workspace, or the key was deleted')
    for (const remedy of ['KINESCOPE_API_TOKEN', `keys register ${old}`, `keys revoke ${old}`, '--force'])
      expect(data.error.remediation).toContain(remedy)
    expect(remoteKids()).toEqual([])
    bench.ahead.ms = 300 * DAY
    const { data: daily } = await bench.json('keys', 'reconcile')
    expect(daily).toMatchObject({ missing: [old], rotation: null })
    expect(remoteKids()).toEqual([])
    bench.ahead.ms = 0
    expect(readFileSync(join(bench.keyDir, 'keyring.json'), 'utf8')).toBe(before)

    await ok('keys', 'rotate', '--force', '--propagation', '0')
    expect(remoteKids()).toEqual([await signer()])
    bench.emulator.state.keys = []
    await ok('keys', 'register', (await signer())!)
    await ok('keys', 'rotate', '--force', '--propagation', '0')
    expect(verdict(await mint())).toBeNull()
  })

  it.each([
    ['is used', '600'],
    ['has replaced the signer', '0'],
  ])(
    'needs no --force if Kinescope lists the signing key as expired, though the key of another rotation %s',
    async (_what, propagation) => {
      await begin()
      await ok('keys', 'rotate', '--propagation', propagation)
      const old = await signer()
      const listed = bench.emulator.state.keys.find(({ kid }) => kid === old)!
      listed.expiresAt = new Date(bench.now() - 1000).toISOString()
      expect(await ok('keys', 'rotate')).toMatchObject({ rotation: 'set' })
      expect(await signer()).not.toBe(old)
      expect(remoteKids()).toHaveLength(propagation === '600' ? 2 : 3)
      expect(verdict(await mint())).toBeNull()
    },
  )

  it('starts at once if Kinescope lists the signing key as expired: the doctor’s remedy ends the outage', async () => {
    const old = await begin()
    bench.emulator.state.keys[0]!.expiresAt = new Date(bench.now() - 1000).toISOString()
    expect(verdict(await mint())).not.toBeNull()
    await ok('keys', 'rotate')
    expect(await signer()).not.toBe(old)
    expect(verdict(await mint())).toBeNull()
  })

  it('keeps the last of two scheduled keys, though Kinescope lists the signing key as expired', async () => {
    await begin()
    await ok('keys', 'rotate')
    await ok('keys', 'rotate', '--force')
    const old = (await signer())!
    bench.ahead.ms += MINUTE
    bench.emulator.state.keys.find(({ kid }) => kid === old)!.expiresAt = new Date(bench.now()).toISOString()
    await ok('keys', 'rotate')
    expect(verdict(await mint())).toBeNull()
    bench.ahead.ms += DAY
    const last = ring().keys.at(-1)!
    expect(last.signUntil).toBeNull()
    expect(await signer()).toBe(last.kid)
    expect(verdict(await mint())).toBeNull()
  })

  it('warns if Kinescope does not list a revoked key: the API token may be of another workspace', async () => {
    const old = await begin()
    bench.emulator.state.keys = []
    const { exit, stdout } = await bench.kc('keys', 'revoke', old, '--yes')
    expect(exit).toBe(0)
    expect(stdout.replace(/\s+/g, ' ')).toContain(`${old} is deleted here, but Kinescope doesn’t list it`)
    expect(stdout).toContain('KINESCOPE_API_TOKEN')
    expect(stdout).toContain(`${bench.emulator.url}/v1/jwk/ID`)
  })

  it('replaces a key whose kid is registered with another modulus', async () => {
    const old = await begin()
    Object.assign(bench.emulator.state.variants, { keyFields: 'full' })
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const { n } = createPublicKey(privateKey).export({ format: 'jwk' }) as { n: string }
    const [listed] = bench.emulator.state.keys
    listed!.publicJwk = { ...listed!.publicJwk, n }
    expect((await bench.json('keys', 'register', old)).data.error).toMatchObject({
      code: 'kid-taken',
      remediation: expect.stringContaining('keys rotate') as string,
    })
    await ok('keys', 'rotate', '--propagation', '0')
    expect(verdict(await mint())).toBeNull()
  })

  it('works three times on one day without two keys of one kid', async () => {
    await begin()
    for (let time = 0; time < 3; time += 1) await ok('keys', 'rotate', '--force', '--propagation', '0')
    expect(new Set(remoteKids()).size).toBe(4)
    bench.ahead.ms = 2 * 3600_000
    await ok('keys', 'reconcile')
    expect(remoteKids()).toEqual([await signer()])
  })

  it('uses a spare at once if it has been registered long enough', async () => {
    await begin()
    await ok('keys', 'generate')
    await ok('keys', 'register')
    const spare = ring().keys.find(({ signFrom }) => signFrom === null)!.kid
    bench.ahead.ms = 15 * MINUTE
    await ok('keys', 'rotate')
    expect(await signer()).toBe(spare)
    expect(remoteKids()).toHaveLength(2)
  })

  it('keeps the old key for the longest configured token lifetime', async () => {
    bench.env['CHAT_TOKEN_TTL'] = '7200'
    await begin()
    bench.env['CHAT_TOKEN_TTL'] = '600'
    await ok('keys', 'rotate', '--propagation', '0')
    const [old] = ring().keys
    expect(Date.parse(old!.removeAfter!) - Date.parse(old!.signUntil!)).toBeGreaterThanOrEqual(7200_000)
  })
})

describe('reconcile', () => {
  it('does nothing on most days, and rotates at two thirds of the key’s lifetime', async () => {
    const first = await begin()
    bench.ahead.ms = 242 * DAY
    const before = readFileSync(join(bench.keyDir, 'keyring.json'), 'utf8')
    await ok('keys', 'reconcile')
    expect(readFileSync(join(bench.keyDir, 'keyring.json'), 'utf8')).toBe(before)
    bench.ahead.ms = 244 * DAY
    await ok('keys', 'reconcile')
    bench.ahead.ms = 245 * DAY
    await ok('keys', 'reconcile')
    expect(await signer()).not.toBe(first)
    expect(remoteKids()).toEqual([await signer()])
  })

  it('replaces a key that has expired', async () => {
    await begin()
    bench.ahead.ms = 400 * DAY
    expect(
      (await bench.json('token', 'mint', '--event', 'e', '--user', 'u', '--name', 'N')).data,
    ).toMatchObject({
      error: { code: 'key-expired' },
    })
    await ok('keys', 'reconcile')
    expect(verdict(await mint())).toBeNull()
    expect(remoteKids()).toHaveLength(1)
  })

  it('rotates in time although Kinescope goes on listing a deleted key, which it reports', async () => {
    const kid = await begin()
    await ok('keys', 'rotate', '--propagation', '0')
    bench.emulator.faults.add({ kind: 'status', status: 200, body: {}, method: 'DELETE', path: '/v1/jwk/*' })
    for (const days of [10, 250, 251, 400]) {
      bench.ahead.ms = days * DAY
      const { exit, data } = await bench.json('keys', 'reconcile')
      expect([exit, data]).toMatchObject([1, { refused: expect.arrayContaining([kid]) }])
    }
    expect(verdict(await mint())).toBeNull()
    bench.emulator.faults.clear()
    await ok('keys', 'reconcile')
    expect(remoteKids()).toEqual([await signer()])
  })

  it('reports a signing key that is deleted at Kinescope, and doesn’t register it again', async () => {
    const kid = await begin()
    bench.emulator.state.keys = []
    const { exit, data } = await bench.json('keys', 'reconcile')
    expect(exit).toBe(1)
    expect(data.missing).toEqual([kid])
    expect(remoteKids()).toEqual([])
    await ok('keys', 'register', kid)
    expect(verdict(await mint())).toBeNull()
  })

  it('deletes duplicate registrations of our keys, and no key of another tool', async () => {
    bench.emulator.state.variants.duplicateKid = 'creates-duplicate'
    const kid = await begin()
    const [mine] = bench.emulator.state.keys
    bench.emulator.state.keys.push(
      { ...mine!, id: 'jwk_second' },
      { ...mine!, id: 'jwk_other', kid: 'key-2024-12-25' },
    )
    await ok('keys', 'reconcile')
    expect(remoteKids().sort()).toEqual([kid, 'key-2024-12-25'].sort())
    expect(bench.emulator.state.keys.map(({ id }) => id)).toContain(mine!.id)
  })

  it('rebuilds a lost ring from the private keys and Kinescope’s list', async () => {
    const kid = await begin()
    rmSync(join(bench.keyDir, 'keyring.json'))
    await ok('keys', 'reconcile')
    expect(await signer()).toBe(kid)
    expect(remoteKids()).toEqual([kid])
  })

  it('does nothing in an empty directory', async () => {
    mkdirSync(bench.keyDir, { mode: 0o700 })
    expect(await ok('keys', 'reconcile')).toMatchObject({ actions: [], next: [] })
    expect(remoteKids()).toEqual([])
  })
})

describe('revoke', () => {
  it('deletes the key at once and signs with a new registered key', async () => {
    const kid = await begin()
    const token = await mint()
    await ok('keys', 'revoke', kid)
    expect(remoteKids()).toEqual([await signer()])
    expect(verdict(token)).toBe('key-not-registered')
    expect(verdict(await mint())).toBeNull()
    expect(readdirSync(bench.keyDir)).not.toContain(`${kid}.pem`)
  })

  it('signs with the spare if there is one', async () => {
    const kid = await begin()
    await ok('keys', 'generate')
    await ok('keys', 'register')
    await ok('keys', 'revoke', kid)
    expect(ring().keys).toHaveLength(2)
    expect(verdict(await mint())).toBeNull()
  })

  it('can be repeated, and keeps the new key', async () => {
    const kid = await begin()
    await ok('keys', 'revoke', kid)
    const next = await signer()
    await ok('keys', 'revoke', kid)
    expect(await signer()).toBe(next)
  })

  it('of a successor that doesn’t sign yet keeps the signing key', async () => {
    const kid = await begin()
    await ok('keys', 'rotate')
    const next = ring().keys[1]!.kid
    await ok('keys', 'revoke', next)
    bench.ahead.ms = DAY
    await ok('keys', 'reconcile')
    expect(await signer()).toBe(kid)
    expect(remoteKids()).toEqual([kid])
  })

  it('of a spare changes nothing in a rotation that is under way', async () => {
    await begin()
    await ok('keys', 'rotate')
    const spare = (await ok('keys', 'generate')) as unknown as { kid: string }
    await ok('keys', 'register', spare.kid)
    const before = ring().keys.slice(0, 2)
    await ok('keys', 'revoke', spare.kid)
    expect(ring().keys.slice(0, 2)).toEqual(before)
  })

  it('of scheduled keys lets the key before each go on until the next one starts', async () => {
    const old = await begin()
    await ok('keys', 'rotate')
    bench.ahead.ms = MINUTE
    await ok('keys', 'rotate', '--force')
    const [, one, two] = ring().keys
    await ok('keys', 'revoke', one!.kid)
    expect(ring().keys[0]).toMatchObject({
      kid: old,
      signUntil: two!.signFrom,
      removeAfter: one!.removeAfter,
    })
    await ok('keys', 'revoke', two!.kid)
    expect(ring().keys[0]).toMatchObject({ kid: old, signUntil: null, removeAfter: null })
  })

  it('starts a scheduled key at once, which still ends when the next one starts', async () => {
    const old = await begin()
    await ok('keys', 'rotate')
    bench.ahead.ms = MINUTE
    await ok('keys', 'rotate', '--force')
    const [, one, two] = ring().keys
    expect(await ok('keys', 'revoke', old)).toMatchObject({ signs: one!.kid })
    expect(ring().keys[1]).toMatchObject({ signUntil: two!.signFrom, removeAfter: one!.removeAfter })
    await ok('keys', 'revoke', two!.kid)
    expect(ring().keys[1]).toMatchObject({ kid: await signer(), signUntil: null, removeAfter: null })
  })

  it.each([0, 1])('of a key makes another, if the signing key can’t be loaded (key %i)', async (index) => {
    await begin()
    await ok('keys', 'rotate', '--propagation', '0')
    rmSync(join(bench.keyDir, ring().keys[1]!.file))
    bench.ahead.ms = MINUTE
    const { data } = await bench.json('keys', 'revoke', ring().keys[index]!.kid)
    expect(data).toMatchObject({ signs: await signer() })
    expect(verdict(await mint())).toBeNull()
  })

  it('reports that no key signs, also if the old key can’t be deleted', async () => {
    const kid = await begin()
    bench.emulator.faults.add({ kind: 'status', status: 500, path: '/v1/jwk' })
    const { data } = await bench.json('keys', 'revoke', kid)
    const { message, remediation } = (data as { error: { message: string; remediation: string } }).error
    expect(message).toContain('no key signs now')
    expect(remediation).toContain('keys reconcile')
  })

  it('never takes a key for deleted that Kinescope still lists, as after a proxy’s 200', async () => {
    const kid = await begin()
    bench.emulator.faults.add({ kind: 'status', status: 200, body: {}, method: 'DELETE', path: '/v1/jwk/*' })
    const { exit, data } = await bench.json('keys', 'revoke', kid)
    expect([exit, data]).toMatchObject([1, { revoked: [], refused: [kid], signs: await signer() }])
    const { actions } = data as Answer
    expect(actions.at(-1)).toMatchObject({ action: 'refused', what: kid, code: 'key-not-deleted' })
    expect(remoteKids()).toContain(kid)
    expect(await signer()).not.toBe(kid)
    expect(ring().keys.find((key) => key.kid === kid)).toMatchObject({ removedAt: null })
    bench.emulator.faults.clear()
    await ok('keys', 'revoke', kid)
    expect(remoteKids()).toEqual([await signer()])
  })

  it('deletes every other key, and registers a new one, though Kinescope goes on listing one', async () => {
    const kid = await begin()
    await ok('keys', 'generate')
    await ok('keys', 'register')
    const spare = ring().keys.at(-1)!.kid
    bench.emulator.state.variants.keyLimit = 2
    const id = bench.emulator.state.keys.find((key) => key.kid === kid)!.id
    bench.emulator.faults.add({
      kind: 'status',
      status: 200,
      body: {},
      method: 'DELETE',
      path: `/v1/jwk/${id}`,
    })
    const { exit, data } = await bench.json('keys', 'revoke', '--all')
    expect([exit, data]).toMatchObject([1, { revoked: [spare], refused: [kid], signs: await signer() }])
    expect(remoteKids()).toEqual([kid, await signer()])
    expect(verdict(await mint())).toBeNull()
  })

  it('--all replaces every key', async () => {
    await begin()
    await ok('keys', 'generate')
    await ok('keys', 'register')
    const before = remoteKids()
    await ok('keys', 'revoke', '--all')
    expect(remoteKids()).toHaveLength(1)
    expect(before).not.toContain(remoteKids()[0])
    expect(verdict(await mint())).toBeNull()
  })

  it('still deletes the leaked key if the account has no room for another key', async () => {
    const kid = await begin()
    bench.emulator.state.variants.keyLimit = 1
    await ok('keys', 'revoke', kid)
    expect(remoteKids()).toEqual([await signer()])
    expect(remoteKids()).not.toContain(kid)
  })

  it('stops signing with the leaked key even if Kinescope is unreachable, and reports that', async () => {
    const kid = await begin()
    bench.emulator.faults.add({ kind: 'status', status: 500, path: '/v1/jwk' })
    expect((await bench.json('keys', 'revoke', kid)).exit).toBe(1)
    expect(await ok('keys', 'show', kid).catch(() => null)).toBeNull() // the list fails too
    delete bench.env['KINESCOPE_API_TOKEN']
    expect(await signer()).toBeUndefined()
    bench.env['KINESCOPE_API_TOKEN'] = bench.emulator.apiToken
    bench.emulator.faults.clear()
    await ok('keys', 'reconcile')
    expect(remoteKids()).toEqual([await signer()])
    expect(remoteKids()).not.toContain(kid)
  })

  it('rejects a kid of another tool', async () => {
    await begin()
    bench.emulator.state.keys.push({ ...bench.emulator.state.keys[0]!, id: 'jwk_x', kid: 'theirs' })
    expect(await bench.json('keys', 'revoke', 'theirs')).toMatchObject({
      exit: 1,
      data: { error: { code: 'key-unknown' } },
    })
    expect(remoteKids()).toContain('theirs')
  })
})

describe('--by-hand', () => {
  it('reports neither a deletion at Kinescope nor invalid tokens before the request is sent', async () => {
    const kid = await begin()
    const { exit, stdout } = await bench.kc('keys', 'revoke', kid, '--by-hand')
    expect(exit).toBe(0)
    expect(stdout).toContain(`${kid} is deleted here`)
    expect(stdout).not.toMatch(/at Kinescope and here|are invalid\./)
    expect(stdout.replace(/\s+/g, ' ')).toContain(
      `signed with ${kid} are invalid once the DELETE request is sent`,
    )
    expect(remoteKids()).toContain(kid)
  })

  it('prints the requests, needs no API token, and the key signs from then on', async () => {
    delete bench.env['KINESCOPE_API_TOKEN']
    await ok('keys', 'generate')
    const { actions } = await ok('keys', 'register', '--by-hand')
    const { request } = actions.find(({ action }) => action === 'by-hand')!
    expect(request).toMatchObject({ method: 'POST', url: `${bench.env['KINESCOPE_API_URL']}/v1/jwk` })
    expect(Object.keys(request.body)).toHaveLength(7)
    const made = await fetch(request.url, {
      method: 'POST',
      headers: { authorization: `Bearer ${bench.emulator.apiToken}`, 'content-type': 'application/json' },
      body: JSON.stringify(request.body),
    })
    expect(made.status).toBe(200)
    expect(verdict(await mint())).toBeNull()

    // once the API token is back, reconcile reads the id from the list
    bench.env['KINESCOPE_API_TOKEN'] = bench.emulator.apiToken
    await ok('keys', 'reconcile')
    expect(ring().keys[0]!.remoteId).toBe(bench.emulator.state.keys[0]!.id)
  })

  it('prints complete curl commands without a secret', async () => {
    await ok('keys', 'generate')
    const { stdout } = await bench.kc('keys', 'register', '--by-hand')
    expect(stdout).toContain('curl --request POST')
    expect(stdout).toContain('$KINESCOPE_API_TOKEN')
    expect(stdout).not.toContain(bench.emulator.apiToken)
  })

  it.each([null, "it's"])('prints a command that a shell runs as it is, for the kid %s', async (kid) => {
    const file = join(bench.folder, 'other.pem')
    writeFileSync(file, makeKey().pem, { mode: 0o600 })
    if (kid === null) await ok('keys', 'generate')
    const adopted = kid === null ? [] : ['--adopt', file, '--kid', kid]
    const { stdout } = await bench.kc('keys', 'register', ...adopted, '--by-hand')
    const [command] = /^ {2}curl [\s\S]*?\n\n/m.exec(stdout)!
    await promisify(execFile)('sh', ['-c', command], {
      env: { PATH: process.env['PATH']!, KINESCOPE_API_TOKEN: bench.emulator.apiToken },
    })
    expect(bench.emulator.state.keys.map((key) => key.kid)).toEqual([ring().keys[0]!.kid])
  })

  it('prints one request for each key, and again only if the key is named', async () => {
    const kid = await begin()
    await ok('keys', 'generate')
    const asked = async (...argv: string[]) =>
      (await ok('keys', ...argv, '--by-hand')).actions.filter(({ action }) => action === 'by-hand').length
    expect(await asked('register')).toBe(1)
    expect(await asked('register')).toBe(0)
    expect(await asked('rotate')).toBe(0)
    expect(ring().keys[0]!.remoteId).not.toBeNull()
    expect(await asked('register', kid)).toBe(1)
  })

  it('rotates and removes too', async () => {
    delete bench.env['KINESCOPE_API_TOKEN']
    await ok('keys', 'generate')
    await ok('keys', 'register', '--by-hand')
    await ok('keys', 'rotate', '--by-hand', '--propagation', '0')
    bench.ahead.ms = DAY
    const { actions } = await ok('keys', 'reconcile', '--by-hand')
    expect(actions).toContainEqual(
      expect.objectContaining({ action: 'by-hand', request: expect.objectContaining({ method: 'DELETE' }) }),
    )
    expect(ring().keys[0]!.removedAt).not.toBeNull()
  })
})

describe('a key of another tool', () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const file = () => join(bench.folder, 'other.pem')

  it('is adopted under its registered kid, and its registration is found', async () => {
    writeFileSync(file(), privateKey.export({ type: 'pkcs1', format: 'pem' }))
    const publicJwk = createPublicKey(privateKey).export({ format: 'jwk' }) as {
      kty: 'RSA'
      n: string
      e: string
    }
    const [createdAt, expiresAt] = ['2024-12-25T10:00:00Z', '2030-12-31T23:59:59Z']
    bench.emulator.state.keys.push({
      id: 'jwk_1',
      kid: 'key-2024-12-25',
      alg: 'RS256',
      createdAt,
      expiresAt,
      publicJwk,
    })
    await ok('keys', 'register', '--adopt', file(), '--kid', 'key-2024-12-25')
    expect(remoteKids()).toEqual(['key-2024-12-25'])
    expect(ring().keys[0]).toMatchObject({ kid: 'key-2024-12-25', remoteId: 'jwk_1', expiresAt })
    expect(verdict(await mint())).toBeNull()
    await ok('keys', 'register', '--adopt', file(), '--kid', 'key-2024-12-25')
    expect(ring().keys).toHaveLength(1)
  })

  it('is adopted under a new kid if it has none', async () => {
    writeFileSync(file(), privateKey.export({ type: 'pkcs8', format: 'pem' }))
    await ok('keys', 'register', '--adopt', file())
    expect(verdict(await mint())).toBeNull()
  })

  it.each([
    ['with a space', 'my key 2026'],
    ['that is too long', 'k'.repeat(201)],
    ['that is not ASCII', 'ключ'],
    ['of ours for another key', '20260101-abcdefghijklmnop'],
  ])('is not adopted under a kid %s, by --kid or by its JWK', async (_what, kid) => {
    for (const given of ['--kid', 'JWK']) {
      const jwk = privateKey.export({ format: 'jwk' })
      writeFileSync(file(), JSON.stringify(given === 'JWK' ? { ...jwk, kid } : jwk))
      const flags = given === 'JWK' ? [] : ['--kid', kid]
      const { exit, data } = await bench.json('keys', 'register', '--adopt', file(), ...flags)
      expect([exit, data.error.code]).toEqual([1, 'kid-invalid'])
      expect(data.error.message).toContain(given)
      expect(data.error.remediation).toContain('200 ASCII characters')
    }
    expect(remoteKids()).toEqual([])
    expect((await bench.json('keys', 'list')).data.keys).toEqual([])
  })

  it('is refused at 1024 bits', async () => {
    const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey
    writeFileSync(file(), small.export({ type: 'pkcs8', format: 'pem' }))
    const { exit, data } = await bench.json('keys', 'register', '--adopt', file())
    expect([exit, data.error.code]).toEqual([1, 'private-key-too-small'])
    expect(remoteKids()).toEqual([])
  })

  it('is not changed unless it is adopted', async () => {
    await begin()
    writeFileSync(join(bench.keyDir, 'tls.pem'), 'somebody else’s')
    await ok('keys', 'reconcile')
    expect(readFileSync(join(bench.keyDir, 'tls.pem'), 'utf8')).toBe('somebody else’s')
  })
})

describe('an encrypted ring', () => {
  it.each([
    ['another passphrase', 'private-key-passphrase', 'another long passphrase'],
    ['no passphrase', 'private-key-encrypted', undefined],
  ])('gets no key under %s, which servers couldn’t read', async (_what, code, wrong) => {
    bench.env['CHAT_KEY_PASSPHRASE'] = 'a long enough passphrase'
    const kid = await begin()
    const before = JSON.stringify([ring(), remoteKids()])
    const adopted = join(bench.folder, 'adopted.pem')
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    writeFileSync(adopted, privateKey.export({ type: 'pkcs8', format: 'pem' }))
    if (wrong === undefined) delete bench.env['CHAT_KEY_PASSPHRASE']
    else bench.env['CHAT_KEY_PASSPHRASE'] = wrong
    for (const argv of [
      ['generate'],
      ['rotate'],
      ['revoke', kid],
      ['revoke', '--all'],
      ['register', '--adopt', adopted],
    ]) {
      const { exit, data } = await bench.json('keys', ...argv)
      expect([argv, exit, data.error?.code]).toEqual([argv, 1, code])
      if (argv[0] !== 'revoke') continue
      expect(data.error.message).toContain(`${kid} is not revoked`)
      expect(data.error.remediation).toContain(
        `delete the leaked key first: \`curl --request DELETE ${bench.emulator.url}/v1/jwk/ID`,
      )
    }
    expect(JSON.stringify([ring(), remoteKids()])).toBe(before)
    bench.ahead.ms = 300 * DAY
    expect((await bench.json('keys', 'reconcile')).exit).toBe(1)
    expect(JSON.stringify([ring(), remoteKids()])).toBe(before)
  })

  it('works with its passphrase from a file, and the error without it has a code', async () => {
    const passphrase = join(bench.folder, 'passphrase')
    writeFileSync(passphrase, 'a long enough passphrase\n')
    bench.env['CHAT_KEY_PASSPHRASE_FILE'] = passphrase
    const kid = await begin()
    expect(readFileSync(join(bench.keyDir, `${kid}.pem`), 'utf8')).toContain('ENCRYPTED PRIVATE KEY')
    expect(verdict(await mint())).toBeNull()
    delete bench.env['CHAT_KEY_PASSPHRASE_FILE']
    const { data } = await bench.json('token', 'mint', '--event', 'e', '--user', 'u', '--name', 'N')
    expect(data).toMatchObject({ error: { code: 'private-key-encrypted' } })
  })
})

describe('every variant of the API', () => {
  it.each<Partial<Variants>>([
    { keyEnvelope: 'data', createStatus: 201 },
    { keyList: 'bare', keyFields: 'full' },
    { keyList: 'keys', deleteAnswer: 'empty' },
    { keyList: 'paged', keyIdForm: 'uuid' },
    { keyListShows: 'active', duplicateKid: '409' },
    { extraKeyMembers: 'refused', duplicateKid: 'creates-duplicate' },
  ])('is supported: %o', async (variants) => {
    Object.assign(bench.emulator.state.variants, variants)
    // eleven keys of other tools move ours to a second page
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const publicJwk = createPublicKey(privateKey).export({ format: 'jwk' }) as {
      kty: 'RSA'
      n: string
      e: string
    }
    const [createdAt, expiresAt] = ['2024-12-25T10:00:00Z', '2030-12-31T23:59:59Z']
    for (let index = 0; index < 11; index += 1) {
      const id = `00000000-0000-4000-8000-0000000000${10 + index}`
      bench.emulator.state.keys.push({
        id,
        kid: `other-${index}`,
        alg: 'RS256',
        createdAt,
        expiresAt,
        publicJwk,
      })
    }
    await begin()
    await ok('keys', 'rotate', '--propagation', '0')
    bench.ahead.ms = DAY
    await ok('keys', 'reconcile')
    await ok('keys', 'revoke', (await signer())!)
    expect(remoteKids()).toHaveLength(12)
    expect(remoteKids()).toContain(await signer())
    expect(verdict(await mint())).toBeNull()
  })
})

it('a ring of one API is rejected for another API', async () => {
  await begin()
  bench.env['KINESCOPE_API_URL'] = 'http://127.0.0.1:1'
  expect(await bench.json('keys', 'rotate')).toMatchObject({
    exit: 1,
    data: { error: { code: 'key-ring-elsewhere' } },
  })
})

it.each([
  ['not JSON', '{'],
  ['another version', '{"version":2}'],
  ['a path for a file name', null],
])('rejects a damaged ring (%s) and changes nothing', async (_what, text) => {
  await begin()
  const path = join(bench.keyDir, 'keyring.json')
  const damaged =
    text ?? readFileSync(path, 'utf8').replace(/"file": "[^"]+"/, '"file": "../../etc/passwd.pem"')
  writeFileSync(path, damaged)
  const { exit, data } = await bench.json('keys', 'reconcile')
  expect([exit, data.error.code]).toEqual([1, 'key-ring-damaged'])
  expect(readFileSync(path, 'utf8')).toBe(damaged)
  expect(readdirSync(bench.keyDir)).toHaveLength(2)
})
