import { chai } from '@open-wc/testing'
import sinon from 'sinon'
import type { KinescopeChatElement } from '../../src/index.js'
import type { TokenReply } from '../../src/contract.js'
import '../../src/define.js'

// The runner sends the compared values of a failed assertion. An element refers to the whole page, so that never ends
const { assert } = chai.Assertion.prototype
chai.Assertion.prototype.assert = function (...words) {
  try {
    Reflect.apply(assert, this, words)
  } catch (error) {
    const compared = error as Record<'actual' | 'expected', unknown>
    for (const name of ['actual', 'expected'] as const)
      if (!isData(compared[name])) compared[name] = undefined
    throw error
  }
}
function isData(value: unknown): boolean {
  try {
    structuredClone(value)
    return true
  } catch {
    return false
  }
}

// a test that needs its second attempt is a fault to fix
afterEach(function () {
  const { currentTest } = this
  if (currentTest && (currentTest as unknown as { currentRetry(): number }).currentRetry() > 0)
    console.warn(`Second attempt: ${currentTest.fullTitle()}`)
})

export const EVENT = '0csUJYzAHfe3PcyMEVScmQ'
export const chatOrigin = await (await fetch('/bench/origin')).text()

const encode = (value: unknown) =>
  btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify(value))))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')

let serial = 0
/** A token as a server would mint it, with a signature made up on the spot: the element can't check one. */
export function makeToken(
  claims: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
): string {
  const now = Math.floor(Date.now() / 1000)
  const payload = {
    aud: 'chat',
    user_id: 'u-1',
    username: 'Жанна 😀',
    event_id: EVENT,
    iat: now - 30,
    exp: now + 3600,
    ...claims,
  }
  const signature = encode(crypto.getRandomValues(new Uint8Array(8)).join())
  return [
    encode({ alg: 'RS256', typ: 'JWT', kid: 'k-1', ...header }),
    encode({ ...payload, jti: `${++serial}` }),
    signature,
  ].join('.')
}

export const makeReply = (
  reply: Partial<TokenReply> = {},
  claims: Record<string, unknown> = {},
): TokenReply => ({
  token: makeToken(claims),
  expires_in: 3600,
  ...reply,
})

export interface Answer {
  status?: number
  body?: unknown
  headers?: Record<string, string>
  delay?: number
  hang?: boolean
}

/** A token endpoint over real HTTP that gives these answers, the last one for ever. */
export async function endpoint(...answers: Answer[]) {
  const url = `/bench/endpoint/e-${Math.random().toString(36).slice(2)}/token`
  await fetch(url, { method: 'PUT', body: JSON.stringify(answers) })
  return {
    url,
    asked: async () =>
      (await (await fetch(url)).json()) as {
        at: number
        body: string
        type: string
        authorization?: string
      }[],
  }
}

export const problem = (status: number, code?: string, headers: Record<string, string> = {}): Answer => ({
  status,
  headers: { 'X-Request-ID': 'req-1', ...headers },
  body: code
    ? { type: 'about:blank', title: code, status, detail: '', code, request_id: 'req-1' }
    : 'no JSON here',
})

const placed = new Set<KinescopeChatElement>()
/** Puts a chat on the page, removed again after the test. */
export function place(
  properties: Partial<KinescopeChatElement> = {},
  parent: ParentNode = document.body,
): KinescopeChatElement {
  const chat = document.createElement('kinescope-chat')
  Object.assign(chat, { eventId: EVENT, chatOrigin, ...properties })
  parent.append(chat)
  placed.add(chat)
  return chat
}

/** Resolves when the element is in this state. */
export function whenState(chat: KinescopeChatElement, state: KinescopeChatElement['state']): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (chat.state !== state) return
      chat.removeEventListener('kinescope-chat-statechange', look)
      resolve()
    }
    chat.addEventListener('kinescope-chat-statechange', look)
    look()
  })
}

