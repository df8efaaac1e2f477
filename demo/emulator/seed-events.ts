import type { Variants } from './variants.js'

/** A stream's state as `stream.status` shows it; `started` is our guess, the others were seen. */
export type StreamStatus = 'pending' | 'started' | 'finished'

/** A stream of the emulated workspace. The three ids are those of `play_link`s seen in public code. */
export interface StreamEvent {
  /** The API's id, a UUID. */
  id: string
  /** The last segment of `play_link`: 22 characters, or nine digits where the stream is old. */
  publicId: string
  name: string
  status: StreamStatus
  jwtRequired: boolean
  createdAt: string
  /** What else a PUT may change. */
  settings: EventSettings
  /** Switches that are set differently for this stream's chat: what one tester does disturbs no other. */
  chatVariants?: Partial<Variants>
}

export interface EventSettings {
  subtitle: string
  auto_start: boolean
  protected: boolean
  time_shift: boolean
  chat_after_stream: boolean
  chat_active: boolean
  chat_preview: boolean
  show_members: boolean
  allow_chat_links: boolean
  moderators: string[] | null
  reconnect_window: number
  latency_mode: string
}

export const DEFAULT_SETTINGS: Readonly<EventSettings> = {
  subtitle: '',
  auto_start: false,
  protected: false,
  time_shift: true,
  chat_after_stream: true,
  chat_active: false,
  chat_preview: true,
  show_members: true,
  allow_chat_links: true,
  moderators: null,
  reconnect_window: 300,
  latency_mode: 'standard',
}

const event = (
  id: string,
  publicId: string,
  name: string,
  status: StreamStatus,
  createdAt: string,
  chatVariants?: Partial<Variants>,
): StreamEvent => ({
  id,
  publicId,
  name,
  status,
  jwtRequired: false,
  createdAt,
  settings: { ...DEFAULT_SETTINGS },
  ...(chatVariants ? { chatVariants } : {}),
})

/** The streams a fresh emulator has, by what each is there to show. */
export const SEED = {
  live: event(
    '5b0c7c1e-0d5a-4c1b-9a52-6a4a0b7f3d11',
    '4hYq8vWzT2mKc9RbXsLd7N',
    'Open lecture',
    'started',
    '2026-11-24T10:00:00Z',
  ),
  second: event(
    '9e0f2a34-71c8-4d6e-8b13-2f5d9c6a7e22',
    'p3Nf6GtUeJ1wZaQ5yVxB8k',
    'Questions and answers',
    'started',
    '2026-11-19T10:00:00Z',
  ),
  old: event(
    'c3a1d5e7-9b2f-4870-a6d4-1e8f0b5c9d33',
    '202083609',
    'Morning talk',
    'started',
    '2022-03-01T09:00:00Z',
  ),
  finished: event(
    '1f6e8d2c-4a3b-4957-bc80-7d9e2f1a0b44',
    'r7TkM2dHs5LcYq9WvEz3Ux',
    'Last week’s lecture',
    'finished',
    '2026-11-12T10:00:00Z',
  ),
  upcoming: event(
    '7d4b9f0a-2c6e-4e18-95f7-0a3c8e6d1f55',
    'b8XnJ4gPa6RtFm1ZkQw2Ce',
    'Next week’s lecture',
    'pending',
    '2026-11-23T10:00:00Z',
  ),
  slow: event(
    '2a9d6c4f-8e1b-4f70-8c35-9b7e0d2f6a66',
    'k5WmV8hDq2ZsRx7LcNt9Ey',
    'A chat that loads slowly',
    'started',
    '2026-11-18T10:00:00Z',
    { pageDelayMs: 4000 },
  ),
  silent: event(
    '6c3e1a8b-5d7f-4029-b4e6-3f8a1c9d7b77',
    'd6QpJ3fGu9YvTz1MbXk4Hw',
    'A chat that never loads',
    'started',
    '2026-11-17T10:00:00Z',
    { pageLoad: 'never' },
  ),
  pushy: event(
    '8b5f2d7a-1c9e-4638-a7d0-5e4c3b2a1f88',
    'w2RcN7sLe5KgVq8PdUy6Jm',
    'A chat that takes the focus',
    'started',
    '2026-11-16T10:00:00Z',
    { pageFocus: 'takes-focus' },
  ),
} satisfies Record<string, StreamEvent>

export const seedEvents = (): StreamEvent[] => structuredClone(Object.values(SEED))
