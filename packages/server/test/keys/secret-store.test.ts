import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { testsAll } from '../../../../scripts/test-tier.js'
import { SEED } from '../../../../demo/emulator/seed-events.js'
import { verifyChatToken } from '../../../../demo/emulator/verify-chat-token.js'
import { secretApi } from '../../src/keys/store/secret-api.js'
import { ringKeySource } from '../../src/keys/source/ring-key-source.js'
import { workbench, type Workbench } from '../cli/workbench.js'
import { secretsIn } from '../secrets.js'
import { Cluster } from './cluster.js'
import { takeKeysFrom } from './crash-points.mjs'
import { pemPool, poolFolder } from './key-pool.js'

const DAY = 86_400_000
const SECRET = { namespace: 'chat', name: 'chat-keys' }
const pems = pemPool(8)

let cluster: Cluster
let bench: Workbench
let giveBack: () => void
beforeAll(async () => {
  // a large module, loaded before a command's deadline starts
  await import('@kubernetes/client-node')
  cluster = new Cluster()
  await cluster.listen()
})
afterAll(() => cluster.close())
beforeEach(async () => {
  vi.stubEnv('KUBECONFIG', cluster.kubeconfig)
  bench = await workbench()
  delete bench.env['CHAT_KEY_DIR']
  bench.env['CHAT_KEY_SECRET'] = 'chat/chat-keys'
  giveBack = takeKeysFrom(poolFolder(`${bench.folder}/pool`, pems))
  cluster.put(undefined)
  cluster.allowed = ['get', 'update']
  cluster.onStep = () => undefined
  cluster.intercept = () => null
})
afterEach(async () => {
  giveBack()
  vi.unstubAllEnvs()
  await bench.close()
})

const outputs: string[] = []
const kc = async (...argv: string[]) => {
  const { exit, stdout, stderr } = await bench.kc(...argv, '--json')
  outputs.push(stdout, stderr)
  return { exit, data: JSON.parse(stdout) as Record<string, any> } // oxlint-disable-line typescript/no-explicit-any
}
const good = async (...argv: string[]) => {
  const { exit, data } = await kc(...argv)
  expect(exit, JSON.stringify(data)).toBe(0)
  return data
}
const remoteKids = () => bench.emulator.state.keys.map(({ kid }) => kid)
const signer = async () =>
  ((await good('keys', 'list'))['keys'] as { kid: string; signs: boolean }[]).find(({ signs }) => signs)?.kid
const verdict = async () => {
  const { data } = await kc('token', 'mint', '--event', SEED.live.id, '--user', 'u', '--name', 'N')
  const { code } = verifyChatToken(bench.emulator.state, data['token'], SEED.live, SEED.live.id, bench.now())
  outputs.length = outputs.length - 2 // the only output that contains a token on purpose
  return code
}
/** Expects the private half of every own key at Kinescope in the Secret, once. */
const expectAccounted = () => {
  const kids = remoteKids()
  expect(new Set(kids).size).toBe(kids.length)
  const { keys } = cluster.ring()
  for (const kid of kids) {
    const key = keys.find((known) => known.kid === kid)
    expect(cluster.secret!.data).toHaveProperty([key!.file])
  }
}

