import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ProblemReply } from 'kinescope-chat/contract'
import { DEADLINE_MS, RequestDeadline, SigningQueue } from '../../src/endpoint/admission.js'
import type { TokenEndpointOptions } from '../../src/endpoint/handler.js'
import type { SigningKey } from '../../src/token/signing-key.js'
import { endpointWith, makeSigningKey, tokenCall } from './callee.js'

let key: SigningKey
beforeAll(async () => {
  key = await makeSigningKey()
})
const never = () => new Promise<never>(() => undefined)
/** A signer that doesn't respond, such as a vault or a failed disk. */
const hungQueue = () => {
  const queue = new SigningQueue(() => 0)
  const { run } = queue
  queue.run = (_sign, deadline) => run.call(queue, never, deadline) as Promise<never>
  return queue
}

type Leg = [
  string,
  Partial<TokenEndpointOptions<null>>,
  Parameters<typeof tokenCall>[1],
  number,
  string,
  boolean,
]
const legs: Leg[] = [
  ['the body', {}, { readBody: never }, 408, 'bad-request', false],
  ['the limit', { limits: { address: { spend: never } } }, {}, 500, 'server-error', false],
  ['the visitor’s limit', { limits: { visitor: { spend: never } } }, {}, 500, 'server-error', false],
  ['the site', { identify: never }, {}, 503, 'identity-unavailable', true],
  ['the policy', { authorize: never }, {}, 500, 'server-error', false],
  ['the signer', { queue: hungQueue() }, {}, 503, 'overloaded', true],
]

describe('the deadline of a request', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
  afterEach(() => void vi.useRealTimers())

  it.each(legs)('%s: the visitor still gets a response', async (_leg, options, call, status, code, later) => {
    const onToken = vi.fn()
    const { endpoint, outcomes } = endpointWith(key, { ...options, onToken })
    let answered = false
    const answer = endpoint.answer(tokenCall({}, call)).finally(() => (answered = true))
    await vi.advanceTimersByTimeAsync(DEADLINE_MS - 1)
    expect(answered).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    const { headers, body, ...rest } = await answer
    expect([rest.status, (JSON.parse(body) as ProblemReply).code]).toEqual([status, code])
    expect('Retry-After' in headers).toBe(later)
    expect(outcomes).toHaveLength(1)
    expect(onToken).not.toHaveBeenCalled()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('leaves no timer after a successful request', async () => {
    const { endpoint } = endpointWith(key)
    expect((await endpoint.answer(tokenCall())).status).toBe(200)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('frees the places of a hanging signer for later requests', async () => {
    const queue = new SigningQueue(() => 0)
    let hangs = true
    const { run } = queue
    queue.run = (sign, deadline) => run.call(queue, hangs ? never : sign, deadline) as never
    const { endpoint } = endpointWith(key, { queue })
    const stuck = Array.from({ length: 80 }, () => endpoint.answer(tokenCall()))
    await vi.advanceTimersByTimeAsync(0)
    expect(queue.pending).toBe(80)
    await vi.advanceTimersByTimeAsync(DEADLINE_MS)
    expect((await Promise.all(stuck)).map(({ status }) => status)).toEqual(Array(80).fill(503))
    hangs = false
    vi.useRealTimers()
    expect(queue.pending).toBe(0)
    expect((await endpoint.answer(tokenCall())).status).toBe(200)
  })
})

describe('the end of a request', () => {
  it('aborts its pending work', async () => {
    for (const end of ['shutdown', 'visitor'] as const) {
      let leave: () => void = () => undefined
      const signals: AbortSignal[] = []
      const { endpoint } = endpointWith(key, {
        identify: (_call, _eventId, until) => {
          signals.push(until.signal)
          return never()
        },
      })
      const answer = endpoint.answer(tokenCall({}, { onDisconnect: (listener) => (leave = listener) }))
      await vi.waitFor(() => expect(signals).toHaveLength(1))
      expect(signals[0]!.aborted).toBe(false)
      if (end === 'shutdown') endpoint.close()
      else leave()
      expect(signals[0]!.aborted).toBe(true)
      expect((await answer).status).toBe(end === 'shutdown' ? 503 : 400)
    }
  })

  it('is a 503 with Retry-After at a shutdown, for pending and for new requests', async () => {
    const { endpoint } = endpointWith(key, { identify: never })
    const under = Array.from({ length: 20 }, () => endpoint.answer(tokenCall()))
    endpoint.close()
    for (const answer of [...under, endpoint.answer(tokenCall())]) {
      const { status, headers } = await answer
      expect([status, headers['Retry-After']]).toEqual([503, '1'])
    }
  })
})

describe('a limit of the host', () => {
  it.each([
    [0.2, '1'],
    [59.5, '60'],
    [Infinity, '3600'],
  ])('of %d seconds is sent as whole seconds', async (wait, said) => {
    const { endpoint } = endpointWith(key, { limits: { visitor: { spend: () => Promise.resolve(wait) } } })
    const { status, headers } = await endpoint.answer(tokenCall())
    expect([status, headers['Retry-After']]).toEqual([429, said])
  })
})

describe('an identity source in code', () => {
  it.each([
    ['returns a visitor', () => ({ user: { id: 'u-1', name: 'Ann' } }), 200],
    ['returns a refusal', () => ({ refused: 'sign-in-required', reason: 'none' }), 401],
    ['throws', () => raise(), 500],
  ])('that %s without a promise is measured and gets a response', async (_what, identify, status) => {
    const onIdentified = vi.fn()
    const { endpoint } = endpointWith(key, { identify: identify as never, onIdentified })
    expect((await endpoint.answer(tokenCall())).status).toBe(status)
    expect(onIdentified).toHaveBeenCalledOnce()
  })
  const raise = () => {
    throw new Error('broken')
  }
})

describe('requests beyond the signing capacity', () => {
  it('are rejected before the body is read and the site is requested', async () => {
    const queue = new SigningQueue(() => 0)
    Object.defineProperty(queue, 'hasRoom', { value: () => false })
    const identify = vi.fn(never)
    const readBody = vi.fn(never)
    const { endpoint } = endpointWith(key, { queue, identify })
    const { status, headers } = await endpoint.answer(tokenCall({}, { readBody }))
    expect(status).toBe(503)
    expect(Number(headers['Retry-After'])).toBeGreaterThan(0)
    expect(identify).not.toHaveBeenCalled()
    expect(readBody).not.toHaveBeenCalled()
  })

  it('are detected if the signer hangs and gives no measurement', () => {
    let now = 0
    const queue = new SigningQueue(() => now)
    const deadline = new RequestDeadline()
    for (let index = 0; index < 100; index++) void queue.run(never, deadline)
    expect(queue.hasRoom()).toBe(true)
    now = 1500
    expect(queue.hasRoom()).toBe(false)
  })
})
