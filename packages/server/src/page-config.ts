import type { AllowedEvent, AllowedEvents } from './endpoint/event-list.js'
import { isOrigin } from './endpoint/origin-policy.js'
import type { SettingReader } from './setting.js'

/** Where the server lies in the world: paths, its own address, pages and streams. */

export function readBasePath(reader: SettingReader): string | undefined {
  return reader.parsed('CHAT_BASE_PATH', 'must be a path that begins with a slash.', pathIn)
}

/** The server's own address without a slash at its end, such as `https://www.example.com/chat`. */
export function readPublicUrl(reader: SettingReader): string | undefined {
  const wrong =
    'must be the http(s) address of this server as pages see it: scheme, host, base path, no more.'
  return reader.parsed('CHAT_PUBLIC_URL', wrong, (text) => {
    const url = URL.canParse(text) ? new URL(text) : null
    const path = url && pathIn(url.pathname)
    if (!url || path === undefined || !/^https?:$/.test(url.protocol) || url.host === '') return undefined
    return url.username || url.password || /[?#]/.test(text) ? undefined : `${url.origin}${path}`
  })
}

function pathIn(text: string): string | undefined {
  const path = text.replace(/\/+$/, '')
  return path === '' || /^(\/(?!\.{1,2}(\/|$))[\w.~-]+)+$/.test(path) ? path : undefined
}

export function readOrigins(reader: SettingReader): string[] {
  const origins = reader.list('CHAT_ALLOWED_ORIGINS')
  for (const origin of origins) {
    if (isOrigin(origin)) continue
    const meant = URL.canParse(origin) ? new URL(origin).origin : null
    const instead =
      meant && meant !== 'null'
        ? `Write ${meant}`
        : 'Name each origin in full, such as https://www.example.com'
    const wrong = origin.includes('*')
      ? 'must not hold *: with credentials every site on the web could act for your visitors.'
      : 'must hold exact origins: scheme, host, port if unusual, and nothing after it.'
    reader.problem('CHAT_ALLOWED_ORIGINS', wrong, instead)
  }
  return origins
}

export function readEvents(reader: SettingReader): AllowedEvents | undefined {
  if (reader.required('CHAT_EVENTS') === undefined) return undefined
  const entries = reader.list('CHAT_EVENTS')
  if (entries.length === 1 && entries[0] === '*') return '*'
  const instead =
    'Write the ids of the streams, such as 0csUJYzAHfe3PcyMEVScmQ, separated by commas; or * alone'
  if (entries.length === 0) reader.problem('CHAT_EVENTS', 'names no stream.', instead)
  return entries.flatMap((entry): AllowedEvent[] => {
    const [id = '', claimId, chatId, ...rest] = entry.split('=')
    const ids = [id, claimId ?? id, chatId ?? id]
    if (rest.length > 0 || ids.some((part) => part === '' || /[*/"'<>]/.test(part) || part.length > 128)) {
      reader.problem('CHAT_EVENTS', 'must hold the ids of streams.', instead)
      return []
    }
    return [
      { id, ...(claimId === undefined ? {} : { claimId }), ...(chatId === undefined ? {} : { chatId }) },
    ]
  })
}
