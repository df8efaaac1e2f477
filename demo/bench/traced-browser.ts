import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { shellPath } from '../test/e2e/browser.js'
import { CATEGORIES, type TraceEvent } from './main-thread.js'
import { CHROMIUM_FLAGS } from './plain-browser.js'

export interface LoadOptions {
  /** Slows the processor down, so many times. A debugger does that, and adds its own work. */
  slower: number
  isTraced: boolean
}

/**
 * A Chromium whose pages have no debugger: it would add to their work. Only the browser itself is controlled. It has no
 * windows where that is installed: they have pages of their own.
 */
export interface TracedBrowser {
  /** Loads a page with an empty cache, until `done`. @returns the events of its trace, if it is traced */
  load(url: string, done: Promise<unknown>, options: LoadOptions): Promise<TraceEvent[]>
  close(): Promise<void>
}

/** What else a page does after `done`. */
const SETTLED_MS = 300

interface Message {
  id?: number
  method?: string
  params?: unknown
  result?: unknown
  error?: { message: string }
}

export async function startTracedBrowser(): Promise<TracedBrowser> {
  const profile = await mkdtemp(join(tmpdir(), 'bench-chromium-'))
  const args = [...CHROMIUM_FLAGS, `--user-data-dir=${profile}`, '--remote-debugging-pipe', 'about:blank']
  // a group of its own: its children end with it
  const child = spawn(shellPath(), args, {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const [, , , input, output] = child.stdio as unknown as [null, null, null, Writable, Readable]
  const replies = new Map<number, (message: Message) => void>()
  let events: TraceEvent[] = []
  let traced = () => {}
  const onEvent = (method: string, params: unknown) => {
    if (method === 'Tracing.dataCollected') events.push(...(params as { value: TraceEvent[] }).value)
    if (method === 'Tracing.tracingComplete') traced()
  }
  let text = ''
  output.setEncoding('utf8').on('data', (part: string) => {
    text += part
    const messages = text.split('\0')
    text = messages.pop()!
    for (const message of messages.map((json) => JSON.parse(json) as Message)) {
      if (message.id === undefined) onEvent(message.method!, message.params)
      else replies.get(message.id)?.(message)
    }
  })
  let count = 0
  const send = <T = unknown>(method: string, params: object = {}, sessionId?: string) =>
    new Promise<T>((resolve, reject) => {
      const id = ++count
      replies.set(id, ({ result, error }) => {
        replies.delete(id)
        if (error) reject(new Error(`${method}: ${error.message}`))
        else resolve(result as T)
      })
      input.write(`${JSON.stringify({ id, method, params, ...(sessionId && { sessionId }) })}\0`)
    })

  async function load(url: string, done: Promise<unknown>, { slower, isTraced }: LoadOptions) {
    const { browserContextId } = await send<{ browserContextId: string }>('Target.createBrowserContext')
    const isSlow = slower !== 1
    events = []
    if (isTraced) await send('Tracing.start', { traceConfig: { includedCategories: CATEGORIES } })
    const { targetId } = await send<{ targetId: string }>('Target.createTarget', {
      url: isSlow ? 'about:blank' : url,
      browserContextId,
    })
    if (isSlow) {
      const target = { targetId, flatten: true }
      const { sessionId } = await send<{ sessionId: string }>('Target.attachToTarget', target)
      await send('Emulation.setCPUThrottlingRate', { rate: slower }, sessionId)
      await send('Page.navigate', { url }, sessionId)
    }
    await done
    if (isTraced) {
      await sleep(SETTLED_MS)
      const complete = new Promise<void>((resolve) => (traced = resolve))
      await send('Tracing.end')
      await complete
    }
    await send('Target.disposeBrowserContext', { browserContextId })
    return events
  }

  async function close(): Promise<void> {
    process.kill(-child.pid!, 'SIGKILL')
    await once(child, 'exit')
    await rm(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  }
  return { load, close }
}
