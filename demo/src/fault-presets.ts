import type { Fault } from '../emulator/faults.js'
import type { Text } from './scenario.js'

export interface FaultPreset {
  title: Text
  fault: Fault
}

const preset = (en: string, ru: string, fault: Fault): FaultPreset => ({ title: { en, ru }, fault })

/** Faults that real networks have, by the link of the chain that they strike. */
export const FAULT_PRESETS: Record<'chatLink' | 'apiLink', readonly FaultPreset[]> = {
  chatLink: [
    preset('Chat page: 503 until removed', 'Страница чата: 503, пока не убрать', {
      kind: 'status',
      status: 503,
      path: '/chat/*',
    }),
    preset('Chat page: never answers, once', 'Страница чата: молчит, один раз', {
      kind: 'hang',
      path: '/chat/*',
      times: 1,
    }),
    preset('Chat page: five seconds late', 'Страница чата: опоздание 5 секунд', {
      kind: 'latency',
      ms: 5000,
      path: '/chat/*',
    }),
    preset('Chat page: the connection breaks, once', 'Страница чата: обрыв, один раз', {
      kind: 'drop',
      path: '/chat/*',
      times: 1,
    }),
    preset('Chat page: a proxy’s 502', 'Страница чата: 502 от прокси', {
      kind: 'html',
      status: 502,
      path: '/chat/*',
    }),
  ],
  apiLink: [
    preset('API: 500, three times', 'API: 500, три раза', {
      kind: 'status',
      status: 500,
      path: '/v1/**',
      times: 3,
    }),
    preset('API: 429 with Retry-After, once', 'API: 429 с Retry-After, один раз', {
      kind: 'status',
      status: 429,
      retryAfter: '2',
      path: '/v1/**',
      times: 1,
    }),
    preset('API: the key is registered, the answer gets lost', 'API: ключ записан, ответ потерян', {
      kind: 'commit-then-drop',
      method: 'POST',
      path: '/v1/jwk',
      times: 1,
    }),
    preset('API: an answer breaks off, once', 'API: ответ обрывается, один раз', {
      kind: 'truncate',
      path: '/v1/**',
      times: 1,
    }),
    preset('API: hangs until removed', 'API: молчит, пока не убрать', { kind: 'hang', path: '/v1/**' }),
  ],
}
