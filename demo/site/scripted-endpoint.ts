import { setTimeout as sleep } from 'node:timers/promises'
import type { ServerResponse } from 'node:http'
import type { Answer } from '../src/scenario.js'
import { SCENARIOS } from '../src/scenarios.js'
import { readJson, sendJson, type SiteHandler } from './answer.js'
import { craftToken, makeKey, type CraftKey } from './craft-token.js'
import type { Visitor, Visitors } from './visitors.js'

/** The maximum number of counters. Each started scenario has one. */
const RUNS_KEPT = 500

/**
 * The scripted endpoint is NOT our token server. It sends the responses of a scenario's script, which the real server
 * sends only when something is broken. `POST /scripted-endpoint/<scenario>/<run>`: each run starts with the first
 * response of its script, and the last response repeats.
 */
export class ScriptedEndpoint {
  readonly #visitors: Visitors
  /** The endpoint's own key, which is registered with the emulator. */
  readonly key: CraftKey = makeKey('scripted-endpoint')
  #untrustedKey: CraftKey | undefined
  #asked = new Map<string, number>()

  constructor(visitors: Visitors) {
    this.#visitors = visitors
  }

  readonly handle: SiteHandler = async (request, response) => {
    const [, id, run] = /^\/scripted-endpoint\/([\w-]+)\/([\w-]+)$/.exec(request.url ?? '') ?? []
    if (!id || !run || request.method !== 'POST') return false
    const script = SCENARIOS.find((scenario) => scenario.id === id)?.setup.endpoint
    if (!script) return false
    const { event_id: eventId } = await readJson(request)
    const answer = this.#next(run, script)
    if (answer.delayMs) await sleep(answer.delayMs)
    this.#say(answer, String(eventId), this.#visitors.of(request), response)
    return true
  }

  #next(run: string, script: readonly Answer[]): Answer {
    const asked = this.#asked.get(run) ?? 0
    this.#asked.set(run, asked + 1)
    const oldest = this.#asked.keys().next().value
    if (this.#asked.size > RUNS_KEPT && oldest !== undefined) this.#asked.delete(oldest)
    return script[Math.min(asked, script.length - 1)]!
  }

  #say(answer: Answer, eventId: string, visitor: Visitor | undefined, response: ServerResponse): void {
    switch (answer.kind) {
      case 'token':
        if (answer.asksSite && !visitor) return sayProblem(response, 401, 'sign-in-required')
        if (answer.asksSite && visitor?.banned) return sayProblem(response, 403, 'access-denied')
        return void sendJson(response, 200, this.#token(answer, eventId, visitor?.name ?? 'Nobody'))
      case 'problem':
        return sayProblem(response, answer.status, answer.code, answer.retryAfter)
      case 'html':
        response
          .writeHead(answer.status, { 'content-type': 'text/html; charset=utf-8' })
          .end('<!doctype html><title>A page</title><h1>A page</h1><p>No token here.')
        return
      case 'drop':
        response.destroy()
        return
      case 'hang':
    }
  }

  #token(answer: Extract<Answer, { kind: 'token' }>, eventId: string, username: string) {
    const { ttl = 600, refreshIn, claims = {}, relativeClaims = {}, header, signer, raw } = answer
    const now = Math.floor(Date.now() / 1000)
    const times = Object.fromEntries(
      Object.entries(relativeClaims).map(([name, seconds]) => [name, now + seconds]),
    )
    const key = signer === 'other-key' ? (this.#untrustedKey ??= makeKey('scripted-endpoint')) : this.key
    const given = { username, iat: now, exp: now + ttl, ...times, ...claims }
    return {
      token: raw ?? craftToken(key, eventId, given, header),
      expires_in: ttl,
      ...(refreshIn === undefined ? {} : { refresh_in: refreshIn }),
    }
  }
}

function sayProblem(response: ServerResponse, status: number, code: string, retryAfter?: string): void {
  const body = {
    type: 'about:blank',
    title: code,
    status,
    detail: 'said by the scripted endpoint',
    code,
    request_id: 'scripted',
  }
  sendJson(response, status, body, {
    'content-type': 'application/problem+json',
    'x-request-id': 'scripted',
    ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }),
  })
}
