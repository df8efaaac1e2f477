import { readFile } from 'node:fs/promises'

/** The chat page's style sheet and its script, whose types are taken off on the first request. */
export const pageFiles = {
  css: once(() => readFile(new URL('page/chat.css', import.meta.url), 'utf8')),
  js: once(async () => {
    const address = new URL('page/chat.ts', import.meta.url)
    // loaded here: the API alone, as other tests use it, needs no bundler
    const { transformWithOxc } = await import('vite')
    return (await transformWithOxc(await readFile(address, 'utf8'), address.pathname, { sourcemap: false }))
      .code
  }),
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => (made ??= make())
}
