import { createRequire } from 'node:module'

/** The version of this package, wherever its code lies: it is asked for by its own name. */
export function packageVersion(): string {
  const read = createRequire(import.meta.url) as (path: string) => { version: string }
  return read('kinescope-chat-server/package.json').version
}