describe('a key ring in a Secret', () => {
  it('supports generate, register, rotate, reconcile and revoke, with a valid token throughout', async () => {
    await good('keys', 'generate')
    await good('keys', 'register')
    expect(await verdict()).toBeNull()
    const first = (await signer())!
    await good('keys', 'rotate')
    bench.ahead.ms = DAY
    expect(await verdict()).toBeNull()
    await good('keys', 'reconcile')
    const second = (await signer())!
    expect(second).not.toBe(first)
    expect(remoteKids()).toEqual([second])
    await good('keys', 'revoke', second)
    expect(remoteKids()).toEqual([await signer()])
    expect(await verdict()).toBeNull()
    expect(Object.keys(cluster.secret!.data!).filter((name) => name.endsWith('.pem'))).toHaveLength(1)
    await good('keys', 'show', (await signer())!)
    expectAccounted()
  })

  it('--dry-run: each verb prints its plan, and writes neither to the Secret nor to Kinescope', async () => {
    await good('keys', 'generate')
    await good('keys', 'register')
    const kid = (await signer())!
    const before = [cluster.writes, structuredClone(cluster.secret), remoteKids()]
    for (const argv of [
      ['register'],
      ['register', kid],
      ['rotate'],
      ['rotate', '--by-hand'],
      ['reconcile'],
      ['revoke', kid],
      ['revoke', '--all'],
    ]) {
      expect((await good('keys', ...argv, '--dry-run'))['dryRun']).toBe(true)
      expect([cluster.writes, cluster.secret, remoteKids()], argv.join(' ')).toEqual(before)
    }
    // without a Secret, each verb reports that
    cluster.secret = null
    for (const verb of ['register', 'rotate', 'reconcile', 'revoke --all', 'list']) {
      const { exit, data } = await kc('keys', ...verb.split(' '), ...(verb === 'list' ? [] : ['--dry-run']))
      expect([verb, exit, data['error'].code]).toEqual([verb, 1, 'key-secret-missing'])
    }
  })

  it('is written only if an action is due', async () => {
    await good('keys', 'generate')
    await good('keys', 'register')
    const { writes, secret } = cluster
    for (const verb of ['reconcile', 'list']) await good('keys', verb)
    expect([cluster.writes, cluster.secret]).toEqual([writes, secret])
    expect(secret!.metadata.annotations).toEqual({})
  })

  it('is created if it is missing and the account may, else the error has a code', async () => {
    cluster.secret = null
    expect(await kc('keys', 'generate')).toMatchObject({
      exit: 1,
      data: { error: { code: 'key-secret-forbidden' } },
    })
    cluster.allowed = ['get', 'update', 'create']
    await good('keys', 'generate')
    expect(cluster.ring().keys).toHaveLength(1)
  })

  it.each<[string, (typeof cluster)['allowed'], string]>([
    ['read', ['update'], 'list'],
    ['write', ['get'], 'generate'],
  ])('names the missing permission to %s it', async (_what, allowed, verb) => {
    cluster.allowed = allowed
    const { exit, data } = await kc('keys', verb)
    expect([exit, data['error'].code]).toEqual([1, 'key-secret-forbidden'])
  })

  it('is not changed if another process has written meanwhile: 409, and no change at Kinescope', async () => {
    cluster.onStep = (step) => {
      if (step === 'ask update') cluster.put(cluster.secret!.data)
    }
    expect(await kc('keys', 'generate')).toMatchObject({ exit: 1, data: { error: { code: 'keys-busy' } } })
    expect(cluster.secret!.data).toBeUndefined()
    cluster.onStep = () => undefined
    await good('keys', 'generate')
    cluster.onStep = (step) => {
      if (step === 'ask update') cluster.put(cluster.secret!.data)
    }
    expect((await kc('keys', 'register')).exit).toBe(1)
    expect(remoteKids()).toEqual([])
  })

  it('has one more key, not two, after two concurrent jobs', async () => {
    await good('keys', 'generate')
    await good('keys', 'register')
    bench.ahead.ms = 250 * DAY
    const runs = await Promise.all([kc('keys', 'reconcile'), kc('keys', 'reconcile')])
    expect(runs.map(({ exit }) => exit)).toContain(0)
    for (const { exit, data } of runs) if (exit !== 0) expect(data['error'].code).toBe('keys-busy')
    expect(remoteKids()).toHaveLength(2)
    expectAccounted()
  })

  it('reports an unknown private key in the Secret, and never signs with it', async () => {
    await good('keys', 'generate')
    await good('keys', 'register')
    const kid = await signer()
    const name = '20991231-AAAAAAAAAAAAAAAA.pem'
    const unknownKey = Buffer.from(pems[7]!).toString('base64')
    cluster.put({ ...cluster.secret!.data, [name]: unknownKey })
    bench.ahead.ms = 250 * DAY
    const { exit, data } = await kc('keys', 'reconcile')
    expect([exit, data['refused']]).toEqual([1, [name]])
    expect(remoteKids().some((known) => known.startsWith('2099'))).toBe(false)
    expect(cluster.secret!.data).toHaveProperty([name])
    expect(cluster.ring().keys[0]!.kid).toBe(kid)
  })
})