/** Resolves when a condition holds, looked at on real time whatever clock the test has set. */
const realTimeout = setTimeout.bind(window)
const realNow = performance.now.bind(performance)
export async function until<T>(condition: () => T | Promise<T>, ms = 8_000): Promise<NonNullable<T>> {
  const end = realNow() + ms
  for (;;) {
    const value = await condition()
    if (value) return value
    if (realNow() > end) throw new Error(`waited in vain for ${String(condition)}`)
    await pause(10)
  }
}
/** A short while on real time. */
/** Time for what must not happen. */
export const pause = (ms = 20) => new Promise((resolve) => realTimeout(resolve, ms))

export const frames = (chat: KinescopeChatElement) => [...chat.shadowRoot!.querySelectorAll('iframe')]
export const shownFrame = (chat: KinescopeChatElement) => frames(chat).find((frame) => !frame.inert) ?? null
export const part = (chat: KinescopeChatElement, name: string) =>
  chat.shadowRoot!.querySelector<HTMLElement>(`[part~=${name}]:not([hidden], [hidden] *)`)

/** What a chat page says of itself. */
export interface ChatPage {
  search: string
  path: string
  referrer: string
  draft: string
  history: number
  focused: boolean
  fullscreen: boolean
}
export async function askPage(frame: HTMLIFrameElement): Promise<ChatPage> {
  const page = frame.ownerDocument.defaultView!
  return new Promise((resolve) => {
    const hear = ({ source, data }: MessageEvent) => {
      if (source !== frame.contentWindow) return
      page.removeEventListener('message', hear)
      resolve(data as ChatPage)
    }
    page.addEventListener('message', hear)
    frame.contentWindow!.postMessage('tell', '*')
  })
}

/** Records every event of the element. */
export function record(chat: KinescopeChatElement): string[] {
  const seen: string[] = []
  for (const name of ['statechange', 'ready', 'refresh', 'error', 'signin'])
    chat.addEventListener(`kinescope-chat-${name}`, (event) => {
      const { state, problem } = event as { state?: string; problem?: { code: string } }
      seen.push([name, state ?? problem?.code].filter(Boolean).join(':'))
    })
  return seen
}

/** Whether a chat page is on its way. */
export const isPageLoading = () => [...placed].some((chat) => frames(chat).some(({ inert }) => inert))

/** Takes the page's timers and wall clock into the test's hands. */
export function fakeTime(): sinon.SinonFakeTimers {
  return sinon.useFakeTimers({
    now: Date.now(),
    shouldClearNativeTimers: true,
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'],
  })
}

let hidden = false
// a runner's page may lie behind others: whether it is hidden is for the test to say
Object.defineProperty(Document.prototype, 'hidden', { configurable: true, get: () => hidden })
export function setHidden(value: boolean): void {
  hidden = value
  document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))
}

export function clean(): void {
  hidden = false
  for (const name of ['onLine', 'userActivation']) Reflect.deleteProperty(navigator, name)
  sinon.restore()
  for (const chat of placed) chat.remove()
  placed.clear()
}

/** A chat whose token source the test holds in its hand. */
export async function chatWith(replies: (() => TokenReply | Promise<TokenReply>)[], properties = {}) {
  const time = fakeTime()
  const asked: { at: number; reason: string }[] = []
  const chat = place({
    ...properties,
    fetchToken: async ({ reason }) => {
      asked.push({ at: Date.now(), reason })
      return (replies.length > 1 ? replies.shift()! : replies[0]!)()
    },
  })
  const events = record(chat)
  await until(async () => {
    await time.tickAsync(1)
    return chat.state === 'ready' || chat.state === 'error'
  })
  /** Lets real loading happen while the page's clock moves little. */
  const settle = (condition: () => unknown) =>
    until(async () => {
      await time.tickAsync(5)
      return condition()
    })
  return { chat, time, asked, events, settle, start: asked[0]!.at }
}

/** A page's own token source, and the reasons for which it was asked. */
export function source() {
  const asked: string[] = []
  const fetchToken: KinescopeChatElement['fetchToken'] = ({ reason }) => {
    asked.push(reason)
    return Promise.resolve(makeReply())
  }
  return { asked, fetchToken }
}

/** A chat that is ready by a token source of its page. */
export async function chatWithSource(properties: object = {}) {
  const { asked, fetchToken } = source()
  const chat = place({ fetchToken, ...properties })
  await whenState(chat, 'ready')
  return { chat, asked, fetchToken }
}
