import type { KinescopeChatElement } from '../../src/index.js'

/** A page of its own in a frame of the same origin, with a record of its errors and requests. */
export interface Page {
  document: Document
  /** Uncaught errors. */
  errors: string[]
  warnings: string[]
  /** The error messages on the console. */
  faults: string[]
  /** The addresses that the page fetched. */
  fetched: string[]
  /** The page's first chat, or the one that the selector finds. */
  chat(selector?: string): KinescopeChatElement | null
  window: Window &
    typeof globalThis & { KinescopeChat?: typeof KinescopeChatElement; eval(code: string): unknown }
}

const opened = new Set<HTMLIFrameElement>()

/** Runs before anything else on the page. */
const RECORDER = `<script>
  errors = []; warnings = []; faults = []; fetched = []
  addEventListener('error', ({ message }) => errors.push(message))
  addEventListener('unhandledrejection', ({ reason }) => errors.push(String(reason)))
  console.warn = (...words) => warnings.push(words.join(' '))
  console.error = (...words) => faults.push(words.join(' '))
  const real = fetch
  fetch = (url, ...rest) => (fetched.push(String(url)), real(url, ...rest))
</script>`

/** Loads a page of this markup, in this encoding and language, in a frame that is removed after the test. */
export async function openPage(parts: {
  head?: string
  body?: string
  encoding?: string
  lang?: string
}): Promise<Page> {
  const frame = document.createElement('iframe')
  frame.style.cssText = 'width:800px;height:700px'
  const query = new URLSearchParams({ ...parts, head: RECORDER + (parts.head ?? '') })
  frame.src = `/bench/page?${query}`
  const loaded = new Promise((resolve) => frame.addEventListener('load', resolve, { once: true }))
  document.body.append(frame)
  opened.add(frame)
  await loaded
  const window = frame.contentWindow as Page['window'] &
    Pick<Page, 'errors' | 'warnings' | 'faults' | 'fetched'>
  return {
    document: frame.contentDocument!,
    errors: window.errors,
    warnings: window.warnings,
    faults: window.faults,
    fetched: window.fetched,
    chat: (selector = 'kinescope-chat') =>
      frame.contentDocument!.querySelector<KinescopeChatElement>(selector),
    window,
  }
}

export function closePages(): void {
  for (const frame of opened) frame.remove()
  opened.clear()
}