describe('a job that dies at any request, to the cluster or to Kinescope', () => {
  it.each(testsAll ? ['register', 'rotate', 'revoke', 'reconcile'] : ['rotate'])(
    '%s: the next job finishes the work',
    async (verb) => {
      const begin = async () => {
        cluster.onStep = () => undefined
        cluster.put(undefined)
        bench.emulator.state.keys = []
        giveBack()
        giveBack = takeKeysFrom(poolFolder(`${bench.folder}/pool-${cluster.requests}`, pems))
        bench.ahead.ms = 0
        await good('keys', 'generate')
        if (verb === 'register') return []
        await good('keys', 'register')
        const kid = await signer()
        if (verb === 'reconcile') bench.ahead.ms = 250 * DAY
        return verb === 'revoke' ? [kid!] : []
      }
      const real = globalThis.fetch
      let left = Infinity
      const step = () => {
        if (--left < 0) throw new Error('dead')
      }
      for (let at = 0; ; at += 1) {
        const args = await begin()
        left = at
        cluster.onStep = step
        globalThis.fetch = async (address, init) => {
          step()
          const response = await real(address, init)
          step()
          return response
        }
        const { exit } = await bench.kc('keys', verb, ...args)
        const finished = left >= 0
        left = Infinity
        globalThis.fetch = real
        expectAccounted()
        if (verb !== 'register') expect(await verdict()).toBeNull()
        if (finished) {
          expect(exit).toBe(0)
          expect(at).toBeGreaterThan(8)
          break
        }
        await good('keys', verb, ...args)
        expectAccounted()
        expect(remoteKids()).toHaveLength(verb === 'register' || verb === 'revoke' ? 1 : 2)
        expect(await verdict()).toBeNull()
        expect(cluster.secret!.metadata.annotations).toEqual({})
      }
    },
    120_000,
  )
})

describe('a failing cluster', () => {
  it('with a conflict at every write: each verb ends soon, and changes nothing at Kinescope', async () => {
    await good('keys', 'generate')
    await good('keys', 'register')
    await good('keys', 'generate')
    const before = [remoteKids(), cluster.ring()]
    cluster.onStep = (step) => {
      const { data, metadata } = cluster.secret!
      if (step === 'ask update') cluster.put(data, metadata.annotations)
    }
    for (const verb of ['register', 'rotate', 'revoke --all', 'generate']) {
      const asked = cluster.requests
      const { exit, data } = await kc('keys', ...verb.split(' '))
      expect([verb, exit, data['error'].code]).toEqual([verb, 1, 'keys-busy'])
      expect(cluster.requests - asked).toBeLessThan(10)
    }
    cluster.onStep = () => undefined
    expect([remoteKids(), cluster.ring()]).toEqual(before)
    await good('keys', 'register')
  })

  it.each<[string, unknown]>([
    ['no base64', '%%%'],
    ['another text', Buffer.from('hello').toString('base64')],
    ['a number', 5],
    ['nothing', ''],
    ['an object', {}],
  ])('with a ring that is %s: every verb rejects it, and none overwrites it', async (_what, value) => {
    await good('keys', 'generate')
    await good('keys', 'register')
    cluster.put({ ...cluster.secret!.data, 'keyring.json': value as string })
    const before = [structuredClone(cluster.secret), remoteKids()]
    for (const verb of ['list', 'generate', 'register', 'rotate', 'reconcile', 'revoke --all']) {
      const { exit, data } = await kc('keys', ...verb.split(' '))
      expect([verb, exit, data['error'].code]).toEqual([verb, 1, 'key-ring-damaged'])
    }
    expect([cluster.secret, remoteKids()]).toEqual(before)
  })

  it('with a hanging credential program: a call ends at its timeout', async () => {
    const config = JSON.parse(readFileSync(cluster.kubeconfig, 'utf8')) as { users: { user: object }[] }
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: 'sleep', args: ['5'] }
    config.users[0]!.user = { exec }
    const path = `${bench.folder}/kubeconfig`
    writeFileSync(path, JSON.stringify(config))
    vi.stubEnv('KUBECONFIG', path)
    const begun = performance.now()
    await expect(secretApi(SECRET, 200).read()).rejects.toMatchObject({ code: 'key-secret-unreachable' })
    expect(performance.now() - begun).toBeLessThan(4000)
  })
})

