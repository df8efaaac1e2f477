import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

/** What stands for a stream of the reader's own on the pages. */
export const PLACEHOLDER = '0csUJYzAHfe3PcyMEVScmQ'

/** A fenced block of code on a page of the documentation. */
export interface Block {
  language: string
  code: string
}

/** Every fenced block of a page, which is a file of the repository. */
export async function blocksOf(page: string): Promise<Block[]> {
  const text = await readFile(`${ROOT}/${page}`, 'utf8')
  return [...text.matchAll(/^ *```(\w+)[^\n]*\n([\s\S]*?)^ *```$/gm)].map(([, language, code]) => ({
    language: language!,
    code: code!,
  }))
}

/** The page's block of that language with that in it. @throws where there is none */
export async function blockOf(page: string, language: string, mark: string): Promise<string> {
  const found = (await blocksOf(page)).find(
    (block) => block.language === language && block.code.includes(mark),
  )
  if (!found) throw new Error(`${page} has no block of ${language} with ${mark}`)
  return found.code
}
