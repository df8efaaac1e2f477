import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A folder beside this one, for code of a page that imports the demo's packages. */
export async function replayFolder() {
  const folder = await mkdtemp(fileURLToPath(new URL('replayed-', import.meta.url)))
  return {
    /** Saves a file there; returns its path. */
    async save(name: string, code: string): Promise<string> {
      const path = join(folder, name)
      await writeFile(path, code)
      return path
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}