describe('a proxy before the cluster', () => {
  const json = (value: unknown) => ({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(value),
  })
  const echo = () =>
    json({
      kind: 'Secret',
      metadata: { name: 'chat-keys', namespace: 'chat', resourceVersion: '999' },
      data: {},
    })

  it.each<[string, () => { status: number; headers: Record<string, string>; body: string }]>([
    [
      'a sign-in page',
      () => ({ status: 200, headers: { 'content-type': 'text/html' }, body: '<html>Sign in' }),
    ],
    ['{}', () => json({})],
    ['null', () => json(null)],
    ['another kind of object', () => json({ kind: 'Status', status: 'Success' })],
    ['another Secret', () => json({ metadata: { name: 'other', namespace: 'chat', resourceVersion: '1' } })],
    ['a Secret that was never stored', echo],
    ['201 without a body', () => ({ status: 201, headers: {}, body: '' })],
    ['more than a Secret can hold', () => json({ filler: 'x'.repeat(5 * 1_048_576) })],
  ])(
    'that responds to a write with %s: the key does not count as stored, and is not registered',
    async (_what, raw) => {
      cluster.intercept = (verb) => (verb === 'get' ? null : raw())
      const before = remoteKids()
      for (const argv of [
        ['keys', 'generate'],
        ['setup', '--event', SEED.live.id],
      ]) {
        const { exit, data } = await kc(...argv)
        expect([argv, exit, data['error'].code]).toEqual([
          argv,
          1,
          expect.stringMatching(/^key-secret-unavailable$|^keys-busy$/),
        ])
      }
      expect(remoteKids()).toEqual(before)
      expect(cluster.secret!.data).toBeUndefined()
    },
  )

  it('that responds to a read with a page or {}: the response never counts as an empty ring', async () => {
    await good('keys', 'generate')
    for (const raw of [json({}), { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' }]) {
      cluster.intercept = () => raw
      const { exit, data } = await kc('keys', 'list')
      expect([exit, data['error'].code]).toEqual([1, 'key-secret-unavailable'])
    }
  })

  it.each([301, 302, 303, 307, 308])(
    'that redirects (%i): the keys and the account’s token are not sent to the new address',
    async (status) => {
      const received: string[] = []
      const elsewhere = createServer((request, response) => {
        received.push(request.url ?? '')
        response.end('{}')
      })
      await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve))
      const { port } = elsewhere.address() as AddressInfo
      const location = `http://127.0.0.1:${port}/stolen`
      for (const verbs of [['update'], ['get', 'update']]) {
        cluster.intercept = (verb) =>
          verbs.includes(verb) ? { status, headers: { location }, body: '' } : null
        const { exit, data } = await kc('keys', 'generate')
        expect([exit, data['error'].code]).toEqual([1, 'key-secret-unavailable'])
      }
      await new Promise((resolve) => elsewhere.close(resolve))
      expect(received).toEqual([])
    },
  )
})

describe('a server on a Secret', () => {
  it('keeps signing if the Secret is deleted, and reports that', async () => {
    await good('keys', 'generate')
    await good('keys', 'register')
    const kid = await signer()
    const source = await ringKeySource({ secret: SECRET, pollMs: DAY })
    cluster.secret = null
    await source.reload()
    expect(source.notes().map(({ code }) => code)).toEqual(['key-ring-stale'])
    expect(source.current(Date.now())).toMatchObject({ key: { kid } })
    source.close()
  })

  it('reloads a changed Secret, and keeps its last state while the cluster is unreachable', async () => {
    await good('keys', 'generate')
    await good('keys', 'register')
    const source = await ringKeySource({ secret: SECRET, pollMs: 3_600_000, now: bench.now })
    const kid = () => {
      const choice = source.current(bench.now())
      return 'key' in choice ? choice.key.kid : choice.problem
    }
    const first = kid()
    expect(first).toBe(await signer())
    await good('keys', 'revoke', first)
    await source.reload()
    expect(kid()).toBe(await signer())
    cluster.allowed = []
    await source.reload()
    expect(source.notes().map(({ code }) => code)).toEqual(['key-ring-stale'])
    expect(kid()).not.toBe('key-unavailable')
    cluster.allowed = ['get']
    await source.reload()
    expect(source.notes()).toEqual([])
    source.close()
  })

  it('waits for a response no longer than the timeout', async () => {
    cluster.onStep = () => new Promise(() => undefined)
    const api = secretApi(SECRET, 200)
    await expect(api.read()).rejects.toMatchObject({ code: 'key-secret-unreachable' })
    await expect(api.read(AbortSignal.abort())).rejects.toMatchObject({ code: 'key-secret-unreachable' })
  })
})

it('no command prints a secret', () => {
  expect(outputs.length).toBeGreaterThan(50)
  expect(secretsIn(outputs.join('\n'))).toEqual([])
})
