import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SEED } from '../../../../demo/emulator/seed-events.js'
import type { KeyRing } from '../../src/keys/key-ring.js'
import { run } from '../../src/cli/run.js'
import { runWithDeadline, waitUntil } from '../../src/cli/command.js'
import { listen } from '../running-server.js'
import { workbench, type Workbench } from './workbench.js'

let bench: Workbench
beforeEach(async () => {
  bench = await workbench()
})
afterEach(() => bench.close())

/** A proxy of the API. It hangs at the requests for which `hangs` returns true, until `fix` is called. */
async function hangingApi(hangs: (method: string, count: number) => boolean) {
  const counts: Record<string, number> = {}
  let isFixed = false
  const upstream = bench.env['KINESCOPE_API_URL']!
  let reached: () => void
  const hanging = new Promise<void>((resolve) => (reached = resolve))
  const host = await listen((request, response) => {
    const { method = 'GET', url = '/', headers } = request
    counts[method] = (counts[method] ?? 0) + 1
    if (!isFixed && hangs(method, counts[method])) return reached()
    const body: Buffer[] = []
    request.on('data', (chunk: Buffer) => body.push(chunk))
    request.on('end', () => {
      void fetch(upstream + url, {
        method,
        headers: { authorization: headers.authorization!, 'content-type': 'application/json' },
        ...(body.length > 0 ? { body: Buffer.concat(body) } : {}),
      }).then(async (answer) => response.writeHead(answer.status).end(await answer.text()))
    })
  })
  bench.env['KINESCOPE_API_URL'] = host.url
  return { hanging, fix: () => (isFixed = true), ...host }
}

/** Runs a command and interrupts it when `when` resolves. */
async function interrupted(when: Promise<void>, ...argv: string[]) {
  const stop = new AbortController()
  void when.then(() => stop.abort())
  const out = { stdout: '', stderr: '' }
  const exit = await run(argv, {
    env: bench.env,
    stdout: { write: (text) => (out.stdout += text) },
    stderr: { write: (text) => (out.stderr += text) },
    now: bench.now,
    interrupt: stop.signal,
  })
  return { exit, ...out }
}

const ring = () => JSON.parse(readFileSync(join(bench.keyDir, 'keyring.json'), 'utf8')) as KeyRing
const locked = () => existsSync(join(bench.keyDir, '.lock'))

describe('an API that hangs, and Ctrl-C', () => {
  it.each<[string, string[], (method: string, count: number) => boolean]>([
    ['register', ['keys', 'register'], (method) => method === 'POST'],
    ['rotate, before anything', ['keys', 'rotate'], () => true],
    ['rotate, at the POST', ['keys', 'rotate'], (method) => method === 'POST'],
    ['rotate, after the POST', ['keys', 'rotate'], (method, count) => method === 'GET' && count > 1],
    ['reconcile', ['keys', 'reconcile'], () => true],
    ['setup', ['setup', '--event', SEED.live.id], (method) => method === 'POST'],
  ])(
    '%s: the command ends at once, says so and releases the lock, and the next run continues',
    async (_what, argv, hangs) => {
      const api = await hangingApi(hangs)
      await bench.kc('keys', 'generate')
      const { exit, stdout } = await interrupted(api.hanging, ...argv, '--json')
      const { error } = JSON.parse(stdout) as { error: { code: string; remediation: string } }
      expect([exit, error.code]).toEqual([1, 'interrupted'])
      expect(error.remediation).toBeTruthy()
      expect(locked()).toBe(false)
      api.fix()
      expect((await bench.kc('keys', 'register')).exit).toBe(0)
      const kids = bench.emulator.state.keys.map(({ kid }) => kid)
      expect(kids).toEqual([ring().keys[0]!.kid])
      await api.close()
    },
  )

  it('reports the completed actions', async () => {
    const api = await hangingApi((method) => method === 'POST')
    mkdirSync(bench.keyDir, { mode: 0o700 })
    const { stdout } = await interrupted(api.hanging, 'keys', 'rotate', '--json')
    const { actions } = JSON.parse(stdout) as { actions: { action: string }[] }
    expect(actions.map(({ action }) => action)).toEqual(['generating', 'generated', 'registering'])
    await api.close()
  })

  it('revoke: the old key keeps signing if the new one is not yet registered', async () => {
    const api = await hangingApi((method, count) => method === 'POST' && count > 1)
    await bench.kc('keys', 'generate')
    await bench.kc('keys', 'register')
    const { kid } = ring().keys[0]!
    const { exit } = await interrupted(api.hanging, 'keys', 'revoke', kid, '--yes')
    expect(exit).toBe(1)
    expect(ring().keys[0]).toMatchObject({ kid, revokedAt: null })
    expect((await bench.kc('token', 'mint', '--event', 'e', '--user', 'u', '--name', 'N')).exit).toBe(0)
    await api.close()
  })
})

describe('work that hangs', () => {
  it('is aborted after its time, and the abort’s own error replaces the error of the work', async () => {
    const hangs = (signal: AbortSignal) =>
      new Promise<never>((_, reject) =>
        signal.addEventListener('abort', () => reject(new Error('something else'))),
      )
    await expect(runWithDeadline({}, hangs, 5)).rejects.toMatchObject({ code: 'gave-up' })
  })

  it('succeeds if it completes after the abort', async () => {
    const finishes = (signal: AbortSignal) =>
      new Promise<string>((resolve) => signal.addEventListener('abort', () => resolve('done')))
    await expect(runWithDeadline({}, finishes, 5)).resolves.toBe('done')
  })

  it('leaves no listener behind', async () => {
    const before = process.listenerCount('SIGINT')
    await runWithDeadline({}, () => Promise.resolve())
    await runWithDeadline({}, () => Promise.reject(new Error('x'))).catch(() => undefined)
    expect(process.listenerCount('SIGINT')).toBe(before)
  })

  it('ends a pending wait when it is aborted', async () => {
    const stop = new AbortController()
    const waiting = waitUntil(() => new Promise(() => undefined), stop.signal)(1e9)
    stop.abort(new Error('over'))
    await expect(waiting).rejects.toThrow('over')
    await expect(waitUntil(() => Promise.resolve(), stop.signal)(1)).rejects.toThrow('over')
  })
})
